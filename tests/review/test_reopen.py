"""Evidence: a verified label is asked about again when the scan says something else against it, and more clearly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.demo.tickets import write_tickets
from labelsift.report import Report
from labelsift.review.reopen import MARGIN
from labelsift.review.verified import verified
from labelsift.store.ledger import Ledger
from labelsift.store.store import Store
from recording_platform import RecordingPlatform, corrections, decision, record_decisions

START = datetime(2026, 11, 23, tzinfo=UTC)
FIRST, NEXT, THIRD = "20261123-101500-aaaa", "20261124-101500-bbbb", "20261125-101500-cccc"
Opinion = tuple[float, str]
OTHERS = 0.2  # the share of the classes that are neither given nor suggested


def run_of(run: str, opinion: Opinion, *, label: str = "x", text: str = "t", issues: str = "label") -> Report:
    """One flagged sample, a, with its label's score and the suggestion; b is there so that there are others."""
    score, suggested = opinion
    samples = ls.read(pa.table({"id": ["a", "b"], "text": [text, "u"], "label": [label, "y"]}), id="id", label="label")
    columns = {"id": ["a", "b"], "label_score": pa.array([score, 0.9], pa.float32()), "is_label_issue": [True, False]}
    sure = pa.array([1 - score - OTHERS, 0.1], pa.float32())
    scores = pa.table(columns | {"suggested_label": [suggested, "x"], "confidence": sure})
    findings = [Finding("a", issue, score, "r", given=label, suggested=suggested) for issue in issues.split()]
    return Report(run, START, samples, scores, findings_table(findings))


@pytest.fixture
def store(tmp_path) -> Store:
    kept = Store(tmp_path / "kept")
    kept.save(run_of(FIRST, (0.4, "y"), issues="label outlier"))
    return kept


def decide(store: Store, action: str, value: str, *, run: str = FIRST, person: str = "ann", minutes: int = 0) -> None:
    verdict = "skipped" if action == "skip" else "changed"
    changes = {"action": action, "verdict": verdict, "person": person, "run": run}
    record_decisions(store, [decision("a", value, minutes=minutes, **changes)])


def asked_in(recording: RecordingPlatform) -> list[tuple[str, str]]:
    """Return each sample of the last queue with each of its issues."""
    return [(item.id, issue) for item in recording.pushed[-1].items for issue in item.issues]


def is_asked(recording: RecordingPlatform, store: Store, made: Report) -> bool:
    """Tell whether the label of a is asked about after a scan with this store; its outlier never is."""
    receipt = replace(made, store=store).push("queue", project="T")
    asked = asked_in(recording)
    assert ("a", "outlier") not in asked
    assert receipt.details.get("evidence_changed", 0) == (("a", "label") in asked)
    return ("a", "label") in asked


def test_the_record_holds_the_evidence_that_there_was(store):
    decide(store, "keep", "x")
    (record,) = store.ledger.records()
    assert record["evidence"] == {"score": 0.4, "suggested": "y", "confidence": pytest.approx(0.6 - OTHERS)}


@pytest.mark.parametrize(
    ("opinion", "back"),
    [
        ((0.4, "y"), False),  # the same
        ((0.05, "y"), False),  # clearer, but for the suggestion that was refused
        ((0.35, "z"), False),  # another suggestion, hardly clearer
        ((0.4 - MARGIN - 0.01, "z"), True),
    ],
)
def test_only_a_new_and_clearer_suggestion_brings_a_kept_label_back(recording, store, opinion, back):
    decide(store, "keep", "x")
    assert is_asked(recording, store, run_of(NEXT, opinion, issues="label outlier")) == back


@pytest.mark.parametrize(
    ("opinion", "back"),
    [
        ((0.2, "x"), False),  # y had 0.4 then: clearly worse, but x is what people decided against
        ((0.35, "z"), False),
        ((0.25, "z"), True),
    ],
)
def test_a_label_that_was_accepted_is_held_against_what_it_had_as_a_suggestion(recording, store, opinion, back):
    decide(store, "relabel", "y")
    assert is_asked(recording, store, run_of(NEXT, opinion, label="y", issues="label outlier")) == back


def test_a_decision_that_is_not_applied_yet_is_not_asked_again(recording, store):
    decide(store, "relabel", "y")
    assert not is_asked(recording, store, run_of(NEXT, (0.01, "z"), issues="label outlier"))


def test_of_a_label_that_nobody_suggested_no_evidence_is_known(recording, store):
    decide(store, "relabel", "w")
    assert not is_asked(recording, store, run_of(NEXT, (0.01, "z"), label="w", issues="label outlier"))


def test_what_was_judged_on_a_later_run_is_weighed_too(recording, store):
    decide(store, "keep", "x")
    again = run_of(NEXT, (0.2, "z"))
    store.save(again)
    assert is_asked(recording, store, again)
    decide(store, "keep", "x", run=NEXT, minutes=5)
    assert not is_asked(recording, store, run_of(THIRD, (0.05, "z")))
    assert not is_asked(recording, store, run_of(THIRD, (0.15, "w")))
    assert is_asked(recording, store, run_of(THIRD, (0.05, "w")))


def test_skipping_is_no_judgement_of_the_evidence(recording, store):
    decide(store, "keep", "x")
    store.save(run_of(NEXT, (0.2, "z")))
    decide(store, "skip", "x", run=NEXT, person="bob", minutes=5)
    assert is_asked(recording, store, run_of(THIRD, (0.2, "z")))


def test_records_from_before_evidence_was_kept_bring_nothing_back(recording, store):
    decide(store, "keep", "x")
    old = [{name: value for name, value in record.items() if name != "evidence"} for record in store.ledger.records()]
    other = Store(store.folder.with_name("older"))
    other.prepare()
    without = ("number", "previous", "hash", "prev", "sealed")
    Ledger(other.folder / "corrections").append(
        lambda _: [{name: value for name, value in record.items() if name not in without} for record in old]
    )
    assert verified(run_of(NEXT, (0.01, "z")).samples, other.ledger.records(), but=NEXT)
    assert not is_asked(recording, other, run_of(NEXT, (0.01, "z")))


@pytest.mark.parametrize(("suggested", "back"), [("yy", False), ("z", True)])
def test_a_suggestion_under_its_new_name_is_the_same_suggestion(recording, store, suggested, back):
    decide(store, "keep", "x")
    made = run_of(NEXT, (0.05, suggested))
    made.samples = made.samples.remap(ls.Taxonomy.of([{"rename": {"y": "yy"}}]))
    assert is_asked(recording, store, made) == back


@pytest.mark.slow
def test_an_accepted_suggestion_is_weighed_by_the_confidence_of_a_real_scan(recording, tmp_path):
    write_tickets(tmp_path, 0)
    samples = ls.read(tmp_path / "tickets.csv", id="ticket_id", label="label")
    store = Store(tmp_path / "kept")
    first = ls.scan(samples, only=["label"], store=store.folder)
    flagged = [row for row in first.scores.to_pylist() if row["is_label_issue"] and row["label_score"] < 0.1]
    row = max(flagged, key=lambda row: 1 - row["label_score"] - row["confidence"])
    sure = row["confidence"]
    assert sure < 1 - row["label_score"] - MARGIN  # so that confidence and 1 - score decide differently
    accepted = corrections(decision(row["id"], row["suggested_label"], verdict="accepted", run=first.run))
    ls.record(accepted, store=store.folder)
    (record,) = store.ledger.records()
    assert record["evidence"]["confidence"] == pytest.approx(sure, abs=1e-6)
    third = next(name for name in samples.classes if name not in (row["suggested_label"], record["given"].strip('"')))

    def comes_back(score: float) -> bool:
        """Tell whether the sample is asked about again where a later scan gives its new label this score."""
        rows = [scored | {"label_score": score, "suggested_label": third} if scored["id"] == row["id"] else scored
                for scored in first.scores.to_pylist()]  # fmt: skip
        scores = pa.Table.from_pylist(rows, first.scores.schema)
        finding = Finding(row["id"], "label", score, "r", given=row["suggested_label"], suggested=third)
        made = replace(first, run=NEXT, samples=samples.apply(accepted), scores=scores)
        replace(made, findings=findings_table([finding])).push("queue", project="T")
        return asked_in(recording) == [(row["id"], "label")]

    assert not comes_back(sure)  # as probable as when it was accepted; held against 1 - score it came back
    assert comes_back(sure - MARGIN - 0.01)
