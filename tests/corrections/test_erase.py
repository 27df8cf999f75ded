"""Erasure: planted texts stand nowhere in the store afterwards, in bytes or tables, and the rest is still whole."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import labelsift as ls
import planted_samples
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift import platforms
from labelsift.corrections.erase import forget
from labelsift.corrections.file_versions import undo
from labelsift.corrections.reproduce import reproduce
from labelsift.corrections.verify import verify
from labelsift.data.hashing import merged_tombstone, whole_fingerprint
from labelsift.errors import InputError
from labelsift.platforms import Platform
from labelsift.store.base import RunTarget
from labelsift.store.location import location_of
from labelsift.store.pull_state import Pulled, read_pulled, write_pulled
from labelsift.store.run_eraser import erase_from_run
from labelsift.store.run_info import read_links
from labelsift.store.store import Store
from planted_samples import PLANTED, files, in_folder, live_in, traces


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Return a folder with such a store in it, for copies."""
    folder = tmp_path_factory.mktemp("lived_in")
    live_in(str(folder / "kept"), folder)
    return folder


@pytest.fixture
def lived_in(anywhere, tmp_path, made) -> tuple[str, Path]:
    """Return a store in which much has happened, and the file that it holds the last version of."""
    if in_folder(anywhere):
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    else:
        live_in(anywhere, tmp_path)
    return anywhere, tmp_path / "next.csv"


@pytest.mark.slow
def test_planted_texts_stand_nowhere_and_the_rest_is_whole(lived_in, tmp_path):
    store, following = lived_in
    assert traces(store) == list(PLANTED)
    names = [run.run for run in Store(store).runs()]
    forgotten = forget(list(PLANTED), store=store, reason="request 12")
    assert (forgotten.runs, forgotten.pools, forgotten.words) == (
        dict.fromkeys(names, 3),
        {"pool": 1} if in_folder(store) else {},
        2,
    )
    assert forgotten.unreachable == []
    assert sum(forgotten.versions.values()) == 2
    assert traces(store) == []
    assert verify(store=store).problems == ()
    for name in names:
        again = reproduce(name, store=store)
        assert (again.identical, again.erased, str(again)) == (True, 3, "identical except 3 erased")
        report = ls.load(name, store=store)
        assert len(report.samples) == len(report.scores) == len(report.embeddings) == len(report.pred_probs) == 61
        assert not set(PLANTED) & set(report.samples.ids.to_pylist())
        assert not set(PLANTED) & {id for row in report.findings.to_pylist() for id in row["related_ids"] or ()}
        assert len(report.similar("r4", k=3)) == 3
        report.to_html(tmp_path / f"{name}.html")
    notes = [record["note"] for record in Store(store).ledger.records() if record.get("kind") == "decision"]
    assert notes[1:] == [None, "of another sample"]
    before = undo(following, tmp_path / "before.csv", store=store)
    assert before.erased == 2
    ids = ls.read(tmp_path / "before.csv", id="id").ids.to_pylist()
    assert set(ids) == {row["id"] for row in planted_samples.rows()} - {"p0", "p1"}


@pytest.mark.slow
def test_a_second_erasure_adds_to_the_first(lived_in):
    store, _ = lived_in
    forget(["p0"], store=store)
    forget(["p2", "p1"], store=store)
    assert traces(store) == []
    assert str(reproduce(store=store)) == "identical except 3 erased"
    assert verify(store=store).problems == ()
    assert forget(["p1"], store=store).runs == {}  # again: nothing left, and no error


def test_a_dry_run_changes_nothing(lived_in):
    store, _ = lived_in
    before = files(store)
    forgotten = forget(["p0", "r0", "nobody"], store=store, dry_run=True)
    assert (forgotten.dry_run, forgotten.unknown, forgotten.copies) == (True, ["nobody"], ["twin"])
    assert files(store) == before


def test_copies_that_were_matched_by_several_fields_are_counted_once(made, tmp_path, monkeypatch):
    """A push that was refused for its field is known, too; so the same copies are looked for under each field."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    store = Store(tmp_path / "kept")
    run = store.runs()[0].run
    there = {None: {"p0", "p1"}, "theirs": {"p0"}}  # copies in what is labelsift's, and in what is not

    class Copies(Platform):
        name, capabilities = "copies", frozenset({"forget"})

        def forget(self, ids, *, project, match=None, dry_run=False):
            copies = there["theirs" if match else None]
            count = len(copies & set(ids))
            if not dry_run:
                copies.difference_update(ids)
            return count

    monkeypatch.setattr(platforms, "get", lambda _: Copies())
    for match in (None, "external_id", "data.text"):
        store.sent(RunTarget(run, "copies", "Tickets"), match=match, mode="choose")
    planned = forget(["p0", "p1"], store=store, dry_run=True)
    assert planned.platforms["copies Tickets"] == 3
    assert forget(["p0", "p1"], store=store).platforms["copies Tickets"] == 3


def test_a_version_that_cannot_be_read_is_named_and_the_rest_is_erased(lived_in):
    store, _ = lived_in
    (name,) = (location_of(store) / "versions").children()
    location_of(store).replace(f"versions/{name}/rows.json", b"{")
    (said,) = forget(["p0"], store=store).unreachable
    assert "cannot be read" in said
    assert str(reproduce(store=store)) == "identical except 1 erased"


def test_a_run_and_a_pool_that_cannot_be_read_are_named_and_the_rest_is_erased(made, tmp_path):
    store = shutil.copytree(made / "kept", tmp_path / "kept")
    older, newest = sorted(run.run for run in Store(store).runs())
    (store / "runs" / older / "run.json").write_text("{")
    for table in (store / "pools/pool").rglob("*.arrow"):
        table.write_text("no table")
    for facts in (store / "pools/pool").glob("*.json"):
        facts.write_text("{")
    for dry_run in (True, False):
        forgotten = forget(["p0"], store=store, dry_run=dry_run)
        assert forgotten.runs == {newest: 1}
        assert any(older in line and "may hold these samples" in line for line in forgotten.unreachable)
        assert any("pool" in line and older not in line for line in forgotten.unreachable)
    assert not ls.load(newest, store=store).samples.ids.to_pylist().count("p0")


def test_an_erased_sample_that_comes_back_is_named(lived_in, tmp_path):
    store, _ = lived_in
    forget(["p0", "p2"], store=store)
    again = ls.scan(ls.read(tmp_path / "data.csv", id="id", label="label"), only=["empty"], store=store)
    (note,) = [note for note in ls.load(again.run, store=store).notes if "Erased on request before" in note]
    assert "p0, p2" in note


def test_ids_that_stand_nowhere_are_named(lived_in):
    with pytest.raises(InputError, match="no sample with these ids: nobody"):
        forget(["nobody"], store=lived_in[0])


def test_ids_that_stand_nowhere_are_named_after_an_erasure_of_others_too(lived_in):
    store, _ = lived_in
    forget(["p0"], store=store)
    before = Store(store).ledger.records()
    with pytest.raises(InputError, match="no sample with these ids: nobody"):
        forget(["nobody"], store=store)
    assert Store(store).ledger.records() == before
    assert forget(["nobody", "p1"], store=store).unknown == ["nobody"]


def test_what_stands_only_in_a_pool_or_in_what_was_pulled_is_erased(made, tmp_path):
    store = shutil.copytree(made / "kept", tmp_path / "kept")
    row = {"id": "x", "action": "relabel", "value": '"b"', "person": "Quokka the person"}
    pulled = Pulled("2026-11-29T00:00:00Z", rows={"7": {"1": row}})
    write_pulled(store, pulled, "label-studio", "http://127.0.0.1", "5")
    assert read_pulled(store, "label-studio", "http://127.0.0.1", "5") == pulled
    assert b"other words" in b"".join(files(str(store)).values())
    left = next((store / "pools/pool").glob("state-*")).with_name("state-999-killed")
    left.mkdir()
    (left / "table.arrow").write_text("other words of a killed append")
    forgotten = forget(["x"], store=store)  # only the pool has it
    assert (forgotten.runs, forgotten.pools, forgotten.unknown) == ({}, {"pool": 1}, [])
    content = b"".join(files(str(store)).values())
    assert b"other words" not in content and b"Quokka the person" not in content
    assert read_pulled(store, "label-studio", "http://127.0.0.1", "5") == Pulled()


def test_links_to_tasks_of_erased_samples_go_and_others_stay(lived_in):
    store, _ = lived_in
    forget(["p0"], store=store)
    kept = Store(store)
    linked = [set(read_links(kept.place_of(info.run))) for info in kept.runs()]
    assert {"p1", "r4"} in linked
    assert not any("p0" in ids for ids in linked)


def test_a_changed_run_is_not_identical(lived_in):
    store, _ = lived_in
    name = Store(store).find()
    forget(["p0"], store=store)
    run = Store(store).place_of(name)
    facts = json.loads(run.read("run.json"))
    facts["tombstone"]["digest"] = merged_tombstone(facts["tombstone"]["digest"], 1)
    run.replace("run.json", json.dumps(facts).encode())
    assert not reproduce(name, store=store).identical
    assert any("samples were changed" in problem for problem in verify(store=store).problems)


@pytest.mark.slow
@given(st.lists(st.text(), unique=True, min_size=1, max_size=8), st.data())
def test_what_stands_and_the_tombstone_make_the_whole(texts, data):
    samples = ls.read(pa.table({"id": [str(row) for row in range(len(texts))], "text": texts}), id="id")
    gone = data.draw(st.sets(st.integers(0, len(texts) - 1)))
    stays = samples.take([row for row in range(len(texts)) if row not in gone] or pa.array([], pa.int64()))
    tombstone = None
    for row in gone:  # one after the other, as erasures come
        tombstone = merged_tombstone(tombstone, samples.take([row]).digest)
    assert whole_fingerprint(stays.fingerprint, tombstone) == samples.fingerprint


SAVER = """
import os, signal, sys
import lance
from labelsift.store.store import Store
real = lance.write_dataset
def write(table, where, **options):
    real(table, where, **options)
    os.kill(os.getpid(), signal.SIGKILL)
store = Store(sys.argv[1])
report = store.load()
report.run = "20991231-235959-ffffff"
lance.write_dataset = write
store.save(report)
"""


@pytest.mark.slow
def test_what_a_killed_save_left_is_erased_with_the_rest(lived_in):
    store, _ = lived_in
    subprocess.run([sys.executable, "-c", SAVER, store], check=False)
    assert any("20991231" in name for name in files(store))
    assert forget(list(PLANTED), store=store).unreachable == []
    assert traces(store) == []


def test_what_a_dead_writer_left_is_erased_though_its_number_is_a_living_process_s(made, tmp_path):
    """As in containers that share a volume, where each main process is process 1."""
    store = shutil.copytree(made / "kept", tmp_path / "kept")
    for folder, half in (("runs", f".20991231-235959-ffffff.{os.getpid()}"), ("versions", f".v.{os.getpid()}")):
        (store / folder / half).mkdir()
        (store / folder / half / "left").write_text(PLANTED["p0"])
    (store / "pools/never-named/state-0").mkdir(parents=True)
    (store / "pools/never-named/state-0/left").write_text(PLANTED["p0"])
    assert forget(list(PLANTED), store=store).unreachable == []
    assert traces(str(store)) == []


def test_of_two_erasures_at_once_none_is_lost(lived_in, monkeypatch):
    store, _ = lived_in
    place = Store(store).place_of(Store(store).find())
    real, between = type(place).swap, []

    def swap(self, name, old, new):
        if name == "run.json" and not between:
            between.append(0)
            between.append(erase_from_run(place, {"p1"}))
        return real(self, name, old, new)

    monkeypatch.setattr(type(place), "swap", swap)
    assert erase_from_run(place, {"p0"}) == 1
    assert between == [0, 1]
    assert str(reproduce(store=store)) == "identical except 2 erased"
    tables = [name for name in place.children() if name.startswith(("tables-", "without-"))]
    assert len(tables) == 1


@pytest.mark.server
def test_a_bucket_that_keeps_versions_is_named(bucket):
    store, name = f"{bucket}/kept", bucket.removeprefix("s3://")
    ls.scan(ls.read(pa.table({"id": ["p0", "r0"], "text": [PLANTED["p0"], "other"]}), id="id"), store=store)
    switched_on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    address = f"{os.environ['AWS_ENDPOINT_URL']}/{name}?versioning"
    asked = Request(address, switched_on.encode(), {"Content-Type": "application/xml"}, method="PUT")
    with urlopen(asked):
        pass
    (said,) = forget(["p0"], store=store).unreachable
    assert "keeps old versions" in said


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import lance
from labelsift import platforms
from labelsift.corrections.erase import forget
from labelsift.platforms import Platform
from labelsift.store.base import RunTarget
from labelsift.store.location import Bucket
store, stop, ids = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
steps = 0

def counted(step):
    def taken(*args, **kwargs):
        global steps
        steps += 1
        if steps == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args, **kwargs)
    return taken

lance.write_dataset, shutil.rmtree = counted(lance.write_dataset), counted(shutil.rmtree)
Bucket.replace, Bucket.swap, Bucket.delete = counted(Bucket.replace), counted(Bucket.swap), counted(Bucket.delete)
os.fsync, Path.unlink, Path.replace = counted(os.fsync), counted(Path.unlink), counted(Path.replace)
forget(ids, store=store)
print(steps)
"""


def steps_until(store: str, stop: int) -> int:
    """Forget the planted samples in a process that kills itself at a step that changes the store; 0 if it did."""
    running = subprocess.run([sys.executable, "-c", KILLED, store, str(stop), *PLANTED], capture_output=True)
    assert running.returncode == (-signal.SIGKILL if stop > 0 else 0), running.stderr
    return int(running.stdout or 0)


def copied(store: str, name: str) -> str:
    """Copy the store beside itself."""
    for path, content in files(store).items():
        location_of(f"{store}-{name}").replace(path, content)
    return f"{store}-{name}"


def check_kills(store: str, *, times: int, seed: int) -> None:
    names = [run.run for run in Store(store).runs()]
    total = steps_until(copied(store, "whole"), -1)
    assert total >= 20
    moments = random.Random(seed).sample(range(1, total + 1), min(times, total))
    for stop in moments:
        torn = copied(store, f"torn-{stop}")
        assert steps_until(torn, stop) == 0
        problems = verify(store=torn).problems
        assert not [
            problem for problem in problems if problem.startswith(("Run ", "The run ", "Record of corrections"))
        ]
        begun = any(record.get("kind") == "forget" for record in Store(torn).ledger.records())
        ended = any(record.get("kind") == "forgotten" for record in Store(torn).ledger.records())
        assert any("not finished" in problem for problem in problems) == (begun and not ended)
        for name in names:
            again = reproduce(name, store=torn)
            assert again.identical
            assert again.erased in (0, 3)
            ls.load(name, store=torn)
        forget(list(PLANTED), store=torn)
        assert traces(torn) == []
        assert verify(store=torn).problems == ()


@pytest.mark.slow
def test_killed_at_two_moments(lived_in):
    check_kills(lived_in[0], times=2, seed=20261124)


@pytest.mark.soak
def test_killed_at_fifty_moments(lived_in):
    check_kills(lived_in[0], times=50, seed=50)
