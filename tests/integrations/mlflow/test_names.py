"""Names that bite, as classes and metadata values, in a real MLflow server: every metric arrives under a valid name."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table

NAMES = ("日本語/分類", 'say "hi" // it\'s', "=(),&> ..", "💥" * 3 + "x" * 300)
VALUES = (*NAMES[:3], "..", "a/b", "a//b", "", " ", "<script>alert(1)</script>", "x" * 300, "\u202egnirts", "plain")

pytestmark = pytest.mark.server


@pytest.fixture
def hostile(make_report):
    """A report of 520 rows whose classes and metadata have such names."""
    report = make_report(520, run="20261123-140000-0001")
    called = dict(zip(report.classes, NAMES, strict=True))
    table, scores = report.samples.table, report.scores
    table = table.set_column(2, "label", [[called.get(label) for label in table["label"].to_pylist()]])
    place = scores.column_names.index("suggested_label")
    scores = scores.set_column(place, "suggested_label", [[called[x] for x in scores["suggested_label"].to_pylist()]])
    findings = []
    for row in report.findings.to_pylist():
        labels = {name: called.get(json.loads(row[name]), "") for name in ("given", "suggested")}
        findings.append(Finding(row["id"], row["issue"], row["score"], "A reason", **labels))
    metadata = pa.table({"value": [VALUES[row % len(VALUES)] for row in range(520)]})
    return replace(
        report,
        samples=Samples(table, metadata, 'it\'s a "data set" // 日本'),
        scores=scores,
        findings=findings_table(findings),
        classes=NAMES,
    )


def test_every_slice_and_class_becomes_a_metric_and_the_dictionary_tells_its_name(tracked, client, hostile):
    shown = tracked_panels(hostile, every=True)
    assert len([name for name in shown.slice_metrics if name.startswith("slice.label_issue_rate/value:")]) > 9
    assert len([name for name in shown.slice_metrics if name.startswith("slice.label_issue_rate/label:")]) == 4
    receipt = hostile.log("mlflow", target="hostile", every=True)
    run = client.get_run(receipt.target)
    assert run.data.metrics == pytest.approx(shown.metrics | shown.slice_metrics)
    table = client.load_table(run.info.experiment_id, "labelsift/dictionary.json", run_ids=[run.info.run_id])
    meant = dict(zip(table["name"], table["meaning"], strict=True))
    for name in shown.slice_metrics:
        assert meant[name.partition("/")[2]]
    assert any("日本語/分類" in meaning for meaning in meant.values())
    again = hostile.log("mlflow", target="hostile", every=True)
    assert (again.created, again.updated) == (0, 0)


def test_the_description_shows_such_names_as_they_are_and_runs_nothing(tracked, client, hostile):
    receipt = hostile.log("mlflow", target="hostile too")
    note = client.get_run(receipt.target).data.tags["mlflow.note.content"]
    assert len(note) <= 8_000 and "日本語/分類" in note and "<script>" not in note
