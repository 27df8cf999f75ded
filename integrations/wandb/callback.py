"""Callback for training code that logs into the active W&B run, at the step of the training."""

from __future__ import annotations

from collections.abc import Mapping

from labelsift.errors import InputError
from labelsift.integrations._training import TrainingCallback

from .client import require

STEP = "train/global_step"  # what transformers' own callback draws everything over


class LabelsiftCallback(TrainingCallback):
    """Logs metrics of slices at each evaluation, and the report of a scan of the evaluation rows at the end.

    For the parameters see its ``__init__``; for loops without a Trainer ``log_predictions`` and ``log_report``.
    """

    tracker = "wandb"

    def require_run(self) -> None:
        """Refuse where no W&B run is active.

        Raises
        ------
        InputError
            If there is none, or no wandb.
        """
        require()
        import wandb

        if wandb.run is None:
            hint = 'Say TrainingArguments(report_to="wandb"), or call wandb.init() before the training'
            raise InputError("No W&B run is active", hint=hint)

    def write(self, metrics: Mapping[str, float], step: int | None) -> None:
        """Log metrics into the active run, over the training's steps where these are known."""
        self.require_run()
        import wandb

        for name in metrics if step is not None else ():
            wandb.define_metric(name, step_metric=STEP)
        wandb.log(dict(metrics) if step is None else {**metrics, STEP: step})
