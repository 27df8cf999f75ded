"""The calibrated pool: probabilities that hold, of good and of useless estimators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.calibrated_pool import MOST_WEIGHT, CalibratedPool
from overlapping_clusters import learned


def likelihood(pool: np.ndarray, codes: np.ndarray) -> float:
    return float(np.log(np.maximum(pool[np.arange(len(codes)), codes], 1e-12)).mean())


def pooled(estimates: list[np.ndarray], codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pool = CalibratedPool([each.__getitem__ for each in estimates], codes, np.arange(len(codes)), estimates[0].shape[1])
    return pool(estimates), pool.weights


@given(st.integers(0, 1_000), st.integers(2, 6), st.integers(1, 40), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_rows_are_probabilities_whatever_is_pooled(seed, classes, rows, estimators):
    rng = np.random.default_rng(seed)
    estimates = [rng.dirichlet(np.full(classes, 0.2), rows).astype(np.float32) for _ in range(estimators)]
    estimates[0][0] = 0  # as of a row that nobody can say anything about
    pool, weights = pooled(estimates, rng.integers(0, classes, rows).astype(np.int32))
    assert pool.shape == (rows, classes) and (pool >= 0).all()
    np.testing.assert_allclose(pool.sum(axis=1), 1, atol=1e-5)
    assert ((weights >= 0) & (weights <= MOST_WEIGHT)).all() and len(weights) == estimators + 1


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "rate"), [("none", 0.0), ("uniform", 0.05), ("near", 0.2)])
def test_a_label_is_as_common_as_the_pool_says_where_clusters_overlap(noise, rate):
    drawn = learned(3, noise, rate, half_gap=1.5, rows=3_000)
    told, so = drawn.pool.ravel(), (drawn.codes[:, None] == np.arange(drawn.pool.shape[1])).ravel()
    for low, high in ((0.0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.01)):
        some = (told >= low) & (told < high)
        if some.sum() >= 100:
            error = np.sqrt(so[some].mean() * (1 - so[some].mean()) / some.sum()) + 0.01
            assert abs(told[some].mean() - so[some].mean()) < 4 * error, (low, high)
    assert likelihood(drawn.pool, drawn.codes) >= max(
        likelihood(each, drawn.codes) for each in (drawn.linear, drawn.votes)
    )


def test_overconfident_probabilities_are_drawn_back():
    drawn = learned(4, "uniform", 0.1)
    surer = drawn.linear**3 / (drawn.linear**3).sum(axis=1, keepdims=True)
    pool, weights = pooled([surer], drawn.codes)
    assert weights[0] < 0.7
    assert likelihood(pool, drawn.codes) > likelihood(surer, drawn.codes)
    assert abs(pool.max(axis=1).mean() - (pool.argmax(axis=1) == drawn.codes).mean()) < 0.02


@pytest.mark.parametrize("kind", ["random", "constant", "zeros"])
def test_a_useless_estimator_changes_little(kind):
    drawn = learned(5, "uniform", 0.05)
    rng, shape = np.random.default_rng(5), drawn.linear.shape
    useless = {
        "random": rng.dirichlet(np.ones(shape[1]), shape[0]).astype(np.float32),
        "constant": np.full(shape, 1 / shape[1], dtype=np.float32),
        "zeros": np.zeros(shape, dtype=np.float32),
    }[kind]
    before, _ = pooled([drawn.linear], drawn.codes)
    after, _ = pooled([drawn.linear, useless], drawn.codes)
    assert np.abs(before - after).mean() < 0.005
    assert likelihood(after, drawn.codes) >= likelihood(before, drawn.codes) - 1e-3


def test_of_a_useless_estimator_alone_the_shares_of_the_classes_are_left():
    codes = np.repeat([0, 1, 2], [700, 250, 50]).astype(np.int32)
    pool, _ = pooled([np.random.default_rng(0).dirichlet(np.ones(3), 1_000).astype(np.float32)], codes)
    np.testing.assert_allclose(pool.mean(axis=0), [0.7, 0.25, 0.05], atol=0.03)


def test_without_a_row_to_fit_on_estimators_weigh_the_same():
    pool = CalibratedPool(
        [lambda rows: np.empty((0, 3), dtype=np.float32)] * 2, np.zeros(0, dtype=int), np.arange(0), 3
    )
    assert pool.weights.tolist() == [0.5, 0.5, 0.0]
    some = np.array([[0.2, 0.3, 0.5]], dtype=np.float32)
    np.testing.assert_allclose(pool([some, some]), some, atol=1e-3)
