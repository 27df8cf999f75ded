"""Metrics a class and a slice, by counting: no loop over samples and none over cells.

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

from .factorize import Cells

if TYPE_CHECKING:
    from ..store.run import Run

PREDICTED = "predicted column"
PROXY = "proxy model"
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Judged:
    """What the metrics are counted from, one entry a sample in the order of ``report.samples``.

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


def judged(report: Run) -> Judged:
    """Gather labels, predictions and label flags of a report."""
    samples = report.samples
    if samples.task != "classification":
        return _judged_alone(report)
    column = samples.column("predicted")
    named: set[str] = set(samples.classes) | set(report.classes)
    if column is not None:
        named |= set(pc.unique(column.drop_null()).to_pylist())
    classes = tuple(sorted(named))
    was_judged = judged_labels(report)
    if column is not None:
        predicted, source = _positions(column, classes), PREDICTED
    elif report.pred_probs is not None and report.classes:
        predicted, source = _argmax(report.pred_probs, report.classes, classes), PROXY
        if "label_score" in report.scores.column_names:
            predicted[~was_judged] = -1  # of a blank or unreadable text the proxy's word means nothing
    else:
        predicted, source = np.full(len(samples), -1, dtype=np.int64), ""
    flags = score_column(report, "is_label_issue")
    flagged = np.zeros(len(samples), dtype=bool) if flags is None else flags.fill_null(False).to_numpy()
    return Judged(classes, samples.codes(classes).astype(np.int64), predicted, flagged, was_judged, source)


def _judged_alone(report: Run) -> Judged:
    """Gather the flags alone, where a label is no single class that a prediction could be held against."""
    nobody = np.full(len(report.samples), -1, dtype=np.int64)
    given, flags = report.samples.given, score_column(report, "is_label_issue")
    flagged = np.zeros(len(nobody), dtype=bool) if flags is None else flags.fill_null(False).to_numpy()
    labeled = np.zeros(len(nobody), dtype=bool) if given is None else given.is_valid().to_numpy()
    return Judged((), nobody, nobody, flagged, judged_labels(report), "", labeled)


def judged_labels(report: Run) -> np.ndarray:
    """Tell whose label was judged: bool, shape (n,), in the order of the samples.

    A judged label has a ``label_score``. Unlabeled rows, blank ones, those that the embedder cannot read
    and those of a class that no other row has are not judged: neither right nor wrong.
    """
    labels, scores = report.samples.given, score_column(report, "label_score")
    if labels is None or scores is None:
        return np.zeros(len(report.samples), dtype=bool)
    return labels.is_valid().to_numpy() & np.isfinite(scores.to_numpy().astype(np.float64))


def score_column(report: Run, name: str) -> pa.ChunkedArray | None:
    """Return a column of ``report.scores`` in the order of the samples, or None where there is none."""
    if name not in report.scores.column_names:
        return None
    if report.scores["id"].equals(report.samples.ids):
        return report.scores[name]
    order = pc.index_in(report.samples.ids, value_set=report.scores["id"].combine_chunks())
    return report.scores[name].take(order)


def wilson(hits: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of each rate ``hits / total`` (Wilson 1927); NaN where total is 0.

    >>> low, high = wilson(np.array([0, 5]), np.array([10, 10]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.237], [0.278, 0.763])
    """
    hits, total = np.asarray(hits, dtype=float), np.asarray(total, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = hits / total
        middle = (rate + Z95**2 / (2 * total)) / (1 + Z95**2 / total)
        half = Z95 / (1 + Z95**2 / total) * np.sqrt(rate * (1 - rate) / total + Z95**2 / (4 * total**2))
    # Rounding must not put a rate of exactly 0 or 1 outside its own interval.
    return np.minimum(np.maximum(middle - half, 0), rate), np.maximum(np.minimum(middle + half, 1), rate)


def cell_metrics(data: Judged, codes: np.ndarray, count: int) -> dict[str, np.ndarray]:
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
    known = np.bincount(codes[data.was_judged], minlength=count)
    issues = np.bincount(codes[data.was_judged & data.flagged], minlength=count)
    both = np.bincount(codes[data.both], minlength=count)
    right = np.bincount(codes[data.both & (data.given == data.predicted)], minlength=count)
    macro, weighted = _f1(data, codes, count)
    issue_low, issue_high = wilson(issues, known)
    low, high = wilson(right, both)
    return {
        "n": np.bincount(codes, minlength=count),
        "labeled": np.bincount(codes[data.labeled], minlength=count),
        "judged": known,
        "label_issues": issues,
        "label_issue_rate": _ratio(issues, known),
        "label_issue_rate_low": issue_low,
        "label_issue_rate_high": issue_high,
        "accuracy": _ratio(right, both),
        "accuracy_low": low,
        "accuracy_high": high,
        "f1": macro,
        "weighted_f1": weighted,
    }


def slice_metrics(data: Judged, cells: Cells) -> dict[str, np.ndarray]:
    """Count the metrics of the cells of one partition; see :func:`cell_metrics`."""
    return cell_metrics(data, cells.codes, len(cells))


def overall(data: Judged) -> dict[str, float]:
    """Count the metrics of the whole data set."""
    found = cell_metrics(data, np.zeros(len(data.given), dtype=np.int64), 1)
    return {name: float(values[0]) for name, values in found.items()}


def class_metrics(data: Judged) -> dict[str, np.ndarray]:
    """Count the metrics of every class.

    Returns
    -------
    dict
        Name → array of shape (classes,): ``n`` (how often it is given), ``judged`` (of these),
        ``label_issues``, ``label_issue_rate`` with ``…_low`` and ``…_high``, ``precision``, ``recall``, ``f1``.
        NaN where nothing could be counted.
    """
    count = len(data.classes)
    one_class = data.given >= 0  # none has where the labels are sets or spans
    support = np.bincount(data.given[one_class], minlength=count)
    known = np.bincount(data.given[one_class & data.was_judged], minlength=count)
    issues = np.bincount(data.given[one_class & data.was_judged & data.flagged], minlength=count)
    given = np.bincount(data.given[data.both], minlength=count)
    predicted = np.bincount(data.predicted[data.both], minlength=count)
    right = np.bincount(data.given[data.both & (data.given == data.predicted)], minlength=count)
    low, high = wilson(issues, known)
    return {
        "n": support,
        "judged": known,
        "label_issues": issues,
        "label_issue_rate": _ratio(issues, known),
        "label_issue_rate_low": low,
        "label_issue_rate_high": high,
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, given),
        "f1": _ratio(2 * right, given + predicted),
    }


def _f1(data: Judged, codes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return macro and weighted F1 a cell, counting only the pairs of cell and class that occur."""
    size = max(len(data.classes), 1)
    cell, given, predicted = codes[data.both], data.given[data.both], data.predicted[data.both]
    used, at = np.unique(np.concatenate([cell * size + given, cell * size + predicted]), return_inverse=True)
    at_given, at_predicted = at[: len(cell)], at[len(cell) :]
    support = np.bincount(at_given, minlength=len(used))
    named = np.bincount(at_predicted, minlength=len(used))
    right = np.bincount(at_given[given == predicted], minlength=len(used))
    f1 = _ratio(2 * right, support + named)
    owner = used // size
    macro = _ratio(np.bincount(owner, f1, minlength=count), np.bincount(owner, minlength=count))
    weight = np.bincount(owner, support, minlength=count)
    return macro, _ratio(np.bincount(owner, f1 * support, minlength=count), weight)


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(top, dtype=float) / bottom


def _positions(column: pa.ChunkedArray, classes: tuple[str, ...]) -> np.ndarray:
    found = pc.index_in(column, value_set=pa.array(classes, pa.string()))
    return pc.fill_null(found, -1).to_numpy().astype(np.int64)


def _argmax(probs: np.ndarray, columns: tuple[str, ...], classes: tuple[str, ...]) -> np.ndarray:
    """Return each row's most probable class; -1 where the row is NaN."""
    known = ~np.isnan(probs).any(axis=1)
    place = {name: at for at, name in enumerate(classes)}
    to_class = np.array([place[name] for name in columns], dtype=np.int64)
    found = np.full(len(probs), -1, dtype=np.int64)
    found[known] = to_class[probs[known].argmax(axis=1)]
    return found
