"""Wrong labels: a range that holds, probabilities that follow the ranking, and silence where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.learnability import DATASET, LEAST_RECALL, permutation_score
from labelsift.label_quality.wrong_labels import UNPROVEN, WRONG, WrongLabels, decreasing, smoothed, wrong_labels
from overlapping_clusters import Learned, learned

pytestmark = pytest.mark.slow


def judged(drawn: Learned) -> WrongLabels:
    return wrong_labels(drawn.pool, drawn.suspicion, drawn.codes, np.ones(len(drawn.codes), dtype=bool))


def of_matrix(pool: list[list[float]] | np.ndarray, codes: list[int] | np.ndarray) -> WrongLabels:
    pool, codes = np.array(pool, dtype=np.float32), np.array(codes, dtype=np.int32)
    suspicion = 1 - pool[np.arange(len(codes)), codes]
    return wrong_labels(pool, suspicion, codes, np.ones(len(codes), dtype=bool))


def test_levels_are_smoothed_over_few_places_and_keep_their_sum():
    values = np.sort(np.random.default_rng(0).random(2_000))[::-1]
    noisy = np.clip(values + np.random.default_rng(1).normal(0, 0.2, 2_000), 0, 1)
    levels = smoothed(noisy)
    assert levels.shape == noisy.shape
    assert levels.sum() == pytest.approx(noisy.sum(), rel=1e-3)
    assert np.abs(levels - values).mean() < 0.5 * np.abs(noisy - values).mean()
    np.testing.assert_allclose(smoothed(np.full(1_000, 0.3)), 0.3)
    assert (smoothed(noisy[:150]) == noisy[:150]).all()
    assert len(smoothed(np.empty(0))) == 0


@pytest.mark.parametrize(("noise", "rate"), [("uniform", 0.05), ("uniform", 0.1), ("near", 0.05), ("near", 0.15)])
@pytest.mark.parametrize("half_gap", [1.5, 2.0, 3.0])
def test_the_range_holds_the_true_number_of_wrong_labels(noise, rate, half_gap):
    held, widths = [], []
    for seed in range(3):
        drawn = learned(seed, noise, rate, half_gap=half_gap)
        claims = judged(drawn)
        held.append(claims.low <= drawn.wrong.sum() <= claims.high)
        widths.append((claims.high - claims.low) / len(drawn.codes))
    assert all(held)
    assert np.median(widths) < 0.2


@pytest.mark.parametrize("half_gap", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("seed", range(4))
def test_where_classes_only_overlap_no_label_is_called_wrong(seed, half_gap):
    claims = judged(learned(seed, half_gap=half_gap))
    assert claims.learnable and claims.low == 0
    assert np.nanmax(claims.wrong) <= UNPROVEN + 1e-3 < WRONG
    assert (claims.unlearnable, claims.mostly_wrong) == ({}, {})


def test_labels_that_are_called_wrong_are_mostly_wrong():
    for noise, rate in (("uniform", 0.05), ("near", 0.05), ("uniform", 0.2)):
        drawn = learned(1, noise, rate, half_gap=2.5)
        called = judged(drawn).wrong >= WRONG
        assert drawn.wrong[called].mean() > 0.85, (noise, rate)
        assert called[drawn.wrong].mean() > 0.7, (noise, rate)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("rows", "classes"), [(60, 2), (300, 2), (600, 6)])
def test_nothing_is_claimed_of_random_labels(seed, rows, classes):
    claims = judged(learned(seed, "random", rows=rows, classes=classes))
    assert not claims.learnable
    assert np.isnan(claims.wrong).all()
    assert (claims.low, claims.high) == (0, rows)  # everything may be wrong, and nothing need be
    assert np.isfinite(claims.given).all()  # what is common stays known


@pytest.mark.parametrize(("noise", "rate"), [("none", 0.0), ("uniform", 0.1), ("near", 0.2)])
def test_probabilities_fall_along_the_ranking_where_there_is_no_floor_and_are_never_equal(noise, rate):
    drawn = learned(0, noise, rate, half_gap=1.5)
    claims = judged(drawn)
    assert ((claims.wrong > 0) & (claims.wrong < 1)).all()
    assert len(np.unique(claims.wrong)) == len(claims.wrong)  # so that a budget means the same rows everywhere
    if claims.rates.floor < 0.1:
        assert np.corrcoef(np.argsort(np.argsort(drawn.suspicion)), np.argsort(np.argsort(claims.wrong)))[0, 1] > 0.99


def test_the_probability_of_a_label_is_that_of_the_pool_and_expected_is_clearly_its_best():
    drawn = learned(0, "uniform", 0.1)
    claims = judged(drawn)
    np.testing.assert_array_equal(claims.given, drawn.pool[np.arange(len(drawn.codes)), drawn.codes])
    others = drawn.pool.copy()
    others[np.arange(len(drawn.codes)), drawn.codes] = 0
    np.testing.assert_array_equal(claims.expected, claims.given > 2 * others.max(axis=1))


@given(st.integers(0, 1_000))
@settings(max_examples=8, deadline=None)
def test_another_order_of_rows_changes_nothing(seed):
    drawn = learned(3, "near", 0.1)
    order = np.random.default_rng(seed).permutation(len(drawn.codes))
    first, everything = judged(drawn), np.ones(len(order), dtype=bool)
    second = wrong_labels(drawn.pool[order], drawn.suspicion[order], drawn.codes[order], everything)
    np.testing.assert_allclose(first.wrong[order], second.wrong, atol=5e-3)
    assert ((first.wrong[order] >= WRONG) == (second.wrong >= WRONG)).mean() > 0.999
    assert (first.low, first.high) == (second.low, second.high)
    assert (first.learnable, first.unlearnable) == (second.learnable, second.unlearnable)


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.filterwarnings("error")
def test_a_handful_of_rows_proves_nothing(rows):
    claims = of_matrix(np.tile([0.96, 0.03, 0.01], (rows, 1)), [0, 1, 2][:rows])
    assert not claims.learnable and np.isnan(claims.wrong).all()
    assert (claims.low, claims.high) == (0, rows)


def test_rows_that_are_not_judged_count_nowhere():
    drawn = learned(2, "uniform", 0.1)
    some = np.random.default_rng(0).random(len(drawn.codes)) < 0.6
    codes = np.where(some, drawn.codes, -1)
    claims = wrong_labels(drawn.pool, drawn.suspicion, codes, some)
    alone = wrong_labels(drawn.pool[some], drawn.suspicion[some], codes[some], np.ones(some.sum(), dtype=bool))
    assert np.isnan(claims.wrong[~some]).all() and np.isnan(claims.given[~some]).all()
    assert not claims.expected[~some].any()
    np.testing.assert_allclose(claims.wrong[some], alone.wrong)
    assert (claims.low, claims.high) == (alone.low, alone.high)


def two_of_three(seed: int, *, found: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a pool that knows two classes, and finds a share of the rows of a third, and codes."""
    rng = np.random.default_rng(seed)
    codes = np.repeat([0, 1, 2], [400, 400, 100])
    pool = np.full((900, 3), 0.03)
    pool[np.arange(900), codes] = 0.94
    lost = np.arange(800, 900)[rng.random(100) >= found]
    pool[lost] = [0.8, 0.05, 0.15]
    pool += 0.01 * rng.random(pool.shape)
    return (pool / pool.sum(axis=1, keepdims=True)).astype(np.float32), codes


def test_a_class_that_is_not_found_is_named_and_none_of_its_labels_called_wrong():
    pool, codes = two_of_three(0, found=LEAST_RECALL / 2)
    claims = of_matrix(pool, codes)
    assert claims.learnable
    assert set(claims.unlearnable) == {2} and claims.unlearnable[2] < LEAST_RECALL
    assert np.isnan(claims.wrong[codes == 2]).all()
    assert np.isfinite(claims.wrong[codes != 2]).all()
    assert not (claims.wrong >= WRONG).any()
    assert claims.high <= 800
    assert of_matrix(*two_of_three(0, found=0.6)).unlearnable == {}


def test_a_class_that_is_mostly_wrong_is_named():
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2, 3], 300)
    codes = np.where((truth != 0) & (rng.random(1_200) < 0.35), 0, truth)  # class 0 takes in what others should hold
    pool = np.full((1_200, 4), 0.01)
    pool[np.arange(1_200), truth] += 0.9 - 0.2 * rng.random(1_200)
    claims = of_matrix(pool / pool.sum(axis=1, keepdims=True), codes)
    assert list(claims.mostly_wrong) == [0]
    assert claims.mostly_wrong[0] == pytest.approx((claims.wrong[codes == 0] >= WRONG).mean())
    assert (truth != codes)[claims.wrong >= WRONG].mean() > 0.95


def test_where_no_class_is_found_and_something_is_learned_all_the_same_nothing_is_called_wrong():
    rng, classes = np.random.default_rng(0), 60
    codes = np.repeat(np.arange(classes), 40)
    logits = rng.normal(size=(len(codes), classes))
    logits[np.arange(len(codes)), codes] += 0.5
    pool = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    claims = of_matrix(pool, codes)
    assert permutation_score(pool, codes) > DATASET
    assert not claims.learnable and claims.unlearnable == {}  # one statement about all, not sixty
    assert np.isnan(claims.wrong).all() and (claims.low, claims.high) == (0, len(codes))


@given(st.lists(st.floats(0, 1), max_size=40).map(np.array))
def test_the_decreasing_sequence_is_the_nearest_one(values):
    result = decreasing(values)
    assert len(result) == len(values)
    assert (np.diff(result) <= 1e-12).all()
    assert result.sum() == pytest.approx(values.sum(), abs=1e-9)
    if len(values):
        from sklearn.isotonic import IsotonicRegression

        nearest = IsotonicRegression(increasing=False).fit_transform(np.arange(len(values)), values)
        np.testing.assert_allclose(result, nearest, atol=1e-9)
