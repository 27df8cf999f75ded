"""Out-of-sample class probabilities when the user brings none: stratified cross-validation.

No row is ever judged by a model that has seen it, or seen a copy of it: identical texts share a fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .logistic_regression import LinearModel, fit_linear

# Relative to the mean variance of one dimension, so that they mean the same for every embedder.
PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
# Of one fold; what more rows would bring was measured on invented texts only (benchmarks/RESULTS.md, "Fits").
MAX_TRAINING_ROWS, ROWS_A_CLASS = 20_000, 200
# The ranking of errors is within .002 average precision of the optimum's, at a third of the time (same place):
# stopping early is a second, mild penalty (Yao, Rosasco & Caponnetto 2007).
ITERATIONS, FURTHER = 30, 20
SPREAD_ROWS = 20_000  # that the mean variance is taken from
CHOOSING_ROWS, CHOOSING_STEPS = 8_000, 12  # that the penalty is chosen on, and steps from one penalty to the next


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
    models
        Of each fold: the classes that it has seen, and the model.
    """

    pred_probs: np.ndarray
    folds: np.ndarray
    penalty: float
    models: tuple[tuple[np.ndarray, LinearModel], ...] = ()


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
    weights: np.ndarray | None = None,
    penalty: float | None = None,
    start: Predictions | None = None,
) -> Predictions:
    """Predict each row by a model that was fitted on the other folds.

    No fold's model starts from another fold's: that one has seen the labels which this one is to predict.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions).
    codes, folds
        Class and fold of each row, shape (n,); -1 = unlabeled.
    training
        bool, shape (n,): rows that may be learned from; all labeled rows by default.
    weights
        float32, shape (n,): how much each row counts in training; all the same by default.
    penalty
        Taken instead of choosing one.
    start
        Earlier predictions over the same folds: each fold goes on from its own model, with the same penalty.
    """
    usable = codes >= 0 if training is None else training & (codes >= 0)
    rng = np.random.default_rng(seed)
    spread = _spread(vectors, np.flatnonzero(usable))
    pred_probs = np.zeros((len(codes), classes), dtype=np.float32)
    unlabeled = np.flatnonzero(codes < 0)
    numbers = np.unique(folds[folds >= 0])
    penalty = penalty if start is None else start.penalty
    models: list[tuple[np.ndarray, LinearModel]] = []
    for fold in numbers:
        learned = _sampled(np.flatnonzero(usable & (folds != fold)), rng, classes)
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
        before = _continued(start, len(models), seen)
        model = fit_linear(
            some,
            targets,
            classes=len(seen),
            penalty=penalty * spread,
            weights=None if weights is None else weights[learned],
            start=before,
            max_iterations=FURTHER if before is not None else ITERATIONS,
        )
        models.append((seen, model))
        told = model.predict_proba(vectors[held_out])
        if len(seen) == classes:
            pred_probs[held_out] = told  # much faster than by rows and columns
        else:
            pred_probs[np.ix_(held_out, seen)] = told
        pred_probs[held_out[position[codes[held_out]] < 0]] = np.nan
        if len(unlabeled):
            pred_probs[np.ix_(unlabeled, seen)] += model.predict_proba(vectors[unlabeled]) / len(numbers)
    return Predictions(pred_probs, folds, penalty or PENALTIES[0], tuple(models))


def _continued(start: Predictions | None, fold: int, seen: np.ndarray) -> LinearModel | None:
    """Return the earlier model of a fold, if it knows the same classes."""
    if start is None or fold >= len(start.models) or not np.array_equal(start.models[fold][0], seen):
        return None
    return start.models[fold][1]


def choose_penalty(
    vectors: np.ndarray, codes: np.ndarray, held_out: np.ndarray, held_out_codes: np.ndarray, *, spread: float
) -> float:
    """Return the weakest penalty that still makes held-out labels likelier than the one before.

    A gain counts from one standard error on (Breiman et al. 1984): below, the stronger penalty is taken.
    """
    best, before, start = PENALTIES[0], None, None
    some = slice(None, None, -(-len(vectors) // CHOOSING_ROWS) or 1)
    judged = slice(None, None, -(-len(held_out) // CHOOSING_ROWS) or 1)
    held_out, held_out_codes = held_out[judged], held_out_codes[judged]
    for penalty in PENALTIES:
        start = fit_linear(
            vectors[some],
            codes[some],
            classes=int(codes.max()) + 1,
            penalty=penalty * spread,
            start=start,
            max_iterations=ITERATIONS if start is None else CHOOSING_STEPS,
        )
        likelihood = start.predict_proba(held_out)[np.arange(len(held_out)), held_out_codes]
        losses = -np.log(likelihood + 1e-9)
        if before is not None:
            gains = before - losses
            if not len(gains) or gains.mean() <= gains.std() / np.sqrt(len(gains)):
                break
        best, before = penalty, losses
    return best


def _spread(vectors: np.ndarray, rows: np.ndarray) -> float:
    """Return the mean variance of a dimension, from enough rows to know it; 1 where all vectors are equal."""
    some = rows[:: -(-len(rows) // SPREAD_ROWS) or 1]
    return float(vectors[some].var(axis=0).mean() or 1.0) if len(some) else 1.0


def most_training_rows(classes: int) -> int:
    """Return from how many rows one fold's model learns at most."""
    return max(MAX_TRAINING_ROWS, ROWS_A_CLASS * classes)


def _sampled(rows: np.ndarray, rng: np.random.Generator, classes: int) -> np.ndarray:
    most = most_training_rows(classes)
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
