"""Borders of intervals, other names of a slice, and what is expected of rows in several slices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.metrics.weak_slices.borders import refined, short_between
from labelsift.metrics.weak_slices.expectations import chance_of_more, expectations
from labelsift.metrics.weak_slices.regions import Condition, Feature
from labelsift.metrics.weak_slices.scan import likelihood_ratio
from labelsift.metrics.weak_slices.twins import twins
from scipy.stats import binom

N = 5_000


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_short_number_lies_between(first: float, second: float):
    low, high = sorted((first, second))
    if low < high:
        assert low <= short_between(low, high) < high


def test_borders_follow_the_errors_and_not_the_bins():
    rng = np.random.default_rng(0)
    values = rng.normal(50, 10, N)
    wrong = rng.random(N) < np.where((values > 47.3) & (values <= 55.1), 0.5, 0.05)
    odds = np.full(N, np.log(0.05 / 0.95))
    condition = refined(Condition("x", 45, 58), Feature("x", values), np.arange(N), wrong, odds)
    assert condition.low == pytest.approx(47.3, abs=0.2)
    assert condition.high == pytest.approx(55.1, abs=0.2)


def test_a_border_that_nothing_speaks_for_is_none():
    rng = np.random.default_rng(1)
    values = rng.normal(50, 10, N)
    wrong = rng.random(N) < np.where(values > 60, 0.5, 0.05)
    odds = np.full(N, np.log(0.05 / 0.95))
    condition = refined(Condition("x", 61, 75), Feature("x", values), np.arange(N), wrong, odds)
    assert condition.high == np.inf


def test_the_ratio_of_equal_rows_is_the_binomials():
    n, wrong, rate = 200, 50, 0.1
    expected = binom.logpmf(wrong, n, wrong / n) - binom.logpmf(wrong, n, rate)
    mean = np.array([n * rate])
    ratio = likelihood_ratio(np.array([float(wrong)]), mean, mean * (1 - rate))
    assert ratio[0] == pytest.approx(expected)


def test_the_tail_of_equal_rows_is_the_binomials():
    assert chance_of_more(12, np.full(50, 0.1)) == pytest.approx(binom.sf(11, 50, 0.1))
    assert chance_of_more(0, np.full(50, 0.1)) == 1
    assert chance_of_more(50, np.full(50, 0.1)) == pytest.approx(0.1**50)


def test_slices_that_overlap_share_what_they_explain():
    rng = np.random.default_rng(2)
    parent, child = rng.random(20_000) < 0.3, rng.random(20_000) < 0.1
    child &= parent
    rate = np.where(child, 0.6, np.where(parent, 0.3, 0.1))
    expected = expectations([parent, child], rng.random(20_000) < rate)
    for mask, share in ((child, 0.6), (parent & ~child, 0.3), (~parent, 0.1)):
        assert expected[mask].mean() == pytest.approx(share, abs=0.04)


def test_twins_are_columns_with_nearly_the_same_rows():
    rng = np.random.default_rng(3)
    state = rng.integers(0, 6, N)
    columns = {
        "state": state,
        "zone": state * 10.0 + rng.uniform(0, 3, N),
        "region": state // 2,
        "other": rng.integers(0, 6, N),
        "empty": np.where(state == 2, np.nan, 1.0),
    }
    features = {name: Feature(name, values) for name, values in columns.items()}
    alike = twins((Condition("state", code=2),), features)
    assert {region[0].feature for region in alike} == {"zone", "empty"}
    both = twins((Condition("other", code=1), Condition("state", code=2)), features)
    assert {tuple(term.feature for term in region) for region in both} == {("other", "zone"), ("empty", "other")}
