"""Multinomial logistic regression in numpy, for the out-of-fold probabilities of a scan.

scikit-learn would bring 190 MB into every install for this one model, so it is written here and
tested against scikit-learn's. The objective is the mean cross-entropy plus ``penalty / 2`` times the
squared weights (not the intercepts). Where a row may have several labels, each has a logistic regression
of its own; all of them share the products with the vectors, and single cells can be left out of the loss.
The objective is minimised by L-BFGS (Liu & Nocedal 1989; scipy's) in the metric of Böhning's bound on the Hessian
(Böhning 1992): one evaluation brings it as far as two or three of Nesterov's gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .links import softmax

_LEAST = np.float32(1e-30)  # probability of a label, whose logarithm stays finite
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
        max_iterations
            The most evaluations of the objective.
        near
            The penalty is of the squared distance from this model, intercepts included, instead of from nought.
        tolerance
            The fit ends when no gradient entry in that metric is larger, or float32 cannot tell less from more.
        """
        from scipy.optimize import minimize

        dimensions = vectors.shape[1]
        counts = np.ones(len(vectors), dtype=np.float32) if weights is None else weights.astype(np.float32)
        total = float(counts.sum(dtype=np.float64))
        multilabel = targets.ndim == 2
        penalties = np.full(dimensions + 1, penalty, dtype=np.float64)
        if near is None:
            penalties[-1] = 0
        root = np.linalg.cholesky(_inverse_bound(vectors, counts, penalties, curvature=0.25 if multilabel else 0.5))
        centre = np.zeros((dimensions + 1, classes))
        if near is not None:
            centre[:-1], centre[-1] = near.weights, near.intercepts
        first = centre if start is None else np.vstack([start.weights, start.intercepts])

        def objective(steps: np.ndarray) -> tuple[float, np.ndarray]:
            moved = root @ steps.reshape(dimensions + 1, classes)
            loss, gradient = _loss(vectors, targets, counts, (centre + moved).astype(np.float32))
            shrunk = penalties[:, None] * moved
            loss = loss / total + 0.5 * float(np.vdot(moved, shrunk))
            return loss, (root.T @ (gradient / total + shrunk)).ravel()

        steps = np.linalg.solve(root, first - centre).ravel()
        limits = {"maxfun": max_iterations, "maxiter": max_iterations, "gtol": tolerance, "ftol": 0}
        best_steps = minimize(objective, steps, jac=True, method="L-BFGS-B", options=limits).x
        solution = (centre + root @ best_steps.reshape(dimensions + 1, classes)).astype(np.float32)
        return cls(solution[:-1], solution[-1], multilabel)


def _inverse_bound(vectors: np.ndarray, counts: np.ndarray, penalties: np.ndarray, *, curvature: float) -> np.ndarray:
    """Invert Böhning's bound, half the second moment of the inputs (with a column of ones) plus the ridge.

    Of a logistic regression alone the bound is a quarter.
    """
    dimensions = vectors.shape[1]
    bound = np.zeros((dimensions + 1, dimensions + 1))
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        weighted = vectors[rows] * np.sqrt(counts[rows, None])
        bound[:-1, :-1] += weighted.T @ weighted  # of an array with itself: half of the work
        bound[-1, :-1] += counts[rows] @ vectors[rows]
        bound[-1, -1] += counts[rows].sum()
    bound[:-1, -1] = bound[-1, :-1]
    bound *= curvature / bound[-1, -1]
    bound[np.diag_indices(dimensions + 1)] += penalties
    bound[np.diag_indices(dimensions + 1)] += 1e-6 * np.trace(bound) / (dimensions + 1)
    return np.linalg.inv(bound)


def _loss(
    vectors: np.ndarray, targets: np.ndarray, counts: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the sum of the cross-entropies, and its gradient: float32, shape (dimensions + 1, classes)."""
    loss, gradient = 0.0, np.zeros_like(weights)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        some, counted = vectors[rows], counts[rows, None]
        scores = some @ weights[:-1] + weights[-1]
        if targets.ndim == 2:
            known = ~np.isnan(targets[rows])
            losses = np.logaddexp(np.float32(0), scores) - targets[rows] * scores
            loss += float((losses * counted).sum(dtype=np.float64, where=known))
            residuals = _sigmoid(scores)
            residuals -= targets[rows]
            np.copyto(residuals, 0, where=~known)  # much faster than nan_to_num
        else:
            own = np.arange(len(some)), targets[rows]
            residuals = softmax(scores, out=scores)
            loss -= float(np.log(np.maximum(residuals[own], _LEAST)) @ counts[rows])
            residuals[own] -= 1
        residuals *= counted
        gradient[:-1] += some.T @ residuals
        gradient[-1] += residuals.sum(axis=0)
    return loss, gradient


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    np.negative(scores, out=scores)
    np.minimum(scores, 60, out=scores)  # beyond, exp overflows float32
    np.exp(scores, out=scores)
    scores += 1
    return np.reciprocal(scores, out=scores)
