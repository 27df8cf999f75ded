"""Erasure against whoever writes: paused at every step, they leave nothing of an erased text, or it is named."""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import labelsift as ls
import lance
import openpyxl
import pyarrow as pa
import pytest
from labelsift import platforms
from labelsift.corrections.erase import Erased, forget
from labelsift.corrections.file_versions import correct
from labelsift.corrections.record import record
from labelsift.corrections.verify import verify
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import LogRequest, Receipt, Tracker
from labelsift.search.index_pool import index_pool
from labelsift.store.location import Bucket
from labelsift.store.run_writer import save_run
from pausing import Paused, beside, watch
from planted_samples import PLANTED, rows, said, traces, write_csv

IDS = list(PLANTED)


class Texts(Tracker):
    """A tracker that writes texts into a file, and cannot delete."""

    name = "texts"

    def log(self, run: ls.Report, request: LogRequest) -> Receipt:
        Path(request.target or "").write_text(str(run.samples.texts.to_pylist()))
        return Receipt(self.name, str(request.target))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Return a folder with a store of one run, a workbook with answers, and the files beside it."""
    folder = tmp_path_factory.mktemp("made")
    file = write_csv(folder / "data.csv", rows(20))
    (folder / "kept").mkdir()
    report = ls.scan(ls.read(file, id="id", label="label"), only=["exact_duplicate", "label"], store=folder / "kept/st")
    given = [said(id, "relabel", "b", report.run, note=f"wrong: {PLANTED[id]}") for id in IDS]
    record(pa.Table.from_pylist(given[:1], CORRECTIONS_SCHEMA), store=folder / "kept/st")
    only = report.batch(pa.table({"id": IDS, "similarity": [0.9, 0.8, 0.7]}))
    with contextlib.chdir(folder / "kept"):  # the store knows the workbook by its path, and stores are copied
        only.push("xlsx", project="pushed.xlsx")
    book = openpyxl.load_workbook(folder / "kept/pushed.xlsx")
    names = [cell.value for cell in book.worksheets[0][1]]
    for row in range(2, book.worksheets[0].max_row + 1):
        book.worksheets[0].cell(row, names.index("decision") + 1).value = "remove"
        book.worksheets[0].cell(row, names.index("note") + 1).value = f"wrong: {PLANTED[IDS[row - 2]]}"
    book.save(folder / "kept/pushed.xlsx")
    return folder


Operation = Callable[[], object]  # what is paused; what makes it ready is not


def scan(folder: Path) -> Operation:
    samples = ls.read(folder / "data.csv", id="id", label="label")
    return lambda: ls.scan(samples, only=["exact_duplicate", "near_duplicate"], store=folder / "kept/st")


def save(folder: Path) -> Operation:
    report = ls.load(store=folder / "kept/st")
    report.run = "20991231-235959-ffffff"
    return lambda: save_run(report, report.store)


def push(folder: Path) -> Operation:
    report = ls.load(store=folder / "kept/st")
    return lambda: report.push("xlsx", project="new.xlsx")


def log(folder: Path) -> Operation:
    report = ls.load(store=folder / "kept/st")
    return lambda: report.log("texts", target="tracked", with_text=True)


def pull(folder: Path) -> Operation:
    store = folder / "kept/st"
    return lambda: record(platforms.pull("xlsx", project="pushed.xlsx", store=store), store=store)


def pool(folder: Path) -> Operation:
    more = ls.read(pa.table({"id": [*IDS, "x"], "text": [*PLANTED.values(), "other words"]}), id="id")
    return lambda: index_pool(more, name="pool", store=folder / "kept/st")


def batch(folder: Path) -> Operation:
    report = ls.load(store=folder / "kept/st")
    return lambda: report.batch(pa.table({"id": [IDS[0], "r4"], "similarity": [0.9, 0.8]}))


def note(folder: Path) -> Operation:
    report = ls.load(store=folder / "kept/st")
    return lambda: report.note(f"wrong: {PLANTED['p0']}", by="ann", sample="p0")


def version(folder: Path) -> Operation:
    return lambda: correct(folder / "data.csv", folder / "next.csv", label="label", id="id", store=folder / "kept/st")


def left(folder: Path) -> list[str]:
    """Return the planted samples of which something is left in the store, in a workbook or at the tracker."""
    (folder / "kept/books").mkdir()
    for book in folder.glob("kept/*.xlsx"):
        with zipfile.ZipFile(book) as content:
            content.extractall(folder / "kept/books" / book.stem)
    there = "".join(path.read_text("utf-8") for path in folder.glob("kept/books/**/*.xml"))
    there += "".join(path.read_text() for path in folder.glob("kept/tracked"))
    shutil.rmtree(folder / "kept/books")
    return [*traces(str(folder / "kept/st")), *(id for id, text in PLANTED.items() if text[:20] in there)]


def _notes(paused: Paused) -> tuple[str, ...]:
    return getattr(paused.result, "notes", ())


@pytest.fixture
def texts(monkeypatch) -> None:
    real = platforms.get
    monkeypatch.setattr(platforms, "get", lambda name: Texts() if name == "texts" else real(name))


@pytest.mark.slow
@pytest.mark.parametrize("most", [8, pytest.param(None, marks=pytest.mark.soak)])
@pytest.mark.parametrize("make", [scan, save, push, log, pull, pool, batch, note, version], ids=lambda f: f.__name__)
def test_an_erasure_beside_a_writer_leaves_nothing(make, most, made, tmp_path, monkeypatch, texts):
    """Each step in a soak, else so many of them, from the first to the last."""
    watch(monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # whether it is on the disk is another test's question
    step, steps, name = 0, [], make.__name__
    while not steps or step < len(steps):
        folder = tmp_path / str(step)
        shutil.copytree(made, folder)
        monkeypatch.chdir(folder / "kept")
        operation, results = make(folder), []
        paused, raised = beside(
            operation,
            lambda results=results, folder=folder: results.append(forget(IDS, store=folder / "kept/st")),
            below=folder / "kept",
            stop=step,
            monkeypatch=monkeypatch,
        )
        steps = paused.steps
        where = f"{name} at step {step}: {steps[min(step, len(steps) - 1)]}"
        assert raised is None, where
        erased: Erased = results[0]
        remains = left(folder)
        named = any("tracked" in line for line in erased.unreachable)  # only of the tracker, which cannot delete
        # What begins once the erasure has ended is a later scan of a file that still has the samples: it says so.
        back = step == 0 and any("Erased on request before, and back: p0, p1" in note for note in _notes(paused))
        assert bool(remains) == (named or back), f"{where} left {remains}, named {erased.unreachable}"
        assert name == "log" or not named, where
        assert verify(store=folder / "kept/st").problems == (), where
        shutil.rmtree(folder)
        step += max(len(steps) // most, 1) if most else 1
    print(f"{name}: {len(steps)} steps")
    assert len(steps) > 5


@pytest.mark.server
@pytest.mark.slow
def test_an_erasure_beside_a_save_in_a_bucket_leaves_nothing_or_names_it(bucket, monkeypatch):
    """There is no lock in a bucket: whoever comes second sees what the first did, at each of the save's steps."""
    step, count, seen = 0, 1, set()
    while step < count:
        store, calls, results = f"{bucket}/{step}", [], []
        samples = ls.read(pa.table({"id": ["r0", *IDS], "text": ["other words", *PLANTED.values()]}), id="id")
        report = ls.scan(samples, only=["empty"], store=store)
        report.run = "20991231-235959-ffffff"

        def counted(real: Callable[..., object], step=step, calls=calls, results=results, store=store):
            def call(*args: object, **options: object) -> object:
                if not results:
                    calls.append(real.__name__)
                    if len(calls) == step + 1:
                        results.append(None)  # its own steps are not counted
                        results[0] = forget(IDS, store=store)
                return real(*args, **options)

            return call

        with monkeypatch.context() as patched:
            for owner, name in ((Bucket, "replace"), (Bucket, "swap"), (lance, "write_dataset")):
                patched.setattr(owner, name, counted(getattr(owner, name)))
            save_run(report, report.store)
        if not results:
            break
        named = any("is being written" in line for line in results[0].unreachable)
        assert not traces(store), f"at step {step} of {calls}"
        seen.add(named)
        step, count = step + 1, len(calls) + 1
    assert step >= 5
    assert seen == {False, True}
