"""Out of sample means: no row is judged by a model that has seen it, or a copy of it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from labelsift.models.cross_validation import out_of_fold
from labelsift.models.stable_folds import assign_folds


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def given_likelihood(vectors: np.ndarray, codes: np.ndarray, groups: np.ndarray, **options) -> np.ndarray:
    folds = assign_folds(codes, groups, folds=5, seed=0)
    predicted = out_of_fold(vectors, codes, classes=int(codes.max()) + 1, folds=folds, seed=0, **options)
    return predicted.pred_probs[np.arange(len(codes)), codes]


def test_random_labels_are_not_predicted():
    # 200 rows in 250 dimensions: a model that has seen a row knows its label by heart.
    rng = np.random.default_rng(0)
    vectors, codes = unit(rng.normal(size=(200, 250))), rng.integers(0, 4, 200)
    likelihood = given_likelihood(vectors, codes, np.arange(200), penalty=0.001)
    assert likelihood.mean() < 0.3
    leaking = out_of_fold(
        vectors, codes, classes=4, folds=np.full(200, 1), seed=0, training=np.ones(200, dtype=bool), penalty=0.001
    )
    assert np.isnan(leaking.pred_probs).all()  # one fold only: nothing is left to learn from


def test_copies_do_not_leak_into_each_other():
    rng = np.random.default_rng(1)
    texts = unit(rng.normal(size=(80, 200)))
    labels = rng.integers(0, 4, 80)
    vectors, codes, groups = np.tile(texts, (2, 1)), np.tile(labels, 2), np.tile(np.arange(80), 2)
    assert given_likelihood(vectors, codes, groups, penalty=0.001).mean() < 0.3
    # The test can fail: with copies in different folds the label is known by heart.
    assert given_likelihood(vectors, codes, np.arange(160), penalty=0.001).mean() > 0.6


def test_clear_classes_are_predicted_and_flipped_labels_are_not():
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(4), 50)
    vectors = unit(np.eye(4)[codes] + 0.1 * rng.normal(size=(200, 4)))
    flipped = codes.copy()
    flipped[::20] = (flipped[::20] + 1) % 4
    likelihood = given_likelihood(vectors, flipped, np.arange(200))
    assert likelihood[::20].max() < 0.3
    assert np.delete(likelihood, slice(None, None, 20)).mean() > 0.75


@pytest.mark.filterwarnings("error")
def test_rare_classes_are_left_out_honestly():
    rng = np.random.default_rng(3)
    codes = np.array([0] * 30 + [1] * 30 + [2] + [3] * 3)
    vectors = unit(np.eye(4)[codes] + 0.1 * rng.normal(size=(64, 4)))
    folds = assign_folds(codes, np.arange(64), folds=5, seed=0)
    predicted = out_of_fold(vectors, codes, classes=4, folds=folds, seed=0).pred_probs
    assert np.isnan(predicted[60]).all()  # the only row of its class: no model has seen the class
    others = np.delete(predicted, 60, axis=0)
    assert np.isfinite(others).all()
    np.testing.assert_allclose(others.sum(axis=1), 1, atol=1e-5)
    assert (predicted[61:].argmax(axis=1) == 3).all()  # three rows, each judged by the other two


@pytest.mark.filterwarnings("error")
def test_unlabeled_rows_get_the_mean_of_all_models():
    rng = np.random.default_rng(4)
    codes = np.array([0, 1] * 20 + [-1])
    vectors = unit(np.vstack([np.eye(2)[codes[:-1]] + 0.1 * rng.normal(size=(40, 2)), [[1.0, 0.05]]]))
    folds = assign_folds(codes, np.arange(41), folds=5, seed=0)
    predicted = out_of_fold(vectors, codes, classes=2, folds=folds, seed=0).pred_probs
    assert predicted[-1, 0] > 0.8
    assert predicted[-1].sum() == pytest.approx(1, abs=1e-5)


def test_rows_that_may_not_be_learned_from_do_not_count():
    rng = np.random.default_rng(5)
    codes = np.array([0, 1] * 40)
    vectors = unit(np.eye(2)[codes] + 0.1 * rng.normal(size=(80, 2)))
    wrong = np.where(np.arange(80) < 60, 1 - codes, codes)  # three quarters are wrong, and left out
    training = np.arange(80) >= 60
    folds = assign_folds(wrong, np.arange(80), folds=5, seed=0)
    predicted = out_of_fold(vectors, wrong, classes=2, folds=folds, seed=0, training=training).pred_probs
    assert (predicted.argmax(axis=1) == codes).all()


@pytest.mark.parametrize("training", [None, np.zeros(2, dtype=bool)])
def test_two_rows_and_nothing_to_learn_from(training):
    vectors = np.eye(2, dtype=np.float32)
    codes = np.array([0, 1])
    folds = assign_folds(codes, np.arange(2), folds=5, seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = out_of_fold(vectors, codes, classes=2, folds=folds, seed=0, training=training)
    assert np.isnan(predicted.pred_probs).all()
    assert predicted.penalty > 0


def test_no_label_of_a_fold_reaches_the_model_that_predicts_it():
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(200, 12)).astype(np.float32)
    codes = rng.integers(0, 3, 200)
    folds = assign_folds(codes, np.arange(200), folds=5, seed=0)
    changed = np.where(folds == 3, (codes + 1) % 3, codes)
    first, second = (
        out_of_fold(vectors, labels, classes=3, folds=folds, seed=0, penalty=1e-3) for labels in (codes, changed)
    )
    np.testing.assert_array_equal(first.pred_probs[folds == 3], second.pred_probs[folds == 3])
    assert np.abs(first.pred_probs[folds != 3] - second.pred_probs[folds != 3]).max() > 0.01
    further = [
        out_of_fold(vectors, labels, classes=3, folds=folds, seed=0, start=start).pred_probs
        for labels, start in ((codes, first), (changed, second))
    ]
    np.testing.assert_array_equal(further[0][folds == 3], further[1][folds == 3])
    assert np.abs(further[0][folds != 3] - further[1][folds != 3]).max() > 0.01
