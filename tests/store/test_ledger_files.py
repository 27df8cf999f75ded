"""The record in a folder and in a bucket: it only grows, whole or not at all, and nobody's append is lost."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labelsift.errors import StoreError
from labelsift.store.hash_chain import HEAD
from labelsift.store.ledger import Ledger
from labelsift.store.ledger_files import InBucket
from labelsift.store.location import location_of
from labelsift.store.s3 import Bucket
from labelsift.store.sealed_text import SealedText

WRITER = """
import sys
from labelsift.store.ledger import Ledger
from labelsift.store.location import location_of
from labelsift.store.s3 import Bucket
from labelsift.store.sealed_text import SealedText
ledger = Ledger(location_of(sys.argv[1]))
name, times, size = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for turn in range(times):
    ledger.append(lambda standing: [{"id": f"{name}{turn}", "after": len(standing)} for at in range(size - 1)]
        + [{"id": f"{name}{turn}", "after": len(standing), "note": SealedText(f"by {name}")}])
    print(turn, flush=True)
"""


S3 = pytest.param("s3", marks=pytest.mark.server)


def made_in(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """Return five records in two appends; a bucket in memory is the client's own, with conditional requests."""
    where = {
        "folder": lambda: location_of(str(tmp_path / "kept")),
        "memory": lambda: Bucket(pytest.importorskip("obstore.store").MemoryStore(), "memory", "some/prefix"),
        "s3": lambda: location_of(f"{request.getfixturevalue('bucket')}/some/prefix"),
    }[request.param]()
    where.replace("format.json", b"{}")
    made = Ledger(where / "corrections")
    made.append(lambda _: [{"id": id} for id in "abc"])
    made.append(lambda _: [{"id": "d"}, {"id": "e", "note": SealedText("of e")}])
    return made


@pytest.fixture(params=["folder", "memory", S3])
def ledger(request, tmp_path) -> Ledger:
    return made_in(request, tmp_path)


@pytest.fixture(params=["memory", S3])
def in_bucket(request, tmp_path) -> Ledger:
    return made_in(request, tmp_path)


def segments(ledger: Ledger) -> list[str]:
    return [name for name in ledger.place.children() if name.startswith("records-")]


def writing(where: str, name: str, times: int, size: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, where, name, str(times), str(size)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_was_appended_is_read_in_order(ledger):
    records = ledger.records()
    assert [(row["number"], row["id"]) for row in records] == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    assert records[4]["note"] == "of e"
    assert ledger.unread() == 0
    assert Ledger(ledger.place / "none").examine() == ([], "")


def test_words_are_erased_and_the_chain_holds(ledger):
    assert ledger.erase_words({"e"}) == 1
    assert (ledger.records()[4]["note"], ledger.records()[4]["erased"]) == (None, ["note"])
    assert not any(b"of e" in ledger.place.read(name) for name in ledger.place.names())
    ledger.append(lambda standing: [{"id": "f", "after": len(standing)}])
    assert [record["id"] for record in ledger.records()] == list("abcdef")


def test_words_on_other_samples_stay_and_words_of_no_record_go(ledger):
    ledger.append(
        lambda _: [{"id": "f", "note": SealedText("of f")}, {"kind": "sent", "note": SealedText("of a push")}]
    )
    (ledger.place / "words").replace("0123.json", b'{"salt": "", "text": "of a writer that was killed"}')
    assert ledger.erase_words({"e", "nobody"}) == 2
    assert [record.get("note") for record in ledger.records()[4:]] == [None, "of f", "of a push"]
    assert len((ledger.place / "words").children()) == 2
    assert ledger.erase_words({"e"}) == 0


def test_two_writers_at_once_lose_nothing(anywhere):
    where = f"{anywhere}/corrections"
    location_of(anywhere).replace("format.json", b"{}")
    both = [writing(where, name, 12, 3) for name in ("a", "b")]
    assert [process.wait() for process in both if process.communicate()] == [0, 0]
    ledger = Ledger(location_of(where))
    records = ledger.records()
    assert [sum(record["id"].startswith(name) for record in records) for name in ("a", "b")] == [36, 36]
    # Each saw what it follows.
    assert all(record["after"] <= index < record["after"] + 3 for index, record in enumerate(records))
    assert len((ledger.place / "words").children()) == 24  # none is left of an append that came second


@pytest.mark.slow
@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.soak)])
def test_a_killed_writer_leaves_the_old_or_the_new_state(anywhere, kills):
    where = f"{anywhere}/corrections"
    location_of(anywhere).replace("format.json", b"{}")
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    printed = 0
    for turn in range(kills):
        with writing(where, f"{turn}-", 10_000, 50) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.3))
            process.kill()
            printed += 1 + len(process.stdout.read().splitlines())
        records = Ledger(location_of(where)).records()
        assert len(records) % 50 == 0, f"seed {seed}"
        assert printed <= len(records) // 50 <= printed + 1, f"seed {seed}"
        printed = len(records) // 50
    ledger = Ledger(location_of(where))
    ledger.append(lambda _: [{"id": "last"}])
    assert ledger.unread() == 0, f"seed {seed}"
    ledger.erase_words(())
    assert len((ledger.place / "words").children()) == printed, f"seed {seed}"


def test_many_appends_lie_in_few_objects(in_bucket):
    for number in range(100):
        in_bucket.append(lambda _, number=number: [{"id": f"x{number}"}])
    assert len(in_bucket.records()) == 105
    assert len(segments(in_bucket)) <= 2 + math.log2(105)
    named = [segment["name"] for segment in json.loads(in_bucket.place.read(HEAD))["segments"]]
    assert sorted(named) == segments(in_bucket)


def test_whoever_comes_second_is_asked_again(in_bucket):
    other = Ledger(in_bucket.place)
    seen = []

    def choose(standing):
        if not seen:
            other.append(lambda _: [{"id": "first"}])
        seen.append(len(standing))
        return [{"id": "second", "note": SealedText("mine")}]

    in_bucket.append(choose)
    assert seen == [5, 6]
    assert [record["id"] for record in in_bucket.records()[5:]] == ["first", "second"]
    assert len((in_bucket.place / "words").children()) == 2


def test_a_reader_whom_a_writer_overtakes_reads_what_stands_now(in_bucket, monkeypatch):
    """A large append takes the objects before it into its own, and deletes those that a reader was about to read."""
    real, calls = Bucket.read_many, []

    def read_many(self, names):
        if not calls:
            calls.append(1)
            Ledger(in_bucket.place).append(lambda _: [{"id": f"x{number}"} for number in range(50)])
        return real(self, names)

    reader = Ledger(in_bucket.place)
    monkeypatch.setattr(Bucket, "read_many", read_many)
    assert len(reader.records()) == 55
    assert len(segments(in_bucket)) == 1


def test_an_erasure_between_words_and_their_record_does_not_take_the_words(in_bucket, monkeypatch):
    real, calls = InBucket.write, []

    def write(self, state, content, head):
        if content and not calls:  # the words are written, the record does not count yet
            calls.append(1)
            Ledger(in_bucket.place).erase_words({"e"})
        return real(self, state, content, head)

    monkeypatch.setattr(InBucket, "write", write)
    in_bucket.append(lambda _: [{"id": "f", "note": SealedText("of f")}])
    assert [record.get("note") for record in in_bucket.records()[4:]] == [None, "of f"]
    assert len((in_bucket.place / "words").children()) == 1


def test_what_a_killed_writer_left_is_not_read_and_deleted_by_the_next(in_bucket):
    in_bucket.place.replace("records-000000000000999-00.jsonl", b'{"id":"half"}\n')
    assert len(in_bucket.records()) == 5
    assert in_bucket.unread() == 14
    in_bucket.append(lambda _: [{"id": "f"}])
    assert in_bucket.unread() == 0
    assert b"half" not in b"".join(in_bucket.place.read(name) for name in segments(in_bucket))


def _changed(place, name):
    place.replace(name, place.read(name).replace(b'"id":"a"', b'"id":"z"'))


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (_changed, r"record 1 \(id z\) was changed"),
        (lambda place, name: place.delete(name), "No such object"),
        (lambda place, name: place.replace(name, b""), "record"),
        (lambda place, _: place.delete(HEAD), "head.json is missing"),
        (lambda place, _: place.replace(HEAD, b"[]"), "cannot be read"),
        (lambda place, _: place.replace(HEAD, b'{"count": 0, "size": 0, "hash": "0", "segments": []}'), "head.json"),
    ],
)
def test_every_change_is_found_and_nothing_added_to_it(in_bucket, tamper, problem):
    tamper(in_bucket.place, segments(in_bucket)[0])
    names = in_bucket.place.names()
    with pytest.raises(StoreError, match=problem):
        in_bucket.records()
    with pytest.raises(StoreError):
        in_bucket.append(lambda _: [{"id": "f"}])
    assert in_bucket.place.names() == names
