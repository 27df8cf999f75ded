"""Linear support vector machine on sparse features, out of fold: one class against the rest, by truncated Newton steps.

The squared hinge loss makes each Newton step a least-squares problem over the rows within the margin, which a few steps
of conjugate gradients solve well enough (Keerthi & DeCoste 2005). All classes take their steps at once: the cost is
that of products of a sparse matrix with as many columns as there are classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .progress import tracked

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PENALTY = 3.0  # of the squared weights, against one row's squared slack; chosen on injected noise, seeds 100 and 101
NEWTON_STEPS, GRADIENT_STEPS = 3, 5
CLASSES_AT_ONCE = 64


def margins_out_of_fold(
    features: csr_array,
    codes: np.ndarray,
    folds: np.ndarray,
    *,
    classes: int,
    training: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Return how far each row lies on each class's side, by models that have not seen it: float32, shape (n, classes).

    Parameters
    ----------
    features
        float32, shape (n, columns).
    codes
        Class of each row, shape (n,); -1 = unlabeled.
    folds
        Fold of each row, shape (n,); rows of fold -1 get the mean of all folds' models.
    training
        Positions of the rows to learn from, each with a class and a fold.
    weights
        float32, shape (n,): how much each row counts, or None for all the same.
    """
    margins = np.zeros((len(codes), classes), dtype=np.float32)
    numbers = np.unique(folds[training])
    outside = np.flatnonzero(~np.isin(folds, numbers))
    for fold in tracked(numbers, "words"):
        learned = training[folds[training] != fold]
        held_out = np.flatnonzero(folds == fold)
        some = features[learned]
        counted = None if weights is None else weights[learned, None]
        for first in range(0, classes, CLASSES_AT_ONCE):
            columns = slice(first, min(first + CLASSES_AT_ONCE, classes))
            sides = np.where(codes[learned, None] == np.arange(classes)[columns], np.float32(1), np.float32(-1))
            fitted = fit_linear_svm(some, sides, weights=counted)
            margins[held_out, columns] = features[held_out] @ fitted
            if len(outside):
                margins[outside, columns] += (features[outside] @ fitted) / len(numbers)
    return margins


def fit_linear_svm(features: csr_array, sides: np.ndarray, *, weights: np.ndarray | None = None) -> np.ndarray:
    """Fit one model a column: float32, shape (columns of features, problems).

    Parameters
    ----------
    features
        float32, shape (n, columns), with a column of ones if there is to be an intercept.
    sides
        float32, shape (n, problems): 1 or -1.
    weights
        float32, shape (n, 1), or None.
    """
    transposed = features.T.tocsr()
    fitted = np.zeros((len(transposed.indptr) - 1, sides.shape[1]), dtype=np.float32)
    margins = np.zeros_like(sides)
    for _ in range(NEWTON_STEPS):
        slack = 1 - sides * margins
        within = (slack > 0).astype(np.float32)
        if weights is not None:
            within *= weights
        residual = transposed @ (sides * slack * within) - PENALTY * fitted
        step, moved = _conjugate_gradients(features, transposed, within, residual)
        fitted += step
        margins += moved
    return fitted


def _conjugate_gradients(
    features: csr_array, transposed: csr_array, within: np.ndarray, residual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solve ``(XᵀDX + PENALTY) step = residual`` for each column, nearly; return (step, X step)."""
    step, moved = np.zeros_like(residual), np.zeros_like(within)
    direction = residual.copy()
    length = np.einsum("ij,ij->j", residual, residual)
    for _ in range(GRADIENT_STEPS):
        along = features @ direction
        curved = transposed @ (within * along) + np.float32(PENALTY) * direction
        bend = np.einsum("ij,ij->j", direction, curved)
        share = np.divide(length, bend, out=np.zeros_like(length), where=bend > 0)
        step += share * direction
        moved += share * along
        residual = residual - share * curved
        shorter = np.einsum("ij,ij->j", residual, residual)
        direction *= np.divide(shorter, length, out=np.zeros_like(length), where=length > 0)
        direction += residual
        length = shorter
    return step, moved
