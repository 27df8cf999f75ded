"""Scans that learn: answers on an earlier run move the claims of the next one, and are not counted twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.data.taxonomy import Taxonomy
from labelsift.metrics.compare import compare
from labelsift.report import Report
from labelsift.review.judged_labels import learned_before
from labelsift.store.store import Store

START = datetime(2026, 11, 23, tzinfo=UTC)
ROWS = 300


@pytest.fixture
def samples() -> ls.Samples:
    """Four classes, whose labels stand in for others in one row of eight."""
    labels = [f"c{row % 4}" if row % 8 else f"c{(row + 1 + row // 8 % 3) % 4}" for row in range(ROWS)]
    table = pa.table({"id": [f"s{row}" for row in range(ROWS)], "label": labels})
    return ls.read(table, text=None, id="id", label="label", name="d")


@pytest.fixture
def signals() -> ls.Signals:
    """Vectors around four corners that overlap."""
    rng = np.random.default_rng(3)
    corners = np.eye(8)[np.arange(ROWS) % 4]
    return ls.Signals(embeddings=(corners + 0.55 * rng.standard_normal((ROWS, 8))).astype(np.float32))


def scan(samples: ls.Samples, signals: ls.Signals, store: Store, *, learn: bool = True) -> Report:
    return ls.scan(samples, signals=signals, only=["label", "ambiguous"], store=store.folder, budget=60, learn=learn)


def answer(report: Report, store: Store, rows: slice, *, verdict: str, minutes: int = 0) -> None:
    flagged = [row for row in report.findings.to_pylist() if row["issue"] == "label"][rows]
    value, action = ("given", "keep") if verdict == "refused" else ("suggested", "relabel")
    made = [
        {"id": row["id"], "action": action, "verdict": verdict, "value": row[value], "person": f"p{place % 3}"}
        | {"time": START + timedelta(minutes=minutes + place), "platform": "test", "run": report.run, "round": "1"}
        | {"note": ""}
        for place, row in enumerate(flagged)
    ]
    ls.record(pa.Table.from_pylist(made, CORRECTIONS_SCHEMA), store=store.folder)


def wrong_of(report: Report, ids: set[str]) -> float:
    rows = [row for row in report.scores.to_pylist() if row["id"] not in ids and row["label_score"] is not None]
    return float(np.mean([1 - row["label_score"] for row in rows]))


@pytest.mark.slow
def test_answers_move_the_next_scan_and_only_from_ten_on(samples, signals, tmp_path):
    store = Store(tmp_path)
    first = scan(samples, signals, store)
    assert "accept_rates" not in first.facts
    answer(first, store, slice(0, 9), verdict="refused")
    assert "accept_rates" not in scan(samples, signals, store).facts
    answer(first, store, slice(9, 30), verdict="refused", minutes=20)
    taught, untaught = scan(samples, signals, store), scan(samples, signals, store, learn=False)
    assert (taught.facts["accept_rates"]["judged"], taught.facts["accept_rates"]["wrong"]) == (30, 0)
    assert taught.facts["accept_rates"]["shift"] < -0.5
    assert wrong_of(taught, set()) < wrong_of(untaught, set())
    assert "accept_rates" not in untaught.facts
    assert untaught.settings["learn"] is False
    assert any("of 30 judged labels 0 were wrong" in note for note in taught.notes)
    assert taught.facts["label_errors"]["range"][1] <= untaught.facts["label_errors"]["range"][1]
    json.dumps(taught.facts)


def test_what_a_scan_has_learned_is_taken_out_before_it_is_learned_again(samples, signals, tmp_path):
    store = Store(tmp_path)
    first = scan(samples, signals, store)
    answer(first, store, slice(0, 30), verdict="accepted")
    second = scan(samples, signals, store)
    once = learned_before(store, "d")
    answer(second, store, slice(0, 20), verdict="accepted", minutes=60)
    twice = learned_before(store, "d")
    assert once.shift.value > 0
    assert twice.judged == 50
    assert twice.shift.value >= once.shift.value  # against the second run's own claims there was less to learn


def test_other_data_sets_teach_nothing(samples, signals, tmp_path):
    store = Store(tmp_path)
    answer(scan(samples, signals, store), store, slice(0, 30), verdict="refused")
    assert learned_before(store, "other").judged == 0


def test_answers_under_an_older_name_of_a_class_still_teach(samples, signals, tmp_path):
    store = Store(tmp_path)
    first = scan(samples, signals, store)
    answer(first, store, slice(0, 40), verdict="refused")
    before = learned_before(store, "d")
    moves = Taxonomy.of([{"rename": {"c0": "new"}}, {"merge": {"both": ["c1", "c2"]}}])
    after = learned_before(store, "d", taxonomy=moves)
    names = {"c0": "new", "c1": "both", "c2": "both", "c3": "c3"}
    assert any("c0" in confusion for confusion in before.confusions)
    assert {(names[given], names[other]) for given, other in before.confusions} - {("both", "both")} == set(
        after.confusions
    )
    merged = sum(
        {row["given"], row["suggested"]} == {'"c1"', '"c2"'}
        for row in [row for row in first.findings.to_pylist() if row["issue"] == "label"][:40]
    )
    assert 0 < merged and after.judged == before.judged - merged
    renamed = ls.scan(
        samples, signals=signals, only=["label"], store=store.folder, budget=60, taxonomy=Taxonomy.of(moves.plain[:1])
    )
    kept = renamed.facts["accept_rates"]["confusions"]
    assert any("new" in confusion for confusion in kept) and not any("c0" in confusion for confusion in kept)


@pytest.mark.slow
def test_what_only_answers_changed_compare_calls_recalibrated(samples, signals, tmp_path):
    store = Store(tmp_path)
    first = scan(samples, signals, store)
    answer(first, store, slice(0, 30), verdict="refused")
    answer(first, store, slice(30, 50), verdict="accepted", minutes=60)
    untaught, taught = scan(samples, signals, store, learn=False), scan(samples, signals, store)
    (row,) = (row for row in compare(untaught, taught).issues.to_pylist() if row["issue"] == "label")
    assert row["recalibrated"] > 0
    assert (row["fixed"], row["appeared"], row["wavered"]) == (0, 0, 0)
