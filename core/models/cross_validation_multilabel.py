"""Out-of-sample probabilities where a row may have several labels: one logistic regression a label, cross-validated.

All labels of a fold are fitted at once: they share the products with the vectors (see
:mod:`labelsift.models.logistic_regression`). As for single labels, no row is judged by a model that has seen it or a
copy of it.
"""

from __future__ import annotations

import numpy as np

from .cross_validation import (
    CHOOSING_ROWS,
    CHOOSING_STEPS,
    FURTHER,
    ITERATIONS,
    PENALTIES,
    Predictions,
    most_training_rows,
)
from .logistic_regression import LinearModel, fit_linear


def strata(members: np.ndarray) -> np.ndarray:
    """Return what folds are spread evenly over: each row's rarest label, so that every fold sees each label.

    Parameters
    ----------
    members
        int8, shape (n, classes): 1, 0, or -1 in unlabeled rows.

    Returns
    -------
    numpy.ndarray
        int32, shape (n,): a class; the number of classes for a row with no label, -1 for an unlabeled one.
    """
    count = (members == 1).sum(axis=0)
    rarity = np.where(members == 1, count[None, :], len(members) + 1)
    found = rarity.argmin(axis=1).astype(np.int32) if members.shape[1] else np.zeros(len(members), dtype=np.int32)
    found[~(members == 1).any(axis=1)] = members.shape[1]
    found[(members < 0).any(axis=1)] = -1
    return found


def sets_out_of_sample(
    vectors: np.ndarray,
    targets: np.ndarray,
    *,
    folds: np.ndarray,
    seed: int,
    training: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    start: Predictions | None = None,
) -> Predictions:
    """Predict each row by models that were fitted on the other folds.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions).
    targets
        float32, shape (n, classes): 1, 0, or NaN where a cell is unknown, or may not be learned from.
    folds
        int16, shape (n,); -1 for unlabeled rows, whose probabilities are the mean over all folds' models.
    training
        bool, shape (n,): rows that may be learned from; all of a fold by default.
    weights
        float32, shape (n,): how much each row counts.
    start
        Earlier predictions over the same folds: each fold goes on from its own model, with the same penalty.

    Returns
    -------
    Predictions
        ``pred_probs`` float32, shape (n, classes), each label apart. NaN where the other folds hold only rows with
        that label, or only rows without it.
    """
    n, classes = targets.shape
    rng = np.random.default_rng(seed)
    usable = folds >= 0 if training is None else training & (folds >= 0)
    some = np.flatnonzero(usable)
    spread = float(vectors[some[:: -(-len(some) // 20_000) or 1]].var(axis=0).mean() or 1.0) if len(some) else 1.0
    pred_probs = np.full((n, classes), np.nan, dtype=np.float32)
    unlabeled = np.flatnonzero(folds < 0)
    sums, counted = np.zeros((len(unlabeled), classes), dtype=np.float32), np.zeros(classes)
    penalty = None if start is None else start.penalty
    models: list[tuple[np.ndarray, LinearModel]] = []
    for at, fold in enumerate(np.unique(folds[folds >= 0])):
        learned, held_out = np.flatnonzero(usable & (folds != fold)), np.flatnonzero(folds == fold)
        most = most_training_rows(classes)
        if len(learned) > most:
            learned = np.sort(rng.choice(learned, most, replace=False))
        own = targets[learned]
        told = np.flatnonzero((own == 1).any(axis=0) & (own == 0).any(axis=0))
        if not len(told):
            continue
        if penalty is None:
            penalty = _chosen(vectors, targets[:, told], learned, held_out, spread)
        before = None
        if start is not None and at < len(start.models) and np.array_equal(start.models[at][0], told):
            before = start.models[at][1]
        model = fit_linear(
            vectors[learned],
            own[:, told],
            classes=len(told),
            penalty=penalty * spread,
            weights=None if weights is None else weights[learned],
            start=before,
            max_iterations=FURTHER if before is not None else ITERATIONS,
        )
        models.append((told, model))
        pred_probs[np.ix_(held_out, told)] = model.predict_proba(vectors[held_out])
        if len(unlabeled):
            sums[:, told] += model.predict_proba(vectors[unlabeled])
            counted[told] += 1
    if len(unlabeled):
        with np.errstate(invalid="ignore"):
            pred_probs[unlabeled] = sums / np.where(counted, counted, np.nan)
    return Predictions(pred_probs, folds, penalty or PENALTIES[0], tuple(models))


def _chosen(
    vectors: np.ndarray, targets: np.ndarray, learned: np.ndarray, held_out: np.ndarray, spread: float
) -> float:
    """Return the weakest penalty that still makes held-out labels likelier, as for single labels."""
    some = learned[:: -(-len(learned) // CHOOSING_ROWS) or 1]
    judged = held_out[:: -(-len(held_out) // CHOOSING_ROWS) or 1]
    best, before, start = PENALTIES[0], None, None
    for penalty in PENALTIES:
        start = fit_linear(
            vectors[some],
            targets[some],
            classes=targets.shape[1],
            penalty=penalty * spread,
            start=start,
            max_iterations=ITERATIONS if start is None else CHOOSING_STEPS,
        )
        likely = start.predict_proba(vectors[judged])
        losses = -np.nansum(np.log(np.where(targets[judged] == 1, likely, 1 - likely) + 1e-7), axis=1)
        if before is not None:
            gains = before - losses
            if not len(gains) or gains.mean() <= gains.std() / np.sqrt(len(gains)):
                break
        best, before = penalty, losses
    return best
