"""Capture of Lightning: a callback knows the batches and their ids, the step or a forward hook gives the logits."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import EVAL, TRAIN
from labelsift.errors import InputError
from labelsift.integrations._torch_hooks import Outputs, ids_in, listed, logits_in


class LightningCapture(Capture):
    """A Lightning trainer: a callback for the batches; logits of the step's result, else by a forward hook.

    >>> with ls.watch(trainer, samples, classifier="head", ids="id") as capture:  # doctest: +SKIP
    ...     trainer.fit(module, loader)

    Batches of ``fit`` and ``validate`` are recorded; those of the sanity check and of ``test`` are not. Where a step
    returns a dictionary with ``logits``, these are taken; else the output of the module named as classifier, which is
    the Lightning module itself by default.
    """

    framework = "lightning"
    watches = ("lightning:Trainer", "pytorch_lightning:Trainer")

    _module: Any = None
    _outputs: Outputs
    _rows: np.ndarray | None = None  # of the batch under way; None where it is not recorded

    def attach(self) -> None:
        """Put a callback before the others: Lightning keeps those that write checkpoints last.

        Raises
        ------
        InputError
            If the trainer runs in several processes.
        """
        if self.target.world_size > 1:
            raise InputError(
                f"The trainer runs in {self.target.world_size} processes, and each sees a part of the rows",
                hint="Watch a trainer with devices=1",
            )
        callback = _callback(self)
        self.target.callbacks = [callback, *self.target.callbacks]
        self.undo.callback(self._take_out, callback)

    def begin(self, module: Any, batch: Any) -> None:  # noqa: ANN401 - of Lightning
        """Read the ids of a batch before its step may take them out, and listen to the modules."""
        self._rows = None
        if self.broken or self.target.sanity_checking or self.target.current_epoch % self.request.every:
            return
        with self.guard():
            ids = ids_in(batch, self.request.ids)
            if ids is None:
                asked = "id" if self.request.ids is None else self.request.ids
                raise InputError(
                    f"The batch has no ids under {asked!r}",
                    hint='Let the data set give each row its id, and say where: ids="key", '
                    'ids="2" (third in a tuple) or a function of the batch',
                )
            rows = self.ids.positions(listed(ids))
            if module is not self._module:
                self._outputs = Outputs(module, self.request.classifier, self.request.embedding, self.undo)
                self._module = module
            self._outputs.open()
            self._rows = rows

    def end(self, result: Any, split: str) -> None:  # noqa: ANN401
        """Record the batch under way, with what its step returned."""
        rows, self._rows = self._rows, None
        if self.broken or rows is None:
            return
        columns = len(self.recording.classes)
        with self.guard():
            try:
                given = logits_in(result) if isinstance(result, Mapping) else None
                logits, vectors = self._outputs.taken(len(rows), columns, logits=given)
            finally:
                self._outputs.close()
            self.record(rows, logits, split=split, epoch=self.target.current_epoch, embeddings=vectors)

    def _take_out(self, callback: Any) -> None:  # noqa: ANN401
        # A new list: Lightning may be going through the old one, and would leave out the callback behind.
        self.target.callbacks = [kept for kept in self.target.callbacks if kept is not callback]
        self._module = None


def _callback(capture: LightningCapture) -> Any:  # noqa: ANN401
    """Return a callback of the very package that the trainer is of: ``lightning`` or ``pytorch_lightning``."""
    package = next(
        name for base in type(capture.target).__mro__ if (name := base.__module__.partition(".")[0]) in _CALLBACKS
    )

    class LabelsiftCapture(import_module(_CALLBACKS[package]).Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:  # noqa: ANN401
            capture.begin(pl_module, batch)

        def on_train_batch_end(
            self,
            trainer: Any,  # noqa: ANN401
            pl_module: Any,  # noqa: ANN401
            outputs: Any,  # noqa: ANN401
            batch: Any,  # noqa: ANN401
            batch_idx: int,
        ) -> None:
            capture.end(outputs, TRAIN)

        def on_validation_batch_start(
            self,
            trainer: Any,  # noqa: ANN401
            pl_module: Any,  # noqa: ANN401
            batch: Any,  # noqa: ANN401
            batch_idx: int,
            dataloader_idx: int = 0,
        ) -> None:
            capture.begin(pl_module, batch)

        def on_validation_batch_end(
            self,
            trainer: Any,  # noqa: ANN401
            pl_module: Any,  # noqa: ANN401
            outputs: Any,  # noqa: ANN401
            batch: Any,  # noqa: ANN401
            batch_idx: int,
            dataloader_idx: int = 0,
        ) -> None:
            capture.end(outputs, f"{EVAL}_{dataloader_idx}" if dataloader_idx else EVAL)

    return LabelsiftCapture()


_CALLBACKS = {"lightning": "lightning.pytorch", "pytorch_lightning": "pytorch_lightning"}
