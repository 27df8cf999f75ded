"""Bar charts of trackers: they show what is worse by more than chance, and say where that is nothing."""

from dataclasses import replace

import numpy as np
import pytest
from labelsift.metrics.slice_metrics import PROXY
from labelsift.render.tracker_panels.bars import MOST_SLICES, bars
from labelsift.render.tracker_panels.figures import Table
from labelsift.render.tracker_panels.panels import panels

COLUMNS = ("slug", "kind", "worse_in", "n", "label_issue_rate", "accuracy")


def drawn(content):
    return {each.name: each for each in bars(content)}


def with_slices(make_report, rows, **others):
    return replace(panels(make_report(predicted=True)), slices=Table(COLUMNS, rows), **others)


def test_counts_and_bins_are_those_of_the_panels(make_report):
    content = panels(make_report(predicted=True))
    shown = drawn(content)
    assert sum(count for _, count in shown["label_quality"].rows) == sum(content.quality.counts)
    names = [name for name, _ in shown["label_quality"].rows]
    assert names == sorted(names)  # a tracker that draws bars by name draws them in order
    assert dict(shown["issues"].rows) == {row[1]: row[2] for row in content.issues.rows}
    assert shown["slices_accuracy"].columns == ("slug", "accuracy")


def test_slices_that_chance_explains_are_no_worst_slices(make_report):
    rows = [
        ["a", "column", "", 10, 0.9, 0.2],
        ["b", "column", "label_issue_rate", 90, 0.3, 0.8],
        ["c", "declared", "", 90, 0.1, 0.9],
        ["d", "column", "accuracy", 90, 0.2, 0.1],
    ]
    shown = drawn(with_slices(make_report, rows))
    assert shown["slices"].rows == [["b", 0.3], ["c", 0.1]]
    assert "1 of 4 slices is worse" in shown["slices"].title
    assert "1 named by you" in shown["slices"].title
    assert shown["slices_accuracy"].rows == [["d", 0.1], ["c", 0.9]]


def test_a_chart_without_bars_says_why(make_report):
    shown = drawn(with_slices(make_report, [["a", "column", "", 10, 0.9, 0.2]]))["slices"]
    assert shown.rows == []
    assert "0 of 1 slices are worse than the rest by more than chance" in shown.title


def test_many_slices_are_cut_and_the_title_says_so(make_report):
    rows = [[f"s{place}", "column", "label_issue_rate", 90, place / 100, 0.5] for place in range(50)]
    shown = drawn(with_slices(make_report, rows))["slices"]
    assert [value for _, value in shown.rows] == [place / 100 for place in range(49, 49 - MOST_SLICES, -1)]
    assert "50 of 50" in shown.title
    assert f"the worst {MOST_SLICES} are shown" in shown.title


def test_nothing_is_drawn_of_what_nobody_judged(make_report, unjudged):
    report = make_report()
    content = panels(unjudged(report, np.ones(len(report.samples), dtype=bool)))
    shown = drawn(content)
    assert "slices_accuracy" not in shown  # the built-in proxy model says nothing of the user's
    assert content.metrics_of == PROXY
    assert "slices" not in shown
    assert "classes" not in shown


@pytest.mark.parametrize("metrics_of", ["", PROXY])
def test_accuracy_is_that_of_the_users_predictions_alone(make_report, metrics_of):
    assert "slices_accuracy" not in drawn(replace(panels(make_report(predicted=True)), metrics_of=metrics_of))
