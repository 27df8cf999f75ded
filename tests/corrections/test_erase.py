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
import lance
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.corrections.erase import forget
from labelsift.corrections.file_versions import correct, undo
from labelsift.corrections.reproduce import reproduce
from labelsift.corrections.verify import verify
from labelsift.data.hashing import merged_tombstone, whole_fingerprint
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.search.index_pool import index_pool
from labelsift.store.location import Folder, location_of
from labelsift.store.run_eraser import erase_from_run
from labelsift.store.store import Store
from pyarrow import parquet

PLANTED = {f"p{number}": f"xq{number}zk planted {'vjw' * (number + 1)} Quokka \u00fc" for number in range(3)}


def rows(n: int = 60) -> list[dict[str, str]]:
    words = "card lost refund money transfer late parcel where order cancel account login password".split()
    rng = random.Random(1)
    made = [
        {"id": f"r{row}", "text": " ".join(rng.sample(words, 6)) + f" {row}", "label": ("a", "b")[row % 2]}
        for row in range(n)
    ]
    for index, (id, text) in enumerate(PLANTED.items()):
        made.insert(7 * index + 3, {"id": id, "text": text, "label": "a"})
    made.append({"id": "twin", "text": made[0]["text"], "label": "b"})
    return made


def write_csv(path: Path, made: list[dict[str, str]]) -> Path:
    path.write_text("id,text,label\n" + "".join(f'{row["id"]},"{row["text"]}",{row["label"]}\n' for row in made))
    return path


def said(id: str, action: str, value: str, run: str, note: str = "") -> dict[str, object]:
    verdict = "changed" if action != "keep" else "refused"
    return {"id": id, "action": action, "value": json.dumps(value), "run": run, "note": note} | {
        "person": "ann",
        "verdict": verdict,
        "platform": "xlsx",
    }


def live_in(store: str, folder: Path) -> None:
    """Make a store with two runs, a version, a pool in a folder, notes and an edit, from files beside it."""
    file = write_csv(folder / "data.csv", rows())
    report = ls.scan(ls.read(file, id="id", label="label"), store=store)
    given = [
        said("p0", "edit", PLANTED["p0"] + " edited", report.run),
        said("p1", "relabel", "b", report.run, note=f"wrong: {PLANTED['p1']}"),
        said("r4", "relabel", "b", report.run, note="of another sample"),
    ]
    ls.record(pa.Table.from_pylist(given, CORRECTIONS_SCHEMA), store=store)
    report.store.save_links(report.run, dict.fromkeys(("p0", "p1", "r4"), "http://127.0.0.1/task"))
    correct(file, folder / "next.csv", label="label", id="id", store=store)
    ls.scan(ls.read(folder / "next.csv", id="id", label="label"), store=store)
    if in_folder(store):
        index_pool(
            ls.read(pa.table({"id": ["p2", "x"], "text": [PLANTED["p2"], "other words"]}), id="id"),
            name="pool",
            store=store,
        )


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


def in_folder(store: str) -> bool:
    return "://" not in store


def files(store: str) -> dict[str, bytes]:
    """Return all files, or all objects of the bucket below the prefix, hidden ones too."""
    place = location_of(store)
    if isinstance(place, Folder):
        return {
            path.relative_to(place.path).as_posix(): path.read_bytes()
            for path in place.path.rglob("*")
            if path.is_file()
        }
    keys = [entry["path"] for batch in place.client.list(prefix=place.prefix) for entry in batch]
    return {key.removeprefix(f"{place.prefix}/"): bytes(place.client.get(key).bytes()) for key in keys}


def everything(store: str) -> str:
    """Return all that the store holds, as bytes and decoded, as one text."""
    there = files(store)
    contents = [content.decode("latin-1") for content in there.values()]
    contents += [content.decode("utf-8", "replace") for name, content in there.items() if ".json" in name]
    for table in sorted({name.partition(".lance/")[0] for name in there if ".lance/" in name}):
        data = lance.dataset(location_of(store).lance(f"{table}.lance"))
        for version in data.versions():
            contents.append(str(data.checkout_version(version["version"]).to_table().to_pylist()))
    kept = [pa.BufferReader(content) for name, content in there.items() if name.endswith(".parquet")]
    contents += [str(parquet.read_table(path, partitioning=None).to_pylist()) for path in kept]
    return "\n".join(contents)


def traces(store: str) -> list[str]:
    content = everything(store)
    return [id for id, text in PLANTED.items() if text[:20] in content or json.dumps(text)[1:20] in content]


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
    assert set(ids) == {row["id"] for row in rows()} - {"p0", "p1"}


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


def test_a_version_that_cannot_be_read_is_named_and_the_rest_is_erased(lived_in):
    store, _ = lived_in
    (name,) = (location_of(store) / "versions").children()
    location_of(store).replace(f"versions/{name}/rows.json", b"{")
    (said,) = forget(["p0"], store=store).unreachable
    assert "cannot be read" in said
    assert str(reproduce(store=store)) == "identical except 1 erased"


def test_an_erased_sample_that_comes_back_is_named(lived_in, tmp_path):
    store, _ = lived_in
    forget(["p0", "p2"], store=store)
    again = ls.scan(ls.read(tmp_path / "data.csv", id="id", label="label"), only=["empty"], store=store)
    (note,) = [note for note in ls.load(again.run, store=store).notes if "Erased on request before" in note]
    assert "p0, p2" in note


def test_ids_that_stand_nowhere_are_named(lived_in):
    with pytest.raises(InputError, match="no sample with these ids: nobody"):
        forget(["nobody"], store=lived_in[0])


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


def test_what_a_killed_save_left_is_erased_with_the_rest(lived_in):
    store, _ = lived_in
    subprocess.run([sys.executable, "-c", SAVER, store], check=False)
    assert any("20991231" in name for name in files(store))
    assert forget(list(PLANTED), store=store).unreachable == []
    assert traces(store) == []


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
from labelsift.corrections.erase import forget
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
def test_killed_at_five_moments(lived_in):
    check_kills(lived_in[0], times=5, seed=20261124)


@pytest.mark.soak
def test_killed_at_fifty_moments(lived_in):
    check_kills(lived_in[0], times=50, seed=50)
