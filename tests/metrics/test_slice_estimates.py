"""Metrics of cells and of their rests, of every kind of labels: against scikit-learn, by hand, and by their laws."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.data import label_sets, spans
from labelsift.errors import InputError
from labelsift.metrics.label_outcomes import of_sets, of_single_labels, of_spans
from labelsift.metrics.macro_estimates import Means, macro_estimates
from labelsift.metrics.slice_metrics import (
    METRICS,
    PROXY,
    ScoredLabels,
    class_metrics,
    counted_samples,
    estimates,
    rest,
)
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

CLASSES = ("a", "b", "c", "d")
BY_SKLEARN = {"precision": precision_score, "recall": recall_score, "f1": f1_score}
AVERAGES = [
    ("accuracy", None),
    ("error_rate", None),
    ("micro_f1", None),
    ("weighted_f1", None),
    *((metric, label) for metric in BY_SKLEARN for label in (None, "b")),
]


def single(labels, predicted, **more):
    nothing = np.zeros(len(labels), dtype=bool)
    return ScoredLabels(CLASSES, np.asarray(labels), np.asarray(predicted), nothing, nothing, "test", **more)


def several(task, outcomes, classes=CLASSES):
    none, nothing = np.full(len(outcomes.compared), -1), np.zeros(len(outcomes.compared), dtype=bool)
    return ScoredLabels(classes, none, none, nothing, nothing, "test", ~nothing, task=task, several=outcomes)


def random_labels(rows=400, seed=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, rows)
    predicted = np.where(rng.random(rows) < 0.7, labels, rng.integers(0, 4, rows))
    labels[:20], predicted[10:30] = -1, -1
    return labels, predicted, rng.integers(-1, 5, rows)


def random_sets(rows=300, seed=4):
    rng = np.random.default_rng(seed)
    members = rng.random((rows, 4)) < (0.1, 0.3, 0.5, 0.02)
    said = members ^ (rng.random((rows, 4)) < 0.15)
    columns = [
        pa.chunked_array([[label_sets.canonical(np.array(CLASSES)[row]) for row in matrix]])
        for matrix in (members, said)
    ]
    return members, said, several("multilabel", of_sets(*columns, CLASSES)), rng.integers(-1, 4, rows)


def by_sklearn(metric, label, truth, said):
    """Return scikit-learn's figure; labels are codes, or indicators of sets."""
    if metric in ("accuracy", "error_rate"):
        right = accuracy_score(truth, said)
        return right if metric == "accuracy" else 1 - right
    if label is not None:
        return BY_SKLEARN[metric](truth, said, labels=[CLASSES.index(label)], average="macro", zero_division=0)
    average = {"micro_f1": "micro", "weighted_f1": "weighted"}.get(metric, "macro")
    present = np.unique([*truth, *said]) if truth.ndim == 1 else np.flatnonzero(truth.any(axis=0) | said.any(axis=0))
    return BY_SKLEARN[metric.split("_")[-1]](truth, said, labels=present, average=average, zero_division=0)


@pytest.mark.parametrize(("metric", "label"), AVERAGES)
@pytest.mark.parametrize("kind", ["single", "sets"])
def test_every_metric_of_cells_and_rests_equals_scikit_learns(metric, label, kind):
    if kind == "single":
        truth, said, cells = random_labels()
        data, counted = single(truth, said), (truth >= 0) & (said >= 0)
    else:
        truth, said, data, cells = random_sets()
        counted = np.ones(len(cells), dtype=bool)
    count = int(cells.max()) + 1
    own, others = (function(data, metric, cells, count, label=label) for function in (estimates, rest))
    for cell in range(count):
        inside, outside = counted & (cells == cell), counted & (cells != cell)
        assert own.value[cell] == pytest.approx(by_sklearn(metric, label, truth[inside], said[inside]))
        assert others.value[cell] == pytest.approx(by_sklearn(metric, label, truth[outside], said[outside]))
    low, high = own.interval()
    assert ((low <= own.value) & (own.value <= high) | np.isnan(low)).all()
    assert (counted_samples(data, metric, cells, count) == np.bincount(cells[counted & (cells >= 0)])).all()


def test_metrics_of_each_class_are_those_of_one_after_the_other():
    truth, said, _ = random_labels()
    for data in (single(truth, said), random_sets()[2], entities()):
        everything = np.zeros(len(data.given), dtype=np.int64)
        by_class = class_metrics(data)
        for metric in BY_SKLEARN:
            alone = [estimates(data, metric, everything, 1, label=label) for label in data.classes]
            np.testing.assert_allclose(by_class[metric], [figure.value[0] for figure in alone])
            ends = [by_class[f"{metric}_low"], by_class[f"{metric}_high"]]
            np.testing.assert_allclose(ends, np.array([figure.interval() for figure in alone])[:, :, 0].T)


def entities():
    given = [[(0, 3, "person"), (9, 14, "city")], [(0, 3, "person")], [], [(2, 5, "city")], None]
    said = [[(0, 3, "person"), (9, 14, "person")], [(0, 4, "person")], [(1, 2, "city")], [(2, 5, "city")], []]
    columns = [
        pa.chunked_array([pa.array([None if row is None else spans.canonical(row) for row in rows], pa.string())])
        for rows in (given, said)
    ]
    return several("spans", of_spans(*columns, ("city", "person")), ("city", "person"))


def test_entities_are_right_by_their_exact_bounds_and_type():
    """By hand, as seqeval counts: 2 hits of 5 predicted and of 4 given ones."""
    data, everything = entities(), np.zeros(5, dtype=np.int64)
    figures = {
        metric: estimates(data, metric, everything, 1).value[0] for metric in METRICS if metric != "calibration_gap"
    }
    expected = {
        "precision": 2 / 5, "recall": 2 / 4, "f1": 4 / 9, "micro_f1": 4 / 9,
        "accuracy": 1 / 4, "error_rate": 3 / 4,
        "weighted_f1": (2 * 0.5 + 2 * 0.4) / 4,  # a city: 1 of 2 and 2; a person: 1 of 3 predicted, and of 2
    }  # fmt: skip
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    assert estimates(data, "f1", everything, 1, label="person").value[0] == pytest.approx(0.4)
    assert counted_samples(data, "f1", everything, 1)[0] == 4  # the last text has no labels


def test_entities_of_one_text_are_not_counted_as_many_texts():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(200) < 0.8, 10)  # ten entities a text, all right or all wrong
    rows = np.repeat(np.arange(200), 10)
    outcomes = replace(of_spans(*[pa.chunked_array([["[]"] * 200])] * 2, ("x",)), rows=rows, labels=rows * 0)
    data = several("spans", replace(outcomes, kinds=np.where(right, 0, 1)), ("x",))
    everything = np.zeros(200, dtype=np.int64)
    recall = estimates(data, "recall", everything, 1)
    assert recall.value[0] == pytest.approx(right.mean())
    assert 150 < recall.trials[0] < 210
    alone = several("spans", replace(outcomes, kinds=np.where(rng.random(2_000) < 0.8, 0, 1)), ("x",))
    assert 1_400 < estimates(alone, "recall", everything, 1).trials[0] <= 2_000


def test_a_calibration_gap_is_mean_confidence_less_accuracy():
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, 1_000)
    right = rng.random(1_000) < sure - 0.1
    gaps = np.where(np.arange(1_000) < 50, np.nan, sure - right)
    data = single(np.zeros(1_000, dtype=int), (~right).astype(int), gaps=gaps)
    cells = np.arange(1_000) % 3
    own, others = (function(data, "calibration_gap", cells, 3) for function in (estimates, rest))
    for cell in range(3):
        assert own.value[cell] == pytest.approx(np.nanmean(gaps[cells == cell]))
        assert others.value[cell] == pytest.approx(np.nanmean(gaps[cells != cell]))
    low, high = estimates(data, "calibration_gap", np.zeros(1_000, dtype=int), 1).interval()
    assert low[0] < 0.1 < high[0]
    assert low[0] > 0  # a model that is surer than right is seen to be so
    assert own.p_below(0.0).max() > 0.5 > own.p_above(0.0).max()
    assert np.isnan(estimates(single([0], [0]), "calibration_gap", np.zeros(1, dtype=int), 1).value[0])


def test_a_mean_over_classes_has_no_interval_where_one_has_few_rows():
    labels = np.array([0] * 60 + [1] * 60 + [2] * 4)
    data = single(labels, np.where(np.arange(124) % 10 == 0, 0, labels))
    everything = np.zeros(124, dtype=np.int64)
    for metric in BY_SKLEARN:
        rare = estimates(data, metric, everything, 1)
        assert np.isfinite(rare.value[0])
        assert np.isnan(rare.interval()).all()
        assert rare.p_below(1.0)[0] == rare.p_above(0.0)[0] == 1  # nothing that could fail a gate
        assert np.isfinite(estimates(data, metric, np.where(labels < 2, 0, -1), 1).interval()).all()
        assert np.isfinite(estimates(data, metric, everything, 1, label="c").interval()).all()
    assert np.isfinite(estimates(data, "weighted_f1", everything, 1).interval()).all()


@pytest.mark.parametrize("wrong", [True, False])
def test_all_right_and_all_wrong_have_the_samples_as_trials(wrong):
    labels = np.repeat([0, 1], 50)
    data = single(labels, 1 - labels if wrong else labels)
    for metric in ("accuracy", "micro_f1", "weighted_f1", "f1", "recall"):
        figure = estimates(data, metric, np.zeros(100, dtype=np.int64), 1)
        low, high = figure.interval()
        assert figure.value[0] == (0 if wrong else 1)
        assert 20 < figure.trials[0] <= 100
        assert (low[0] == 0 and 0.03 < high[0] < 0.2) if wrong else (0.8 < low[0] < 0.97 and high[0] == 1)


def test_refusals_name_what_there_is():
    data = single([0, 1], [0, 1])
    cells = np.zeros(2, dtype=np.int64)
    with pytest.raises(InputError, match=r"no slice metric called auc.*accuracy"):
        estimates(data, "auc", cells, 1)
    with pytest.raises(InputError, match=r"no accuracy of one class.*precision, recall, f1"):
        estimates(data, "accuracy", cells, 1, label="a")
    with pytest.raises(InputError, match=r"no such class: zebra.*There are a, b, c, d"):
        estimates(data, "f1", cells, 1, label="zebra")
    with pytest.raises(InputError, match=r"no calibration_gap of spans"):
        estimates(entities(), "calibration_gap", np.zeros(5, dtype=np.int64), 1)


def test_without_anything_to_count_nothing_is_said():
    nobody = single([-1, -1], [0, 1])
    for metric in METRICS:
        figure = estimates(nobody, metric, np.zeros(2, dtype=np.int64), 1)
        assert np.isnan(figure.value[0])
        assert np.isnan(figure.interval()).all()
    unlabeled = replace(single([-1] * 3, [-1] * 3), classes=())
    for metric in METRICS:
        for function in (estimates, rest):
            assert np.isnan(function(unlabeled, metric, np.array([0, 1, -1]), 2).value).all()
    empty = single(np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    for metric in METRICS:
        assert estimates(empty, metric, np.zeros(0, dtype=int), 0).value.shape == (0,)
        assert np.isnan(rest(empty, metric, np.zeros(0, dtype=int), 2).value).all()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cells_are_what_their_samples_alone_would_be(data):
    """Permuted rows, rows in no cell, unions and rests: every figure is that of the samples themselves."""
    rows = data.draw(st.integers(1, 40))
    labels = st.lists(st.integers(-1, 3), min_size=rows, max_size=rows)
    truth, said = np.array(data.draw(labels)), np.array(data.draw(labels))
    cells = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=rows, max_size=rows)))
    metric, label = data.draw(st.sampled_from(AVERAGES))
    order = np.array(data.draw(st.permutations(range(rows))))
    own, others = (function(single(truth, said), metric, cells, 3, label=label) for function in (estimates, rest))
    same(own, estimates(single(truth[order], said[order]), metric, cells[order], 3, label=label))
    for cell in range(3):
        same(own.take([cell]), alone(truth, said, cells == cell, metric, label))
        same(others.take([cell]), alone(truth, said, cells != cell, metric, label))
    union = estimates(single(truth, said), metric, np.where(cells == 2, 0, cells), 2, label=label)
    same(union.take([0]), alone(truth, said, np.isin(cells, (0, 2)), metric, label))


def alone(truth, said, chosen, metric, label):
    rows = np.zeros(int(chosen.sum()), dtype=np.int64)
    return estimates(single(truth[chosen], said[chosen]), metric, rows, 1, label=label)


def same(first, second):
    np.testing.assert_allclose(first.value, second.value, atol=1e-9)
    np.testing.assert_allclose(first.interval(), second.interval(), atol=1e-6)


def test_intervals_of_rare_classes_and_of_clustered_entities_hold_the_truth():
    """A small part of ``benchmarks/slice_intervals.py``, with its own seed."""
    rng, draws, n = np.random.default_rng(11), 400, 120
    shares, right = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.95, 0.8, 0.7, 0.6])
    truth = rng.choice(4, n * draws, p=shares)
    said = np.where(rng.random(n * draws) < right[truth], truth, (truth + 1) % 4)
    data, cells = single(truth, said), np.repeat(np.arange(draws), n)
    hits, falsely = shares * right, np.roll(shares * (1 - right), 1)
    expected = (2 * hits / (shares + hits + falsely)).mean()
    low, high = estimates(data, "f1", cells, draws).interval()
    known = np.isfinite(low)
    assert known.mean() > 0.5
    assert ((low <= expected) & (expected <= high))[known].mean() > 0.91
    assert np.isnan(low).any()  # a class of 5 % has now and then too few rows among 120


def test_label_issue_rates_count_judged_labels_alone():
    data = single([0, 0, 1, 1], [0, 0, 1, 1])
    data = replace(data, flagged=np.array([True, False, True, False]), was_judged=np.array([True, True, True, False]))
    assert estimates(data, "label_issue_rate", np.zeros(4, dtype=int), 1).value[0] == pytest.approx(2 / 3)
    assert data.source_of("label_issue_rate") == ""
    assert replace(data, source=PROXY).source_of("f1") == PROXY


@pytest.mark.parametrize(("rows", "classes", "cells"), [(3_000, 5, 12), (40, 3, 2), (900, 30, 3)])
def test_samples_of_equal_outcomes_may_be_counted_together(rows, classes, cells):
    rng = np.random.default_rng(rows)
    given, of = rng.integers(classes, size=rows), rng.integers(-1, cells, size=rows)
    said = np.where(rng.random(rows) < 0.2, rng.integers(classes, size=rows), given)
    said[of == 0] = given[of == 0]  # a cell without an error
    outcomes = of_single_labels(given, said, rng.random(rows) < 0.9)
    one_by_one = of_single_labels(given, said, outcomes.compared)
    one_by_one.__dict__["patterns"] = None
    assert outcomes.patterns is not None and len(outcomes.patterns) * cells <= len(outcomes.rows)
    for means in (Means("f1"), Means("recall"), Means("f1", weighted=True)):
        for others in (False, True):
            made = [macro_estimates(each, classes, of, cells, means, rest=others) for each in (outcomes, one_by_one)]
            for name in ("hits", "trials", "has_interval"):
                np.testing.assert_allclose(*(getattr(each, name) for each in made), rtol=1e-9)
    assert macro_estimates(outcomes, classes, of, cells, Means("f1")).value[0] == 1.0
