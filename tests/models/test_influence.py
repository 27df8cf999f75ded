"""Influence of label changes on a slice: as retraining says, and a planted harmful batch stands on top."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.influence import fit_newton, relabel_influence
from labelsift.models.logistic_regression import LogisticRegression

PENALTY, CLASSES = 0.01, 3


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, CLASSES, 300)
    return (rng.normal(size=(CLASSES, 8))[codes] + rng.normal(size=(300, 8))).astype(np.float32), codes


def loss(weights: np.ndarray, vectors: np.ndarray, codes: np.ndarray) -> float:
    scores = vectors @ weights[:-1] + weights[-1]
    return float((np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(codes)), codes]).mean())


def test_the_tight_fit_is_the_scans_model(data):
    vectors, codes = data
    weights = fit_newton(vectors, codes, classes=CLASSES, penalty=PENALTY)
    scans = LogisticRegression.fit(
        vectors, codes, classes=CLASSES, penalty=PENALTY, max_iterations=2000, tolerance=1e-6
    )
    np.testing.assert_allclose(weights[:-1], scans.weights, atol=2e-3)


def test_influence_ranks_changes_as_retraining_does(data):
    vectors, codes = data
    slice_ = np.arange(0, 60)
    weights = fit_newton(vectors, codes, classes=CLASSES, penalty=PENALTY)
    rows = np.arange(100, 160)
    others = (codes[rows] + 1 + np.arange(len(rows)) % (CLASSES - 1)) % CLASSES
    said = relabel_influence(
        vectors,
        codes,
        weights,
        penalty=PENALTY,
        judged=(vectors[slice_], codes[slice_]),
        changed=(vectors[rows], codes[rows], others),
    )
    before, measured = loss(weights, vectors[slice_], codes[slice_]), []
    for row, other in zip(rows, others, strict=True):
        relabeled = codes.copy()
        relabeled[row] = other
        again = fit_newton(vectors, relabeled, classes=CLASSES, penalty=PENALTY)
        measured.append(loss(again, vectors[slice_], codes[slice_]) - before)
    large = np.abs(measured) > np.median(np.abs(measured))
    assert (np.sign(said[large]) == np.sign(np.array(measured)[large])).all()
    ranks = [np.argsort(np.argsort(values)) for values in (said, np.array(measured))]
    assert np.corrcoef(*ranks)[0, 1] > 0.95


def test_a_planted_harmful_batch_stands_on_top(data):
    vectors, truth = data
    vectors = np.column_stack([vectors, np.zeros(300)]).astype(np.float32)
    vectors[:80, -1] = 3  # the slice
    old, rng = truth.copy(), np.random.default_rng(1)
    new = truth.copy()
    harmful = 40 + np.flatnonzero(truth[40:80] == 0)  # one guideline, misread in the slice alone
    new[harmful] = 1
    useful = rng.choice(np.arange(100, 300), 15, replace=False)
    old[useful] = (truth[useful] + 1) % CLASSES  # corrected to the truth
    changed = np.concatenate([harmful, useful])
    weights = fit_newton(vectors, new, classes=CLASSES, penalty=PENALTY)
    said = relabel_influence(
        vectors,
        new,
        weights,
        penalty=PENALTY,
        judged=(vectors[:40], truth[:40]),
        changed=(vectors[changed], old[changed], new[changed]),
    )
    top = changed[np.argsort(-said)[: len(harmful)]]
    assert np.isin(top, harmful).mean() >= 0.8
    assert said[: len(harmful)].mean() > 0 > said[len(harmful) :].mean()
