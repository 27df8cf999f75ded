"""Estimates of a metric in many cells as binomial proportions: Wilson intervals, exact tails, differences (Newcombe).

Every metric of a slice is told as so many hits of so many trials. Rates are counted that way. Others are put on that
footing: F1 of one class is ``2 J / (1 + J)``, where J, the share of true positives among all that is positive in the
labels or the predictions, is a rate; metrics that are means of dependent parts have an *effective* number of trials,
the one at which a rate of the same value would have the same variance (Korn & Graubard 1998; Dean & Pagano 2015).
So one formula gives all intervals, and one all p-values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import betainc, betainccinv, betaincinv, ndtr, ndtri

from ..models.rates import difference_interval, wilson

Scale = Literal["rate", "f1", "gap"]


@dataclass(frozen=True)
class Estimates:
    """A metric in each of some cells.

    Parameters
    ----------
    hits, trials
        float64, shape (cells,); trials may be effective ones, no whole numbers. 0 trials: nothing could be counted.
    scale
        What the metric is of the proportion ``p = hits / trials``: ``rate`` p itself, ``f1`` 2p / (1 + p), ``gap``
        p + offset: of calibration, where p is the error rate and the offset the mean confidence less 1.
    has_interval
        Where an interval, and anything else that weighs chance, can be told: bool, shape (cells,); None: everywhere.
    offset
        Of a gap: float64, shape (cells,).
    """

    hits: np.ndarray
    trials: np.ndarray
    scale: Scale = "rate"
    has_interval: np.ndarray | None = None
    offset: np.ndarray | None = None

    @property
    def value(self) -> np.ndarray:
        """The metric: float64, shape (cells,), NaN where nothing could be counted."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self._from_share(self.hits / self.trials)

    def interval(self, confidence: float = 0.95, *, exact: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of each cell's two-sided interval, NaN where none can be told.

        Wilson's (1927), which holds the truth as often as it says on average; or the exact one (Clopper and Pearson
        1934), which does so at least as often. Where many are looked at together, and the confidence in each is high,
        Wilson's leaves out the truth far too often: there take the exact one.
        """
        trials = self._weighed
        if exact:
            low, high = _exact(self.hits, trials, (1 - confidence) / 2)
        else:
            low, high = wilson(self.hits, trials, z=float(ndtri((1 + confidence) / 2)))
        return self._from_share(low), self._from_share(high)

    def p_below(self, threshold: float | np.ndarray) -> np.ndarray:
        """Return how likely a value as low as this would be if the true one were the threshold: exact binomial tail.

        Small: the metric is surely below the threshold. 1 where no interval can be told. Of effective trials it is
        the tail of the beta distribution that continues the binomial's.
        """
        return _tail_at_most(self.hits, self._weighed, self._to_share(threshold))

    def p_above(self, threshold: float | np.ndarray) -> np.ndarray:
        """Return how likely a value as high as this would be if the true one were the threshold."""
        share = self._to_share(threshold)
        return _tail_at_most(self.trials - self.hits, self._weighed, 1 - share)

    def take(self, cells: np.ndarray) -> Estimates:
        """Return some of the cells."""
        has_interval, offset = (None if array is None else array[cells] for array in (self.has_interval, self.offset))
        return Estimates(self.hits[cells], self.trials[cells], self.scale, has_interval, offset)

    def only(self, cells: np.ndarray) -> Estimates:
        """Return the same with nothing counted where ``cells``, bool of shape (cells,), is False."""
        hits, trials = (np.where(cells, array, 0.0) for array in (self.hits, self.trials))
        return Estimates(hits, trials, self.scale, self.has_interval, self.offset)

    @property
    def _weighed(self) -> np.ndarray:
        """The trials where chance can be weighed, else 0."""
        return self.trials if self.has_interval is None else np.where(self.has_interval, self.trials, 0.0)

    def _from_share(self, share: np.ndarray) -> np.ndarray:
        if self.scale == "f1":
            return 2 * share / (1 + share)
        return share if self.offset is None else share + self.offset

    def _to_share(self, value: float | np.ndarray) -> np.ndarray:
        value = np.asarray(value, dtype=float)
        if self.scale == "f1":
            return value / (2 - value)
        return value if self.offset is None else value - self.offset


def joined(parts: Sequence[Estimates]) -> Estimates:
    """Return the cells of estimates of one metric, one after the other."""
    if not parts:
        return Estimates(np.zeros(0), np.zeros(0))

    def each(name: str) -> np.ndarray:
        return concatenated([getattr(part, name) for part in parts])

    has_interval = None if parts[0].has_interval is None else each("has_interval")
    offset = None if parts[0].offset is None else each("offset")
    return Estimates(each("hits"), each("trials"), parts[0].scale, has_interval, offset)


def concatenated(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays of one dimension as one, empty where there are none."""
    return np.concatenate(parts) if parts else np.zeros(0)


def _tail_at_most(hits: np.ndarray, trials: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return P(X <= hits) of a binomial with continuous hits and trials; 1 where there are no trials."""
    share = np.clip(share, 0.0, 1.0)
    misses = np.maximum(trials - hits, 0.0)
    with np.errstate(invalid="ignore"):
        tail = 1 - betainc(hits + 1, np.where(misses > 0, misses, 1.0), share)
    return np.where((trials > 0) & (misses > 0), tail, 1.0)


def difference(
    first: Estimates, second: Estimates, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``first - second`` of independent cells with its interval: float64, shape (cells,) each.

    The interval is Newcombe's (:func:`labelsift.models.rates.difference_interval`). For one of m differences that are
    looked at together, give ``1 - 0.05 / m``.
    """
    a, b = first.value, second.value
    return a - b, *difference_interval(a, first.interval(confidence), b, second.interval(confidence))


def simultaneous_differences(
    first: Estimates, second: Estimates, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``first - second`` with intervals that all together hold the truth with this confidence (Bonferroni).

    They are Newcombe's of exact intervals; the choice among all cells that have one is counted.
    """
    a, b = first.value, second.value
    cells = int((np.isfinite(first.interval()[0]) & np.isfinite(second.interval()[0])).sum())
    each = 1 - (1 - confidence) / max(cells, 1)
    (own, others) = (estimates.interval(each, exact=True) for estimates in (first, second))
    return a - b, *difference_interval(a, own, b, others)


def _exact(hits: np.ndarray, trials: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Clopper and Pearson's interval, by the beta distribution also of trials that are no whole numbers."""
    known, misses = trials > 0, np.maximum(trials - hits, 0.0)
    inside = known & (hits > 0), known & (misses > 0)
    low, high = np.where(known, 0.0, np.nan), np.where(known, 1.0, np.nan)
    low[inside[0]] = betaincinv(hits[inside[0]], misses[inside[0]] + 1, tail)
    high[inside[1]] = betainccinv(hits[inside[1]] + 1, misses[inside[1]], tail)
    return low, high


def difference_p_values(first: Estimates, second: Estimates) -> np.ndarray:
    """Return two-sided p-values of the difference of independent cells, by the pooled score test; 1 where unknown.

    Gaps have other offsets, so that their shares cannot be pooled: theirs is Wald's test.
    """
    trials = np.stack([first.trials, second.trials])
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.stack([first.hits, second.hits]) / trials
        pooled = (first.hits + second.hits) / trials.sum(axis=0)
        expected = shares if first.scale == "gap" else np.stack([pooled, pooled])
        distance = first.value - second.value if first.scale == "gap" else shares[0] - shares[1]
        z = distance / np.sqrt((expected * (1 - expected) / trials).sum(axis=0))
    known = np.isfinite(z) & np.isfinite(first.interval()[0]) & np.isfinite(second.interval()[0])
    return np.where(known, 2 * ndtr(-np.abs(z)), 1.0)
