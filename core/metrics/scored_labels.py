"""Scored labels of a run: what was given, what was predicted and by whom, and which rows are counted.

Metrics of a model compare its predictions with the *given* labels, so that wrong labels lower all of them. Predictions
are the user's ``predicted`` column where there is one, else the most probable labels of the probabilities that the
user brought, else those of the proxy model: the built-in one, out of sample, which says how learnable the labels are
and nothing of the user's model.

What the scan could not judge is not counted as clean: label-issue rates, and the proxy model's figures, are those of
the labels that were judged (:func:`judged_labels`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.label_sets import labels_in
from ..data.samples import Task
from ..data.spans import types_in
from .evaluation_rows import counted_words, evaluation_rows, rows_in
from .label_outcomes import LabelOutcomes, of_sets, of_single_labels, of_spans

if TYPE_CHECKING:
    from ..store.run import Run

PREDICTED = "predicted column"
PROBABILITIES = "user's probabilities"
PROXY = "proxy model"
BROUGHT = "the user's model"  # of a run's setting pred_probs


@dataclass(frozen=True)
class ScoredLabels:
    """What the metrics are counted from, one entry a sample in the order of ``run.samples``.

    Parameters
    ----------
    classes
        Every label, or type of spans, that was given or predicted, sorted.
    given, predicted
        Positions in ``classes``: int64, shape (n,), -1 where there is none, as everywhere in sets and spans.
    flagged
        Whether the label is an issue: bool, shape (n,); False where labels were not judged.
    was_judged
        Whether the label was judged: bool, shape (n,); see :func:`judged_labels`.
    source
        Whose prediction it is: PREDICTED, PROBABILITIES, PROXY or "" where there is none.
    has_label
        Whether a sample is labeled, where its labels are no single class and ``given`` is -1: bool, shape (n,).
    task
        The kind of labels.
    evaluated
        Which samples the metrics of predictions count: bool, shape (n,); None for all.
    several
        Outcomes of sets of labels, or of spans; None of single labels, and where nothing was predicted.
    gaps
        Confidence in the most probable class minus 1 where that is the given one, else minus 0: float64, shape (n,),
        NaN where there is no label or no probability. None where there are no probabilities.
    gaps_of
        Whose probabilities these are: PROBABILITIES, PROXY or "".
    counted
        In words, what the metrics of predictions are counted on.
    """

    classes: tuple[str, ...]
    given: np.ndarray
    predicted: np.ndarray
    flagged: np.ndarray
    was_judged: np.ndarray
    source: str
    has_label: np.ndarray | None = None
    task: Task = "classification"
    evaluated: np.ndarray | None = None
    several: LabelOutcomes | None = None
    gaps: np.ndarray | None = None
    gaps_of: str = ""
    counted: str = ""

    @cached_property
    def labeled(self) -> np.ndarray:
        """Whether a sample has a label: bool, shape (n,)."""
        return self.given >= 0 if self.has_label is None else self.has_label

    @cached_property
    def both(self) -> np.ndarray:
        """Whether a sample has a label and a prediction, and counts: bool, shape (n,)."""
        compared = self.labeled & (self.predicted >= 0) if self.several is None else self.several.compared
        return compared if self.evaluated is None else compared & self.evaluated

    @cached_property
    def kinds(self) -> np.ndarray:
        """What a sample counts as, a bit each (labeled, both, judged, flagged and judged, right): int64, shape (n,)."""
        masks = [self.labeled, self.both, self.was_judged, self.was_judged & self.flagged, self.right]
        return (1 << np.arange(len(masks))) @ np.array(masks)

    @cached_property
    def outcomes(self) -> LabelOutcomes:
        """The outcomes of the labels of the samples that count."""
        if self.several is None:
            return of_single_labels(self.given, self.predicted, self.both)
        return self.several.of_samples(self.both)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether a sample counts and is predicted right, a set or spans as a whole: bool, shape (n,)."""
        return self.both & (self.given == self.predicted) if self.several is None else self.outcomes.right

    def source_of(self, metric: str) -> str:
        """Return whose predictions a metric judges; "" for label-issue rates, which judge none."""
        return {"label_issue_rate": "", "calibration_gap": self.gaps_of}.get(metric, self.source)

    def counted_by(self, metric: str) -> str:
        """Say in words what a metric is counted on; "" for label-issue rates, which count all judged labels."""
        return "" if metric == "label_issue_rate" else self.counted


def scored_labels(run: Run, *, split: str | Sequence[str] | None = None) -> ScoredLabels:
    """Gather labels, predictions and label flags of a run.

    Parameters
    ----------
    split
        One or several splits that alone are counted, for all metrics. By default metrics of the user's predictions
        leave out the rows of splits called train where others have predictions (their model has seen them), and
        label-issue rates and the proxy model, which is judged out of sample, count all rows.

    Raises
    ------
    InputError
        For a split that the data does not have.
    """
    flags = score_column(run, "is_label_issue")
    flagged = np.zeros(len(run.samples), dtype=bool) if flags is None else flags.fill_null(False).to_numpy()
    kinds = {"classification": _single_labels, "multilabel": _several_labels, "spans": _several_labels}
    data = kinds[run.samples.task](run, flagged, judged_labels(run))
    if split is not None:
        rows = rows_in(run.samples, split)
        data = replace(data, was_judged=data.was_judged & rows, flagged=data.flagged & rows, evaluated=rows)
        with_gap = rows
    else:
        if data.source in (PREDICTED, PROBABILITIES):
            data = replace(data, evaluated=evaluation_rows(run.samples, data.both))
        with_gap = None
        if data.gaps is not None and data.gaps_of == PROBABILITIES:
            with_gap = evaluation_rows(run.samples, ~np.isnan(data.gaps))
    if with_gap is not None and data.gaps is not None:
        data = replace(data, gaps=np.where(with_gap, data.gaps, np.nan))
    return replace(data, counted=counted_words(run.samples, data.both) if data.source else "")


def judged_labels(run: Run) -> np.ndarray:
    """Tell whose label was judged: bool, shape (n,), in the order of the samples.

    A judged label has a ``label_score``. Unlabeled rows, blank ones, those that the embedder cannot read
    and those of a class that no other row has are not judged: neither right nor wrong.
    """
    labels, scores = run.samples.given, score_column(run, "label_score")
    if labels is None or scores is None:
        return np.zeros(len(run.samples), dtype=bool)
    return labels.is_valid().to_numpy() & np.isfinite(scores.to_numpy().astype(np.float64))


def score_column(run: Run, name: str) -> pa.ChunkedArray | None:
    """Return a column of ``run.scores`` in the order of the samples, or None where there is none."""
    if name not in run.scores.column_names:
        return None
    if run.scores["id"].equals(run.samples.ids):
        return run.scores[name]
    order = pc.index_in(run.samples.ids, value_set=run.scores["id"].combine_chunks())
    return run.scores[name].take(order)


def _single_labels(run: Run, flagged: np.ndarray, was_judged: np.ndarray) -> ScoredLabels:
    samples, column = run.samples, run.samples.column("predicted")
    names: set[str] = set(samples.classes) | set(run.classes)
    if column is not None:
        names |= set(pc.unique(column.drop_null()).to_pylist())
    classes = tuple(sorted(names))
    given = samples.codes(classes).astype(np.int64)
    probable, confidence = _most_probable(run, classes, was_judged)
    source = _of_probabilities(run)
    gaps = np.where((given >= 0) & (probable >= 0), confidence - (given == probable), np.nan) if source else None
    data = ScoredLabels(classes, given, probable, flagged, was_judged, source, gaps=gaps, gaps_of=source)
    if column is None:
        return data
    positions = pc.index_in(column, value_set=pa.array(classes, pa.string()))
    return replace(data, predicted=pc.fill_null(positions, -1).to_numpy().astype(np.int64), source=PREDICTED)


def _several_labels(run: Run, flagged: np.ndarray, was_judged: np.ndarray) -> ScoredLabels:
    samples, column = run.samples, run.samples.column("predicted")
    given, several, source = samples.given, None, ""
    assert given is not None  # noqa: S101 - sets and spans are told by this column
    no_class = np.full(len(samples), -1, dtype=np.int64)
    classes = tuple(sorted({*samples.classes, *run.classes}))
    if column is not None:
        names = types_in(column) if samples.task == "spans" else labels_in(column)
        classes, source = tuple(sorted({*classes, *names})), PREDICTED
        several = (of_spans if samples.task == "spans" else of_sets)(given, column, classes)
    elif samples.task == "multilabel" and (source := _of_probabilities(run)):
        several = of_sets(given, _by_class(run, classes, was_judged), classes)
    labeled = given.is_valid().to_numpy()
    if several is None and samples.task == "spans":
        classes = ()  # nothing can be said of a type
    return ScoredLabels(
        classes, no_class, no_class, flagged, was_judged, source, labeled, task=samples.task, several=several
    )


def _of_probabilities(run: Run) -> str:
    """Return whose probabilities a run has; "" for none."""
    if run.pred_probs is None or not run.classes:
        return ""
    return PROBABILITIES if run.settings.get("pred_probs") == BROUGHT else PROXY


def _usable(run: Run, was_judged: np.ndarray) -> np.ndarray:
    """Tell which rows have probabilities that say something: bool, shape (n,)."""
    assert run.pred_probs is not None  # noqa: S101 - the callers have looked
    usable = np.isfinite(run.pred_probs.sum(axis=1))  # a row's sum is finite where all of it is
    if _of_probabilities(run) == PROXY and "label_score" in run.scores.column_names:
        usable &= was_judged  # of a blank or unreadable text the proxy's prediction means nothing
    return usable


def _most_probable(run: Run, classes: tuple[str, ...], was_judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's most probable class, -1 where that means nothing, and its probability."""
    predicted, confidence = np.full(len(run.samples), -1, dtype=np.int64), np.full(len(run.samples), np.nan)
    if not _of_probabilities(run):
        return predicted, confidence
    assert run.pred_probs is not None  # noqa: S101 - that was asked
    rows = np.flatnonzero(_usable(run, was_judged))
    columns = run.pred_probs.argmax(axis=1)[rows]
    index = {name: position for position, name in enumerate(classes)}
    predicted[rows] = np.array([index[name] for name in run.classes], dtype=np.int64)[columns]
    confidence[rows] = run.pred_probs[rows, columns]
    return predicted, confidence


def _by_class(run: Run, classes: tuple[str, ...], was_judged: np.ndarray) -> np.ndarray:
    """Return the probability of each class, NaN in rows where that means nothing: float64, shape (n, classes)."""
    assert run.pred_probs is not None  # noqa: S101 - the caller has looked
    index = {name: position for position, name in enumerate(classes)}
    probabilities = np.zeros((len(run.samples), len(classes)))
    probabilities[:, [index[name] for name in run.classes]] = run.pred_probs
    probabilities[~_usable(run, was_judged)] = np.nan
    return probabilities
