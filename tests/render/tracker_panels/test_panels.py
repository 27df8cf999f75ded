"""Panels: every figure equals what the report's own tables say, and no text is in them."""

import json
import math
import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table, of_issue
from labelsift.metrics.slice_metrics import PREDICTED, PROXY
from labelsift.render.overview import Overview
from labelsift.render.tracker_panels.figures import MAX_MATRIX, OTHER
from labelsift.render.tracker_panels.flagged import SHOWN
from labelsift.render.tracker_panels.panels import panels
from labelsift.render.verdict import MAX_LENGTH


def everything(shown):
    """Return all that a tracker could write of the panels, as one text."""
    plain = shown.as_dict() | {"all_flagged": shown.all_flagged.to_pylist()}
    return json.dumps(plain, ensure_ascii=False)


def test_counts_and_rates_are_those_of_the_scores(make_report):
    report = make_report()
    shown = panels(report)
    labeled = len(report.samples) - report.samples.labels.null_count
    for issue, of in (("label", labeled), ("empty", len(report.samples))):
        count = pc.sum(report.scores[f"is_{issue}_issue"]).as_py()
        assert count > 0
        assert shown.metrics[f"dq/issue/{issue}"] == count
        row = next(row for row in shown.issues.rows if row[0] == issue)
        assert row[2:] == [count, of, pytest.approx(count / of, abs=1e-6)]
    assert shown.metrics["dq/rows"] == len(report.samples)
    assert shown.metrics["dq/labeled"] == labeled
    assert shown.metrics["dq/mean_label_score"] == pytest.approx(pc.mean(report.scores["label_score"]).as_py())


def test_every_metric_is_finite(make_report):
    for report in (make_report(), make_report(predicted=True), replace(make_report(), pred_probs=None)):
        assert all(math.isfinite(value) for value in panels(report).metrics.values())


def test_the_proxy_model_is_called_so_wherever_its_figures_stand(make_report):
    shown = panels(make_report())
    assert shown.metrics_of == shown.params["labelsift_metrics_of"] == PROXY
    assert "dq/proxy_accuracy" in shown.metrics
    assert "proxy model" in shown.summary
    for table in (shown.slices, shown.classes):
        assert {row[table.columns.index("metrics_of")] for row in table.rows} == {PROXY}


def test_the_users_prediction_goes_before_the_proxy_model(make_report):
    shown = panels(make_report(predicted=True))
    assert shown.metrics_of == PREDICTED
    assert "dq/predicted_f1" in shown.metrics
    assert not [name for name in shown.metrics if "proxy" in name]
    assert "proxy" not in shown.summary


def test_the_histogram_counts_every_judged_label_once(make_report):
    report = make_report()
    shown = panels(report).quality
    scores = report.scores["label_score"].drop_null().to_numpy().astype(float)
    counts, edges = np.histogram(scores, bins=20, range=(0, 1))
    assert shown.counts == tuple(counts)
    assert shown.edges == pytest.approx(tuple(edges))
    assert sum(shown.flagged) == panels(report).metrics["dq/issue/label"]


def test_the_matrix_counts_given_against_suggested(make_report):
    report = make_report()
    shown = panels(report).confusion
    findings = of_issue(report.findings, "label")
    for given, row in zip(shown.labels, shown.counts, strict=True):
        for suggested, count in zip(shown.labels, row, strict=True):
            both = pc.and_(
                pc.equal(findings["given"], json.dumps(given)), pc.equal(findings["suggested"], json.dumps(suggested))
            )
            assert count == pc.sum(both).as_py()


def with_classes(report, count):
    """Return a report in which every label is flagged, and each of so many classes has as many samples."""
    given = [f"class {number % count:03}" for number in range(len(report.samples))]
    suggested = [f"class {(number + 1) % count:03}" for number in range(len(report.samples))]
    table = report.samples.table.set_column(2, "label", pa.array(given))
    scores = report.scores.set_column(5, "suggested_label", pa.array(suggested))
    scores = scores.set_column(2, "is_label_issue", pa.array([True] * len(given)))
    return replace(report, samples=Samples(table, report.samples.metadata), scores=scores, classes=(), pred_probs=None)


def test_classes_of_few_samples_are_nowhere_by_name(make_report):
    shown = panels(with_classes(make_report(), 100))
    assert shown.confusion.labels == (OTHER,)
    assert shown.classes.rows == []
    assert not [name for name in shown.slice_metrics if "label:" in name]


def test_a_matrix_of_many_classes_sums_the_rest_up(make_report):
    shown = panels(with_classes(make_report(400), 40)).confusion
    assert len(shown.labels) == MAX_MATRIX
    assert shown.labels[-1] == OTHER
    assert sum(map(sum, shown.counts)) == 400


def test_the_flagged_table_has_label_issues_first_and_links(make_report):
    report = make_report()
    shown = panels(report).flagged
    assert shown.columns == ("id", "given", "suggested", "confidence", "score", "issue", "link")
    issues = [row[5] for row in shown.rows]
    assert issues == sorted(issues, key=["label", "empty"].index)
    for issue in set(issues):
        scores = [row[4] for row in shown.rows if row[5] == issue]
        assert scores == sorted(scores)
    links = {row[0]: row[6] for row in shown.rows}
    assert links["t3"] == report.sample_links["t3"]
    assert links["t13"] == ""
    assert len(shown.rows) == len(report.findings) == panels(report).flagged_total
    assert panels(report).metrics["dq/findings_cut"] == 0


def test_no_text_reaches_the_panels_unless_asked_for(make_report, planted):
    """Also not through a check that quotes the text in its reason, given or suggested value."""
    report = make_report()
    quoted = findings_table([Finding("t1", "label", 0.0, f"Says {planted}", given=planted, suggested=[planted])])
    report = replace(report, findings=pa.concat_tables([report.findings, quoted]))
    without = everything(panels(report))
    for word in ("Quokka", "Zwölfkämpfer", "4711"):
        assert not re.search(rf"\b{word}", without)  # digits of a figure are no text
    with_text = panels(report, with_text=True)
    assert with_text.flagged.columns[-2:] == ("reason", "text")
    assert with_text.flagged.rows[0][-1] == report.samples.texts[int(with_text.flagged.rows[0][0][1:])].as_py()
    assert "Quokka" in everything(with_text)
    assert "Quokka" not in with_text.summary


def test_a_long_flagged_table_is_cut_and_says_how_long_it_was(make_report):
    report = make_report()
    rows = np.resize(np.arange(len(report.findings)), SHOWN + 5)
    shown = panels(replace(report, findings=report.findings.take(pa.array(rows))))
    assert len(shown.flagged.rows) == SHOWN
    assert shown.flagged_total == len(shown.all_flagged) == SHOWN + 5
    assert shown.metrics["dq/findings_cut"] == 5


def test_the_summary_says_what_is_wrong_and_is_short_enough(make_report):
    shown = panels(make_report())
    first = shown.summary.splitlines()[0]
    assert first == "### labelsift: About 20 of 192 labels look wrong (10.4\u00a0%)."
    assert 'state = "CA"' in shown.summary
    assert len(shown.summary) <= MAX_LENGTH


def test_titles_of_runs_differ_where_a_list_cuts_them(make_report):
    report = make_report()
    later = replace(report, created=report.created + timedelta(minutes=1))
    long = replace(report, samples=replace(report.samples, name="customer_support_tickets_of_the_year_2026_all"))
    assert panels(report).title == f"tickets 10.4\u00a0% · {report.created:%-d %b %H:%M}"
    assert panels(later).title != panels(report).title
    assert len(panels(long).title) < 70 and "10.4\u00a0%" in panels(long).title


def test_every_view_counts_the_same_judged_labels(make_report, unjudged):
    """Panels, summary, overview, verdict and page: unjudged labels are nowhere counted as clean."""
    report = make_report()
    out = np.arange(200) % 2 == 1  # the wrong ones stand at 3, 13, 23 …
    out[[3, 13, 23]] = False
    report = unjudged(report, out)
    scores = report.scores["label_score"].drop_null()
    wrong, known = pc.sum(report.scores["is_label_issue"]).as_py(), len(scores)
    assert (wrong, known) == (3, 103 - sum(number % 25 == 9 for number in range(0, 200, 2)))
    shown, overview = panels(report), Overview(report)
    assert (overview.judged, overview.labeled) == (known, 192)
    assert shown.metrics["dq/judged"] == known
    assert shown.metrics["dq/labeled"] == 192
    assert next(row for row in shown.issues.rows if row[0] == "label")[4] == pytest.approx(wrong / known, abs=1e-6)
    assert report.summary()["issues"]["label"]["rate"] == pytest.approx(wrong / known)
    assert report.summary()["judged"] == known
    assert sum(shown.quality.counts) == sum(label.rows for label in overview.classes) == known
    assert f"About 3 of {known} judged labels look wrong" in overview.verdict
    assert overview.verdict.endswith(f"; {192 - known} of 192 could not be judged.")
    for row in shown.classes.rows:
        of = dict(zip(shown.classes.columns, row, strict=True))
        health = next(label for label in overview.classes if label.name == of["label"])
        assert (health.rows, health.flagged) == (of["judged"], of["label_issues"])
        assert of["label_issue_rate"] == pytest.approx(health.rate, abs=1e-6)
        assert of["recall"] == pytest.approx(health.agreement, abs=1e-6)


def test_where_no_label_could_be_judged_no_rate_is_told(make_report, unjudged):
    report = unjudged(make_report(), np.ones(200, dtype=bool))
    shown, overview = panels(report), Overview(report)
    assert overview.verdict == "None of the 192 labels could be judged."
    assert [issue.issue for issue in overview.issues] == ["empty"]  # not "looked for, and not found"
    assert not [name for name in shown.metrics if "issue/label" in name or "proxy" in name]
    assert shown.metrics["dq/judged"] == 0
    assert report.summary()["issues"]["label"] == {"count": 0, "rate": None}
    assert overview.worse_values == ()


def test_an_issue_that_could_be_looked_for_nowhere_is_not_called_absent(make_report):
    report = make_report()
    scores = report.scores.set_column(3, "empty_score", pa.nulls(200, pa.float32()))
    scores = scores.set_column(4, "is_empty_issue", pa.array([False] * 200))
    findings = of_issue(report.findings, "label")
    assert [issue.issue for issue in Overview(replace(report, scores=scores, findings=findings)).issues] == ["label"]


def test_labels_cannot_break_the_summary(make_report):
    report = make_report()
    evil = "a|b\n# <script>alert(1)</script> [x](javascript:1) " + "y" * 300
    labels = [evil if label == "refund" else label for label in report.samples.labels.to_pylist()]
    table = report.samples.table.set_column(2, "label", pa.array(labels))
    renamed = replace(report, samples=Samples(table, report.samples.metadata), pred_probs=None, classes=())
    text = panels(renamed).summary
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\[x", text)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (4, 5, 6)


def test_unlabeled_data_still_has_panels(make_report):
    report = make_report()
    samples = Samples(report.samples.table.drop_columns(["label"]), report.samples.metadata)
    scores = report.scores.select(["id", "empty_score", "is_empty_issue"])
    findings = of_issue(report.findings, "empty")
    shown = panels(replace(report, samples=samples, scores=scores, findings=findings, classes=(), pred_probs=None))
    assert shown.quality is None
    assert shown.confusion is None
    assert not shown.classes.rows
    assert shown.metrics["dq/issue/empty"] == 4
    assert "dq/issue/label" not in shown.metrics


def test_params_name_the_data_and_the_scan(make_report):
    report = make_report()
    params = panels(report).params
    assert params["labelsift_fingerprint"] == report.samples.fingerprint
    assert params["labelsift_run"] == report.run
    assert all(name.startswith("labelsift_") for name in params)
