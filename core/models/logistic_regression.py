"""Multinomial logistic regression in numpy, for the out-of-fold probabilities of a scan.

scikit-learn would bring 190 MB into every install for this one model, so it is written here and
tested against scikit-learn's. The objective is the mean cross-entropy plus ``penalty / 2`` times the
squared weights (not the intercepts). Where a row may have several labels, each has a logistic regression
of its own; all of them share the products with the vectors, and single cells can be left out of the loss.
The objective is minimised by Nesterov's accelerated gradient in the metric of Böhning's bound on the
Hessian (Böhning 1992), which needs no step size, with restarts when the momentum points uphill
(O'Donoghue & Candès 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .links import softmax

_ROWS_AT_ONCE = 1_024  # stay in the cache between the two products of a gradient: a fifth faster than 16,384


@dataclass(frozen=True)
class LogisticRegression:
    """A fitted model: weights float32, shape (dimensions, classes), and intercepts float32, shape (classes,).

    With ``multilabel`` every class has a probability of its own, and those of a row need not sum to one.
    """

    weights: np.ndarray
    intercepts: np.ndarray
    multilabel: bool = False

    def predict_proba(self, vectors: np.ndarray) -> np.ndarray:
        """Return class probabilities: float32, shape (n, classes)."""
        probabilities = np.empty((len(vectors), len(self.intercepts)), dtype=np.float32)
        link = _sigmoid if self.multilabel else softmax
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            probabilities[rows] = link(vectors[rows] @ self.weights + self.intercepts)
        return probabilities

    @classmethod
    def fit(
        cls,
        vectors: np.ndarray,
        targets: np.ndarray,
        *,
        classes: int,
        penalty: float,
        weights: np.ndarray | None = None,
        start: LogisticRegression | None = None,
        near: LogisticRegression | None = None,
        max_iterations: int = 100,
        tolerance: float = 1e-5,
    ) -> LogisticRegression:
        """Fit a model.

        Parameters
        ----------
        vectors
            float32, shape (n, dimensions).
        targets
            The class of each row, shape (n,), all in ``range(classes)``. Or float32, shape (n, classes): 1 where a row
            has a label, 0 where it has not, NaN where that cell says nothing; then each label is fitted apart.
        penalty
            Weight of the squared norm, relative to the mean loss; scikit-learn's ``1 / (C * n)``.
        weights
            float32, shape (n,): how much each row counts, above 0; all the same by default.
        start
            A model to start from, for example the one of a neighbouring penalty.
        near
            The penalty is of the squared distance from this model, intercepts included, instead of from nought.
        tolerance
            The fit ends when no gradient entry is larger.
        """
        dimensions = vectors.shape[1]
        counts = np.ones(len(vectors), dtype=np.float32) if weights is None else weights.astype(np.float32)
        total = np.float32(counts.sum(dtype=np.float64))
        multilabel = targets.ndim == 2
        penalties = np.full(dimensions + 1, penalty, dtype=np.float64)
        if near is None:
            penalties[-1] = 0
        metric = _inverse_bound(vectors, counts, penalties, curvature=0.25 if multilabel else 0.5)
        ridge = penalties[:, None].astype(np.float32)
        centre = np.zeros((dimensions + 1, classes), dtype=np.float32)
        if near is not None:
            centre[:-1], centre[-1] = near.weights, near.intercepts
        solution = centre.copy()
        if start is not None:
            solution[:-1], solution[-1] = start.weights, start.intercepts
        ahead, momentum = solution.copy(), 1.0
        for _ in range(max_iterations):
            gradient = _gradient(vectors, targets, counts, ahead) / total + ridge * (ahead - centre)
            if np.abs(gradient).max() < tolerance:
                solution = ahead
                break
            moved = ahead - metric @ gradient
            step = moved - solution
            if np.vdot(gradient, step) > 0:
                momentum = 1.0
            following = (1 + np.sqrt(1 + 4 * momentum * momentum)) / 2
            ahead = moved + np.float32((momentum - 1) / following) * step
            solution, momentum = moved, following
        return cls(solution[:-1], solution[-1], multilabel)


def _inverse_bound(vectors: np.ndarray, counts: np.ndarray, penalties: np.ndarray, *, curvature: float) -> np.ndarray:
    """Invert Böhning's bound, half the second moment of the inputs (with a column of ones) plus the ridge.

    Of a logistic regression alone the bound is a quarter.
    """
    dimensions = vectors.shape[1]
    bound = np.zeros((dimensions + 1, dimensions + 1))
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        weighted = vectors[rows] * counts[rows, None]
        bound[:-1, :-1] += weighted.T @ vectors[rows]
        bound[-1, :-1] += weighted.sum(axis=0)
        bound[-1, -1] += counts[rows].sum()
    bound[:-1, -1] = bound[-1, :-1]
    bound *= curvature / bound[-1, -1]
    bound[np.diag_indices(dimensions + 1)] += penalties
    bound[np.diag_indices(dimensions + 1)] += 1e-6 * np.trace(bound) / (dimensions + 1)
    return np.linalg.inv(bound).astype(np.float32)


def _gradient(vectors: np.ndarray, targets: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    gradient = np.zeros_like(weights)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        some = vectors[rows]
        scores = some @ weights[:-1] + weights[-1]
        if targets.ndim == 2:
            residuals = _sigmoid(scores)
            residuals -= targets[rows]
            np.copyto(residuals, 0, where=np.isnan(residuals))  # much faster than nan_to_num
        else:
            residuals = softmax(scores, out=scores)
            residuals[np.arange(len(some)), targets[rows]] -= 1
        residuals *= counts[rows, None]
        gradient[:-1] += some.T @ residuals
        gradient[-1] += residuals.sum(axis=0)
    return gradient


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    np.negative(scores, out=scores)
    np.minimum(scores, 60, out=scores)  # beyond, exp overflows float32
    np.exp(scores, out=scores)
    scores += 1
    return np.reciprocal(scores, out=scores)
