"""Metrics of slices: each in every cell, and in the rest of every cell, as estimates with intervals.

Every metric is counted by sums over the samples: no loop over samples and none over cells. Rates are told as they are,
F1 of one class by the share of hits among all that is given or predicted, and whatever counts several things a
sample, or is a mean over classes, by its effective trials (:mod:`labelsift.metrics.ratio_estimates`,
:mod:`labelsift.metrics.macro_estimates`).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import InputError
from .estimates import Estimates
from .label_outcomes import COUNTED, FALSE, HIT, Kind, LabelOutcomes
from .macro_estimates import Means, macro_estimates, macro_influences, macro_tails
from .metric_names import METRICS as METRICS  # for callers of the metrics, who need no other module
from .metric_names import metric_named
from .ratio_estimates import clustered, gaps, powers, rates, sums
from .scored_labels import PREDICTED as PREDICTED
from .scored_labels import PROBABILITIES as PROBABILITIES
from .scored_labels import PROXY as PROXY
from .scored_labels import ScoredLabels as ScoredLabels
from .scored_labels import judged_labels as judged_labels
from .scored_labels import score_column as score_column
from .scored_labels import scored_labels as scored_labels

FEWEST = 10  # counted samples; of fewer no value is shown
COMPARED = ("label_issue_rate", "accuracy", "f1", "weighted_f1")  # shown by trackers and between runs
_KINDS: dict[str, Kind] = {
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "micro_f1": "f1",
    "weighted_f1": "f1",
}


def estimates(data: ScoredLabels, metric: str, cells: np.ndarray, count: int, *, label: str | None = None) -> Estimates:
    """Return a metric of every cell.

    Parameters
    ----------
    metric
        One of :data:`METRICS`.
    cells
        The cell of each sample: int64, shape (n,), -1 for none. Those of one slice: ``np.where(mask, 0, 1)``.
    count
        The number of cells.
    label
        A class, for its precision, recall or F1.

    Raises
    ------
    InputError
        For an unknown metric or class, and a metric that these labels do not have.
    """
    return _estimates(data, metric, cells, count, label, rest=False)


def rest(data: ScoredLabels, metric: str, cells: np.ndarray, count: int, *, label: str | None = None) -> Estimates:
    """Return a metric of all samples but those of a cell, for every cell; see :func:`estimates`."""
    return _estimates(data, metric, cells, count, label, rest=True)


def counted_samples(data: ScoredLabels, metric: str, cells: np.ndarray, count: int) -> np.ndarray:
    """Return how many samples of each cell a metric counts: int64, shape (cells,)."""
    return np.bincount(cells[_counts(data, metric)] + 1, minlength=count + 1)[1:]


def samples_of_class(data: ScoredLabels, metric: str, label: str) -> np.ndarray:
    """Tell which samples a metric of one class counts, those in which it was given, predicted or either: (n,) bool."""
    outcomes = data.outcomes
    chosen = np.isin(outcomes.kinds, COUNTED[_KINDS[metric]]) & (outcomes.labels == _position(data, label))
    concerned = np.zeros(len(outcomes.compared), dtype=bool)
    concerned[outcomes.rows[chosen]] = True
    return concerned


def influences(
    data: ScoredLabels, metric: str, cells: np.ndarray, count: int, *, label: str | None = None
) -> np.ndarray:
    """Return how far each sample moves the metric of its cell, but for a factor a cell, to first order.

    Their products over the samples that two runs share say how far both estimates move together.

    Returns
    -------
    numpy.ndarray
        float64, shape (n,); 0 where a sample is not counted or in no cell.
    """
    metric_named(metric, data.task, label)
    if _is_macro(data, metric, label):
        return macro_influences(data.outcomes, len(data.classes), cells, count, _averaged(metric))
    columns, _ = _summed(data, metric, label)
    if metric == "calibration_gap":
        columns = (columns[2], columns[0])  # gaps and samples
    top, bottom = columns if len(columns) == 2 else columns[1:3]
    (tops, bottoms), _ = sums(cells, count, top, bottom)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.append(np.nan_to_num(tops / bottoms), 0.0)
    return np.where(cells >= 0, top - ratio[cells] * bottom, 0.0)


def tails_of_mean(
    data: ScoredLabels, metric: str, cells: np.ndarray, count: int, *, label: str | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return degrees of freedom and bias of a macro mean, see :func:`macro_tails`; None of other metrics."""
    if not _is_macro(data, metric, label) or metric == "weighted_f1":
        return None
    return macro_tails(data.outcomes, len(data.classes), cells, count, _KINDS[metric])


def cell_metrics(data: ScoredLabels, codes: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """Count the metrics that trackers and comparisons show of every cell.

    Parameters
    ----------
    codes
        The cell of each sample: int64, shape (n,).
    count
        The number of cells.

    Returns
    -------
    dict
        Name → array of shape (count,): ``n``, ``labeled``, ``counted`` (labeled and predicted), ``judged``,
        ``label_issues``, and each of :data:`COMPARED` with ``…_low`` and ``…_high``. NaN where nothing could be
        counted, or no interval be told.
    """
    by_kind = np.bincount(codes * 32 + data.kinds, minlength=count * 32).reshape(count, 32)
    bits = (np.arange(32)[:, None] >> np.arange(5)) & 1
    labeled, counted, judged, issues, right = (by_kind @ bits).T
    metrics = {
        "n": by_kind.sum(axis=1),
        "labeled": labeled,
        "counted": counted,
        "judged": judged,
        "label_issues": issues,
    }
    shares = {"label_issue_rate": rates(issues, judged), "accuracy": rates(right, counted)}
    for name in COMPARED:
        metrics |= _with_interval(name, shares.get(name) or estimates(data, name, codes, count))
    return metrics


def overall(data: ScoredLabels) -> dict[str, float]:
    """Count the metrics of the whole data set."""
    metrics = cell_metrics(data, np.zeros(len(data.given), dtype=np.int64), 1)
    return {name: float(values[0]) for name, values in metrics.items()}


def class_metrics(data: ScoredLabels) -> dict[str, np.ndarray]:
    """Count the metrics of every class.

    Returns
    -------
    dict
        Name → array of shape (classes,): ``n`` (how often it is given; of sets and spans, in what is counted),
        ``judged`` (of these), ``label_issues``, and ``label_issue_rate``, ``precision``, ``recall`` and ``f1`` with
        ``…_low`` and ``…_high``. NaN where nothing could be counted.
    """
    count = len(data.classes)
    cells = data.given  # -1 everywhere where the labels are sets or spans
    by_class = [
        np.bincount(cells[mask] + 1, minlength=count + 1)[1:]
        for mask in (data.labeled, data.was_judged, data.was_judged & data.flagged)
    ]
    metrics = dict(zip(("n", "judged", "label_issues"), by_class, strict=True))
    if data.several is not None:
        is_given = data.outcomes.kinds != FALSE
        metrics["n"] = np.bincount(data.outcomes.labels[is_given], minlength=count)
    metrics |= _with_interval("label_issue_rate", estimates(data, "label_issue_rate", cells, count))
    for name in ("precision", "recall", "f1"):
        metrics |= _with_interval(name, _of_each_class(data, _KINDS[name]))
    return metrics


def _with_interval(name: str, estimated: Estimates) -> dict[str, np.ndarray]:
    low, high = estimated.interval()
    return {name: estimated.value, f"{name}_low": low, f"{name}_high": high}


def _of_each_class(data: ScoredLabels, kind: Kind) -> Estimates:
    """Return a metric of every class, as :func:`estimates` would one after the other."""
    outcomes, count = data.outcomes, len(data.classes)
    chosen = np.isin(outcomes.kinds, COUNTED[kind])
    keys, places = np.unique(outcomes.rows[chosen] * count + outcomes.labels[chosen], return_inverse=True)
    top = np.bincount(places[outcomes.kinds[chosen] == HIT], minlength=len(keys)).astype(float)
    return _of_class(data, kind, sums(keys % max(count, 1), count, *powers(top, np.bincount(places).astype(float)))[0])


def _of_class(data: ScoredLabels, kind: Kind, parts: np.ndarray) -> Estimates:
    """Return the estimates of one class, from sums as :func:`clustered` takes them."""
    scale = "f1" if kind == "f1" else "rate"
    # a sample has a class once at most, but for spans
    return clustered(parts, scale) if data.task == "spans" else rates(parts[1], parts[2], scale)


def _counts(data: ScoredLabels, metric: str) -> np.ndarray:
    if metric == "label_issue_rate":
        return data.was_judged
    if metric == "calibration_gap":
        return np.zeros(len(data.given), dtype=bool) if data.gaps is None else ~np.isnan(data.gaps)
    return data.both


def _estimates(
    data: ScoredLabels, metric: str, cells: np.ndarray, count: int, label: str | None, *, rest: bool
) -> Estimates:
    metric_named(metric, data.task, label)
    if _is_macro(data, metric, label):
        return macro_estimates(data.outcomes, len(data.classes), cells, count, _averaged(metric), rest=rest)
    columns, made = _summed(data, metric, label)
    by_cell, whole = sums(cells, count, *columns)
    return made(whole - by_cell if rest else by_cell)


def _is_macro(data: ScoredLabels, metric: str, label: str | None) -> bool:
    return metric in ("precision", "recall", "f1", "weighted_f1") and label is None and not _is_micro(data, metric)


def _averaged(metric: str) -> Means:
    return Means(_KINDS[metric], weighted=metric == "weighted_f1")


def _is_micro(data: ScoredLabels, metric: str) -> bool:
    """Tell whether a metric is counted over all labels alike: that of spans is, as by seqeval."""
    return metric == "micro_f1" or (data.task == "spans" and metric != "weighted_f1")


def _summed(
    data: ScoredLabels, metric: str, label: str | None
) -> tuple[tuple[np.ndarray, ...], Callable[[np.ndarray], Estimates]]:
    """Return what each sample adds to a metric's sums, and what makes estimates of them."""
    counted = _counts(data, metric)
    if metric == "calibration_gap":
        each = np.zeros(len(counted)) if data.gaps is None else np.nan_to_num(data.gaps)
        return (counted, counted & (each > 0), each, each**2), gaps
    if metric == "label_issue_rate":
        return (data.flagged & counted, counted), lambda parts: rates(*parts)
    if metric == "accuracy" or (metric == "micro_f1" and data.task == "classification"):
        return (data.right, counted), lambda parts: rates(*parts)
    if metric == "error_rate":
        return (counted & ~data.right, counted), lambda parts: rates(*parts)
    top, bottom = _hits_of(data.outcomes, _KINDS[metric], None if label is None else _position(data, label))
    if label is not None:
        return powers(top, bottom), lambda parts: _of_class(data, _KINDS[metric], parts)
    return powers(top, bottom), lambda parts: clustered(parts, "f1" if _KINDS[metric] == "f1" else "rate")


def _position(data: ScoredLabels, label: str) -> int:
    if label not in data.classes:
        known = f"There are {', '.join(data.classes[:20])}" if data.classes else "Nothing is labeled, or predicted"
        raise InputError("There is no such class", ids=[label], hint=known)
    return data.classes.index(label)


def _hits_of(outcomes: LabelOutcomes, kind: Kind, label: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return each sample's hits and what they are a share of: float64, shape (n,) each.

    What they are a share of: see :data:`labelsift.metrics.label_outcomes.COUNTED`.
    """
    chosen = np.isin(outcomes.kinds, COUNTED[kind])
    if label is not None:
        chosen &= outcomes.labels == label
    rows, n = outcomes.rows[chosen], len(outcomes.compared)
    bottom = np.bincount(rows, minlength=n).astype(float)
    return np.bincount(rows[outcomes.kinds[chosen] == HIT], minlength=n).astype(float), bottom
