"""Borders of intervals that follow the errors row by row: the heaviest run of log likelihood ratios (Kadane's scan)."""

from __future__ import annotations

import numpy as np

from .expectations import step
from .regions import Condition, Feature

_ROUNDS = 3
_OPEN = 2.0  # log likelihood that a border must gain


def refined(condition: Condition, feature: Feature, rows: np.ndarray, wrong: np.ndarray, odds: np.ndarray) -> Condition:
    """Return the interval of one column, among some rows, whose errors were the least to be expected.

    Parameters
    ----------
    condition
        Where to start.
    rows
        Positions of the rows that fulfil the region's other conditions: int64, shape (m,).
    wrong, odds
        Whether each of them is wrong (bool), and the log odds that were expected: float64, shape (m,).
    """
    known = ~feature.missing[rows]
    values = feature.values[rows[known]].astype(np.float64)
    order = np.argsort(values, kind="stable")
    values, wrong, odds = values[order], wrong[known][order], odds[known][order]
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))  # of each distinct value
    distinct = values[last]
    until = np.concatenate([[0], last + 1])  # rows up to each
    start, stop = 0, len(distinct)
    if condition.low > -np.inf:
        start = int(np.searchsorted(distinct, condition.low, side="right"))
    if condition.high < np.inf:
        stop = int(np.searchsorted(distinct, condition.high, side="right"))
    gain = np.zeros(len(until))
    for _ in range(_ROUNDS):
        inside = slice(until[start], until[stop])
        added = step(odds[inside], int(wrong[inside].sum()))
        if added <= 0:
            return condition
        gain = np.concatenate([[0.0], (added * wrong - np.logaddexp(0, odds + added) + np.logaddexp(0, odds)).cumsum()])
        gain = gain[until]
        end = int((gain - np.minimum.accumulate(gain)).argmax())
        begin = int(gain[: end + 1].argmin())
        if (begin, end) == (start, stop) or begin == end:
            break
        start, stop = begin, end
    # A border is none where the rows beyond it could as well belong.
    if gain[start] >= gain[0] - _OPEN:
        start = 0
    if gain[-1] >= gain[stop] - _OPEN:
        stop = len(distinct)
    return Condition(condition.feature, _border(distinct, start), _border(distinct, stop))


def _border(distinct: np.ndarray, place: int) -> float:
    """Return a short number from one value on, and below the next."""
    if place == 0:
        return -np.inf
    if place == len(distinct):
        return np.inf
    return short_between(float(distinct[place - 1]), float(distinct[place]))


def short_between(low: float, high: float) -> float:
    """Return the number with the fewest digits that is at least ``low`` and below ``high``, near their middle.

    >>> short_between(23.41, 23.58), short_between(3, 4), short_between(0.12, 0.13), short_between(-1.0, float("inf"))
    (23.5, 3.5, 0.125, -1.0)
    """
    middle = low / 2 + high / 2
    if not np.isfinite(middle):
        return low
    for digits in range(1, 17):
        short = float(f"{middle:.{digits}g}")
        if low < short < high:
            return short
    return low
