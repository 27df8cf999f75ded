"""The permutation test: labels that nothing tells are named as such, and those that can be learned are not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.learnability import DATASET, LEAST_GAIN, permutation_score
from overlapping_clusters import learned


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("rows", "classes"), [(200, 2), (600, 6)])
def test_labels_at_random_are_not_taken_for_learned(seed, rows, classes):
    drawn = learned(seed, "random", rows=rows, classes=classes)
    assert permutation_score(drawn.pool, drawn.codes) < DATASET


def test_random_labels_pass_hardly_ever_whatever_their_shares():
    scores = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        classes = int(rng.integers(2, 8))
        shares = rng.dirichlet(np.ones(classes))
        pool = rng.dirichlet(20 * shares + 0.1, int(rng.integers(2, 400))).astype(np.float32)
        scores.append(permutation_score(pool, rng.choice(classes, len(pool), p=shares)))
    assert max(scores) < DATASET
    assert abs(np.mean(scores)) < 0.2  # standard errors around the mean of all permutations


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("half_gap", [1.0, 2.0])
def test_classes_that_can_be_told_are(seed, half_gap):
    drawn = learned(seed, "uniform", 0.2, rows=200, classes=2, half_gap=half_gap)
    assert permutation_score(drawn.pool, drawn.codes) > DATASET


@pytest.mark.parametrize("rows", [0, 1])
def test_less_than_two_rows_prove_nothing(rows):
    assert permutation_score(np.full((rows, 3), 1 / 3, dtype=np.float32), np.zeros(rows, dtype=int)) == 0


def test_a_pool_that_says_the_same_of_every_row_proves_nothing():
    pool = np.tile(np.array([0.7, 0.2, 0.1], dtype=np.float32), (50, 1))
    assert permutation_score(pool, np.arange(50) % 3) == pytest.approx(0, abs=1e-6)
    assert permutation_score(pool, np.zeros(50, dtype=int)) == pytest.approx(0, abs=1e-6)


def test_three_rows_are_too_few_even_where_all_agree():
    pool = np.eye(3, dtype=np.float32) * 0.98 + 0.01
    assert 0 <= permutation_score(pool, np.arange(3)) < DATASET


def test_a_pool_that_is_nearly_constant_proves_nothing_however_regular_it_is():
    # As what a model without any clue says: the shares of the labels outside the fold.
    codes = np.arange(400) % 2
    pool = np.tile(np.array([0.5, 0.5], dtype=np.float32), (400, 1))
    pool[np.arange(400), codes] += 1e-4
    assert permutation_score(pool / pool.sum(axis=1, keepdims=True), codes) == 0


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_mean_and_variance_are_those_of_all_permutations(seed):
    rng = np.random.default_rng(seed)
    pool, codes = rng.dirichlet(np.full(3, 0.2), 6).astype(np.float32), np.array([0, 0, 1, 1, 1, 2])
    logs = np.log(np.maximum(pool, 1e-9)).astype(np.float64)
    sums = [logs[np.arange(6), list(order)].sum() for order in itertools.permutations(codes.tolist())]
    gain = logs[np.arange(6), codes].sum() - np.mean(sums)
    expected = gain / np.std(sums) if abs(gain) >= LEAST_GAIN else 0
    assert permutation_score(pool, codes) == pytest.approx(expected, rel=1e-3, abs=1e-3)


@given(st.integers(0, 10_000), st.integers(2, 60))
@settings(max_examples=30, deadline=None)
def test_zeros_and_another_order_break_nothing(seed, rows):
    rng = np.random.default_rng(seed)
    pool = rng.dirichlet(np.full(4, 0.02), rows).astype(np.float32)
    pool[rng.random(pool.shape) < 0.2] = 0
    codes, order = rng.integers(0, 4, rows), rng.permutation(rows)
    score = permutation_score(pool, codes)
    assert np.isfinite(score)
    assert score == pytest.approx(permutation_score(pool[order], codes[order]), abs=1e-6)
