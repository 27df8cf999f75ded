"""Out-of-fold class probabilities of a logistic regression: stratified cross-validation, for one label or several.

No row is ever judged by a model that has seen it, or seen a copy of it: identical texts share a fold. Where a row may
have several labels, each has a logistic regression of its own; all labels of a fold are fitted at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..data.stable_draws import drawn
from .logistic_regression import LogisticRegression
from .progress import tracked

# Relative to the mean variance of one dimension, so that they mean the same for every embedder.
PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
# Of one fold; what more rows would bring was measured on invented texts only (benchmarks/RESULTS.md, "Fits").
MAX_TRAINING_ROWS, ROWS_A_CLASS = 20_000, 200
# Evaluations of the objective. Twice as many bring the ranking of errors .002 average precision at most (same place):
# stopping early is a second, mild penalty (Yao, Rosasco & Caponnetto 2007).
ITERATIONS, FURTHER = 10, 6
SPREAD_ROWS = 20_000  # that the mean variance is taken from
CHOOSING_ROWS, CHOOSING_STEPS = 8_000, 5  # that the penalty is chosen on, and steps from one penalty to the next


@dataclass(frozen=True)
class Predictions:
    """Out-of-fold probabilities and how they came about.

    Parameters
    ----------
    pred_probs
        float32, shape (n, classes). A row is NaN where its own class was never seen in training. With several labels
        a row, each label has a probability of its own: NaN where the other folds hold only rows with that label, or
        only rows without it.
    folds
        int16, shape (n,): the fold that each row was held out in; -1 for unlabeled rows, whose
        probabilities are the mean over all folds' models.
    penalty
        The penalty that explained the held-out labels of the first fold best.
    models
        Of each fold: the classes that it has learned, and the model.
    """

    pred_probs: np.ndarray
    folds: np.ndarray
    penalty: float
    models: tuple[tuple[np.ndarray, LogisticRegression], ...] = ()


def rarest_labels(members: np.ndarray) -> np.ndarray:
    """Return the rarest label of each row, over which folds are spread evenly, so that every fold sees each label.

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
    rarest = rarity.argmin(axis=1).astype(np.int32) if members.shape[1] else np.zeros(len(members), dtype=np.int32)
    rarest[~(members == 1).any(axis=1)] = members.shape[1]
    rarest[(members < 0).any(axis=1)] = -1
    return rarest


def out_of_fold(
    vectors: np.ndarray,
    targets: np.ndarray,
    *,
    classes: int,
    folds: np.ndarray,
    seed: int,
    training: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    penalty: float | None = None,
    start: Predictions | None = None,
    keys: np.ndarray | None = None,
) -> Predictions:
    """Predict each row by a model that was fitted on the other folds.

    No fold's model starts from another fold's: that one has seen the labels which this one is to predict.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions).
    targets
        Class of each row, shape (n,), -1 = unlabeled. Where a row may have several labels float32, shape (n, classes):
        1, 0, or NaN where a cell is unknown, or may not be learned from.
    folds
        Fold of each row, shape (n,); -1 = unlabeled.
    training
        bool, shape (n,): rows that may be learned from; all labeled rows by default.
    weights
        float32, shape (n,): how much each row counts in training; all the same by default.
    penalty
        Taken instead of choosing one.
    start
        Earlier predictions over the same folds: each fold goes on from its own model, with the same penalty.
    keys
        uint64, shape (n,): what is drawn by, see :mod:`labelsift.data.stable_draws`; by default the rows' positions.
    """
    multilabel = targets.ndim == 2
    labeled = folds >= 0 if multilabel else targets >= 0
    usable = labeled if training is None else training & labeled
    unlabeled = np.flatnonzero(~labeled)

    def draw(rows: np.ndarray, limit: int, *, purpose: str) -> np.ndarray:
        """Draw rows in the order of their keys: a sum's last bits, which steps enlarge, are the same in any order."""
        chosen = drawn(rows, limit, keys=keys, seed=seed, purpose=purpose)
        return chosen if keys is None else chosen[np.argsort(keys[chosen], kind="stable")]

    spread = spread_of(vectors, draw(np.flatnonzero(usable), SPREAD_ROWS, purpose="spread"))
    pred_probs = np.full((len(targets), classes), np.nan if multilabel else 0, dtype=np.float32)
    sums, models_of = np.zeros((len(unlabeled), classes), dtype=np.float32), np.zeros(classes)
    numbers = np.unique(folds[folds >= 0])
    penalty = penalty if start is None else start.penalty
    models: list[tuple[np.ndarray, LogisticRegression]] = []
    for fold in tracked(numbers, "linear model"):
        learned = draw(np.flatnonzero(usable & (folds != fold)), max_training_rows(classes), purpose="training")
        held_out = np.flatnonzero(folds == fold)
        columns, numbered = _learnable(targets, learned, classes)
        if not len(columns):
            pred_probs[held_out] = np.nan
            continue
        known = np.ones(len(held_out), dtype=bool) if multilabel else numbered(held_out) >= 0
        if penalty is None:
            few = draw(learned, CHOOSING_ROWS, purpose="penalty")
            judged = draw(held_out[known], CHOOSING_ROWS, purpose="penalty")
            sides = vectors[few], numbered(few), vectors[judged], numbered(judged)
            penalty = choose_penalty(*sides, spread=spread, classes=len(columns))
        some, own = vectors[learned], numbered(learned)
        before = _continued(start, len(models), columns)
        model = LogisticRegression.fit(
            some,
            own,
            classes=len(columns),
            penalty=penalty * spread,
            weights=None if weights is None else weights[learned],
            start=before,
            max_iterations=FURTHER if before is not None else ITERATIONS,
        )
        models.append((columns, model))
        predicted = model.predict_proba(vectors[held_out])
        if len(columns) == classes:
            pred_probs[held_out] = predicted  # much faster than by rows and columns
        else:
            pred_probs[np.ix_(held_out, columns)] = predicted
        pred_probs[held_out[~known]] = np.nan
        if len(unlabeled):
            sums[:, columns] += model.predict_proba(vectors[unlabeled]) / (1 if multilabel else len(numbers))
            models_of[columns] += 1
    with np.errstate(invalid="ignore"):
        pred_probs[unlabeled] = sums / np.where(models_of, models_of, np.nan) if multilabel else sums
    return Predictions(pred_probs, folds, penalty or PENALTIES[0], tuple(models))


def _learnable(
    targets: np.ndarray, rows: np.ndarray, classes: int
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return the classes that can be learned from some rows, and a function: rows → their targets among these alone.

    A class must occur and, where rows may have several labels, be missing elsewhere; one that cannot be learned is -1.
    """
    own = targets[rows]
    if targets.ndim == 2:
        columns = np.flatnonzero((own == 1).any(axis=0) & (own == 0).any(axis=0))
        return columns, lambda some: targets[np.ix_(some, columns)]
    columns = np.unique(own)
    position = np.full(classes, -1)
    position[columns] = np.arange(len(columns))
    return columns, lambda some: position[targets[some]]


def _continued(start: Predictions | None, fold: int, columns: np.ndarray) -> LogisticRegression | None:
    """Return the earlier model of a fold, if it knows the same classes."""
    if start is None or fold >= len(start.models) or not np.array_equal(start.models[fold][0], columns):
        return None
    return start.models[fold][1]


def choose_penalty(
    vectors: np.ndarray,
    targets: np.ndarray,
    held_out: np.ndarray,
    held_out_targets: np.ndarray,
    *,
    spread: float,
    classes: int | None = None,
) -> float:
    """Return the weakest penalty that still makes held-out labels likelier than the one before.

    A gain counts from one standard error on (Breiman et al. 1984): below, the stronger penalty is taken. ``targets``
    are as :meth:`LogisticRegression.fit` takes them, and so are ``classes``: by default those up to the last target.
    """
    if classes is None:
        classes = targets.shape[1] if targets.ndim == 2 else int(targets.max()) + 1
    best, before, model = PENALTIES[0], None, None
    some = slice(None, None, -(-len(vectors) // CHOOSING_ROWS) or 1)
    judged = slice(None, None, -(-len(held_out) // CHOOSING_ROWS) or 1)
    held_out, held_out_targets = held_out[judged], held_out_targets[judged]
    for penalty in PENALTIES:
        model = LogisticRegression.fit(
            vectors[some],
            targets[some],
            classes=classes,
            penalty=penalty * spread,
            start=model,
            max_iterations=ITERATIONS if model is None else CHOOSING_STEPS,
        )
        losses = _losses(model.predict_proba(held_out), held_out_targets)
        if before is not None:
            gains = before - losses
            if not len(gains) or gains.mean() <= gains.std() / np.sqrt(len(gains)):
                break
        best, before = penalty, losses
    return best


def _losses(pred_probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the negative log-likelihood of each row's label or labels, cells without a target aside: shape (m,)."""
    if targets.ndim == 1:
        return -np.log(pred_probs[np.arange(len(targets)), targets] + 1e-9)
    return -np.nansum(np.log(np.where(targets == 1, pred_probs, 1 - pred_probs) + 1e-7), axis=1)


def spread_of(vectors: np.ndarray, rows: np.ndarray) -> float:
    """Return the mean variance of a dimension, from enough rows to know it; 1 where all vectors are equal."""
    some = rows[:: -(-len(rows) // SPREAD_ROWS) or 1]
    return float(vectors[some].var(axis=0).mean() or 1.0) if len(some) else 1.0


def max_training_rows(classes: int) -> int:
    """Return from how many rows one fold's model learns at most."""
    return max(MAX_TRAINING_ROWS, ROWS_A_CLASS * classes)
