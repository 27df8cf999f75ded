"""Fine bins of columns (quantiles of the numbers, the commonest categories), and the ranges of bins that are tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .regions import MISSING, Condition, Feature

FINE, COARSE = 64, 32  # bins of numbers: beside a category, beside other numbers
MOST_CATEGORIES = 256
LEAST_ROWS = 10  # of a category, in the whole table


@dataclass(frozen=True)
class Binned:
    """A column in bins.

    Parameters
    ----------
    name
        Of the column.
    codes
        The bin of each row: int64, shape (n,), in ``range(bins)``.
    bins
        How many there are. Of numbers the last one holds what is missing; of categories it holds the rare ones.
    edges
        Of numbers: float64, ``edges[b - 1] < x <= edges[b]`` in bin b. None of categories.
    categories
        The category of each bin but the last. None of numbers.
    """

    name: str
    codes: np.ndarray
    bins: int
    edges: np.ndarray | None = None
    categories: np.ndarray | None = None

    @cached_property
    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """The first bin of each range that is tried, and the one after its last: int64, shape (ranges,) each."""
        if self.edges is None:
            starts = np.arange(self.bins - 1)
            return starts, starts + 1
        starts, stops = np.triu_indices(self.bins - 1, k=0)
        partial = (starts > 0) | (stops < self.bins - 2)
        return np.append(starts[partial], self.bins - 1), np.append(stops[partial] + 1, self.bins)

    @property
    def choices(self) -> float:
        """About how many of the ranges differ much from each other, for the price of choosing among them."""
        if self.edges is None:
            return max(self.bins - 1.0, 1.0)
        return max((self.bins - 1) * np.log2(max(self.bins - 1, 2)), 1.0)

    def coarser(self) -> Binned:
        """Return it with about half as many bins, where there are more than ``COARSE``."""
        if self.edges is None or self.bins - 1 <= COARSE:
            return self
        values = self.bins - 1
        codes = np.where(self.codes == values, (values + 1) // 2, self.codes // 2)
        return Binned(self.name, codes, (values + 1) // 2 + 1, np.append(self.edges[1:-1:2], self.edges[-1]))

    def condition(self, start: int, stop: int) -> Condition:
        """Return what a range of bins says."""
        if self.categories is not None:
            return Condition(self.name, code=int(self.categories[start]))
        assert self.edges is not None  # noqa: S101 - a column has the one or the other
        if start == self.bins - 1:
            return Condition(self.name, code=MISSING)
        low = -np.inf if start == 0 else float(self.edges[start - 1])
        return Condition(self.name, low, np.inf if stop == self.bins - 1 else float(self.edges[stop - 1]))


def binned(feature: Feature) -> Binned | None:
    """Return a column in bins that do not depend on what is right or wrong; None where all rows would share one."""
    return _numbers(feature) if feature.is_number else _categories(feature)


def _numbers(feature: Feature) -> Binned | None:
    known = feature.values[~feature.missing].astype(np.float64)
    if not len(known) or (known.min() == known.max() and len(known) == len(feature.values)):
        return None
    distinct = np.unique(known)
    if len(distinct) > FINE:
        distinct = np.unique(np.quantile(known, np.arange(1, FINE + 1) / FINE, method="inverted_cdf"))
    codes = np.searchsorted(distinct, feature.values.astype(np.float64), side="left")
    codes[feature.missing] = len(distinct)
    return Binned(feature.name, codes.astype(np.int64), len(distinct) + 1, edges=distinct)


def _categories(feature: Feature) -> Binned | None:
    values, inverse, counts = np.unique(feature.values, return_inverse=True, return_counts=True)
    if len(values) < 2:
        return None
    common = np.flatnonzero(counts >= LEAST_ROWS)
    kept = np.sort(common[np.argsort(-counts[common], kind="stable")[:MOST_CATEGORIES]])
    if not len(kept):
        return None
    bins = np.full(len(values), len(kept))
    bins[kept] = np.arange(len(kept))
    return Binned(feature.name, bins[inverse].astype(np.int64), len(kept) + 1, categories=values[kept])
