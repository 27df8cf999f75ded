"""Counter of epochs: the number of the one under way, which a Trainer's own state tells between epochs only."""

from __future__ import annotations

import contextlib
from typing import Any

from labelsift.capture.capture import Capture
from labelsift.capture.recording import TRAIN
from labelsift.errors import InputError


class EpochCounter:
    """The number of the epoch under way, from 0, told by the events of a Trainer.

    ``state.epoch`` is a fraction, and the next epoch's number as soon as the last step is done: an evaluation behind it
    would fall into the next one. A user's callback can end an epoch early, too. A Trainer that trains once more counts
    from 0 again; here its epochs are numbered on, as they would overwrite the others.
    """

    def __init__(self) -> None:
        self.number, self._began, self._first = 0, False, 0

    @classmethod
    def of(cls, capture: Capture, undo: contextlib.ExitStack) -> EpochCounter:
        """Return one that listens to the Trainer of a capture until ``undo`` is closed."""
        from transformers import TrainerCallback  # pyright: ignore[reportMissingImports, reportAttributeAccessIssue]

        counter, trainer = cls(), capture.target

        class Listener(TrainerCallback):
            def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
                with capture.guard():
                    counter.start(capture, state)

            def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
                counter.next()

        listener = Listener()
        trainer.add_callback(listener)
        undo.callback(trainer.remove_callback, listener)
        return counter

    def start(self, capture: Capture, state: Any) -> None:  # noqa: ANN401 - of a Trainer
        """Begin a training: at its first epoch, or within the one that a checkpoint was written in.

        Raises
        ------
        InputError
            If it begins anew in a recording that another part of a training began.
        """
        recorded = TRAIN in capture.recording.epochs
        if not state.global_step:
            if capture.recording.behind and not recorded:
                raise InputError(
                    f"The recording {capture.folder.name} holds {capture.recording.behind} epochs of a training, and "
                    "this one begins anew",
                    hint="Name another: watch(…, name=…), or go on: trainer.train(resume_from_checkpoint=True)",
                )
            self._first = self.number + 1 if recorded else 0
        self.number, self._began = self._first + int(state.epoch or 0), False

    def next(self) -> None:
        """Begin an epoch."""
        self.number += self._began
        self._began = True
