"""Out-of-sample class probabilities when the user brings none: stratified cross-validation.

No row is ever judged by a model that has seen it, or seen a copy of it: identical texts share a fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .linear import LinearModel, fit_linear

# Relative to the mean variance of one dimension, so that they mean the same for every embedder.
PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
MAX_TRAINING_ROWS = 200_000  # of one fold: the probabilities hardly move beyond, the time does


@dataclass(frozen=True)
class Predictions:
    """Out-of-sample probabilities and how they came about.

    Parameters
    ----------
    pred_probs
        float32, shape (n, classes). A row is NaN where its own class was never seen in training.
    folds
        int16, shape (n,): the fold that each row was held out in; -1 for unlabeled rows, whose
        probabilities are the mean over all folds' models.
    penalty
        The penalty that explained the held-out labels of the first fold best.
    """

    pred_probs: np.ndarray
    folds: np.ndarray
    penalty: float


def assign_folds(codes: np.ndarray, groups: np.ndarray, *, folds: int, seed: int) -> np.ndarray:
    """Spread each class evenly over the folds, keeping the rows of a group together.

    Parameters
    ----------
    codes
        Class of each row, shape (n,); -1 = unlabeled.
    groups
        Rows with the same number share a fold (identical texts), shape (n,).

    Returns
    -------
    numpy.ndarray
        int16, shape (n,), -1 for unlabeled rows.
    """
    labeled = np.flatnonzero(codes >= 0)
    unique, first, inverse = np.unique(groups[labeled], return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(unique))
    order = order[np.argsort(codes[labeled][first][order], kind="stable")]
    of_group = np.empty(len(unique), dtype=np.int16)
    of_group[order] = np.arange(len(unique)) % folds  # runs on from class to class: the folds stay of one size
    assigned = np.full(len(codes), -1, dtype=np.int16)
    assigned[labeled] = of_group[inverse]
    return assigned


def out_of_sample(
    vectors: np.ndarray,
    codes: np.ndarray,
    *,
    classes: int,
    folds: np.ndarray,
    seed: int,
    training: np.ndarray | None = None,
    penalty: float | None = None,
) -> Predictions:
    """Predict each row by a model that was fitted on the other folds.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions).
    codes, folds
        Class and fold of each row, shape (n,); -1 = unlabeled.
    training
        bool, shape (n,): rows that may be learned from; all labeled rows by default.
    penalty
        Taken instead of choosing one.
    """
    usable = codes >= 0 if training is None else training & (codes >= 0)
    rng = np.random.default_rng(seed)
    spread = float(vectors[usable].var(axis=0).mean()) if usable.any() else 0.0
    spread = spread or 1.0  # all vectors are equal
    pred_probs = np.zeros((len(codes), classes), dtype=np.float32)
    unlabeled = np.flatnonzero(codes < 0)
    numbers = np.unique(folds[folds >= 0])
    start: LinearModel | None = None
    for fold in numbers:
        learned = _sampled(np.flatnonzero(usable & (folds != fold)), rng)
        held_out = np.flatnonzero(folds == fold)
        seen = np.unique(codes[learned])
        if not len(seen):
            pred_probs[held_out] = np.nan
            continue
        position = np.full(classes, -1)
        position[seen] = np.arange(len(seen))
        some, targets = vectors[learned], position[codes[learned]]
        if penalty is None:
            judged = held_out[position[codes[held_out]] >= 0]
            penalty = choose_penalty(some, targets, vectors[judged], position[codes[judged]], spread=spread)
        if start is not None and len(start.intercepts) != len(seen):
            start = None
        start = fit_linear(some, targets, classes=len(seen), penalty=penalty * spread, start=start)
        pred_probs[np.ix_(held_out, seen)] = start.predict_proba(vectors[held_out])
        pred_probs[held_out[position[codes[held_out]] < 0]] = np.nan
        if len(unlabeled):
            pred_probs[np.ix_(unlabeled, seen)] += start.predict_proba(vectors[unlabeled]) / len(numbers)
    return Predictions(pred_probs, folds, penalty or PENALTIES[0])


def choose_penalty(
    vectors: np.ndarray, codes: np.ndarray, held_out: np.ndarray, held_out_codes: np.ndarray, *, spread: float
) -> float:
    """Return the penalty under which held-out labels are likeliest, from strong to weak, until it gets worse."""
    best, best_loss, start = PENALTIES[0], np.inf, None
    for penalty in PENALTIES:
        start = fit_linear(
            vectors, codes, classes=int(codes.max()) + 1, penalty=penalty * spread, start=start, max_iterations=40
        )
        likelihood = start.predict_proba(held_out)[np.arange(len(held_out)), held_out_codes]
        loss = float(-np.log(likelihood + 1e-9).mean()) if len(held_out) else 0.0
        if loss >= best_loss:
            break
        best, best_loss = penalty, loss
    return best


def _sampled(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if len(rows) <= MAX_TRAINING_ROWS:
        return rows
    return np.sort(rng.choice(rows, MAX_TRAINING_ROWS, replace=False))
