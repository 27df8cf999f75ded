"""Memory of decisions: verified samples stay out of the next queue until something about them changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report
from labelsift.store.store import Store
from recording_platform import RecordingPlatform, decision, record_decisions

START = datetime(2026, 11, 23, tzinfo=UTC)
MIDDLE, LATER = "20261123-111500-cccc", "20261123-121500-dddd"
FIRST, NEXT = "20261123-101500-aaaa", "20261124-101500-bbbb"


def report(run: str, *, texts: str = "123", labels: Sequence[str | None] = "xxy", issues: str = "label") -> Report:
    """Three samples a, b, c, all flagged; ``issues`` are those of a."""
    table = pa.table({"id": list("abc"), "text": list(texts), "label": pa.array(list(labels), pa.string())})
    samples = ls.read(table, id="id", label="label", name="data")
    findings = [Finding("a", issue, 0.1, "r") for issue in issues.split()]
    findings += [Finding(id, "label", 0.1, "r") for id in "bc"]
    return Report(run, START, samples, pa.table({"id": list("abc")}), findings_table(findings))


@pytest.fixture
def store(tmp_path) -> Store:
    kept = Store(tmp_path / "kept")
    kept.save(report(FIRST))
    return kept


def decide(store: Store, *rows: tuple[str, str, str | None, str]) -> None:
    decisions = []
    for minutes, (id, action, value, person) in enumerate(rows):
        verdict = {"skip": "skipped", "both_fit": "both_fit"}.get(action, "changed")
        changes = {
            "action": "keep" if action == "both_fit" else action,
            "verdict": verdict,
            "person": person,
            "run": FIRST,
        }
        decisions.append(decision(id, value, minutes=minutes, **changes))
    record_decisions(store, decisions)


def queue(recording: RecordingPlatform, store: Store, made: Report) -> set[str]:
    """Push a next run, as it comes out of a scan with this store."""
    replace(made, store=store).push("queue", project="T")
    return recording.asked


def test_verified_samples_stay_out_of_the_next_queue(recording, store):
    decide(store, ("a", "keep", "x", "ann"), ("b", "relabel", "y", "ann"))
    assert queue(recording, store, report(NEXT)) == {"c"}  # b was not corrected yet, and is decided all the same
    assert queue(recording, store, report(NEXT, labels="xyy")) == {"c"}
    receipt = replace(report(NEXT), store=store).push("queue", project="T")
    assert (receipt.created, receipt.details) == (1, {"verified_before": 2})


def test_a_changed_text_brings_the_sample_back(recording, store):
    decide(store, ("a", "keep", "x", "ann"), ("c", "keep", "y", "ann"))
    assert queue(recording, store, report(NEXT, texts="123")) == {"b"}
    assert queue(recording, store, report(NEXT, texts="!23")) == {"a", "b"}
    assert queue(recording, store, report(NEXT)) == {"b"}  # and the old text is still verified


def test_another_label_than_the_judged_or_decided_one_brings_it_back(recording, store):
    decide(store, ("a", "relabel", "y", "ann"), ("b", "keep", "x", "ann"))
    assert queue(recording, store, report(NEXT, labels="zyx")) == {"a", "b", "c"}
    assert queue(recording, store, report(NEXT, labels=[None, "x", "y"])) == {"a", "c"}


def test_a_new_issue_brings_it_back_with_that_issue_only(recording, store):
    decide(store, ("a", "keep", "x", "ann"))
    assert queue(recording, store, report(NEXT, issues="label outlier")) == {"a", "b", "c"}
    assert [item.id for item in recording.pushed[-1].items].count("a") == 1


def test_an_edited_text_is_verified_before_and_after_it_is_applied(recording, store):
    decide(store, ("a", "edit", "9", "ann"))
    assert queue(recording, store, report(NEXT)) == {"b", "c"}
    assert queue(recording, store, report(NEXT, texts="923")) == {"b", "c"}
    assert queue(recording, store, report(NEXT, texts="823")) == {"a", "b", "c"}


def test_a_new_label_leaves_the_text_to_be_asked_about_and_a_masked_text_the_label(recording, store):
    for run in (MIDDLE, LATER):
        store.save(report(run, issues="label pii"))
    run = {"person": "ann", "verdict": "accepted", "run": MIDDLE}
    record_decisions(store, [decision("a", "y", action="relabel", **run), decision("b", "y", action="relabel", **run)])
    assert queue(recording, store, report(NEXT, issues="label pii")) == {"a", "c"}
    assert recording.issues["a"] == ("pii",)
    record_decisions(store, [decision("a", None, minutes=9, action="redact", **run | {"run": LATER})])
    assert queue(recording, store, report(NEXT, issues="pii")) == {"c"}
    decide(store, ("c", "redact", None, "ann"))
    assert queue(recording, store, report(NEXT, issues="pii")) == {"c"}  # which label fits c is open


def test_conflicts_and_skips_come_back(recording, store):
    decide(store, ("a", "keep", "x", "ann"), ("a", "relabel", "y", "bob"), ("b", "skip", None, "ann"))
    assert queue(recording, store, report(NEXT)) == {"a", "b", "c"}


def test_where_both_fit_the_question_is_settled_unless_another_person_changes_the_label(recording, store):
    decide(store, ("a", "both_fit", "x", "ann"), ("b", "both_fit", "x", "ann"), ("b", "relabel", "y", "bob"))
    assert queue(recording, store, report(NEXT)) == {"b", "c"}


def test_the_same_run_is_pushed_as_it_was(recording, store):
    decide(store, ("a", "keep", "x", "ann"))
    assert queue(recording, store, report(FIRST)) == {"a", "b", "c"}


def test_without_a_store_everything_is_pushed(recording, store):
    decide(store, ("a", "keep", "x", "ann"))
    report(NEXT).push("queue", project="T")
    assert recording.asked == {"a", "b", "c"}


def test_findings_about_classes_are_left_alone(recording, store):
    decide(store, ("a", "keep", "x", "ann"))
    made = report(NEXT)
    rare = findings_table([Finding("a", "label", 0.1, "a class that is called like a sample", scope="class")])
    assert queue(recording, store, replace(made, findings=pa.concat_tables([made.findings, rare]))) == {"b", "c"}
