"""Paired estimates: intervals that are Newcombe's, p-values that agree with them, correlations of influence values."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.metrics.estimates import Estimates, difference
from labelsift.metrics.paired_estimates import PairedEstimates, correlation
from labelsift.metrics.paired_intervals import Outcomes, rate_difference
from labelsift.metrics.slice_metrics import ScoredLabels, estimates, influences


def paired(both, old_only, new_only, neither):
    """Return the differences of one cell whose samples are the same in both runs."""
    counts = (both, old_only, new_only, neither)
    old = np.repeat([1, 1, 0, 0], counts).astype(float)
    new = np.repeat([1, 0, 1, 0], counts).astype(float)
    cells, rows = np.zeros(len(old), dtype=np.int64), np.arange(len(old))
    first, second = (Estimates(np.array([hits.sum()]), np.array([float(len(hits))])) for hits in (old, new))
    moved = (old - old.mean(), new - new.mean())
    return PairedEstimates(first, second, correlation(first, second, moved, (cells, cells), (rows, rows)))


@pytest.mark.parametrize("counts", [(70, 10, 5, 15), (40, 3, 12, 1), (9, 0, 3, 2), (30, 0, 0, 10)])
def test_of_the_same_samples_it_is_newcombes_paired_interval(counts):
    both, old_only, new_only, neither = (np.array([count]) for count in counts)
    total = both + old_only + new_only + neither
    outcomes = Outcomes(both + old_only, total, both + new_only, total, both, old_only, new_only, neither)
    expected = [float(end[0]) for end in rate_difference(outcomes)]
    assert [float(end[0]) for end in paired(*counts).interval()] == pytest.approx(expected)


def test_without_shared_samples_it_is_the_interval_of_independent_ones():
    old, new = Estimates(np.array([80.0]), np.array([100.0])), Estimates(np.array([30.0]), np.array([50.0]))
    apart = PairedEstimates(old, new, np.zeros(1))
    _, low, high = difference(new, old)
    assert [end[0] for end in apart.interval()] == pytest.approx([low[0], high[0]])


def test_a_p_value_is_where_the_interval_ends():
    cells = paired(70, 20, 5, 15)
    for confidence in (0.5, 0.9, 0.99, 0.99999):
        low, high = cells.interval(confidence)
        assert cells.p_above(float(low[0]))[0] == pytest.approx((1 - confidence) / 2, rel=0.01)
        assert cells.p_below(float(high[0]))[0] == pytest.approx((1 - confidence) / 2, rel=0.01)
    ahead, behind = cells.p_below(0.0)[0], cells.p_above(0.0)[0]
    assert ahead < 0.01 and behind > 0.99 and ahead + behind == pytest.approx(1, abs=0.01)


def test_nothing_counted_proves_nothing():
    nothing = PairedEstimates(Estimates(np.zeros(1), np.zeros(1)), Estimates(np.ones(1), np.ones(1) * 9), np.zeros(1))
    assert nothing.p_below(0.5)[0] == nothing.p_above(-0.5)[0] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "label"),
    [*((name, None) for name in ("f1", "precision", "weighted_f1", "error_rate")), ("f1", "c1"), ("precision", "c1")],
)
def test_influence_values_tell_how_far_two_runs_move_together(metric, label):
    rng, slices, size = np.random.default_rng(3), 800, 500
    cells = np.repeat(np.arange(slices), size)
    truth, luck = rng.integers(0, 3, slices * size), rng.random(slices * size)
    scored = []
    for _ in range(2):
        chance = np.where(rng.random(len(luck)) < 0.6, luck, rng.random(len(luck)))
        shift = (luck * 1_000).astype(int) % 2 + 1  # errors of both go to the same class
        scored.append(scored_labels(truth, np.where(chance < 0.15, (truth + shift) % 3, truth)))
    old, new = (estimates(data, metric, cells, slices, label=label) for data in scored)
    moved = tuple(influences(data, metric, cells, slices, label=label) for data in scored)
    rows = np.arange(len(cells))
    told = correlation(old, new, moved, (cells, cells), (rows, rows))
    true = np.corrcoef(old.value, new.value)[0, 1]
    assert true > 0.2 and abs(np.mean(told) - true) < 0.06
    half = rows[: len(rows) // 2]
    assert (correlation(old, new, moved, (cells, cells), (half, half))[slices // 2 + 1 :] == 0).all()


def scored_labels(given, predicted):
    nothing = np.zeros(len(given), dtype=bool)
    return ScoredLabels(("c0", "c1", "c2"), given.astype(np.int64), predicted, nothing, nothing, "simulated")
