"""A changed taxonomy from the scan to the next version: who is asked, what stays verified, what a file becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.audit import audit_rows
from labelsift.corrections.file_versions import correct, undo
from labelsift.data.schemas import CORRECTIONS_SCHEMA, of_issue
from labelsift.io import row_files as rowfiles
from labelsift.metrics.compare import compare
from labelsift.review.verified import verified
from labelsift.store.store import Store
from pyarrow import csv

TAXONOMY = 'rename = { "a" = "alpha" }\nsplit = { "b" = ["b1", "b2"] }\nretire = ["o"]\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "t.toml").write_text(TAXONOMY)
    rows = {"id": [f"s{number}" for number in range(40)], "text": [f"text number {number}" for number in range(40)]}
    csv.write_csv(pa.table(rows | {"label": ["a", "b", "c", "o"] * 10}), tmp_path / "data.csv")
    return tmp_path


def read(path: Path) -> ls.Samples:
    return ls.read(path, id="id", label="label")


def scanned(
    place: Path, samples: ls.Samples, *, only: list[str] | None = None, taxonomy: Path | None = None
) -> ls.Report:
    vectors = np.random.default_rng(0).normal(size=(len(samples), 8)).astype(np.float32)
    signals = ls.Signals(embeddings=vectors)
    return ls.scan(samples, signals=signals, only=only, taxonomy=taxonomy, store=place / "kept")


def decide(place: Path, run: str, *rows: tuple[str, str, str]) -> None:
    """Record decisions of (id, action, value) on a run."""
    decisions = [
        {"id": id, "action": action, "value": json.dumps(value), "person": "ann", "verdict": "changed"}
        | {"time": datetime(2026, 11, 23, 10, index, tzinfo=UTC), "platform": "fake", "run": run, "note": ""}
        for index, (id, action, value) in enumerate(rows)
    ]
    ls.record(pa.Table.from_pylist(decisions, CORRECTIONS_SCHEMA), store=place / "kept")


def test_a_scan_asks_about_the_samples_of_a_split_class_and_keeps_the_taxonomy(place):
    report = scanned(place, read(place / "data.csv"), taxonomy=place / "t.toml")
    asked = of_issue(report.findings, "taxonomy")
    assert sorted(asked["id"].to_pylist()) == sorted(f"s{number}" for number in range(1, 40, 4))
    assert set(asked["suggested"].to_pylist()) == {"null"}  # nothing is guessed
    assert asked["reason"][0].as_py() == "The class b was split: choose among b1, b2."
    assert report.scores["is_taxonomy_issue"].to_pylist().count(True) == 10
    assert report.samples.classes == ("alpha", "c")
    again = ls.load(store=place / "kept")
    assert again.samples.taxonomy == ls.Taxonomy.read(place / "t.toml")
    assert again.settings["taxonomy"] == ls.Taxonomy.read(place / "t.toml").plain
    assert again.summary()["issues"]["taxonomy"] == {"count": 10, "rate": 0.25}


def test_a_scan_without_a_split_has_no_such_check(place):
    report = scanned(place, read(place / "data.csv"), only=["label"])
    assert "taxonomy" not in report.settings
    with pytest.raises(ls.InputError, match="no such check"):
        scanned(place, read(place / "data.csv"), only=["taxonomy"])


def test_verified_samples_stay_verified_under_a_rename_and_come_back_after_a_split_or_retirement(place):
    first = scanned(place, read(place / "data.csv"), only=["label"])
    ids = {"s0": "a", "s4": "a", "s1": "b", "s3": "o", "s2": "c"}
    kept = [(id, "keep", label) for id, label in ids.items() if id != "s4"]
    decide(place, first.run, *kept, ("s4", "relabel", "b"), ("s6", "relabel", "a"), ("s7", "relabel", "c"))
    store = Store(place / "kept")
    before = read(place / "data.csv")
    assert set(verified(before, store.ledger.records(), but="")) == {"s0", "s1", "s2", "s3", "s4", "s6", "s7"}
    after = before.remap(place / "t.toml")
    assert set(verified(after, store.ledger.records(), but="")) == {"s0", "s2", "s6"}
    # s7 was o and is nothing now: it comes back until the decision for c is applied
    assert "s7" in verified(after.apply(ls.recorded(store=place / "kept")), store.ledger.records(), but="")


def test_a_decision_for_a_new_class_settles_the_sample(place):
    first = scanned(place, read(place / "data.csv"), taxonomy=place / "t.toml", only=["taxonomy"])
    decide(place, first.run, ("s1", "relabel", "b2"))
    known = verified(first.samples, Store(place / "kept").ledger.records(), but="")
    assert known == {"s1": frozenset({"label", "taxonomy"})}


def test_correct_writes_the_new_names_and_undo_brings_the_old_ones_back(place):
    first = scanned(place, read(place / "data.csv"), only=["label"])
    decide(place, first.run, ("s2", "relabel", "a"), ("s4", "relabel", "b"), ("s6", "keep", "c"))
    scanned(place, read(place / "data.csv"), taxonomy=place / "t.toml", only=["taxonomy"])
    store = place / "kept"
    correct(
        place / "data.csv", place / "next.csv", label="label", id="id", store=store
    )  # under the taxonomy of the newest run
    expected = read(place / "data.csv").remap(place / "t.toml").apply(ls.recorded(store=place / "kept"))
    samples = read(place / "next.csv")
    assert samples.table.equals(expected.table)
    assert samples.labels is not None
    assert samples.labels.to_pylist()[:5] == ["alpha", None, "alpha", None, "alpha"]  # b has become no decision
    undo(place / "next.csv", place / "back.csv", store=place / "kept")
    assert rowfiles.load(place / "back.csv").fingerprint == rowfiles.load(place / "data.csv").fingerprint
    why = audit_rows(Store(place / "kept").ledger.records())[-2]["why"]
    assert "taxonomy: rename a → alpha; split b → b1, b2; retire o" in why
    # the new file is in the new names already
    same = correct(place / "next.csv", place / "same.csv", label="label", id="id", dataset="data", store=store)
    assert same.changed == 0
    again = scanned(place, read(place / "next.csv"), taxonomy=place / "t.toml", only=["label"])
    assert any("taken as made before" in note and "split b → b1, b2" in note for note in again.notes)


def test_the_command_line_scans_and_corrects_under_a_taxonomy(place):
    options = ["--label", "label", "--id", "id", "--store", str(place / "kept"), "--taxonomy", str(place / "t.toml")]
    done = CliRunner().invoke(main, ["scan", str(place / "data.csv"), *options, "--only", "taxonomy", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["settings"]["taxonomy"][0]["retire"] == ["o"]
    out = place / "next.csv"
    done = CliRunner().invoke(main, ["correct", str(place / "data.csv"), *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert read(out).classes == ("alpha", "c")


def test_a_comparison_tells_changed_classes_from_changed_labels(place):
    samples = read(place / "data.csv")
    old = scanned(place, samples, only=["label"])
    decide(place, old.run, ("s2", "relabel", "a"), ("s1", "relabel", "b1"), ("s5", "relabel", "c"))
    new = scanned(place, samples.remap(place / "t.toml").apply(ls.recorded(store=place / "kept")), only=["label"])
    comparison = compare(old, new)
    assert comparison.relabeled.select(["id", "old", "new"]).to_pylist() == [
        {"id": "s2", "old": "c", "new": "alpha"},
        {"id": "s5", "old": "b", "new": "c"},
    ]
    assert [[decision["person"] for decision in row["decided"]] for row in comparison.relabeled.to_pylist()] == [
        ["ann"],
        ["ann"],
    ]
    assert comparison.taxonomy.to_pylist() == [
        {"kind": "renamed", "old": "a", "new": "alpha", "samples": 10, "decided": None},
        {"kind": "split", "old": "b", "new": "b1, b2", "samples": 10, "decided": 1},
        {"kind": "retired", "old": "o", "new": None, "samples": 10, "decided": None},
    ]
    done = CliRunner().invoke(main, ["compare", old.run, new.run, "--store", str(place / "kept")])
    assert "Class split: b → b1, b2 (10 samples, 1 of them decided)" in done.output
    assert json.loads(json.dumps(comparison.as_dict()))["taxonomy"][0]["new"] == "alpha"


def test_a_rename_alone_changes_nothing_but_the_name(place):
    samples = read(place / "data.csv")
    old = scanned(place, samples, only=["label"])
    merged = ls.Taxonomy.of([{"rename": {"a": "alpha"}, "merge": {"bo": ["b", "o"]}}])
    new = scanned(place, samples.remap(merged), only=["outlier"])
    comparison = compare(old, new)
    assert comparison.relabeled.num_rows == 0
    assert [row["kind"] for row in comparison.taxonomy.to_pylist()] == ["renamed", "merged", "merged"]
    same = compare(old, scanned(place, samples.remap(ls.Taxonomy.of([{"rename": {"a": "alpha"}}])), only=["label"]))
    assert same.metrics["old"].to_pylist() == same.metrics["new"].to_pylist()


def test_people_are_offered_the_new_classes_and_not_the_split_one(place):
    from labelsift.review.items import queue_of
    from labelsift.review.suggestions import labels_to_choose

    scanned(place, read(place / "data.csv"), taxonomy=place / "t.toml", only=["taxonomy"])
    report = ls.load(store=place / "kept")  # as `labelsift push` does
    queue = queue_of(report)
    assert labels_to_choose(queue) == ["alpha", "b1", "b2", "c"]
    assert {(flag.given, flag.suggested, flag.issues) for flag in queue.items} == {(None, None, ("taxonomy",))}


def test_a_scan_of_mapped_samples_goes_on_with_further_changes(place):
    first = ls.Taxonomy.of([{"rename": {"a": "alpha"}}])
    mapped = read(place / "data.csv").remap(first)
    further = place / "further.toml"
    further.write_text('rename = { "alpha" = "first" }\nmerge = { "bo" = ["b", "o"] }\n')
    report = scanned(place, mapped, taxonomy=further, only=["empty"])
    assert report.samples.classes == ("bo", "c", "first")
    assert report.settings["taxonomy"][0] == {"rename": {"a": "alpha"}}
    assert not any("taken as made before" in note for note in report.notes)
