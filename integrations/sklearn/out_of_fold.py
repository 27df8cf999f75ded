"""Out-of-fold probabilities of any scikit-learn classifier: a clone a fold, columns by ``classes_``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from labelsift.capture.logits import two_columns
from labelsift.errors import InputError

_ROUNDING = 1e-3  # that a row of probabilities may miss one by


@dataclass(frozen=True)
class Rows:
    """What an estimator is fitted on.

    Parameters
    ----------
    inputs, targets
        As the estimator takes them, n rows each.
    codes
        The class of each row as a position, shape (n,); -1 for rows that nothing is learned from. With several labels a
        row int8, shape (n, labels): 1, 0, or -1.
    folds
        The fold that each row is held out in, shape (n,): of all rows, unlabeled ones too.
    parameters
        Further arguments of ``fit``; those of n values are cut to the rows of the fit.
    """

    inputs: Any
    targets: np.ndarray
    codes: np.ndarray
    folds: np.ndarray
    parameters: Mapping[str, Any]

    @property
    def learned(self) -> np.ndarray:
        """The rows that may be learned from: bool, shape (n,)."""
        return np.asarray((self.codes.reshape(len(self.codes), -1) >= 0).all(axis=1))

    def fitted(self, model: Any, rows: np.ndarray) -> Any:  # noqa: ANN401 - an estimator
        """Fit a model on some rows and return it."""
        size = len(self.targets)
        cut = {
            name: taken(value, rows) if hasattr(value, "__len__") and len(value) == size else value
            for name, value in self.parameters.items()
        }
        return model.fit(taken(self.inputs, rows), self.targets[rows], **cut)


def taken(inputs: Any, rows: np.ndarray) -> Any:  # noqa: ANN401 - a list, an array, a sparse matrix, a data frame
    """Return some rows of what an estimator takes."""
    if hasattr(inputs, "iloc"):
        return inputs.iloc[rows]
    if hasattr(inputs, "column_names"):  # a table of Arrow's
        return inputs.take(rows)
    if getattr(inputs, "format", "") in ("coo", "dia", "bsr"):  # sparse matrices that have no rows to take
        inputs = inputs.tocsr()
    return inputs[rows] if hasattr(inputs, "shape") else [inputs[row] for row in rows.tolist()]


def predict_out_of_fold(estimator: Any, rows: Rows, classes: int) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401
    """Predict each row by a clone that was fitted on the rows of the other folds.

    Returns
    -------
    tuple
        Probabilities, float32 of shape (n, classes), and which rows nothing can be said of, bool of shape (n,): no
        other fold has their class. Theirs are all the same. With several labels those of a label that no other fold has
        are .5.

    Raises
    ------
    InputError
        If no fold can be fitted, or an estimator returns what cannot be told apart by class.
    """
    from sklearn.base import clone

    values = np.full((len(rows.targets), classes), np.nan)
    for fold in np.unique(rows.folds):
        held_out = np.flatnonzero(rows.folds == fold)
        training = np.flatnonzero(rows.learned & (rows.folds != fold))
        if rows.codes.ndim == 1 and len(np.unique(rows.codes[training])) < 2:
            continue
        model = rows.fitted(clone(estimator), training)
        if rows.codes.ndim == 2:
            values[held_out] = _several(model, taken(rows.inputs, held_out), rows.codes[training])
        else:
            values[held_out] = _single(model, taken(rows.inputs, held_out), rows, training, classes)
    if np.isnan(values).all():
        raise InputError(
            "No part of the rows can be fitted without the rest: they have too few classes of two rows or more",
            hint="Add rows, or merge the classes",
        )
    if rows.codes.ndim == 2:
        return np.nan_to_num(values, nan=0.5).astype(np.float32), np.zeros(len(values), dtype=bool)
    own = np.take_along_axis(values, np.maximum(rows.codes, 0)[:, None], axis=1)[:, 0]
    unknown = np.isnan(values).any(axis=1) | ((rows.codes >= 0) & ~np.isfinite(own))
    probabilities = np.exp(values) if hasattr(estimator, "predict_proba") else _scaled(values, rows, unknown)
    probabilities[unknown] = 1 / classes
    return probabilities.astype(np.float32), unknown


def _single(model: Any, inputs: Any, rows: Rows, training: np.ndarray, classes: int) -> np.ndarray:  # noqa: ANN401
    """Return log probabilities or decision values, minus infinity for a class that was not in the training."""
    if hasattr(model, "predict_proba"):
        made = np.asarray(model.predict_proba(inputs), dtype=np.float64)
        if (made < 0).any() or (np.abs(made.sum(axis=1) - 1) > _ROUNDING).any():
            raise InputError("The rows of predict_proba do not sum to one", hint="Give a classifier of one label a row")
        with np.errstate(divide="ignore"):
            made = np.log(made / made.sum(axis=1, keepdims=True))
        made[np.isneginf(made)] = np.log(np.finfo(np.float32).tiny)  # a class that is known, and thought impossible
    else:
        decisions = np.asarray(model.decision_function(inputs), dtype=np.float64)
        made = two_columns(decisions) if decisions.ndim == 1 else decisions
    code_of = {rows.targets[row]: rows.codes[row] for row in training[::-1].tolist()}
    own = [code_of[value] for value in np.asarray(model.classes_).tolist()]
    if made.shape[1] != len(own):
        raise InputError(
            f"{made.shape[1]} values a row are returned for {len(own)} classes",
            hint='Decide one class against the rest: decision_function_shape="ovr"',
        )
    values = np.full((len(made), classes), -np.inf)
    values[:, own] = made
    return values


def _several(model: Any, inputs: Any, trained: np.ndarray) -> np.ndarray:  # noqa: ANN401
    """Return the probability of each label; .5 for those of which the training had only rows with or only without."""
    made = model.predict_proba(inputs)
    if isinstance(made, list):  # of MultiOutputClassifier, forests and neighbours: (n, 2) a label, or (n, 1)
        made = np.stack([label[:, -1] for label in made], axis=1)
    known = trained.any(axis=0) & ~trained.all(axis=0)
    return np.where(known, np.asarray(made, dtype=np.float64), 0.5)


def _scaled(values: np.ndarray, rows: Rows, unknown: np.ndarray) -> np.ndarray:
    """Return probabilities of decision values: a softmax with one scale, fitted on the rows of the other folds.

    It is temperature scaling (Guo et al. 2017, arXiv:1706.04599); the softmax of bare decision values is no
    probability, as their unit is the margin of the training.
    """
    from scipy.optimize import minimize_scalar

    usable = (rows.codes >= 0) & ~unknown
    result = np.empty_like(values)
    for fold in np.unique(rows.folds):
        others = usable & (rows.folds != fold)
        if not others.any():
            result[rows.folds == fold] = np.nan
            continue
        own, decisions = rows.codes[others][:, None], values[others]

        def loss(scale: float, own: np.ndarray = own, decisions: np.ndarray = decisions) -> float:
            likely = np.take_along_axis(_softmax(np.exp(scale) * decisions), own, axis=1)
            return -float(np.log(np.maximum(likely, 1e-12)).mean())

        best: Any = minimize_scalar(loss, bounds=(-8, 8), method="bounded")
        result[rows.folds == fold] = _softmax(np.exp(best.x) * values[rows.folds == fold])
    return result


def _softmax(values: np.ndarray) -> np.ndarray:
    shifted = np.exp(values - values.max(axis=1, keepdims=True, initial=-1e300))
    return shifted / shifted.sum(axis=1, keepdims=True)
