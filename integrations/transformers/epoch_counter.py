"""Counter of epochs: the number of the one under way, which a Trainer's own state tells between epochs only."""

from __future__ import annotations

import contextlib
from typing import Any


class EpochCounter:
    """The number of the epoch under way, from 0, told by the events of a Trainer.

    ``state.epoch`` is a fraction, and the next epoch's number as soon as the last step is done: an evaluation behind it
    would fall into the next one. A user's callback can end an epoch early, too.
    """

    def __init__(self) -> None:
        self.number, self._began = 0, False

    @classmethod
    def of(cls, trainer: Any, undo: contextlib.ExitStack) -> EpochCounter:  # noqa: ANN401 - of transformers
        """Return one that listens to a Trainer until ``undo`` is closed."""
        from transformers import TrainerCallback  # pyright: ignore[reportMissingImports, reportAttributeAccessIssue]

        counter = cls()

        class Listener(TrainerCallback):
            def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
                counter.start(state.epoch)

            def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
                counter.next()

        listener = Listener()
        trainer.add_callback(listener)
        undo.callback(trainer.remove_callback, listener)
        return counter

    def start(self, epoch: float | None) -> None:
        """Begin a training: at its first epoch, or within the one that a checkpoint was written in."""
        self.number, self._began = int(epoch or 0), False

    def next(self) -> None:
        """Begin an epoch."""
        self.number += self._began
        self._began = True
