"""Metrics per class and per slice: label-issue rate, accuracy, precision, recall, F1, with Wilson intervals.

All are counted by ``bincount``: no loop over samples and none over cells.

Accuracy, precision, recall and F1 compare a prediction with the *given* labels: the user's
``predicted`` column where there is one, else the proxy model's out-of-sample prediction, which says
how learnable the labels are and nothing of the user's model. Wrong labels lower all of them.

What the scan could not judge is not counted as clean: label-issue rates, and the proxy model's figures,
are those of the labels that were judged (:func:`judged_labels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..models.rates import wilson

if TYPE_CHECKING:
    from ..store.run import Run

PREDICTED = "predicted column"
PROXY = "proxy model"


@dataclass(frozen=True)
class ScoredLabels:
    """What the metrics are counted from, one entry a sample in the order of ``run.samples``.

    Parameters
    ----------
    classes
        Every label that was given or predicted, sorted.
    given, predicted
        Positions in ``classes``: int64, shape (n,), -1 where there is none.
    flagged
        Whether the label is an issue: bool, shape (n,); False where labels were not judged.
    was_judged
        Whether the label was judged: bool, shape (n,); see :func:`judged_labels`.
    source
        Whose prediction it is: PREDICTED, PROXY or "" where there is none.
    has_label
        Whether a sample is labeled, where its labels are no single class and ``given`` is -1: bool, shape (n,).
    """

    classes: tuple[str, ...]
    given: np.ndarray
    predicted: np.ndarray
    flagged: np.ndarray
    was_judged: np.ndarray
    source: str
    has_label: np.ndarray | None = None

    @cached_property
    def labeled(self) -> np.ndarray:
        """Whether a sample has a label: bool, shape (n,)."""
        return self.given >= 0 if self.has_label is None else self.has_label

    @cached_property
    def both(self) -> np.ndarray:
        """Whether a sample has a label and a prediction: bool, shape (n,)."""
        return self.labeled & (self.predicted >= 0)


def scored_labels(run: Run) -> ScoredLabels:
    """Gather labels, predictions and label flags of a run."""
    samples = run.samples
    if samples.task != "classification":
        # The flags alone: there a label is no single class that a prediction could be held against.
        no_class, given = np.full(len(samples), -1, dtype=np.int64), samples.given
        labeled = np.zeros(len(samples), dtype=bool) if given is None else given.is_valid().to_numpy()
        return ScoredLabels((), no_class, no_class, _label_flags(run), judged_labels(run), "", labeled)
    column = samples.column("predicted")
    names: set[str] = set(samples.classes) | set(run.classes)
    if column is not None:
        names |= set(pc.unique(column.drop_null()).to_pylist())
    classes = tuple(sorted(names))
    was_judged = judged_labels(run)
    if column is not None:
        positions = pc.index_in(column, value_set=pa.array(classes, pa.string()))
        predicted, source = pc.fill_null(positions, -1).to_numpy().astype(np.int64), PREDICTED
    elif run.pred_probs is not None and run.classes:
        predicted, source = _argmax(run.pred_probs, run.classes, classes), PROXY
        if "label_score" in run.scores.column_names:
            predicted[~was_judged] = -1  # of a blank or unreadable text the proxy's prediction means nothing
    else:
        predicted, source = np.full(len(samples), -1, dtype=np.int64), ""
    given = samples.codes(classes).astype(np.int64)
    return ScoredLabels(classes, given, predicted, _label_flags(run), was_judged, source)


def _label_flags(run: Run) -> np.ndarray:
    flags = score_column(run, "is_label_issue")
    return np.zeros(len(run.samples), dtype=bool) if flags is None else flags.fill_null(False).to_numpy()


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


def cell_metrics(data: ScoredLabels, codes: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Count the metrics of every cell.

    Parameters
    ----------
    codes
        The cell of each sample: int64, shape (n,).
    count
        The number of cells.

    Returns
    -------
    dict
        Name → array of shape (count,): ``n``, ``labeled``, ``judged``, ``label_issues``,
        ``label_issue_rate`` (of the judged labels) and ``accuracy`` with ``…_low`` and ``…_high``, ``f1``
        (macro, over the classes that occur in the cell) and ``weighted_f1``. NaN where nothing could be
        counted.
    """
    judged = np.bincount(codes[data.was_judged], minlength=count)
    issues = np.bincount(codes[data.was_judged & data.flagged], minlength=count)
    both = np.bincount(codes[data.both], minlength=count)
    right = np.bincount(codes[data.both & (data.given == data.predicted)], minlength=count)
    macro, weighted = _f1(data, codes, count)
    issue_low, issue_high = wilson(issues, judged)
    low, high = wilson(right, both)
    return {
        "n": np.bincount(codes, minlength=count),
        "labeled": np.bincount(codes[data.labeled], minlength=count),
        "judged": judged,
        "label_issues": issues,
        "label_issue_rate": _ratio(issues, judged),
        "label_issue_rate_low": issue_low,
        "label_issue_rate_high": issue_high,
        "accuracy": _ratio(right, both),
        "accuracy_low": low,
        "accuracy_high": high,
        "f1": macro,
        "weighted_f1": weighted,
    }


def overall(data: ScoredLabels) -> dict[str, float]:
    """Count the metrics of the whole data set."""
    metrics = cell_metrics(data, np.zeros(len(data.given), dtype=np.int64), 1)
    return {name: float(values[0]) for name, values in metrics.items()}


def class_metrics(data: ScoredLabels) -> dict[str, np.ndarray]:
    """Count the metrics of every class.

    Returns
    -------
    dict
        Name → array of shape (classes,): ``n`` (how often it is given), ``judged`` (of these),
        ``label_issues``, ``label_issue_rate`` with ``…_low`` and ``…_high``, ``precision``, ``recall``, ``f1``.
        NaN where nothing could be counted.
    """
    count = len(data.classes)
    has_class = data.given >= 0  # none has where the labels are sets or spans
    support = np.bincount(data.given[has_class], minlength=count)
    judged = np.bincount(data.given[has_class & data.was_judged], minlength=count)
    issues = np.bincount(data.given[has_class & data.was_judged & data.flagged], minlength=count)
    given = np.bincount(data.given[data.both], minlength=count)
    predicted = np.bincount(data.predicted[data.both], minlength=count)
    right = np.bincount(data.given[data.both & (data.given == data.predicted)], minlength=count)
    low, high = wilson(issues, judged)
    return {
        "n": support,
        "judged": judged,
        "label_issues": issues,
        "label_issue_rate": _ratio(issues, judged),
        "label_issue_rate_low": low,
        "label_issue_rate_high": high,
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, given),
        "f1": _ratio(2 * right, given + predicted),
    }


def _f1(data: ScoredLabels, codes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return macro and weighted F1 a cell, counting only the pairs of cell and class that occur."""
    size = max(len(data.classes), 1)
    cell, given, predicted = codes[data.both], data.given[data.both], data.predicted[data.both]
    used, pairs = np.unique(np.concatenate([cell * size + given, cell * size + predicted]), return_inverse=True)
    pair_given, pair_predicted = pairs[: len(cell)], pairs[len(cell) :]
    support = np.bincount(pair_given, minlength=len(used))
    named = np.bincount(pair_predicted, minlength=len(used))
    right = np.bincount(pair_given[given == predicted], minlength=len(used))
    f1 = _ratio(2 * right, support + named)
    owner = used // size
    macro = _ratio(np.bincount(owner, f1, minlength=count), np.bincount(owner, minlength=count))
    weight = np.bincount(owner, support, minlength=count)
    return macro, _ratio(np.bincount(owner, f1 * support, minlength=count), weight)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(top, dtype=float) / bottom


def _argmax(probs: np.ndarray, columns: tuple[str, ...], classes: tuple[str, ...]) -> np.ndarray:
    """Return each row's most probable class; -1 where the row is NaN."""
    finite = ~np.isnan(probs).any(axis=1)
    index = {name: position for position, name in enumerate(classes)}
    to_class = np.array([index[name] for name in columns], dtype=np.int64)
    predicted = np.full(len(probs), -1, dtype=np.int64)
    predicted[finite] = to_class[probs[finite].argmax(axis=1)]
    return predicted
