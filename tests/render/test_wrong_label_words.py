"""What is said of wrong labels: number and range, budgets, what cannot be known, and runs of before."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from labelsift.cli.print_summary import print_summary
from labelsift.data.schemas import Finding, findings_table
from labelsift.render.overview import Overview
from labelsift.render.page.build import render_page
from labelsift.render.tracker_panels.panels import panels
from labelsift.report import Report
from rich.console import Console

REASON = "The samples do not tell these labels: the model agrees with 30 % of them. No label can be called wrong."
CLASS_REASON = "The model finds 4 % of the 50 rows of class refund."


def estimated(report: Report, number: int, low: int, high: int, *, share: float | None = 0.8, **facts: Any) -> Report:
    estimates = {"number": number, "range": [low, high], "learnable": True, "expected_precision": share}
    return replace(report, facts={"label_errors": {**estimates, "expected_precision_at": {"10": share}}, **facts})


def printed(report: Report) -> str:
    out = io.StringIO()
    print_summary(report, console=Console(file=out, width=300), limit=3)
    return " ".join(out.getvalue().split())


def unlearnable(report: Report, *, kind: str = "", judged: int = 192, reason: str = REASON) -> Report:
    """Return the report as if its labels could not be learned."""
    rows = len(report.samples)
    scores = report.scores.set_column(1, "label_score", pa.nulls(rows, pa.float32()))
    scores = scores.set_column(2, "is_label_issue", pa.array([False] * rows))
    scores = scores.append_column("unlearnable_score", pa.nulls(rows, pa.float32()))
    scores = scores.append_column("is_unlearnable_issue", pa.array([False] * rows))
    evidence = {"agreement": 0.3, "guessing": 0.29, "judged": judged}
    finding = Finding("tickets", "unlearnable", 0.0, reason, scope="dataset", kind=kind, evidence=evidence)
    facts = {"label_errors": {"number": 0, "range": None, "learnable": False}}
    findings = findings_table([finding])
    return replace(report, scores=scores, findings=findings, facts=facts, notes=(reason, *report.notes))


def with_classes(report: Report) -> Report:
    """Return the report with one class that cannot be judged and one that looks wrong as a whole."""
    more = [
        Finding("refund", "unlearnable", 0.04, CLASS_REASON, scope="class"),
        Finding("card_lost", "unlearnable", 0.3, "70 % look wrong.", scope="class", kind="mostly_wrong"),
    ]
    findings = pa.concat_tables([findings_table(more), report.findings])
    return replace(report, findings=findings, notes=(*report.notes, CLASS_REASON, "70 % look wrong."))


def test_the_number_stands_with_its_range_and_without_a_percentage_everywhere(make_report):
    report = estimated(make_report(), 20, 12, 41)
    said = "About 20 of 192 labels are probably wrong (12 to 41)."
    assert Overview(report).verdict == said
    assert said in printed(report) and said in render_page(report)
    assert panels(report).summary.startswith(f"### labelsift: {said}")
    names = ("dq/error_rate_est", "dq/error_rate_est_low", "dq/error_rate_est_high")
    assert [panels(report).metrics[name] * 192 for name in names] == pytest.approx([20, 12, 41])


def test_a_precision_stands_with_a_range(make_report):
    report = estimated(make_report(400), 40, 20, 60)
    said = (
        "Of the 40 flagged labels about 80 % (40 to 99 %) are expected to be wrong; of the 10 worst about 80 % (40 to"
    )
    assert said in printed(report)


def test_of_a_few_labels_no_share_is_told(make_report):
    report = estimated(make_report(150), 15, 3, 40, share=None)
    said = printed(report)
    assert "About 15 of 144 labels are probably wrong (3 to 40)." in said
    assert "expected" not in said and "10.4 %" not in said
    row = next(row for row in Overview(report).issues if row.issue == "label")
    assert Overview(report).share_of(row) == ""
    assert Overview(report).worse_values == ()
    content = json.loads(render_page(report).split('id="content">')[1].split("</script>")[0])
    assert content["classes"]["shares"] is False and content["overview"]["issues"][0][-1] == ""
    assert "Slices whose labels" not in panels(report).summary


def test_where_no_label_stands_out_some_may_be_wrong_all_the_same(make_report):
    report = estimated(make_report(), 0, 0, 17, share=None)
    scores = report.scores.set_column(2, "is_label_issue", pa.array([False] * 200))
    report = replace(report, scores=scores, findings=report.findings.slice(0, 0))
    said = printed(report)
    assert "None of the 192 labels stands out as wrong (up to 17 may be)." in said
    assert "Where classes overlap, an error looks like any other label" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "said"),
    [(12, "beyond the first 12, each is likelier right"), (0, "each of them is likelier right"), (30, "budget asks.")],
)
def test_the_flags_of_a_budget_are_not_called_wrong(make_report, number, said):
    report = estimated(make_report(), number, 0, 41)
    assert "budget" not in printed(report)
    text = printed(replace(report, settings={**report.settings, "budget": 20}))
    assert "Flagged are the 20 likeliest errors, as the budget asks" in text and said in text
    assert "About 20 of" not in text


def test_labels_that_the_samples_do_not_tell_are_the_headline_and_no_number(make_report):
    report = unlearnable(make_report(), judged=600)
    text = printed(report)
    assert "The samples do not tell these labels: none can be called wrong." in text
    assert "The model agrees with 30 % of them; to guess the commonest label every time would with 29 %." in text
    assert "probably wrong" not in text and REASON not in text
    shown = panels(report)
    assert shown.quality is None and "none can be called wrong" in shown.summary
    content = json.loads(render_page(report).split('id="content">')[1].split("</script>")[0])
    assert content["classes"]["rows"] == [] and content["checks"]["rows"] == []


def test_too_few_labels_say_so_without_a_percentage(make_report):
    reason = "40 judged labels are too few to learn from. No label can be called wrong."
    text = printed(unlearnable(make_report(50), kind="too_few", judged=40, reason=reason))
    assert text.count(reason) == 1 and "agrees with" not in text


def test_classes_of_which_nothing_is_claimed_are_named_first(make_report):
    report = with_classes(estimated(make_report(), 20, 12, 41))
    overview = Overview(report)
    assert "No label of class refund can be called wrong: the samples do not tell that class." in overview.details
    assert "Most labels of class card_lost are probably wrong" in overview.details
    assert overview.notes[0] == CLASS_REASON
    assert {health.name: health.remark for health in overview.classes}["refund"] == "cannot be judged"
    content = json.loads(render_page(report).split('id="content">')[1].split("</script>")[0])
    assert content["checks"]["rows"] == []  # the notes tell it already
    assert [row[5] for row in panels(report).flagged.rows].count("unlearnable") == 0


def test_runs_of_before_and_several_annotators_keep_their_sentence(make_report):
    report = make_report()
    old = replace(report, facts={"label_errors": {"expected_wrong": 12.0, "expected_precision": 0.8}})
    for shown in (report, old, estimated(report, 20, 12, 41, annotators=[])):
        assert Overview(shown).verdict == "About 20 of 192 labels look wrong (10.4\u00a0%)."
    assert "Of the 20 flagged labels about 80\u00a0% are expected" in Overview(old).details


def test_an_ambiguous_label_is_a_question_and_in_no_rate(make_report):
    report = estimated(make_report(), 20, 12, 41)
    finding = Finding("t2", "ambiguous", 0.3, "Both may fit.", given="refund", suggested="card_lost", confidence=0.4)
    flags = np.arange(200) == 2
    scores = report.scores.append_column("ambiguous_score", pa.array(np.full(200, 0.5, np.float32)))
    scores = scores.append_column("is_ambiguous_issue", pa.array(flags))
    report = replace(report, scores=scores, findings=pa.concat_tables([report.findings, findings_table([finding])]))
    assert Overview(report).verdict == "About 20 of 192 labels are probably wrong (12 to 41)."
    assert "1 ambiguous label" in Overview(report).details and "Ambiguous labels" in printed(report)
    assert panels(report).metrics["dq/issue/label"] == 20
    alone = replace(report, findings=findings_table([finding]))
    assert "refund or card_lost" in printed(alone)
