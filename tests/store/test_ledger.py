"""The ledger: it only grows, whole or not at all, and shows every change."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labelsift.errors import StoreError
from labelsift.store import hash_chain
from labelsift.store.hash_chain import GENESIS, HEAD, Head, canonical, hash_of
from labelsift.store.ledger import Ledger
from labelsift.store.ledger_files import RECORDS

WRITER = """
import sys
from pathlib import Path
from labelsift.store.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
name, times, size = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for turn in range(times):
    ledger.append(lambda standing: [{"id": f"{name}{turn}", "at": at, "fill": "x" * 500} for at in range(size)])
    print(turn, flush=True)
"""


def entry(id: str) -> dict[str, str]:
    return {"id": id, "person": "ann"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Five records in two appends."""
    made = Ledger(tmp_path / "corrections")
    made.append(lambda _: map(entry, "abc"))
    made.append(lambda _: map(entry, "de"))
    return made


def lines(ledger: Ledger) -> list[bytes]:
    return (ledger.place.path / RECORDS).read_bytes().splitlines(keepends=True)


def put(ledger: Ledger, changed: list[bytes], *, head: bool = True) -> None:
    """Write other lines; with ``head`` its size fits them, as a careful forger would do it."""
    (ledger.place.path / RECORDS).write_bytes(b"".join(changed))
    if head:
        content = json.loads((ledger.place.path / HEAD).read_text())
        (ledger.place.path / HEAD).write_text(json.dumps(content | {"size": len(b"".join(changed))}))


def test_records_are_numbered_and_chained(ledger):
    records = ledger.records()
    assert [(row["number"], row["id"]) for row in records] == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    assert [record["previous"] for record in records] == [GENESIS, *(record["hash"] for record in records[:-1])]
    assert all(record["hash"] == hash_of(record) for record in records)


def test_nothing_to_add_changes_nothing(ledger):
    before = (ledger.place.path / HEAD).read_bytes()
    assert ledger.append(lambda standing: [] if len(standing) == 5 else [entry("z")]) == []
    assert (ledger.place.path / HEAD).read_bytes() == before


def test_only_the_user_may_read_it(ledger):
    os.umask(os.umask(0))
    assert ledger.place.path.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in ledger.place.path.iterdir()} == {
        RECORDS: 0o600,
        HEAD: 0o600,
        "lock": 0o600,
    }


def test_a_store_without_corrections_has_an_empty_whole_record(tmp_path):
    assert Ledger(tmp_path / "corrections").examine() == ([], "")


def changed(all_: list[bytes]) -> list[bytes]:
    return [line.replace(b'"person":"ann"', b'"person":"eve"') if b'"id":"c"' in line else line for line in all_]


def forged(all_: list[bytes]) -> list[bytes]:
    """Change a record and give it a fitting hash: then the next one follows nobody."""
    record = json.loads(all_[2]) | {"person": "eve"}
    return [*all_[:2], canonical(record | {"hash": hash_of(record)}) + b"\n", *all_[3:]]


def forged_last(all_: list[bytes]) -> list[bytes]:
    """Change the last record and give it a fitting hash: only the head knows another one."""
    record = json.loads(all_[-1]) | {"person": "eve"}
    return [*all_[:-1], canonical(record | {"hash": hash_of(record)}) + b"\n"]


def test_the_stored_form_of_a_record_is_pinned():
    record = {"id": "é", "number": 1, "previous": GENESIS, "hash": "not a part of it"}
    assert hash_of(record) == "09fc7a175fc3cab3860ccc923f1ceb86e687f367c231765c1b9ba9121a5e4548"


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (forged_last, "head.json does not name record 5 as the last one"),
        (changed, r"record 3 \(id c, person eve\) was changed"),
        (forged, r"record 4 \(id d, person ann\) does not follow"),
        (lambda all_: all_[1:], r"record 1 is missing or was moved: record 2 \(id b, person ann\)"),
        (lambda all_: [*all_[:2], *all_[3:]], "record 3 is missing or was moved: record 4"),
        (lambda all_: [all_[0], all_[2], all_[1], *all_[3:]], "record 2 is missing or was moved: record 3"),
        (lambda all_: [*all_[:3], all_[2], *all_[3:]], "record 4 is missing or was moved: record 3"),
        (lambda all_: all_[:4], "record 5 is missing at the end"),
        (lambda all_: all_[:2], "records 3 to 5 are missing"),
        (lambda all_: [], "records 1 to 5 are missing"),
        (lambda all_: [*all_[:3], b"{}\n", *all_[3:]], "record 4 cannot be read"),
        (lambda all_: [*all_[:3], b"\n", *all_[3:]], "record 4 cannot be read"),
        (lambda all_: [*all_[:4], all_[4].replace(b":", b": ", 1)], "record 5 .* was changed"),
        (lambda all_: [*all_[:4], all_[4][:30]], "record 5 (is missing at the end|cannot be read)"),
    ],
)
@pytest.mark.parametrize("head", [True, False], ids=["head fits", "head as it was"])
def test_every_change_is_found_and_the_first_broken_record_named(ledger, tamper, problem, head):
    put(ledger, tamper(lines(ledger)), head=head)
    with pytest.raises(StoreError, match=problem):
        ledger.records()
    with pytest.raises(StoreError, match=problem):
        ledger.append(lambda _: [entry("z")])


@pytest.mark.parametrize("whom", [HEAD, RECORDS])
def test_a_file_that_is_gone_is_missed(ledger, whom):
    (ledger.place.path / whom).unlink()
    with pytest.raises(StoreError, match=f"{HEAD} is missing|No such file"):
        ledger.append(lambda _: [entry("z")])


@pytest.mark.parametrize("text", ["", "[]", '{"count": "five"}', '{"count": 4, "size": 0, "hash": "0"}'])
def test_a_head_that_says_something_else_is_refused(ledger, text):
    (ledger.place.path / HEAD).write_text(text)
    with pytest.raises(StoreError, match="is broken"):
        ledger.records()


def test_the_chain_is_followed_once_and_again_where_it_grew(ledger, monkeypatch):
    checked: list[int] = []
    real = hash_chain.hash_of
    monkeypatch.setattr(hash_chain, "hash_of", lambda record: checked.append(record["number"]) or real(record))
    assert [len(ledger.records()) for _ in range(3)] == [5, 5, 5]
    assert checked == [4, 5]  # the fixture's second append had followed the first three
    other = Ledger(ledger.place)
    other.append(lambda standing: [entry("f")] if len(standing) == 5 else [])
    checked.clear()
    assert [record["id"] for record in ledger.records()] == list("abcdef")
    assert len(ledger.append(lambda _: [])) == 0
    assert set(checked) == {6}


def test_what_is_changed_after_it_was_followed_is_found_too(ledger):
    assert len(ledger.records()) == 5
    all_ = lines(ledger)
    put(ledger, [all_[0].replace(b"ann", b"bob"), *all_[1:]])
    with pytest.raises(StoreError, match=r"record 1 .* was changed"):
        ledger.records()


def test_what_a_killed_writer_left_is_not_read_and_cut_off_by_the_next(ledger):
    with (ledger.place.path / RECORDS).open("ab") as file:
        file.write(b'{"id":"half')
    assert len(ledger.records()) == 5
    assert ledger.unread() == 11
    ledger.append(lambda _: [entry("f")])
    assert ledger.unread() == 0
    assert [record["id"] for record in ledger.records()] == list("abcdef")


def test_the_first_append_killed_before_it_counts_leaves_an_empty_record(tmp_path):
    ledger = Ledger(tmp_path / "corrections")
    ledger.append(lambda _: [])
    (ledger.place.path / RECORDS).write_bytes(b'{"id":"half"}\n')
    assert ledger.records() == []


def writing(folder: Path, name: str, times: int, size: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), name, str(times), str(size)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed_at_random(folder: Path, times: int) -> None:
    """Kill a writer ``times`` times; every append counts whole or not at all, and none that was told is lost."""
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    printed = 0
    for turn in range(times):
        with writing(folder, f"{turn}-", 10_000, 200) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            printed += 1 + len(process.stdout.read().splitlines())
        records = Ledger(folder).records()
        assert len(records) % 200 == 0, f"seed {seed}"
        assert printed <= len(records) // 200 <= printed + 1, f"seed {seed}"
        printed = len(records) // 200


@pytest.mark.slow
def test_a_killed_writer_leaves_the_old_or_the_new_state(tmp_path):
    killed_at_random(tmp_path / "corrections", 5)


@pytest.mark.soak
def test_fifty_killed_writers(tmp_path):
    killed_at_random(tmp_path / "corrections", 50)


def test_two_writers_at_once_lose_nothing(tmp_path):
    both = [writing(tmp_path / "corrections", name, 30, 3) for name in ("a", "b")]
    assert [process.wait() for process in both if process.communicate()] == [0, 0]
    records = Ledger(tmp_path / "corrections").records()
    assert [sum(record["id"].startswith(name) for record in records) for name in ("a", "b")] == [90, 90]


def test_the_head_names_the_end(ledger):
    head = Head(**json.loads((ledger.place.path / HEAD).read_text()))
    assert head == Head(5, (ledger.place.path / RECORDS).stat().st_size, ledger.records()[-1]["hash"])
