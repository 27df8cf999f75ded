"""Callback of trainings for a tracker: metrics of slices at each evaluation, and a scan by the model's probabilities.

It is a ``transformers.TrainerCallback`` where transformers is installed, and serves any other loop by two methods. A
tracker's own class says where there is a run to log into, and writes the metrics; it never ends a run of the user's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from labelsift.data.class_names import in_order, names_of
from labelsift.data.formatting import error_text
from labelsift.data.samples import Samples
from labelsift.errors import InputError, LabelsiftError
from labelsift.io.read import read
from labelsift.models.trained_classifier import classes_of, predicted
from labelsift.platforms import Receipt
from labelsift.render.tracker_panels.unscanned_run import evaluation_metrics, unscanned_run, with_predictions
from labelsift.scanning import scan
from labelsift.signals.signals import Signals
from labelsift.store.base import DEFAULT

if TYPE_CHECKING:
    TrainerCallback = object
else:
    try:
        from transformers import TrainerCallback
    except ImportError:  # of another training loop
        TrainerCallback = object

_UNREPORTED = "No report of the evaluation rows was logged"
_logger = logging.getLogger("labelsift")


class TrainingCallback(TrainerCallback):
    """Logs metrics of slices of the evaluation rows, and scans these when the training ends."""

    tracker: str

    def __init__(
        self,
        samples: Samples | Any,  # noqa: ANN401 - any container
        *,
        slices: Mapping[str, Any] | None = None,
        classes: Sequence[str] | None = None,
        label: str = "label",
        metadata: Sequence[str] = (),
        dataset: str | None = None,
        scan: bool = True,
        store: str | Path | None = DEFAULT,
    ) -> None:
        """Take the evaluation rows.

        Parameters
        ----------
        samples
            The rows of the evaluation data set, in its order: what :func:`labelsift.read` returned, or a data frame.
        slices
            Named slices, which are logged at each evaluation: name → a condition in SQL on the samples' columns.
        classes
            The class of each of the model's outputs; by default its ``id2label``, else the labels in sorted order.
        label, metadata
            Of a data frame: the columns of the labels and of what to slice by.
        dataset
            Which one of a Trainer's several evaluation data sets the samples are.
        scan, store
            Whether to scan the samples when the training ends, with the probabilities of the model as it then is, and
            to log the report; where that scan is kept, None for nowhere.

        Raises
        ------
        InputError
            For samples without labels or with spans, and for a slice that is none.
        """
        samples = samples if isinstance(samples, Samples) else read(samples, label=label, metadata=metadata)
        self._run, self._slices, self._classes = unscanned_run(samples, slices), slices, names_of(classes)
        self._dataset, self._scan, self._store = dataset, scan, store
        self._state = self._loader = self._step = self._outputs = None

    def require_run(self) -> None:
        """Refuse where the tracker has no active run."""
        raise NotImplementedError

    def write(self, metrics: Mapping[str, float], step: int | None) -> None:
        """Log metrics into the active run."""
        raise NotImplementedError

    def log_predictions(self, predictions: Any, *, step: int | None = None) -> dict[str, float]:  # noqa: ANN401 - an array
        """Log the metrics of slices of one evaluation; return them.

        Parameters
        ----------
        predictions
            Probabilities, shape (n, classes), or the predicted class of each sample; in the order of the samples.
        step
            The step of the training; by default the Trainer's, else none.

        Raises
        ------
        InputError
            If they do not fit the samples, or there is no run to log into.
        """
        if self._state is not None and not self._state.is_world_process_zero:
            return {}
        classes = self._classes or self._outputs or in_order(self._run.samples.classes)
        self._run = with_predictions(self._run, predictions, classes)
        self._step = self._state.global_step if step is None and self._state is not None else step
        metrics = evaluation_metrics(self._run)
        self.write(metrics, self._step)
        return metrics

    def log_report(self) -> Receipt:
        """Scan the samples with the latest predictions, and log the report into the active run.

        Raises
        ------
        InputError
            If nothing was predicted, or nothing can be judged.
        """
        run = self._run
        if run.pred_probs is None and run.samples.column("predicted") is None:
            raise InputError("Nothing was predicted", hint="Evaluate at least once, or call log_predictions(…)")
        self.require_run()
        signals = None if run.pred_probs is None else Signals(pred_probs=run.pred_probs, classes=run.classes)
        report = scan(run.samples, signals=signals, slices=self._slices, store=self._store, progress=False)
        return report.log(self.tracker)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the Trainer's
        """Remember the state, which knows the step; refuse to train for hours without a run to log into."""
        self._state, self._loader, self._step = state, None, None
        self._outputs = classes_of(kwargs["model"], self._run.samples)
        if state.is_world_process_zero:
            self.require_run()

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Predict the evaluation rows once more, in their order, and log the metrics of slices."""
        start = f"eval_{self._dataset}_"
        if self._dataset is not None and not any(name.startswith(start) for name in kwargs.get("metrics") or {}):
            return
        if state.is_world_process_zero and self._step != state.global_step:
            self._loader = kwargs["eval_dataloader"]
            self.log_predictions(self._predicted(args, kwargs["model"]), step=state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Scan and log; what goes wrong, in the tracker's client too, is said, and costs no trained model."""
        if not (state.is_world_process_zero and self._scan):
            return
        try:
            if self._loader is not None and (args.load_best_model_at_end or self._step != state.global_step):
                self.log_predictions(self._predicted(args, kwargs["model"]), step=state.global_step)
            self.log_report()
        except LabelsiftError as error:
            _logger.warning("%s: %s", _UNREPORTED, error)
        except Exception as error:  # a client raises what it likes
            _logger.warning("%s: %s: %s", _UNREPORTED, type(error).__name__, error_text(error))

    def _predicted(self, args: Any, model: Any) -> np.ndarray:  # noqa: ANN401
        if args.fsdp or args.deepspeed:  # no process has the whole model
            hint = "Call log_predictions(…) in compute_metrics, with the softmax of the logits that it is given"
            raise InputError("The model is spread over processes, and none can predict alone", hint=hint)
        samples, self._outputs = self._run.samples, classes_of(model, self._run.samples)
        classes = self._classes or self._outputs
        return predicted(model, self._loader, samples, batch=args.eval_batch_size, classes=classes)
