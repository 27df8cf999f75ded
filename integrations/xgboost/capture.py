"""Capture of XGBoost."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.logits import two_columns
from labelsift.capture.row_ids import labels_differ
from labelsift.capture.splits import data_of_splits, held_out, parted
from labelsift.errors import InputError
from labelsift.signals.signals import Signals

_LOG_ODDS = ("binary:logistic", "binary:logitraw", "reg:logistic")
_SEVERAL = ("multi:softprob", "multi:softmax")


class XGBoostCapture(Capture):
    """XGBoost: the margins of every row after each ``every``-th round of boosting.

    A margin is the sum of the trees' leaves, which is the logit: log odds of the second class for two, one a class for
    more. Rows of a ``DMatrix`` keep their order, so they are known by it. Each reading predicts with all trees so
    far.

    Attributes
    ----------
    callback
        For ``xgboost.train(…, callbacks=[capture.callback])``; a model of the scikit-learn interface has it already.
    """

    framework = "xgboost"
    watches = ("xgboost:XGBModel", "xgboost:Booster", "xgboost:DMatrix")
    how = "Fit the watched model, or give xgboost.train callbacks=[capture.callback], for at least `every` rounds"
    callback: Any

    def attach(self) -> None:
        """Put the callback into a model; what it had is restored.

        Raises
        ------
        InputError
            If the rows are missing, of another number than the samples, or have other labels.
        """
        xgboost = import_module("xgboost")

        self._held_out = held_out(self.samples)
        fitted = hasattr(self.target, "fit")
        if fitted and not hasattr(self.target, "predict_proba"):
            kind = type(self.target).__name__
            raise InputError(f"A {kind} has no classes, so no label can be judged by it", hint="Watch an XGBClassifier")
        self._data = {split: self._matrix(rows, xgboost, split) for split, rows in data_of_splits(self._rows()).items()}
        self.callback = self._made(xgboost.callback.TrainingCallback)
        if fitted:
            before = self.target.get_params()["callbacks"]
            self.undo.callback(self.target.set_params, callbacks=before)
            self.target.set_params(callbacks=[*(before or ()), self.callback])

    def signals(self) -> Signals:
        """Return the dynamics, and the features for samples that have no texts: each column in its own spread.

        They are no output of the model, so a wrong label is in none of them.
        """
        made, wanted = super().signals(), len(self.recording.ids)
        rows = np.concatenate([positions for _, positions in self._data.values()])
        if self.samples.has_texts or made.dynamics is None or not np.array_equal(np.sort(rows), np.arange(wanted)):
            return made
        features = np.vstack([matrix.get_data().toarray() for matrix, _ in self._data.values()])[np.argsort(rows)]
        spread = features.std(axis=0)
        return replace(made, embeddings=(features - features.mean(axis=0)) / np.where(spread > 0, spread, 1))

    def _rows(self) -> Any:  # noqa: ANN401 - an array, a data frame or a DMatrix
        if self.request.data is not None:
            return self.request.data
        if not hasattr(self.target, "num_row"):
            hint = "Give them in the samples' order: ls.watch(model, samples, data=X)"
            raise InputError("XGBoost hands no rows to a callback, and none were given", hint=hint)
        return self.target

    def _matrix(self, rows: Any, xgboost: Any, split: str) -> tuple[Any, np.ndarray]:  # noqa: ANN401
        """Return the DMatrix of a split, and the samples that its rows are."""
        if not isinstance(rows, xgboost.DMatrix):
            asked = self.target.get_params() if hasattr(self.target, "get_params") else {}
            missing, categories = asked.get("missing"), asked.get("enable_categorical")
            rows = xgboost.DMatrix(
                rows, missing=np.nan if missing is None else missing, enable_categorical=categories is not False
            )
        positions = self.positions(np.arange(rows.num_row()), rows.num_row(), split)
        labels = rows.get_label()
        if self.samples.task == "classification" and len(labels) == len(positions):
            labels_differ(self.samples, positions, labels.astype(np.int64), self.classes)
        return rows, positions

    def _made(self, base: Any) -> Any:  # noqa: ANN401 - a class of XGBoost's
        """Return the callback, which does nothing once the capture is over."""
        capture, watching = self, [True]
        self.undo.callback(watching.clear)

        class Callback(base):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ANN401
                every = capture.request.every
                if watching and (epoch + 1) % every == 0:
                    with capture.guard():
                        capture._read(model, epoch // every * every)
                return False

        return Callback()

    def _read(self, model: Any, epoch: int) -> None:  # noqa: ANN401 - a Booster
        if not hasattr(model, "save_config"):
            raise InputError("xgboost.cv trains one model a fold", hint="Watch xgboost.train, or a model's fit")
        if not self.recording.started:
            objective = json.loads(model.save_config())["learner"]["objective"]["name"]
            self._require(objective)
        for split, (matrix, rows) in self._data.items():
            margins = np.asarray(model.predict(matrix, output_margin=True))
            logits = two_columns(margins) if margins.ndim == 1 else margins
            for name, chosen in parted(rows, self._held_out, split):
                self.record(rows[chosen], logits[chosen], split=name, epoch=epoch)
                self.recording.end_epoch(name)

    def _require(self, objective: str) -> None:
        """Refuse margins that are no logits of the samples' classes."""
        if objective not in (*_LOG_ODDS, *_SEVERAL):
            hint = f"Train with one of: {', '.join((*_LOG_ODDS[:2], *_SEVERAL))}"
            raise InputError(f"The margins of {objective} are no logits of classes", hint=hint)
        classes = self.classes
        if objective in _LOG_ODDS and len(classes) != 2 and self.samples.task == "classification":
            raise InputError(
                f"{objective} tells two classes apart, and there are {len(classes)}: {', '.join(classes[:8])}",
                hint="Name both: classes=[…], or watch with the rows that you train on",
            )
