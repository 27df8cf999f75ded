"""Capture of Keras 3."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import EMBEDDINGS
from labelsift.capture.splits import data_of_splits, held_out, parted
from labelsift.errors import InputError

from .input_rows import InputRows
from .outputs import Outputs


class KerasCapture(Capture):
    """A Keras model on any backend: one pass over the data in its own order at the end of each epoch.

    A callback of Keras sees no rows, and ``fit`` shuffles them, so the rows are given as ``data`` and judged once more,
    as in inference: without dropout, by weights that have seen the whole epoch.

    Attributes
    ----------
    callback
        For ``model.fit(…, callbacks=[capture.callback])``; it does nothing once the capture is over.
    """

    framework = "keras"
    watches = ("keras:Model",)
    how = "Give fit the callback: model.fit(…, callbacks=[capture.callback])"
    callback: Any

    def attach(self) -> None:
        """Look at the rows, and make the callback."""
        request = self.request
        if request.data is None:
            hint = "Give the inputs in the samples' order: ls.watch(model, samples, data=x)"
            raise InputError("Keras hands no rows to a callback, and none were given", hint=hint)
        self._held_out = held_out(self.samples)
        self._rows = {
            split: InputRows(
                data,
                split=split,
                samples=self.samples,
                known=self.ids,
                ids=request.ids,
                place=lambda size, split=split: self.positions(np.arange(size), size, split),
                classes=self.classes,
            )
            for split, data in data_of_splits(request.data).items()
        }
        self._outputs: Outputs | None = None  # Sequential models are built by the first batch of fit
        self.callback = self._made()

    def _made(self) -> Any:  # noqa: ANN401 - a callback of Keras's
        keras = import_module("keras")

        capture, watching = self, [True]
        self.undo.callback(watching.clear)

        class Callback(keras.callbacks.Callback):
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ANN401
                if watching and epoch % capture.request.every == 0:
                    with capture.guard():
                        capture._read(self.model, epoch)

        return Callback()

    def _read(self, model: Any, epoch: int) -> None:  # noqa: ANN401
        """Judge every row with the weights as they are now; one batch is in memory."""
        if model is not self.target:
            raise InputError("The callback was given to another model", hint="Watch the one that is trained")
        if self._outputs is None:
            self._outputs = Outputs(model, classifier=self.request.classifier, embedding=self.request.embedding)
        written = set()
        for split, rows in self._rows.items():
            for inputs, positions in rows.batches():
                logits, vectors = self._outputs(inputs)
                for name, inside in parted(positions, self._held_out, split):
                    some = None if vectors is None else vectors[inside]
                    self.record(positions[inside], logits[inside], split=name, epoch=epoch, embeddings=some)
                    written.add(name)
        for name in written:
            self.recording.end_epoch(name)
            if self.request.embedding:
                self.recording.end_epoch(f"{name}/{EMBEDDINGS}")
