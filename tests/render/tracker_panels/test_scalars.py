"""Scalars for trackers: the headline first, at most thirty, each with a meaning, a rate with its range."""

import math
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from labelsift.metrics.slice_metrics import scored_labels
from labelsift.render.overview import Overview
from labelsift.render.tracker_panels.scalars import (
    HEADLINE,
    MOST,
    PROBES,
    SCAN,
    Rate,
    Review,
    error_rate,
    issue_metric,
    meaning,
    scalars,
)

REVIEW = Review(
    asked=24, left=4, decided=20, hours=0.5, precision=Rate(0.8, 0.5, 0.95), error_rate=Rate(0.1, 0.05, 0.2), page="x"
)


def with_estimate(report):
    estimate = {"number": 20, "range": [12, 41], "learnable": True}
    return replace(report, facts={**report.facts, "label_errors": estimate})


def scalars_of(report, review=REVIEW, **options):
    return scalars(Overview(report), scored_labels(report), review, **options)


def test_the_headline_stands_first_and_every_estimate_has_its_range(make_report):
    values = scalars_of(make_report(predicted=True))
    assert tuple(values)[:5] == HEADLINE
    assert [values[name] for name in HEADLINE] == [200, pytest.approx(0.12), 0.1, 0.8, 4]
    for name in ("dq/error_rate_est", "dq/flag_precision"):
        assert values[f"{name}_low"] < values[name] < values[f"{name}_high"]
    for name in ("dq/predicted_accuracy", "dq/predicted_f1"):
        assert values[f"{name}_low"] < values[name] <= values[f"{name}_high"]
    assert (values["dq/hours_spent"], values["dq/queue_decided"]) == (0.5, 20)


def test_an_error_rate_is_the_probes_where_people_judged_them_else_the_scans(make_report):
    overview = Overview(with_estimate(make_report()))
    assert error_rate(overview, REVIEW) == (REVIEW.error_rate, PROBES)
    rate, source = error_rate(overview, Review())
    assert source == SCAN
    assert [round(192 * end) for end in (rate.low, rate.value, rate.high)] == [12, 20, 41]
    assert error_rate(Overview(make_report()), Review()) == (None, "")  # no range, no estimate


def test_what_nobody_decided_has_no_scalar(make_report):
    values = scalars_of(make_report(), Review())
    assert not [name for name in values if "queue" in name or "hours" in name or "precision" in name]
    assert "dq/hours_spent" not in scalars_of(make_report(), replace(REVIEW, hours=None))


def test_thirty_scalars_at_most_those_of_issues_that_were_seen_first(make_report):
    report = make_report(predicted=True)
    scores = report.scores
    for number in range(40):
        scores = scores.append_column(f"own{number}_score", pa.array(np.ones(200, np.float32)))
        scores = scores.append_column(f"is_own{number}_issue", pa.array(np.arange(200) < (number == 39)))
    values = scalars_of(replace(report, scores=scores), cut=3)
    assert len(values) == MOST
    assert values["dq/issue/own39"] == 1 and values["dq/issue/label"] == 20
    assert values["dq/findings_cut"] == 3
    assert all(math.isfinite(value) for value in values.values())


def test_every_scalar_has_a_meaning(make_report):
    for report in (make_report(), with_estimate(make_report(predicted=True))):
        issues = [entry.issue for entry in Overview(report).issues]
        for name in scalars_of(report):
            assert len(meaning(name, issues)) > 10


def test_issues_of_like_names_are_counted_apart():
    names = ["my check", "my-check", "my/check", "!!", "??", "検査"]
    assert len({issue_metric(name).casefold() for name in names}) == len(names)


def test_three_rows_have_scalars_and_no_rows_none_that_is_not_finite(make_report):
    report = make_report()
    few = replace(
        report,
        samples=replace(
            report.samples, table=report.samples.table.slice(0, 3), metadata=report.samples.metadata.slice(0, 3)
        ),
        scores=report.scores.slice(0, 3),
        findings=report.findings.slice(0, 0),
        pred_probs=None,
    )
    assert scalars_of(few, Review())["dq/rows"] == 3
