"""Figures as SVG: escaped, also of nothing, and each slice with its interval."""

import xml.etree.ElementTree as ET

from labelsift.render.tracker_panels.figures import Histogram, Matrix, Table
from labelsift.render.tracker_panels.svg import histogram_svg, matrix_svg, rates_svg

RATES = ("label_issue_rate", "label_issue_rate_low", "label_issue_rate_high")


def test_figures_of_nothing_are_still_figures():
    assert "No label is flagged" in matrix_svg(Matrix((), ()), title="t")
    assert "0 judged labels" in histogram_svg(Histogram((0.0, 0.5, 1.0), (0, 0), (0, 0)), title="t")


def test_labels_are_escaped_in_figures():
    drawn = matrix_svg(Matrix(("<script>", "&"), ((0, 1), (2, 0))), title="t")
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn


def test_slices_are_drawn_with_their_intervals():
    table = Table(
        ("slug", "predicate", "worse_in", "judged", *RATES),
        [["s1", 'state is "<CA>"', "label_issue_rate", 40, 0.5, 0.25, 0.75], ["s2", "x", "", 3, None, None, None]],
    )
    drawn = ET.fromstring(rates_svg(table, title="t"))
    (line,) = [element.attrib for element in drawn.iter() if element.tag.endswith("line")]
    bars = [element.attrib for element in drawn.iter() if element.tag.endswith("rect") and "x" in element.attrib]
    assert [bar["fill"] for bar in bars] == ["#c0392b"]  # of what could not be judged there is none
    start, end = (float(line[name]) - float(bars[0]["x"]) for name in ("x1", "x2"))
    assert (start, end) == (float(bars[0]["width"]) / 2, float(bars[0]["width"]) * 1.5)
    texts = [element.text for element in drawn.iter() if element.tag.endswith("text")]
    assert 'state is "<CA>"' in texts and "50\N{NO-BREAK SPACE}% of 40" in texts
    assert "Nothing here" in rates_svg(Table(table.columns), title="t")


def test_red_are_only_slices_that_are_worse_by_more_than_chance():
    row = ["s1", "state is x", "accuracy", 40, 0.5, 0.25, 0.75]
    drawn = rates_svg(Table(("slug", "predicate", "worse_in", "judged", *RATES), [row]), title="t")
    assert "#c0392b" not in drawn and "red: worse" in drawn
    assert "red:" not in rates_svg(Table(("label", "judged", *RATES), [["x", 40, 0.5, 0.25, 0.75]]), title="t")
