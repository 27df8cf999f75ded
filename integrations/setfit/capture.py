"""Capture of SetFit."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.capture.row_ids import ID, labels_differ
from labelsift.data.formatting import error_text
from labelsift.errors import InputError

from .head import class_of, logits_of

_logger = logging.getLogger("labelsift")
_AT_ONCE = 1024  # rows whose embeddings are held at once


class SetFitCapture(Capture):
    """A SetFit trainer: embeddings of its body and logits of its fitted head, once, when ``train`` is over.

    Its body is trained on pairs of rows, so that no batch says anything of one row. The head is fitted on the training
    rows: what it says of them is not out of sample.
    """

    framework = "setfit"
    watches = ("setfit:Trainer",)

    def outputs(self) -> list[str] | None:
        """Return the labels that the model was given, where it was given them."""
        return list(self.target.model.labels or ()) or None

    def attach(self) -> None:
        """Wrap the trainer's ``train``."""
        trainer = self.target
        own, patched = trainer.train, "train" in vars(trainer)
        trainer.train = functools.partial(self._train, own)
        if patched:
            self.undo.callback(setattr, trainer, "train", own)
        else:
            self.undo.callback(delattr, trainer, "train")

    def _train(self, own: Callable[..., Any], args: Any = None, trial: Any = None, **kwargs: Any) -> Any:  # noqa: ANN401 - SetFit's
        """Know the rows first, as wrong ids must not cost a training; then train, and record."""
        known: dict[str, np.ndarray] = {}
        with self.guard():
            if not self.broken:
                known = self._known()
        result = own(args, trial, **kwargs)
        if trial is not None:  # of a search for hyperparameters: none of its models is the one to be
            return result
        try:
            for split, rows in known.items() if not self.broken else ():
                self._write(split, rows)
        except Exception as error:  # the model is trained
            self.let_go(error)
        return result

    def _known(self) -> dict[str, np.ndarray]:
        """Return the samples of each data set's rows; an evaluation of other rows is left out."""
        trainer = self.target
        known = {TRAIN: self._samples(trainer.train_dataset, TRAIN)} if trainer.train_dataset is not None else {}
        if trainer.eval_dataset is not None:
            try:
                known[EVAL] = self._samples(trainer.eval_dataset, EVAL)
            except InputError as error:
                _logger.warning("An evaluation data set is not recorded: %s", error_text(error))
        return known

    def _samples(self, rows: Any, split: str) -> np.ndarray:  # noqa: ANN401 - a datasets.Dataset
        """Return the sample of each row: by a column, else by the order; their labels must be the samples'."""
        asked = self.request.ids
        if callable(asked):
            samples = self.ids.positions(asked(rows), what=f"{split} data set")
        else:
            names = [name for name in (asked or ID, f"feat_{asked or ID}") if name in rows.column_names]
            if asked and not names:
                raise InputError(f"The {split} data set has no column {asked}", hint="Name the one of the ids: ids=…")
            if names:  # with a column mapping, SetFit has renamed what it does not know
                samples = self.ids.positions(list(rows[names[0]]), what=f"{split} data set")
            else:
                samples = self.positions(np.arange(len(rows)), len(rows), split)
                if split != TRAIN and len(samples) == len(self.samples):
                    raise InputError(
                        f"The {split} data set has as many rows as there are samples, which are the training's, too",
                        hint="Give each row its id (a column id, or ids=…), or the samples a column split",
                    )
        if self.samples.task == "classification" and "label" in rows.column_names:
            labels_differ(self.samples, samples, self._codes(list(rows["label"])), self.recording.classes)
        return samples

    def _codes(self, labels: list[Any]) -> np.ndarray:
        """Return labels, names or numbers, as positions of the classes: int64, shape (n,), -1 = none of them."""
        classes = self.recording.classes
        names = [class_of(label, self.target.model, classes) for label in labels]
        return np.array([-1 if name is None else classes.index(name) for name in names])

    def _write(self, split: str, rows: np.ndarray) -> None:
        """Record embeddings and logits of a data set, some rows at a time."""
        from torch import no_grad  # pyright: ignore[reportMissingImports, reportAttributeAccessIssue]

        model = self.target.model
        given = self.target.train_dataset if split == TRAIN else self.target.eval_dataset
        classes, several = self.recording.classes, self.samples.task == "multilabel"
        for begin in range(0, len(rows), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            with no_grad():
                vectors = model.encode(list(given[part]["text"]), show_progress_bar=False)
                logits = logits_of(model, vectors, classes, several=several)
            self.record(rows[part], logits, split=split, epoch=0, embeddings=vectors)
