"""What a refit moves by itself is no change: neither better nor fixed; what people changed still is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.cli.print_comparison import print_comparison, print_trend
from labelsift.metrics.compare import Comparison, compare
from labelsift.metrics.refit_noise import METHOD, method_of
from labelsift.metrics.trend import trend
from labelsift.render.comparison_page.build import render
from labelsift.render.comparison_words import verdict
from labelsift.scanning import VERSION
from labelsift.store.run import Run
from rich.console import Console

ROWS = 400


class Decided:
    """A store that knows only decisions."""

    def __init__(self, records: list[dict]) -> None:
        self.records = records

    def decisions(self) -> list[dict]:
        return self.records


@pytest.fixture(scope="module")
def scanned() -> ls.Report:
    rng = np.random.default_rng(0)
    truth = np.arange(ROWS) % 4
    vectors = (np.eye(8)[truth] + 0.25 * rng.normal(size=(ROWS, 8))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"r{row}" for row in range(ROWS)]
    table = {"id": ids, "text": [f"text {id}" for id in ids], "label": [f"c{code}" for code in truth]}
    samples = ls.read(pa.table(table), id="id", text="text", label="label", name="made")
    return ls.scan(samples, signals=ls.Signals(embeddings=vectors), store=None, only=["label"])


def flags_of(run: Run) -> np.ndarray:
    return run.scores["is_label_issue"].to_numpy(zero_copy_only=False).astype(bool)


def judged(run: Run, flagged: np.ndarray, scores: np.ndarray, **more) -> Run:
    """Return the run with other flags and scores, and predictions that deny the flagged labels."""
    columns = {"id": run.scores["id"], "label_score": pa.array(scores, pa.float32()), "is_label_issue": flagged}
    probs = np.full((ROWS, 4), 0.1, dtype=np.float32)
    codes = run.samples.codes(run.classes)
    probs[np.arange(ROWS), np.where(flagged, (codes + 1) % 4, codes)] = 0.7
    return replace(run, scores=pa.table(columns), pred_probs=probs, **more)


def two_runs(scanned: ls.Report, *, moved: float, **more) -> tuple[Run, Run]:
    """Return runs of the same samples, of which 60 lost their flag by a move of their score."""
    flagged, scores = np.arange(ROWS) < 100, np.where(np.arange(ROWS) < 100, 0.48, 0.9)
    now = np.where(np.arange(ROWS) < 60, 0.48 + moved, scores)
    new = judged(scanned, flagged & (now < 0.5), now, created=scanned.created + timedelta(hours=1), **more)
    return judged(scanned, flagged, scores), new


def row_of(comparison: Comparison, metric: str) -> dict:
    return next(row for row in comparison.metrics.to_pylist() if row["metric"] == metric)


def issue_of(comparison: Comparison) -> dict:
    (row,) = comparison.issues.to_pylist()
    return row


def test_flips_of_samples_that_nobody_changed_are_within_chance(scanned):
    comparison = compare(*two_runs(scanned, moved=0.04))
    for metric in ("label_issue_rate", "accuracy", "f1", "weighted_f1"):
        row = row_of(comparison, metric)
        assert row["difference"] != 0
        assert row["significant"] is False
        assert row["low"] <= min(row["difference"], 0) <= max(row["difference"], 0) <= row["high"]
    assert issue_of(comparison) == {"issue": "label", "old": 100, "new": 40, "fixed": 0, "appeared": 0} | {
        "recalibrated": 0,
        "other_method": 0,
        "wavered": 60,
    }
    assert "60 flags came or went" in comparison.notes[0]
    assert comparison.as_dict()["notes"] == comparison.notes


def test_a_score_that_moved_far_is_evidence_for_the_count_of_fixed(scanned):
    comparison = compare(*two_runs(scanned, moved=0.3))
    assert issue_of(comparison)["fixed"] == 60
    assert row_of(comparison, "label_issue_rate")["significant"] is False
    assert comparison.notes == ()


def test_decisions_and_new_labels_count(scanned):
    old, new = two_runs(scanned, moved=0.04)
    between = (old.created + timedelta(minutes=1)).isoformat()
    earlier = (old.created - timedelta(minutes=1)).isoformat()
    for time, sure in ((between, True), (earlier, False)):
        kept = {"action": "relabel", "dataset": "made", "time": time, "verdict": "refused", "value": '"c0"'}
        records = [
            kept | {"id": f"r{row}", "person": "ann", "given": None, "issues": [], "note": ""} for row in range(60)
        ]
        comparison = compare(old, replace(new, store=Decided(records)))
        assert row_of(comparison, "label_issue_rate")["significant"] is sure
        assert issue_of(comparison)["fixed"] == (60 if sure else 0)
    table = new.samples.table
    names = [f"c{(row + (row < 60)) % 4}" for row in range(ROWS)]
    where = table.column_names.index("label")
    relabeled = replace(new.samples, table=table.set_column(where, "label", pa.array(names)))
    comparison = compare(old, replace(new, samples=relabeled))
    assert comparison.relabeled.num_rows == 60
    assert row_of(comparison, "label_issue_rate")["significant"] is True
    assert issue_of(comparison)["fixed"] == 60


@pytest.mark.parametrize(
    "more",
    [
        {"embeddings": np.eye(ROWS, 8, dtype=np.float32)},
        {"settings": {"pred_probs": "the user's model", METHOD: VERSION}},
        {"settings": {"pred_probs": "5-fold cross-validation", METHOD: VERSION, "budget": 40}},
    ],
    ids=["other vectors", "the user's model", "another budget"],
)
def test_other_models_and_budgets_are_what_is_compared(scanned, more):
    comparison = compare(*two_runs(scanned, moved=0.04, **more))
    assert row_of(comparison, "label_issue_rate")["significant"] is True
    assert issue_of(comparison)["fixed"] == 60


def test_runs_say_by_which_version_they_were_made(scanned, tmp_path):
    assert method_of(scanned) == VERSION == scanned.settings[METHOD]
    old, new = two_runs(scanned, moved=0.3)
    earlier = replace(old, settings={name: value for name, value in old.settings.items() if name != METHOD})
    assert method_of(earlier) == 1
    comparison = compare(earlier, new)
    assert row_of(comparison, "label_issue_rate")["significant"] is False
    note, flips = comparison.notes
    assert "60 flags came or went" in flips and "another version of the method" in flips
    assert issue_of(comparison) | {"fixed": 0, "appeared": 0, "other_method": 60} == issue_of(comparison)
    assert f"versions 1 and {VERSION} of labelsift's method" in note
    print_comparison(comparison, console=Console(file=(into := StringIO()), width=400))
    assert note in into.getvalue() and "another version of the method" in into.getvalue()
    assert "within chance" not in (said := verdict(comparison))
    assert "may come from another version of the method or chance" in said and "versions 1 and" in said
    assert "versions 1 and" in render(comparison)
    assert "versions 1 and" in json.dumps(comparison.as_dict(), default=str)


def test_a_row_of_runs_says_which_of_them_another_version_made(scanned):
    old, new = two_runs(scanned, moved=0.3)
    middle = replace(new, run="middle", settings={})
    runs = trend([old, middle, new])
    assert runs.methods == (VERSION, 1, VERSION) and runs.change.notes == ()
    (note,) = runs.notes
    assert "versions 1 and" in note and "Version 1: middle." in note
    assert runs.as_dict()["notes"] == [note] and runs.as_dict()["methods"] == [VERSION, 1, VERSION]
    print_trend(runs, console=Console(file=(into := StringIO()), width=400))
    assert note in into.getvalue() and "Version 1: middle." in render(runs)
    assert trend([old, new, new]).notes == ()


def test_predictions_that_the_user_brought_are_compared_as_ever(scanned):
    old, new = two_runs(scanned, moved=0.04)
    given = old.samples.given.to_pylist()
    sides = []
    for run, wrong in ((old, 100), (new, 40)):
        predicted = ["c9" if row < wrong else label for row, label in enumerate(given)]
        table = run.samples.table.append_column("predicted", pa.array(predicted))
        sides.append(replace(run, samples=replace(run.samples, table=table)))
    comparison = compare(*sides)
    assert row_of(comparison, "accuracy")["significant"] is True
    assert row_of(comparison, "label_issue_rate")["significant"] is False


def test_the_verdict_of_runs_of_other_sizes_ends_in_one_full_stop(scanned):
    old, new = two_runs(scanned, moved=0.3, settings={"pred_probs": "the user's model", METHOD: VERSION})
    kept = np.arange(2, ROWS)
    fewer = replace(
        new,
        samples=new.samples.take(kept),
        scores=new.scores.take(kept),
        pred_probs=new.pred_probs[kept],
        embeddings=None if new.embeddings is None else new.embeddings[kept],
    )
    said = verdict(compare(old, fewer))
    assert said.startswith("Fewer labels") and " of 398, 10" in said and " instead of 100 of 400, 25" in said, said
    assert said.endswith("25\xa0%.")
