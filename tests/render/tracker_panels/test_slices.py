"""Slices for trackers: which become metrics, what is in no tracker, and names that both trackers take."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelsift.data.samples import Samples
from labelsift.metrics.slice_metrics import FEWEST, scored_labels
from labelsift.render.tracker_panels.panels import panels
from labelsift.render.tracker_panels.slices import WORST, slice_table, worse_slices

RARE = ["odd" if row < FEWEST - 1 else "usual" for row in range(200)]
REFUSED = re.compile(r"[=()>,&]|//|\.\.(?![\d.])|[\x00-\x1f]")  # what MLflow refuses in a metric's name, but for ranges


def with_metadata(report, **columns):
    table = report.samples.metadata
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values, pa.string()))
    return replace(report, samples=Samples(report.samples.table, table, report.samples.name))


def declared(report, **slices):
    return replace(report, settings={**report.settings, "slices": slices})


def test_a_slice_that_is_worse_becomes_a_metric_and_one_that_is_not_stands_in_the_table(make_report):
    shown = panels(make_report())
    assert shown.slice_metrics["slice.label_issue_rate/state:CA"] == 1.0
    assert "slice.label_issue_rate/state:NY" not in shown.slice_metrics
    rows = [dict(zip(shown.slices.columns, row, strict=True)) for row in shown.slices.rows]
    by_slug = {row["slug"]: row for row in rows}
    assert by_slug["state:CA"]["worse_in"] == "label_issue_rate"
    assert by_slug["state:NY"]["worse_in"] == ""
    assert {row["kind"] for row in rows} == {"column"}


def test_a_declared_slice_is_a_metric_whatever_it_says(make_report):
    shown = panels(declared(make_report(predicted=True), women="gender = 'f'"))
    own = {name for name in shown.slice_metrics if name.endswith("/slice:women")}
    assert own == {f"slice.{metric}/slice:women" for metric in ("label_issue_rate", "accuracy", "f1")}
    row = next(row for row in shown.slices.rows if row[0] == "slice:women")
    assert row[1:3] == ["gender = 'f'", "declared"]
    assert not [row for row in shown.slices.rows if row[0].startswith("not-")]
    meaning = next(row for row in shown.dictionary.rows if row[0] == "slice:women")
    assert meaning[1:] == ["slice", "gender = 'f'", 100]


def test_the_predicate_of_a_declared_slice_names_nobody(make_report):
    shown = panels(declared(make_report(), mail="text LIKE '%ann@example.org%' OR gender = 'f'"))
    assert "ann@example.org" not in str(shown.as_dict())


def test_noise_makes_hardly_any_slice_a_metric(make_report):
    """Flags at random over 60 slices: the intervals hold together, so that one data set in twenty may name some."""
    named = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        report = make_report(1_000)
        flags = rng.random(1_000) < 0.1
        scores = report.scores.set_column(2, "is_label_issue", pa.array(flags))
        values = {f"c{number}": rng.choice(list("abcdefgh"), 1_000).tolist() for number in range(8)}
        plain = Samples(report.samples.table, pa.table(values), "noise")
        noise = replace(report, samples=plain, scores=scores)
        named += bool(worse_slices(noise, scored_labels(noise), {}))
    assert named <= 4


def test_at_most_twenty_of_the_worst_and_all_where_they_are_asked_for(make_report):
    report = make_report(2_000)
    groups = [f"g{row // 50:02}" for row in range(2_000)]
    flags = np.array([row // 50 % 2 == 0 for row in range(2_000)])
    scores = report.scores.set_column(2, "is_label_issue", pa.array(flags))
    report = with_metadata(replace(report, scores=scores), group=groups)
    shown = panels(report)
    worst = {row[0] for row in shown.slices.rows if row[3]}
    assert len([name for name in worst if name.startswith("group:")]) == 20
    assert len({name.partition("/")[2] for name in shown.slice_metrics}) == WORST
    every = panels(report, every=True)
    assert {row[0] for row in every.slices.rows} <= {name.partition("/")[2] for name in every.slice_metrics}
    assert every.slices == shown.slices


def test_few_samples_and_people_go_nowhere(make_report):
    names = ["ann" if row % 2 else "bob" for row in range(200)]
    report = with_metadata(make_report(), annotator=names, completed_by=names, rare=RARE)
    shown = panels(report, every=True)
    everything = str(shown.as_dict()) + str(shown.all_flagged.to_pylist())
    assert "ann" not in re.findall(r"\w+", everything)
    assert "odd" not in re.findall(r"\w+", everything)
    assert "rare:usual" in everything
    assert shown.params["labelsift_not_sliced"] == "annotator, completed_by"
    asked = panels(declared(report, mine="annotator = 'ann'"))
    assert "slice.label_issue_rate/slice:mine" in asked.slice_metrics  # somebody declared it


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1, max_size=60), min_size=2, max_size=6, unique=True))
def test_names_are_taken_by_both_trackers_and_stand_for_one_thing(make_report, values):
    report = with_metadata(make_report(), odd=[values[row % len(values)] for row in range(200)])
    table, _ = slice_table(report)
    names = table["slug"].to_pylist()
    assert len({name.casefold() for name in names}) == len(names)
    shown = panels(report, every=True)
    for name in shown.slice_metrics:
        assert len(name) <= 250
        assert not REFUSED.search(name), name
    described = {row[0]: row[2] for row in shown.dictionary.rows}
    assert {name.partition("/")[2] for name in shown.slice_metrics} <= described.keys()
    assert len(described) == len(shown.dictionary.rows)


@pytest.mark.parametrize("change", [{}, {"sample_links": {"t3": "http://127.0.0.1/other"}}])
def test_the_digest_is_that_of_what_is_shown(make_report, change):
    assert (panels(make_report()).digest == panels(replace(make_report(), **change)).digest) == (not change)
    assert panels(make_report()).digest != panels(make_report(), every=True).digest
