"""Flags that came or went because people's answers moved the claims are neither fixed nor better."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.cli.print_comparison import print_comparison
from labelsift.label_quality.accept_rates import FACT, shifted
from labelsift.metrics.compare import compare
from labelsift.render.comparison_page.build import render
from labelsift.render.comparison_words import verdict
from labelsift.store.run import Run
from rich.console import Console

ROWS = 400
RATES = {"judged": 30, "wrong": 3, "shift": -1.0, "confusions": [["c0", "c1", -3.0]]}


@pytest.fixture(scope="module")
def scanned() -> ls.Report:
    rng = np.random.default_rng(0)
    truth = np.arange(ROWS) % 4
    vectors = (np.eye(8)[truth] + 0.25 * rng.normal(size=(ROWS, 8))).astype(np.float32)
    table = {"id": [f"r{row}" for row in range(ROWS)], "label": [f"c{code}" for code in truth]}
    samples = ls.read(pa.table(table), id="id", text=None, label="label", name="made")
    return ls.scan(samples, signals=ls.Signals(embeddings=vectors), store=None, only=["label", "ambiguous"])


def claimed(
    run: Run, wrong: np.ndarray, *, learned: dict | None = None, budget: int | None = None, hours: int = 0
) -> Run:
    """Return the run with these claims, moved by what was learned, and with the flags that follow from them."""
    suggested = [f"c{(row + 1) % 4}" for row in range(ROWS)]
    if learned:
        first = np.arange(ROWS) % 4 == 0
        wrong = shifted(wrong, np.where(first, learned["confusions"][0][2], learned["shift"]))
    flagged = wrong >= 0.5 if budget is None else np.isin(np.arange(ROWS), np.argsort(-wrong, kind="stable")[:budget])
    columns = {
        "id": run.scores["id"],
        "label_score": pa.array(1 - wrong, pa.float32()),
        "is_label_issue": flagged,
        "ambiguous_score": pa.array(1 - wrong, pa.float32()),
        "is_ambiguous_issue": ~flagged & (wrong > 0.15),
        "suggested_label": suggested,
    }
    facts = {name: value for name, value in run.facts.items() if name != "label_errors"}
    return replace(
        run,
        scores=pa.table(columns),
        facts=facts | ({FACT: learned} if learned else {}),
        settings=run.settings | {"budget": budget},
        created=run.created + timedelta(hours=hours),
    )


def counts(old: Run, new: Run, issue: str = "label") -> dict[str, int]:
    (row,) = (row for row in compare(old, new).issues.to_pylist() if row["issue"] == issue)
    return {name: row[name] for name in ("fixed", "appeared", "recalibrated", "wavered")}


def test_flags_that_answers_took_away_are_recalibrated_and_said_so(scanned):
    wrong = np.where(np.arange(ROWS) < 100, 0.6, 0.05)
    old, new = claimed(scanned, wrong), claimed(scanned, wrong, learned=RATES, hours=1)
    nothing = {"fixed": 0, "appeared": 0, "wavered": 0}
    assert counts(old, new) == nothing | {"recalibrated": 100}
    assert counts(old, new, "ambiguous")["recalibrated"] == 75  # of c0 so little is left that it is no question
    assert counts(new, old) == nothing | {"recalibrated": 100}  # forgotten again
    comparison = compare(old, new)
    row = next(row for row in comparison.metrics.to_pylist() if row["metric"] == "label_issue_rate")
    assert row["difference"] == -0.25 and row["significant"] is False
    assert "decisions that recalibrated probabilities or chance" in verdict(comparison)
    assert any("recalibrated by decisions" in note for note in comparison.notes)
    print_comparison(comparison, console=Console(file=(into := StringIO()), width=400))
    assert "recalibrated by decisions" in into.getvalue()
    assert '<th scope="col" class="num">recalibrated by decisions</th>' in render(comparison)
    assert comparison.as_dict()["issues"][0]["recalibrated"] == 100


def test_with_other_vectors_recalibrated_flags_count_as_little(scanned):
    wrong = np.where(np.arange(ROWS) < 100, 0.6, 0.05)
    old, new = claimed(scanned, wrong), claimed(scanned, wrong, learned=RATES, hours=1)
    new = replace(new, embeddings=np.eye(ROWS, 8, dtype=np.float32))
    assert counts(old, new)["recalibrated"] == 100
    row = next(row for row in compare(old, new).metrics.to_pylist() if row["metric"] == "label_issue_rate")
    assert row["significant"] is False


def test_what_the_evidence_or_a_person_changed_is_fixed(scanned):
    before = np.where(np.arange(ROWS) < 100, 0.7, 0.05)
    after = np.where(np.arange(ROWS) < 40, 0.1, before)
    old, new = claimed(scanned, before), claimed(scanned, after, learned=RATES, hours=1)
    assert counts(old, new) == {"fixed": 40, "appeared": 0, "recalibrated": 60, "wavered": 0}
    table = new.samples.table
    names = [f"c{(row + (row in range(40, 50))) % 4}" for row in range(ROWS)]
    where = table.column_names.index("label")
    relabeled = replace(new.samples, table=table.set_column(where, "label", pa.array(names)))
    assert counts(old, replace(new, samples=relabeled)) == {
        "fixed": 50,
        "appeared": 0,
        "recalibrated": 50,
        "wavered": 0,
    }


def test_refit_noise_is_told_from_what_was_learned(scanned):
    before = np.where(np.arange(ROWS) < 100, 0.51, 0.05)
    after = np.where(np.arange(ROWS) < 40, 0.49, before)  # unflagged without any answer, too
    old, new = claimed(scanned, before), claimed(scanned, after, learned=RATES, hours=1)
    assert counts(old, new) == {"fixed": 0, "appeared": 0, "recalibrated": 60, "wavered": 40}


def test_under_a_budget_other_labels_take_the_places(scanned):
    wrong = np.linspace(0.8, 0.01, ROWS)
    old = claimed(scanned, wrong, budget=40)
    new = claimed(scanned, wrong, learned=RATES, budget=40, hours=1)
    told = counts(old, new)
    assert told["recalibrated"] > 5 and told == {"fixed": 0, "appeared": 0, "wavered": 0} | {
        "recalibrated": told["recalibrated"]
    }


def test_equal_answers_and_none_recalibrate_nothing(scanned):
    before = np.where(np.arange(ROWS) < 100, 0.9, 0.05)
    after = np.where(np.arange(ROWS) < 40, 0.1, before)
    for learned in (None, RATES):
        old, new = claimed(scanned, before, learned=learned), claimed(scanned, after, learned=learned, hours=1)
        assert counts(old, new)["recalibrated"] == 0
