"""Capture of PyTorch: a loop of the user's tells the ids of each batch, forward hooks see logits and embeddings."""

from __future__ import annotations

import contextlib
import logging
import operator
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.capture.row_ids import labels_differ
from labelsift.errors import InputError
from labelsift.integrations._torch_hooks import Outputs, ids_in, listed
from labelsift.models.trained_classifier import classes_of

_SPLIT = re.compile(rf"{TRAIN}|{EVAL}(_\w+)?")
_logger = logging.getLogger("labelsift")


class TorchCapture(Capture):
    """A torch module in a loop of the user's: ids by the batch, logits and embeddings by forward hooks.

    >>> with ls.watch(model, samples, classifier="head", embedding="encoder") as capture:  # doctest: +SKIP
    ...     for epoch in range(3):
    ...         for ids, x, y in loader:
    ...             with capture.batch(ids, epoch=epoch):
    ...                 loss = criterion(model(x), y)
    """

    framework = "torch"
    watches = ("torch:Module",)

    _outputs: Outputs
    _said = _listening = False

    def outputs(self) -> Sequence[str] | None:
        """Return the classes of a transformers model; other modules do not say."""
        return classes_of(self.target, self.samples)

    def attach(self) -> None:
        """Put hooks onto the classifier and the embedding."""
        self._outputs = Outputs(self.target, self.request.classifier, self.request.embedding, self.undo)
        self._listening = True
        self.undo.callback(setattr, self, "_listening", False)

    @contextlib.contextmanager
    def batch(
        self,
        ids: Any = None,  # noqa: ANN401 - of a loader
        *,
        epoch: int,
        labels: Any = None,  # noqa: ANN401
        rows: Any = None,  # noqa: ANN401
        split: str | None = None,
    ) -> Iterator[None]:
        """Record what the model puts out within the ``with``, once it ends well.

        Several forward passes within one batch are its rows one after the other; what autograd repeats for gradient
        checkpoints does not count. With gradient accumulation each part is a batch of its own.

        Parameters
        ----------
        ids
            The id of each row, in the order of the inputs: texts, whole numbers, or a tensor of these. Or the batch
            as the loader gave it, where it brings them along: a mapping with the key ``id``, or anything where
            ``watch(…, ids=…)`` says how.
        epoch
            Its number.
        labels
            The targets as numbers of the classes, int, shape (n,), negative = none: where they are others than the
            samples' labels, that is an error. The only way to notice classes in another order.
        rows
            In place of ids: positions among the samples, int, shape (n,). Here a row may stand twice, as after sampling
            with replacement, and counts as it came last.
        split
            ``train``, ``eval`` or ``eval_<name>``; by default ``train`` while the model is in training mode.

        Raises
        ------
        InputError
            Where the capture is not open. At the first batch: for a missing, repeated or unknown id, other labels, and
            logits of other rows or classes; afterwards the capture lets go, and the loop goes on.
        """
        if not self._listening and not self.broken:
            raise InputError("The capture is not open", hint="Call it within: with ls.watch(…) as capture")
        self._say_strayed()
        if self.broken or operator.index(epoch) % self.request.every:
            with self._outputs.passing():
                yield
            return
        places = np.empty(0, dtype=np.int64)
        with self.guard():
            places = self._places(ids, rows)
            if labels is not None:
                self._require_labels(places, np.array(listed(labels)))
            if split is not None and not _SPLIT.fullmatch(split):
                raise InputError(f"{split!r} is no split", hint="Name it train, eval or eval_<name>")
            if self._outputs.opened:
                raise InputError("A batch was opened within another", hint="Open one batch a forward pass")
        if self.broken:
            yield
            return
        self._outputs.open()
        try:
            yield
            if not self.broken:
                with self.guard():
                    logits, vectors = self._outputs.taken(len(places), len(self.recording.classes))
                    kind = split or (TRAIN if self._outputs.training else EVAL)
                    self.record(places, logits, split=kind, epoch=epoch, embeddings=vectors)
        finally:
            self._outputs.close()

    def finish(self) -> None:
        """Say what no batch told the ids of, where nothing did before."""
        self._say_strayed()

    def _places(self, ids: Any, rows: Any) -> np.ndarray:  # noqa: ANN401
        if (ids is None) == (rows is None):
            raise InputError("A batch is known by ids or by rows", hint="capture.batch(ids, epoch=…), or rows=… alone")
        if rows is not None:
            places = np.array(listed(rows))
            if places.dtype.kind not in "iu" or ((places < 0) | (places >= len(self.samples))).any():
                raise InputError(
                    "Some rows are no position of a sample",
                    hint=f"Give whole numbers from 0 to {len(self.samples) - 1}",
                )
            return places.astype(np.int64)
        if self.request.ids is not None or hasattr(ids, "keys"):
            ids = ids_in(ids, self.request.ids)
            if ids is None:
                name = self.request.ids if isinstance(self.request.ids, str) else "id"
                raise InputError(f"The batch has no ids under {name!r}", hint="Say where they are: watch(…, ids=…)")
        return self.ids.positions(listed(ids))

    def _require_labels(self, places: np.ndarray, labels: np.ndarray) -> None:
        if labels.dtype.kind not in "iu" or len(labels) != len(places):
            raise InputError(
                f"There are {len(labels)} labels for {len(places)} rows", hint="Give the number of one class a row"
            )
        labels_differ(self.samples, places, labels, self.recording.classes)

    def _say_strayed(self) -> None:
        if self._outputs.strayed and not self._said:
            self._said = True
            _logger.warning(
                "A forward pass in training mode had no ids, and is not recorded: run the model within "
                "`with capture.batch(ids, epoch=epoch):`"
            )
