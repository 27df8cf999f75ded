"""The most likely region of one or two columns, by Kulldorff's Bernoulli scan statistic over a summed-area table.

Of all ranges of bins, alone or crossed, it is the one whose rows are wrong so much oftener than was expected of them
that the log likelihood ratio is largest (Kulldorff 1997). Sums over any rectangle of bins are four look-ups in a table
of sums (Crow 1984), so that all of them are counted at once. Rows may differ in what is expected of them: a region
counts as so many draws at such a rate that the mean and the variance of its errors are right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bins import Binned

_LEAST = 1.0  # errors more than expected; below it sums of rounded numbers could be empty
_MOST = 0.9  # share of the variance, above which a region counts as no smaller than that


@dataclass(frozen=True)
class Peak:
    """The best region of some columns.

    Parameters
    ----------
    ratio
        Its log likelihood ratio.
    columns
        Their bins.
    ranges
        Of each column: the first bin, and the one after the last.
    """

    ratio: float
    columns: tuple[Binned, ...]
    ranges: tuple[tuple[int, int], ...]

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """Tell which of some rows lie in it: bool, one a row."""
        inside = np.ones(len(rows), dtype=bool)
        for column, (start, stop) in zip(self.columns, self.ranges, strict=True):
            codes = column.codes[rows]
            inside &= (codes >= start) & (codes < stop)
        return inside


def best_region(
    columns: tuple[Binned, ...], rows: np.ndarray, wrong: np.ndarray, expected: np.ndarray, *, level: float
) -> Peak | None:
    """Return the best region of one column or two; None where none has a ratio above the level.

    Parameters
    ----------
    rows
        Positions of the rows that are looked at: int64, shape (m,).
    wrong
        Positions of those that are wrong: int64.
    expected
        How likely each of the rows is to be wrong: float64, shape (m,), between 0 and 1.
    """
    first, second = columns[0], columns[1] if len(columns) > 1 else None
    variance = expected * (1 - expected)
    total = float(variance.sum())
    if not len(wrong) or total <= 0:
        return None
    spread = _rectangles(_sums(first, second, rows, variance), first, second)
    mean_sums = _sums(first, second, rows, expected)
    excess = _rectangles(_sums(first, second, wrong) - mean_sums, first, second)
    # A bound that is cheap: the ratio of a region is at most its squared standard score.
    outside = np.maximum(1 - spread / total, 1 - _MOST)
    inside = np.flatnonzero((excess > _LEAST) & (excess * excess >= level * spread * outside))
    if not len(inside):
        return None
    means = _rectangles(mean_sums, first, second).ravel()[inside]
    ratios = likelihood_ratio(excess.ravel()[inside] + means, means, spread.ravel()[inside])
    ratios /= outside.ravel()[inside]
    best = int(ratios.argmax())
    if ratios[best] <= level:
        return None
    places = np.unravel_index(inside[best], spread.shape)
    ranges = [
        (int(column.ranges[0][place]), int(column.ranges[1][place]))
        for column, place in zip(columns, places, strict=False)
    ]
    return Peak(float(ratios[best]), columns, tuple(ranges))


def likelihood_ratio(wrong: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the log likelihood ratio of regions with so many errors against what was expected: float64.

    Parameters
    ----------
    wrong, mean, variance
        Errors, and the mean and variance of the number that was expected: float64, shape (regions,), mean above 0.
    """
    draws = mean * mean / np.maximum(mean - variance, 1e-12)
    wrong = np.minimum(wrong, draws)
    right, others = draws - wrong, draws - mean
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = wrong * np.log(wrong / mean) + np.where(right > 1e-9, right * np.log(right / others), 0.0)
    return np.where(wrong > mean, ratio, 0.0)


def _sums(first: Binned, second: Binned | None, rows: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the summed-area table of counts or weights: float64, shape (bins + 1, bins of the second + 1)."""
    width = 1 if second is None else second.bins
    codes = first.codes[rows] if second is None else first.codes[rows] * width + second.codes[rows]
    counts = np.bincount(codes, weights, minlength=first.bins * width).reshape(first.bins, width)
    sums = np.zeros((first.bins + 1, width + 1))
    sums[1:, 1:] = counts.cumsum(axis=0).cumsum(axis=1)
    return sums


def _rectangles(sums: np.ndarray, first: Binned, second: Binned | None) -> np.ndarray:
    """Return the sum over each pair of ranges: float64, shape (ranges, ranges of the second)."""
    starts, stops = first.ranges
    bands = sums[stops] - sums[starts]
    if second is None:
        return bands[:, -1:]
    starts, stops = second.ranges
    return bands.take(stops, axis=1) - bands.take(starts, axis=1)
