"""The outlook of a review: the sentence of the queue, and what it counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.cli import main
from labelsift.corrections.erase import forget
from labelsift.corrections.outlook import OpenLabels, Outlook, interval, labels_left, outlook
from labelsift.corrections.probe_estimates import Stratum, judged_probes
from labelsift.corrections.progress import queue
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.label_quality.accept_rates import JudgedLabel, accept_rates
from labelsift.review.rounds import ROUND, Plan
from labelsift.store.store import Store
from recording_platform import decision, record_decisions

START = datetime(2026, 11, 23, tzinfo=UTC)
RUN = "20261123-101500-4f2a"


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    """A run of 1,000 samples, 100 of which are flagged for their label and were pushed."""
    report = make_report(1000)
    report.facts["label_errors"] = {"number": 100, "range": [60, 140]}
    kept = Store(tmp_path / "kept")
    kept.save(report)
    flagged = [row["id"] for row in report.findings.to_pylist() if row["issue"] == "label"]
    kept.save_links(RUN, {id: f"http://127.0.0.1/{id}" for id in flagged})
    return kept


def decide(store: Store, count: int, *, wrong: int, person: str = "ann", seconds: float | None = 30.0) -> None:
    flagged = [row for row in store.load(RUN).findings.to_pylist() if row["issue"] == "label"][:count]
    rows = [
        {"id": row["id"], "person": person, "run": RUN, "round": "1", "note": "", "seconds": seconds}
        | {"time": START + timedelta(minutes=place), "platform": "test"}
        | (
            {"action": "relabel", "verdict": "accepted", "value": row["suggested"]}
            if place < wrong
            else {"action": "keep", "verdict": "refused", "value": row["given"]}
        )
        for place, row in enumerate(flagged)
    ]
    ls.record(pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA), store=store.folder)


def ahead(store: Store) -> dict:
    return next(row["outlook"] for row in queue(store=store.folder) if row["issue"] == "label")


def test_without_an_answer_nothing_is_said(store):
    made = ahead(store)
    assert made["says"] == "No label is judged: nothing can be said yet, it takes 10"
    assert (made["judged"], made["left"], made["share"], made["open"]) == (0, None, None, 100)


def test_of_nine_answers_nothing_is_said(store):
    decide(store, 9, wrong=9)
    assert ahead(store)["says"] == "9 labels are judged: nothing can be said yet, it takes 10"


def test_from_ten_on_it_is(store):
    decide(store, 10, wrong=8)
    made = ahead(store)
    assert made["says"].startswith("8 of 10 were wrong (44–97 %); about ")
    assert made["left_range"][0] <= made["left"] <= made["left_range"][1]
    assert (made["open"], made["minutes"]) == (90, 45)
    assert "45 more minutes at this pace" in made["says"]


def test_fifty_answers_on_the_command_line(store):
    decide(store, 50, wrong=38)
    command = ["queue", "--store", str(store.folder)]
    said = ahead(store)["says"]
    assert said.startswith("38 of 50 were wrong (62–87 %); about ")
    assert ". Go on: of the next 50 about " in said
    shown = CliRunner().invoke(main, command).stdout
    assert f"Run {RUN}" in shown and said in shown
    rows = json.loads(CliRunner().invoke(main, [*command, "--json", "--stop-below", "99%"]).stdout)
    strict = next(row["outlook"] for row in rows if row["issue"] == "label")
    assert (strict["wrong"], strict["level"]) == (38, 0.99)
    assert ". It is time to stop: of the next 50 about " in strict["says"]


def test_where_nearly_all_are_right_it_is_time_to_stop(store):
    for person in ("ann", "bob"):
        decide(store, 50, wrong=1, person=person)
    made = ahead(store)
    assert "It is time to stop" in made["says"] or made["next_share"] >= 0.2
    assert made["next_share"] < 0.5  # the scan claims .95


def test_without_measured_times_no_time_is_told(store):
    decide(store, 20, wrong=15, seconds=None)
    assert ahead(store)["minutes"] is None
    assert "pace" not in ahead(store)["says"]


def test_a_forgotten_sample_teaches_nothing(store):
    decide(store, 10, wrong=10)
    first = store.load(RUN).findings.to_pylist()
    id = next(row["id"] for row in first if row["issue"] == "label")
    forget([id], store=store.folder)
    assert ahead(store)["judged"] == 9


def test_the_interval_at_its_ends():
    assert interval(0, 10)[0] == 0
    assert interval(10, 10)[1] == 1


def test_the_advice_when_nothing_is_open():
    assert str(Outlook(12, 3, 0, share=(0.1, 0.5), left=4, left_range=(0, 9), worth=0)).endswith("No question is open.")


@settings(max_examples=30)
@given(st.integers(0, 40), st.integers(0, 300), st.integers(0, 200), st.floats(0, 300))
def test_what_is_left_is_no_more_than_there_is(wrong, flagged, others, most):
    rates = accept_rates(JudgedLabel(str(row), "ann", "a", "b", 0.5, row < wrong) for row in range(40))
    labels = OpenLabels(np.full(flagged, 0.5), [("a", "b")] * flagged, np.full(others, 0.01), min(most, others))
    left, low, high = labels_left(rates, labels)
    assert 0 <= low <= left <= high <= flagged + others


def test_probes_narrow_what_is_left_elsewhere():
    rates = accept_rates(JudgedLabel(str(row), "ann", "a", "b", 0.5, row % 2 == 0) for row in range(40))
    open_labels = OpenLabels(np.full(10, 0.5), [("a", "b")] * 10, np.full(1900, 0.02), 600.0, Stratum(2000, 100, 5))
    _, low, high = labels_left(rates, open_labels)
    assert (low > 20, high < 300) == (True, True)
    assert outlook(rates, open_labels, np.array([0.3, 0.1])).worth == 1


def test_a_round_with_probes_tells_what_is_left_elsewhere(scored, recording):
    scored.push("queue", project="T", mode="blind", probe=0.5)
    plan = next(Plan.of(record) for record in scored.store.ledger.records() if record.get("kind") == ROUND)
    assert judged_probes(scored.store.ledger.records(), scored.run) == Stratum(plan.rest, 0, 0)
    keep = {"action": "keep", "verdict": "refused"}
    flagged = [decision(id, verdict="accepted", minutes=place) for place, id in enumerate(plan.flagged)]
    probes = [decision(id, minutes=place, **({} if place < 3 else keep)) for place, id in enumerate(plan.probes)]
    record_decisions(scored.store, [*flagged, *probes])
    records = scored.store.ledger.records()
    assert judged_probes(records, scored.run) == Stratum(plan.rest, len(plan.probes), 3)
    assert judged_probes(records, "another") is None


def test_where_no_judged_label_was_wrong_there_may_be_none():
    answers = [JudgedLabel(f"s{row}", f"p{row % 3}", "a", "b", 0.45, False) for row in range(40)]
    labels = OpenLabels(np.full(60, 0.4), [("a", "b")] * 60, np.full(500, 0.02), 20.0)
    assert labels_left(accept_rates(answers), labels)[1] == 0
