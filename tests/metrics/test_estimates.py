"""Estimates: intervals and tails against scipy's, on the three scales."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.metrics.estimates import Estimates, difference, difference_p_values
from scipy.stats import binom, binomtest, fisher_exact


def rates(*pairs):
    hits, trials = np.array(pairs, dtype=float).T
    return Estimates(hits, trials)


def test_tails_are_those_of_the_binomial():
    cells = rates((3, 40), (0, 10), (10, 10), (0, 0))
    np.testing.assert_allclose(cells.p_below(0.2)[:3], binom.cdf([3, 0, 10], [40, 10, 10], 0.2))
    np.testing.assert_allclose(cells.p_above(0.2)[:3], binom.sf([2, -1, 9], [40, 10, 10], 0.2))
    assert cells.p_below(0.2)[3] == cells.p_above(0.2)[3] == 1  # nothing counted proves nothing


def test_intervals_are_wilsons_at_any_confidence():
    for confidence in (0.9, 0.95, 0.999):
        expected = binomtest(7, 50).proportion_ci(confidence, method="wilson")
        low, high = rates((7, 50)).interval(confidence)
        assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


def test_f1_and_gaps_are_rates_on_another_scale():
    shares = rates((60, 80), (0, 5), (5, 5))
    f1 = Estimates(shares.hits, shares.trials, "f1")
    gap = Estimates(shares.hits, shares.trials, "gap", offset=np.array([-0.7, 0, -1]))
    np.testing.assert_allclose(f1.value, [2 * 60 / (2 * 60 + 20), 0, 1])
    np.testing.assert_allclose(gap.value, [0.05, 0, 0], atol=1e-12)
    for cells in (f1, gap):
        low, high = cells.interval()
        assert (low <= cells.value).all() and (cells.value <= high).all()
        np.testing.assert_allclose(cells.p_below(cells.value[0])[0], shares.p_below(0.75)[0])


def test_differences_hold_the_difference_and_widen_with_confidence():
    slice_, rest = rates((30, 100), (5, 20), (0, 0)), rates((90, 900), (5, 20), (1, 2))
    middle, low, high = difference(slice_, rest)
    _, wider_low, wider_high = difference(slice_, rest, confidence=0.999)
    assert low[0] < middle[0] < high[0] and wider_low[0] < low[0] and wider_high[0] > high[0]
    assert low[0] > 0 and middle[1] == 0 and np.isnan(middle[2])
    p_values = difference_p_values(slice_, rest)
    assert p_values[0] < 1e-6 and p_values[1] == 1 and p_values[2] == 1
    assert p_values[0] == pytest.approx(fisher_exact([[30, 70], [90, 810]])[1], abs=1e-6)
