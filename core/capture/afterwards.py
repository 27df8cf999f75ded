"""After a training: samples with their splits and predictions, and the trackers' runs that the report goes into."""

from __future__ import annotations

import logging
from dataclasses import replace
from importlib.metadata import entry_points

import numpy as np
import pyarrow as pa

from .. import platforms
from ..data.formatting import error_text
from ..data.samples import Samples
from ..report import Report
from .recording import EVAL, TRAIN, Recording

_logger = logging.getLogger("labelsift")


class ActiveRuns:
    """The runs of trackers that were active while a training ran; a report is logged into each at its end.

    Trackers' own callbacks end the run that they started before the report is there, so it is remembered.
    """

    def __init__(self) -> None:
        self._trackers: list[platforms.Tracker] | None = None
        self._active: dict[str, str] = {}

    def look(self) -> None:
        """Remember which runs are active now."""
        if self._trackers is None:
            # One look through the installed packages, where platforms.get would take one a name.
            made = [point.load()() for point in entry_points(group=platforms.GROUP)]
            self._trackers = [platform for platform in made if isinstance(platform, platforms.Tracker)]
        for tracker in self._trackers:
            if run := tracker.active_run():
                self._active[tracker.name] = run

    def log(self, report: Report) -> None:
        """Log a report into every run that was active; what goes wrong is said, and costs no trained model."""
        self.look()
        for tracker in self._trackers or ():
            if tracker.name not in self._active:
                continue
            try:
                with tracker.reopened(self._active[tracker.name]):
                    report.log(tracker.name)
            except Exception as error:  # a client raises what it likes
                _logger.warning("No panels in %s: %s: %s", tracker.name, type(error).__name__, error_text(error))


def seen_samples(samples: Samples, recording: Recording) -> Samples:
    """Return the samples with the split that the training used them for, and what the model predicts of held-out rows.

    Both are left as they are where the samples have them, and where no row was held out. Training rows get no
    prediction: the model has seen them, so metrics of it would flatter.
    """
    if samples.task != "classification" or not recording.finished(
        TRAIN
    ):  # a model of before has seen nobody knows what
        return samples
    seen = recording.seen(TRAIN)
    split, predicted = (np.full(len(samples), None, dtype=object) for _ in range(2))
    split[seen] = TRAIN
    for name in recording.held_out():
        rows, logits = recording.last(name) or (np.empty(0, int), np.empty((0, 0)))
        kept = ~seen[rows]
        split[rows[kept]] = EVAL
        predicted[rows[kept]] = np.array(recording.classes, dtype=object)[logits[kept].argmax(axis=1)]
    if (split != EVAL).all():
        return samples
    table = samples.table
    for role, values in (("split", split), ("predicted", predicted)):
        if samples.column(role) is None:
            table = table.append_column(role, pa.chunked_array([pa.array(values.tolist(), pa.string())]))
    return replace(samples, table=table)
