"""Capture of scikit-learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import TRAIN
from labelsift.capture.row_ids import labels_differ
from labelsift.capture.splits import held_out
from labelsift.checks.class_notes import rare
from labelsift.data.class_names import scalar_text
from labelsift.data.normalize import duplicate_groups
from labelsift.errors import InputError
from labelsift.models.cross_validation import rarest_labels
from labelsift.models.stable_folds import assign_folds

from .out_of_fold import Rows, predict_out_of_fold

_SHOWN = 8


class SklearnCapture(Capture):
    """A scikit-learn classifier or pipeline: probabilities out of fold by cross-validation."""

    framework = "sklearn"
    watches = ("sklearn:BaseEstimator",)
    how = "Fit by it: capture.fit(X, y)"

    def attach(self) -> None:
        """Refuse what no probabilities come of; the estimator itself is left as it is."""
        from sklearn.base import is_classifier

        kind = type(self.target).__name__
        if self.samples.task == "spans":
            raise InputError("Spans are judged token by token", hint="Give Signals(token_pred_probs=…) to ls.scan")
        if not is_classifier(self.target):
            hint = "Watch a classifier, or a pipeline that ends in one; a class of your own inherits ClassifierMixin"
            raise InputError(f"{kind} is no classifier, so no label can be judged by it", hint=hint)
        ways = ["predict_proba"] if self.samples.task == "multilabel" else ["predict_proba", "decision_function"]
        if not any(hasattr(self.target, name) for name in ways):
            hint = "Take one that has; CalibratedClassifierCV(…) turns decision_function into predict_proba"
            raise InputError(f"{kind} has no {' and no '.join(ways)}", hint=hint)
        self._open = [True]
        self.undo.callback(self._open.clear)

    def fit(
        self,
        X: Any = None,  # noqa: ANN401 - what the estimator takes
        y: Any = None,  # noqa: ANN401
        *,
        folds: int = 5,
        seed: int = 0,
        fit_params: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - the estimator
        """Fit the watched estimator as its own ``fit`` does, and predict every row by a clone that has not seen it.

        Each class is spread over the folds, and rows of the same text stay together.

        Parameters
        ----------
        X
            As the estimator takes them, in the order of the samples: of all, or of those whose split is ``train``. By
            default the texts, of which those that the column ``split`` holds out are not learned from.
        y
            Their labels, compared with the samples'; by default theirs. Unlabeled rows are not learned from
            then.
        folds, seed
            How many parts, and what is drawn by.
        fit_params
            Further arguments of ``fit``, sample weights for example.

        Returns
        -------
        estimator
            The watched one, fitted.

        Raises
        ------
        InputError
            Before anything is fitted: if numbers of rows or labels differ from the samples'. What goes wrong in the
            folds is said, and the capture lets go.
        """
        if not getattr(self, "_open", None):
            raise InputError("The capture is not open", hint="Call it within: with ls.watch(…) as capture")
        if folds < 2:
            raise InputError(f"{folds} folds leave nothing to learn from", hint="Give 2 or more")
        if X is None and not self.samples.has_texts:
            raise InputError("The samples have no texts", hint="Give the inputs: capture.fit(X, y)")
        inputs = self.samples.texts.to_pylist() if X is None else X
        size = inputs.shape[0] if hasattr(inputs, "shape") else len(inputs)
        rows = self.positions(np.arange(size), size, TRAIN)
        values, codes = self._targets(y, rows)
        if X is None:
            codes[held_out(self.samples)] = -1
        data = Rows(inputs, values, codes, self._folds(codes, rows, folds, seed), fit_params or {})
        if data.learned.all():
            self.target.fit(inputs, values, **data.parameters)
        else:
            data.fitted(self.target, np.flatnonzero(data.learned))
        with self._letting_go():  # the estimator is fitted: whatever the folds cannot do, the script goes on with it
            self._predict(data, rows, folds)
        return self.target

    def _targets(self, targets: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401
        """Return what is learned, and the position of each row's class; labels other than the samples' are refused."""
        classes, samples = self.classes, self.samples
        several = samples.task == "multilabel"
        own = samples.members(classes)[rows] if several else samples.codes(classes)[rows]
        if targets is None:
            named = np.array(classes)[np.maximum(own, 0)] if len(classes) and not several else own
            return named, own.copy()
        values = np.asarray(targets)
        if len(values) != len(rows) or (several and values.shape != own.shape):
            shape = own.shape
            raise InputError(f"The targets have the shape {values.shape}, not {shape}", hint="Give one row an input")
        if several:
            if wrong := samples.ids.take(rows[((own >= 0) & (own != values)).any(axis=1)]).to_pylist():
                hint = "Bring both into the same order, or name the class of each column: classes=[…]"
                raise InputError("The labels of some rows are not those of the samples", ids=wrong, hint=hint)
            return values, values.astype(np.int8)
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        codes = self._codes(values)
        labels_differ(samples, rows, codes, classes)
        return values, codes

    def _codes(self, values: np.ndarray) -> np.ndarray:
        """Return positions of classes: by name, or as numbers that count them."""
        classes = self.classes
        unique, inverse = np.unique(values, return_inverse=True)
        names = [scalar_text(value) for value in unique]
        if set(names) <= set(classes):
            return np.array([classes.index(name) for name in names])[inverse]
        counted = unique.dtype.kind in "iub" or (unique.dtype.kind == "f" and (unique == np.floor(unique)).all())
        if counted and unique[0] >= 0 and unique[-1] < len(classes):
            return unique[inverse].astype(np.int64)
        unknown = sorted(set(names) - set(classes))
        raise InputError("Some targets are no class of the samples", ids=unknown, hint="Name all: classes=[…]")

    def _folds(self, codes: np.ndarray, rows: np.ndarray, folds: int, seed: int) -> np.ndarray:
        groups = duplicate_groups(self.samples.texts)[rows] if self.samples.has_texts else np.arange(len(rows))
        chosen = assign_folds(codes if codes.ndim == 1 else rarest_labels(codes), groups, folds=folds, seed=seed)
        fold_of = np.zeros(groups.max(initial=-1) + 1, dtype=np.int64)  # a row without a label goes with its copies
        fold_of[groups[chosen >= 0]] = chosen[chosen >= 0]
        return fold_of[groups]

    def _predict(self, data: Rows, rows: np.ndarray, folds: int) -> None:
        classes, kept = self.classes, self.samples
        probabilities, unknown = predict_out_of_fold(self.target, data, len(classes))
        whole = np.full((len(self.recording.ids), len(classes)), 1 / max(len(classes), 1), dtype=np.float32)
        whole[rows] = probabilities
        self.recording.out_of_fold(whole)
        kind, notes = type(self.target).__name__, list(kept.notes)
        if len(rows) < len(kept):
            notes.append(f"{len(rows):,} of {len(kept):,} samples were given to fit; only these are judged.")
            kept = kept.take(rows)
        if not hasattr(self.target, "predict_proba"):
            notes.append(
                f"{kind} has no probabilities: decision values became some by one scale, fitted on the other folds."
            )
        single = data.codes if data.codes.ndim == 1 else np.full(len(rows), -1)
        if unknown.any():
            names = [classes[code] for code in Counter(single[unknown].tolist()) if code >= 0]
            notes.append(
                f"Nothing can be said of {unknown.sum():,} rows: without their fold nobody learns their class, or "
                f"there is one class only ({', '.join(names[:_SHOWN])}). Add rows, or merge the classes."
            )
        notes += rare(np.where(unknown, -1, single), classes, folds=folds)
        self.samples = replace(kept, notes=tuple(notes))
