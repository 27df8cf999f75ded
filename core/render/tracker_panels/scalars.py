"""Scalars of a data set for trackers: at most thirty, those that a reader looks for first in front."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...data.issues import issue_named
from ...data.slugs import slug
from ...metrics.slice_metrics import PROXY, ScoredLabels, overall, score_column
from ..overview import Overview
from ..wrong_label_words import span_number_in

MOST = 30
ISSUE = "dq/issue/"
CUT = "dq/findings_cut"  # of one log, and of no line
HEADLINE = ("dq/rows", "dq/flagged_rate", "dq/error_rate_est", "dq/flag_precision", "dq/queue_left")
SCAN, PROBES = "the scan", "random probes that people judged"  # where an error rate is from
_MEANINGS = {
    "dq/rows": "samples in the data set",
    "dq/flagged_rate": "share of the samples that have an issue, 0 to 1",
    "dq/error_rate_est": "estimated share of wrong labels among those that were judged, 0 to 1",
    "dq/flag_precision": "share of the flagged labels that people judged which they called wrong, 0 to 1",
    "dq/queue_left": "samples in the queue that nobody answered yet",
    "dq/queue_decided": "samples that people decided on",
    "dq/hours_spent": "hours of all people's decisions on this scan, at most ten minutes each",
    "dq/labeled": "samples with a label",
    "dq/judged": "samples whose labels the scan could judge",
    CUT: "findings that the flagged table leaves out; the file has all",
    "dq/mean_label_score": "mean label quality score, 0 wrong to 1 right",
    "dq/predicted_accuracy": "share of the labels that the user's predictions agree with",
    "dq/predicted_f1": "macro F1 of the user's predictions",
    "dq/proxy_accuracy": "share of the labels that the built-in proxy model agrees with, out of sample",
    "dq/proxy_f1": "macro F1 of the built-in proxy model, out of sample",
}
_ENDS = {"_low": "lower end of the 95 % interval of", "_high": "upper end of the 95 % interval of"}


@dataclass(frozen=True)
class Rate:
    """A rate with its 95 % interval, each 0..1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Review:
    """What people decided on a run so far.

    Parameters
    ----------
    asked, left, decided
        Samples that people were asked about, and of these those that nobody answered and the decided ones.
    hours
        Of all people together; None where no platform told a time.
    precision
        Share of the flagged labels that people judged which they called wrong; None below ten.
    error_rate
        Share of wrong labels by random probes; None without them.
    page
        The address where people decide; empty if unknown.
    """

    asked: int = 0
    left: int = 0
    decided: int = 0
    hours: float | None = None
    precision: Rate | None = None
    error_rate: Rate | None = None
    page: str = ""


def scalars(overview: Overview, data: ScoredLabels, review: Review, *, cut: int = 0) -> dict[str, float]:
    """Return name → value of a run's scalars, finite, the most important first.

    Parameters
    ----------
    cut
        Findings that the flagged table leaves out.
    """
    values: dict[str, float] = dict.fromkeys(HEADLINE, math.nan)
    values["dq/rows"] = overview.rows
    values["dq/flagged_rate"] = overview.flagged_rows / overview.rows if overview.rows else math.nan
    values |= _with_interval("dq/error_rate_est", error_rate(overview, review)[0])
    values |= _with_interval("dq/flag_precision", review.precision)
    if review.asked:
        values["dq/queue_left"], values["dq/queue_decided"] = review.left, review.decided
        values["dq/hours_spent"] = math.nan if review.hours is None else review.hours
    values["dq/labeled"] = int(data.labeled.sum())
    values["dq/judged"] = int(data.was_judged.sum()) or overview.marked
    values |= _predictions(data)
    values[CUT] = cut
    values["dq/mean_label_score"] = _mean_label_score(overview)
    finite = {name: float(value) for name, value in values.items() if math.isfinite(value)}
    entries = sorted(overview.issues, key=lambda entry: (not entry.count, issue_named(entry.issue).rank))
    counts = {issue_metric(entry.issue): float(entry.count) for entry in entries[: MOST - len(finite)]}
    return finite | counts


def error_rate(overview: Overview, review: Review) -> tuple[Rate | None, str]:
    """Return the estimated share of wrong labels (or spans), and where it is from; None where nothing is claimed."""
    if review.error_rate is not None:
        return review.error_rate, PROBES
    spans = span_number_in(overview.report.facts)
    number, of = (overview.wrong_labels, overview.judged) if spans is None else (spans, _judged_spans(overview))
    if number is None or not of:
        return None, ""
    return Rate(*(min(count / of, 1.0) for count in (number.number, number.low, number.high))), SCAN


def issue_metric(issue: str) -> str:
    """Return the name of the scalar that counts an issue; no two issues share one.

    >>> issue_metric("near_duplicate"), issue_metric("my/check")
    ('dq/issue/near_duplicate', 'dq/issue/my-check-b3e69a30')
    """
    return ISSUE + slug((("issue", issue),)).partition(":")[2]


def meaning(name: str, issues: Iterable[str] = ()) -> str:
    """Say what a scalar is; ``issues`` are those that were looked for.

    >>> meaning("dq/error_rate_est_low")
    'lower end of the 95 % interval of dq/error_rate_est'
    >>> meaning("dq/issue/empty", ["empty"])
    'Empty texts: samples that have the issue'
    """
    for end, words in _ENDS.items():
        if name.endswith(end) and name.removesuffix(end) in _MEANINGS:
            return f"{words} {name.removesuffix(end)}"
    if name.startswith(ISSUE):
        issue = next(issue for issue in issues if issue_metric(issue) == name)
        return f"{issue_named(issue).title}: samples that have the issue"
    return _MEANINGS[name]


def _with_interval(name: str, rate: Rate | None) -> dict[str, float]:
    return {} if rate is None else {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}


def _judged_spans(overview: Overview) -> int:
    return int(overview.report.facts["span_errors"]["judged"])


def _predictions(data: ScoredLabels) -> dict[str, float]:
    if not data.source:
        return {}
    prefix, whole = "dq/proxy" if data.source == PROXY else "dq/predicted", overall(data)
    ends = ("", "_low", "_high")
    return {f"{prefix}_{name}{end}": whole[name + end] for name in ("accuracy", "f1") for end in ends}


def _mean_label_score(overview: Overview) -> float:
    scores = score_column(overview.report, "label_score")
    values = np.array([]) if scores is None else scores.to_numpy().astype(np.float64)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else math.nan
