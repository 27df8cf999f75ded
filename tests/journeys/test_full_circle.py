"""Scan, decisions of three people in spreadsheets, correct, scan again, compare, undo, reproduce: hash by hash."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import labelsift as ls
import openpyxl
import pytest
from labelsift.corrections.file_versions import correct, undo
from labelsift.corrections.record import recorded
from labelsift.corrections.reproduce import reproduce
from labelsift.demo.tickets import write_tickets
from labelsift.metrics.compare import Comparison, compare
from labelsift.review.items import queue_of

BANKING = Path(__file__).parents[3] / "shared" / "data" / "banking77" / "data.csv.gz"
PEOPLE = ("ann", "bob", "eve")


def decided(report: ls.Report, path: Path, votes: dict[str, str], person: str) -> None:
    """Write the flagged samples into a workbook, and a person's votes into its decision column."""
    report.push("xlsx", project=str(path))
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        cells = dict(zip(header, row, strict=False))
        if cells["labelsift_id"].value in votes:
            cells["decision"].value = votes[cells["labelsift_id"].value]
            cells["person"].value = person
    book.save(path)


def go_round(file: Path, tmp_path: Path, columns: dict, *, checks: list[str] | None, by: list[str]) -> Comparison:
    store, rng = tmp_path / "kept", random.Random(4)
    samples = ls.read(file, **columns)
    report = ls.scan(samples, only=checks, store=store)
    labels = dict(zip(samples.ids.to_pylist(), samples.labels.to_pylist(), strict=True))
    flagged = [item.id for item in queue_of(report).items if not item.first_copy]
    asked = rng.sample(flagged, min(40, len(flagged)))
    votes = {person: {id: rng.choice(samples.classes[:2]) for id in asked} for person in PEOPLE}
    for person in PEOPLE:
        decided(report, tmp_path / f"{person}.xlsx", votes[person], person)
        ls.record(ls.pull("xlsx", project=str(tmp_path / f"{person}.xlsx")), store=store)
    rows = recorded(store=store).to_pylist()
    assert {(row["person"], row["id"]) for row in rows} == {(person, id) for person in PEOPLE for id in asked}

    columns = {name: value for name, value in columns.items() if name in ("text", "label", "id")}
    version = correct(file, tmp_path / "next.csv", **columns, dataset=samples.name, store=store)
    following = ls.read(tmp_path / "next.csv", **columns, metadata=samples.metadata.column_names, name=samples.name)
    after = ls.scan(following, only=checks, store=store)
    changed = {
        id
        for id, label in zip(following.ids.to_pylist(), following.labels.to_pylist(), strict=True)
        if labels[id] != label
    }
    assert len(changed) == version.changed > 0
    assert version.conflicts == {}  # of three votes for two labels one always wins
    comparison = compare(ls.load(report.run, store=store), ls.load(after.run, store=store), by=by or None)
    assert set(comparison.relabeled["id"].to_pylist()) == changed
    assert (comparison.added, comparison.removed, comparison.edited) == ((), (), ())

    undo(tmp_path / "next.csv", tmp_path / "back.csv", store=store)
    back = ls.read(tmp_path / "back.csv", **columns, metadata=samples.metadata.column_names)
    assert back.fingerprint == samples.fingerprint
    for run, whole in ((report.run, samples.fingerprint), (after.run, following.fingerprint)):
        again = reproduce(run, store=store)
        assert (again.identical, again.found) == (True, whole)
    return comparison


@pytest.mark.slow
def test_full_circle_on_the_demo_data(tmp_path):
    write_tickets(tmp_path, 0)
    columns = {"label": "label", "id": "ticket_id", "metadata": ["state", "gender"]}
    comparison = go_round(tmp_path / "tickets.csv", tmp_path, columns, checks=None, by=["state", "gender"])
    (row,) = [
        row
        for row in comparison.slices.to_pylist()
        if row["slug"] == "state:CA__gender:f" and row["metric"] == "accuracy"
    ]
    assert row["low"] < row["difference"] < row["high"]


@pytest.mark.slow
@pytest.mark.skipif(not BANKING.exists(), reason="needs the benchmark sets beside the project: ../shared/data")
def test_full_circle_on_banking77(tmp_path):
    (tmp_path / "banking.csv").write_bytes(gzip.decompress(BANKING.read_bytes()))
    columns = {"label": "given_pair10", "id": "id"}
    checks = ["empty", "exact_duplicate", "near_duplicate"]
    go_round(tmp_path / "banking.csv", tmp_path, columns, checks=checks, by=[])
