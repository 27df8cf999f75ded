"""Kernel ridge regressions: no row is predicted by what it is labeled itself, and few rows are solved exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.models.kernel_ridge import FLOOR, KernelRidge, Landmarks, landmarks, mean_distance

FEW = settings(max_examples=12, deadline=None)
CLASSES, FOLDS = 4, 3
seeds = st.integers(0, 10_000)


def world(seed: int, rows: int = 90) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    """Return unit vectors of clusters that overlap, their classes and folds."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(rows) % CLASSES)
    vectors = np.eye(CLASSES, 6)[truth] + 0.4 * rng.normal(size=(rows, 6))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors, truth, rng.permutation(np.arange(rows) % FOLDS), rng


def hot(codes: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES, dtype=np.float32)[codes]


def fitting(
    vectors: np.ndarray, folds: np.ndarray, width: float, *, power: int = 1, counts: np.ndarray | None = None
) -> KernelRidge:
    """Return fits over all rows that have a fold; each is a landmark."""
    training = np.flatnonzero(folds >= 0)
    return KernelRidge(Landmarks(vectors, training, width), folds, training, power, counts)


def exact(
    vectors: np.ndarray, folds: np.ndarray, targets: np.ndarray, width: float, counts: np.ndarray | None = None
) -> np.ndarray:
    """Solve kernel ridge regression of each fold directly, from the whole kernel matrix."""
    kernel = np.exp((vectors @ vectors.T - 1) / width).astype(np.float64)
    scores = np.empty(targets.shape)
    counts = np.ones(len(vectors)) if counts is None else counts
    for fold in np.unique(folds):
        own, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        prior = np.average(targets[rest], axis=0, weights=counts[rest])
        # A row that counts twice has half of the penalty.
        inner = kernel[np.ix_(rest, rest)] + np.diag(1 / counts[rest])
        scores[own] = kernel[np.ix_(own, rest)] @ np.linalg.solve(inner, targets[rest] - prior) + prior
    scores = np.maximum(scores, min(FLOOR, 0.1 / targets.shape[1]))
    return scores / scores.sum(axis=1, keepdims=True)


@given(seeds, st.sampled_from([0.2, 0.5, 1.0]))
@FEW
def test_few_rows_are_solved_exactly(seed, width):
    vectors, truth, folds, _ = world(seed)
    predicted = fitting(vectors, folds, width).fit(hot(truth))(np.arange(90))
    np.testing.assert_allclose(predicted, exact(vectors, folds, hot(truth), width), atol=2e-3)
    assert (predicted.argmax(axis=1) == truth).mean() > 0.6  # and it has learned something


@given(seeds)
@FEW
def test_the_square_of_a_kernel_is_one_of_half_the_width(seed):
    vectors, truth, folds, _ = world(seed)
    predicted = fitting(vectors, folds, 1.0, power=2).fit(hot(truth))(np.arange(90))
    np.testing.assert_allclose(predicted, exact(vectors, folds, hot(truth), 0.5), atol=2e-3)


def test_landmarks_are_drawn_among_the_training_rows_and_widths_are_in_units_of_the_mean_distance():
    vectors, *_ = world(3)
    training = np.arange(10, 60)
    drawn = landmarks(vectors, training, width=0.5, seed=1)
    np.testing.assert_array_equal(drawn.drawn, training)  # no more of them than LANDMARKS: all
    assert drawn.width == pytest.approx(0.5 * mean_distance(vectors, training))
    first = drawn.kernel(training).copy()
    drawn.kernel(np.arange(5))
    np.testing.assert_array_equal(drawn.kernel(training), first)  # what was compared in between is forgotten


@given(seeds)
@FEW
def test_rows_that_count_more_have_less_penalty(seed):
    vectors, truth, folds, rng = world(seed)
    counts = rng.choice([1.0, 3.0], 90).astype(np.float32)
    predicted = fitting(vectors, folds, 0.5, counts=counts).fit(hot(truth))(np.arange(90))
    np.testing.assert_allclose(predicted, exact(vectors, folds, hot(truth), 0.5, counts), atol=2e-3)


@given(seeds, st.integers(0, 89), st.integers(1, CLASSES - 1))
@FEW
def test_the_label_of_a_row_never_changes_its_own_prediction(seed, row, step):
    vectors, truth, folds, _ = world(seed)
    ridge = fitting(vectors, folds, 0.5)
    changed = truth.copy()
    changed[row] = (truth[row] + step) % CLASSES
    before, after = (ridge.fit(hot(labels))(np.arange(90)) for labels in (truth, changed))
    same_fold = folds == folds[row]
    np.testing.assert_allclose(after[same_fold], before[same_fold], atol=1e-6)
    assert np.abs(after[~same_fold] - before[~same_fold]).max() > 1e-3  # others learn from it


@given(seeds, st.sampled_from([0.0, 0.3, 0.5, 1.0]))
@FEW
def test_soft_targets_are_mixtures_of_hard_ones(seed, share):
    vectors, truth, folds, rng = world(seed)
    ridge, other = fitting(vectors, folds, 0.5), rng.integers(0, CLASSES, 90)
    soft = ridge.fit(np.float32(share) * hot(truth) + np.float32(1 - share) * hot(other))
    first, second = ridge.fit(hot(truth)), ridge.fit(hot(other))
    for fold in range(FOLDS):
        mixed = share * first.weights[fold] + (1 - share) * second.weights[fold]
        np.testing.assert_allclose(soft.weights[fold], mixed, atol=1e-3)
        np.testing.assert_allclose(
            soft.priors[fold], share * first.priors[fold] + (1 - share) * second.priors[fold], atol=1e-6
        )


def test_a_row_of_no_fold_is_predicted_by_the_mean_of_all_models():
    vectors, truth, folds, rng = world(1)
    asked = vectors[:5] + 0.05 * rng.normal(size=(5, 6)).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    # Each question stands there once a fold, and once without: the copies are not learned from.
    everything = np.concatenate([vectors, *[asked] * (FOLDS + 1)])
    places = np.concatenate([folds, *[np.full(5, fold) for fold in range(-1, FOLDS)]])
    learned = np.arange(90)
    fits = KernelRidge(Landmarks(everything, learned, 1.0), places, learned)
    predict = fits.fit(hot(np.resize(truth, len(places))))
    predicted = predict(np.arange(90, len(places))).reshape(FOLDS + 1, 5, CLASSES)
    assert np.abs(predicted[1] - predicted[2]).max() > 1e-3
    # No more than the floors of each model apart.
    np.testing.assert_allclose(predicted[0], predicted[1:].mean(axis=0), atol=CLASSES * 0.02)
    kernel = np.exp((asked @ vectors.T - 1) / np.float32(1.0))
    plain = np.mean([kernel @ predict.weights[fold] + predict.priors[fold] for fold in range(FOLDS)], axis=0)
    plain = np.maximum(plain, FLOOR)
    np.testing.assert_allclose(predicted[0], plain / plain.sum(axis=1, keepdims=True), atol=1e-5)


def test_a_row_that_counts_twice_is_nearly_one_that_stands_there_twice():
    vectors, truth, folds, _ = world(2)
    twice = np.arange(0, 90, 3)
    counts = np.ones(90, dtype=np.float32)
    counts[twice] = 2
    counted = fitting(vectors, folds, 0.5, counts=counts).fit(hot(truth))(np.arange(90))
    again = np.concatenate([np.arange(90), twice])
    repeated = fitting(vectors[again], folds[again], 0.5).fit(hot(truth[again]))(np.arange(90))
    plain = fitting(vectors, folds, 0.5).fit(hot(truth))(np.arange(90))
    np.testing.assert_allclose(counted, repeated, atol=5e-3)
    assert np.abs(counted - plain).max() > 0.02  # to count twice is not nothing


@given(seeds)
@FEW
def test_what_is_told_are_probabilities_and_the_order_of_questions_does_not_matter(seed):
    vectors, truth, folds, rng = world(seed)
    ridge = fitting(vectors, folds, 0.3).fit(hot(truth))
    order = rng.permutation(90)
    predicted = ridge(np.arange(90))
    assert (predicted > 0).all()
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(ridge(order), predicted[order], atol=1e-5)


@pytest.mark.parametrize("rows", [1, 30])
def test_the_scale_of_equal_vectors_is_not_zero(rows):
    assert mean_distance(np.ones((rows, 1), dtype=np.float32), np.arange(rows)) > 0


def test_the_scale_is_the_mean_distance_of_two_rows():
    vectors, *_ = world(5)
    assert mean_distance(vectors, np.arange(90)) == pytest.approx(1 - (vectors @ vectors.T).mean())
