"""The built-in linear model against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.logistic_regression import LogisticRegression


def clusters(n: int, classes: int, dimensions: int, *, seed: int, spread: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(classes, dimensions))
    codes = rng.integers(0, classes, n)
    vectors = centers[codes] + spread * rng.normal(size=(n, dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), codes


@pytest.mark.parametrize("penalty", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize(("classes", "dimensions"), [(2, 5), (7, 30)])
def test_probabilities_agree_with_scikit_learn(classes, dimensions, penalty):
    from sklearn import linear_model

    vectors, codes = clusters(600, classes, dimensions, seed=classes)
    ours = LogisticRegression.fit(vectors, codes, classes=classes, penalty=penalty, max_iterations=2000, tolerance=1e-7)
    # Two classes: scikit-learn fits one weight vector, ours two of opposite sign, each half as long.
    factor = 2 if classes == 2 else 1
    reference = linear_model.LogisticRegression(C=factor / (penalty * len(vectors)), tol=1e-8, max_iter=5000)
    theirs = reference.fit(vectors, codes).predict_proba(vectors)
    np.testing.assert_allclose(ours.predict_proba(vectors), theirs, atol=2e-3)


def test_the_default_number_of_iterations_is_near_the_optimum():
    from sklearn import linear_model

    vectors, codes = clusters(1000, 12, 48, seed=1)
    ours = LogisticRegression.fit(vectors, codes, classes=12, penalty=1e-4).predict_proba(vectors)
    theirs = linear_model.LogisticRegression(C=1 / (1e-4 * 1000), max_iter=5000).fit(vectors, codes)
    theirs = theirs.predict_proba(vectors)
    rows = np.arange(1000)
    assert -np.log(ours[rows, codes]).mean() == pytest.approx(-np.log(theirs[rows, codes]).mean(), abs=0.01)


def test_a_start_near_by_leads_to_the_same_model():
    vectors, codes = clusters(400, 4, 16, seed=2)
    cold = LogisticRegression.fit(vectors, codes, classes=4, penalty=1e-3, max_iterations=2000, tolerance=1e-7)
    near = LogisticRegression.fit(vectors, codes, classes=4, penalty=1e-2)
    warm = LogisticRegression.fit(
        vectors, codes, classes=4, penalty=1e-3, start=near, max_iterations=2000, tolerance=1e-7
    )
    np.testing.assert_allclose(warm.predict_proba(vectors), cold.predict_proba(vectors), atol=1e-3)


@pytest.mark.parametrize("vectors", [np.zeros((6, 3)), np.ones((6, 3)) / np.sqrt(3)])
def test_vectors_that_are_all_equal_give_the_class_shares(vectors):
    codes = np.array([0, 0, 0, 1, 1, 2])
    model = LogisticRegression.fit(vectors.astype(np.float32), codes, classes=3, penalty=1e-3, max_iterations=500)
    np.testing.assert_allclose(model.predict_proba(vectors.astype(np.float32))[0], [1 / 2, 1 / 3, 1 / 6], atol=2e-3)


def test_one_class_one_row_and_huge_scores_stay_finite():
    alone = LogisticRegression.fit(np.array([[1.0, 0]], dtype=np.float32), np.array([0]), classes=1, penalty=0.1)
    np.testing.assert_array_equal(alone.predict_proba(np.eye(2, dtype=np.float32)), [[1], [1]])
    model = LogisticRegression(np.array([[1e4, -1e4]], dtype=np.float32), np.zeros(2, dtype=np.float32))
    np.testing.assert_array_equal(model.predict_proba(np.array([[1.0], [-1.0]], dtype=np.float32)), [[1, 0], [0, 1]])


def test_many_rows_are_predicted_in_pieces():
    vectors, codes = clusters(40_000, 3, 4, seed=3)
    model = LogisticRegression.fit(vectors, codes, classes=3, penalty=1e-3)
    whole = model.predict_proba(vectors)
    np.testing.assert_allclose(whole[-5:], model.predict_proba(vectors[-5:]), atol=1e-6)
    assert (whole.argmax(axis=1) == codes).mean() > 0.6


def test_a_weight_counts_as_so_many_rows():
    vectors, codes = clusters(300, 4, 10, seed=2)
    weights = np.random.default_rng(2).integers(1, 4, 300)
    weighted = LogisticRegression.fit(vectors, codes, classes=4, penalty=1e-3, weights=weights.astype(np.float32))
    repeated = LogisticRegression.fit(
        np.repeat(vectors, weights, axis=0), np.repeat(codes, weights), classes=4, penalty=1e-3
    )
    np.testing.assert_allclose(weighted.predict_proba(vectors), repeated.predict_proba(vectors), atol=1e-3)


def test_labels_apart_are_scikit_learns_regressions_and_unknown_cells_are_left_out():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(4)
    vectors = rng.normal(size=(400, 6)).astype(np.float32)
    members = (vectors @ rng.normal(size=(6, 3)) + rng.normal(size=(400, 3)) > [0.0, 1.0, -1.0]).astype(np.float32)
    unknown = members.copy()
    unknown[::5, 1] = np.nan
    penalty = 0.02
    fitted = LogisticRegression.fit(vectors, unknown, classes=3, penalty=penalty, max_iterations=2000, tolerance=1e-7)
    probs = fitted.predict_proba(vectors)
    for number in range(3):
        known = np.isfinite(unknown[:, number])
        model = linear_model.LogisticRegression(C=1 / (penalty * 400), tol=1e-8, max_iter=2000)
        model.fit(vectors[known], members[known, number])
        np.testing.assert_allclose(probs[:, number], model.predict_proba(vectors)[:, 1], atol=2e-3)
    extreme = LogisticRegression(np.full((6, 1), 1e4, dtype=np.float32), np.zeros(1, dtype=np.float32), multilabel=True)
    with np.errstate(over="raise"):
        assert np.isfinite(extreme.predict_proba(vectors)).all()
