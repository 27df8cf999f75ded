"""Influence functions of label changes on a slice's loss, under multinomial logistic regression.

Koh and Liang (2017): to first order, changing a training row's part of the objective moves the fitted weights
by minus the inverse Hessian times the change of the gradient. A row's gradient is the outer product of its
inputs (with a one for the intercept) and its probabilities less its label's unit vector, so that the
probabilities cancel where only the label changes, and one solve serves every row.
"""

from __future__ import annotations

import numpy as np

from .links import softmax

ROUNDS = 50  # of Newton; a fit from zero takes about ten


def fit_newton(vectors: np.ndarray, codes: np.ndarray, *, classes: int, penalty: float) -> np.ndarray:
    """Fit the objective of :class:`LogisticRegression` in float64 to its very minimum, by Newton's method.

    Influence is a derivative *at* the minimum, which a fit in float32 is too far from.

    Returns
    -------
    numpy.ndarray
        Weights, and intercepts in the last row: float64, shape (dimensions + 1, classes).
    """
    inputs, targets = _with_one(vectors), np.eye(classes)[codes]
    weights = np.zeros((inputs.shape[1], classes))
    for _ in range(ROUNDS):
        probabilities = softmax(inputs @ weights)
        gradient = inputs.T @ (probabilities - targets) / len(inputs) + _ridge(weights, penalty)
        if np.abs(gradient).max() < 1e-10:
            break
        step = _solve(inputs, probabilities, penalty, gradient)
        here, size, slope = _objective(inputs, codes, weights, penalty), 1.0, np.vdot(gradient, step)
        while size > 1e-6 and _objective(inputs, codes, weights - size * step, penalty) > here - 1e-4 * size * slope:
            size /= 2
        weights -= size * step
    return weights


def relabel_influence(
    vectors: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray,
    *,
    penalty: float,
    judged: tuple[np.ndarray, np.ndarray],
    changed: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> np.ndarray:
    """Return how far each change of a label moves the mean loss of the judged rows.

    Parameters
    ----------
    vectors, codes
        What the model was fitted on, by :func:`fit_newton`: shape (n, dimensions) and (n,).
    weights
        What that returned.
    penalty
        As in the fit.
    judged
        Vectors and classes of the slice's rows; the classes stay as they are, whatever is relabeled.
    changed
        Vectors of the relabeled rows, and their old and their new class.

    Returns
    -------
    numpy.ndarray
        float64, one a change; positive = the change makes the slice's loss larger, so it harms.
    """
    inputs, slice_inputs = _with_one(vectors), _with_one(judged[0])
    targets = np.eye(weights.shape[1])[judged[1]]
    gradient = slice_inputs.T @ (softmax(slice_inputs @ weights) - targets) / len(slice_inputs)
    solved = _solve(inputs, softmax(inputs @ weights), penalty, gradient)
    scores = _with_one(changed[0]) @ solved
    rows = np.arange(len(scores))
    return (scores[rows, changed[2]] - scores[rows, changed[1]]) / len(codes)


def _solve(inputs: np.ndarray, probabilities: np.ndarray, penalty: float, target: np.ndarray) -> np.ndarray:
    """Solve Hessian × x = target by conjugate gradients, without ever building the Hessian.

    It is singular along an equal shift of all intercepts; every gradient is orthogonal to that, and so are
    the iterates.
    """

    def times(direction: np.ndarray) -> np.ndarray:
        scores = inputs @ direction
        spread = probabilities * (scores - (probabilities * scores).sum(axis=1, keepdims=True))
        return inputs.T @ spread / len(inputs) + _ridge(direction, penalty)

    solution, rest = np.zeros_like(target), target.copy()
    direction, size = rest.copy(), (rest * rest).sum()
    enough = 1e-20 * size
    for _ in range(4 * target.size):
        if size <= enough:
            break
        image = times(direction)
        curvature = (direction * image).sum()
        if curvature <= 0:
            break
        solution += size / curvature * direction
        rest -= size / curvature * image
        size, before = (rest * rest).sum(), size
        direction = rest + size / before * direction
    return solution


def _objective(inputs: np.ndarray, codes: np.ndarray, weights: np.ndarray, penalty: float) -> float:
    scores = inputs @ weights
    top = scores.max(axis=1)
    total = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return float((total - scores[np.arange(len(codes)), codes]).mean() + penalty / 2 * (weights[:-1] ** 2).sum())


def _ridge(weights: np.ndarray, penalty: float) -> np.ndarray:
    pull = penalty * weights
    pull[-1] = 0
    return pull


def _with_one(vectors: np.ndarray) -> np.ndarray:
    return np.column_stack([vectors.astype(np.float64), np.ones(len(vectors))])
