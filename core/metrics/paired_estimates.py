"""Differences of a metric between two runs, cell by cell: intervals and p-values of correlated estimates (MOVER).

Two runs usually judge mostly the same samples, so that their values move together. The interval of the difference joins
the intervals of both with their correlation (Zou and Donner, Statistics in Medicine 27, 2008, 1693-1702); for rates of
the same samples that is Newcombe's (ibid. 17, 1998, 2635-2650, method 10). A p-value is the error at which the
one-sided interval just ends at the given difference, so that interval and test are one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from .estimates import Estimates

_MOST, _STEPS = 7.5, 300  # of the normal deviate; beyond, a confidence is 1 in floating point


@dataclass(frozen=True)
class PairedEstimates:
    """A metric in some cells of two runs.

    Parameters
    ----------
    old, new
        The metric in each run.
    correlation
        Of the two estimates: float64, shape (cells,), from -1 to 1; 0 where they share no sample.
    """

    old: Estimates
    new: Estimates
    correlation: np.ndarray

    @property
    def value(self) -> np.ndarray:
        """``new - old``: float64, shape (cells,), NaN where a run counts nothing."""
        return self.new.value - self.old.value

    def interval(self, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of each cell's two-sided interval of the difference, NaN where a run counts nothing."""
        below, above = self._arms(confidence)
        return self.value - below, self.value + above

    def p_below(self, difference: float | np.ndarray) -> np.ndarray:
        """Return how likely a difference as low as this would be if the true one were the given one; 1 if unknown."""
        return self._tail(difference, sign=1)

    def p_above(self, difference: float | np.ndarray) -> np.ndarray:
        """Return how likely a difference as high as this would be if the true one were the given one; 1 if unknown."""
        return self._tail(difference, sign=-1)

    def _tail(self, difference: float | np.ndarray, *, sign: int) -> np.ndarray:
        ahead = difference - self.value
        deviate = self._deviate(ahead)
        tail = np.where(sign * ahead > 0, ndtr(-deviate), ndtr(deviate))
        return np.where(np.isnan(ahead), 1.0, tail)

    def _deviate(self, ahead: np.ndarray) -> np.ndarray:
        """Return the normal deviate at which the interval reaches so far ahead of the value, or behind it."""
        deviate, before = np.full(len(ahead), _MOST), np.zeros(len(ahead))
        missing, distance, width = ~np.isnan(ahead), np.abs(ahead), _MOST / _STEPS
        for step in range(_STEPS):
            below, above = self._arms(float(2 * ndtr((step + 1) * width) - 1))
            arm = np.where(ahead > 0, above, below)
            reaches = missing & (arm >= distance)
            with np.errstate(invalid="ignore", divide="ignore"):
                part = np.where(arm > before, (distance - before) / (arm - before), 0.0)
            deviate[reaches] = (step + np.clip(part[reaches], 0, 1)) * width
            missing &= ~reaches
            if not missing.any():
                break
            before = arm
        return deviate

    def _arms(self, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the interval reaches below and above the difference."""
        (old_low, old_high), (new_low, new_high) = self.old.interval(confidence), self.new.interval(confidence)
        old, new = self.old.value, self.new.value
        return self._joined(new - new_low, old_high - old), self._joined(new_high - new, old - old_low)

    def _joined(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(first**2 - 2 * self.correlation * first * second + second**2, 0))


def correlation(
    old: Estimates,
    new: Estimates,
    influences: tuple[np.ndarray, np.ndarray],
    cells: tuple[np.ndarray, np.ndarray],
    shared: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Return the correlation of a metric's estimates in two runs that share samples: float64, shape (cells,).

    It is that of the influence values summed over the shared samples (the linearised covariance), corrected for
    continuity as Newcombe's: half a sample that is a hit in both runs is taken off.

    Parameters
    ----------
    old, new
        The estimates, with the same cells.
    influences
        How far each sample moves the metric, in each run: float64, shape (n,), 0 where it is not counted.
    cells
        The cell of each sample in each run: int64, shape (n,), -1 for none.
    shared
        The rows of the shared samples in each run: int64, shape (shared,).
    """
    count = len(old.trials)
    rows_old, rows_new = shared
    same = (cells[0][rows_old] == cells[1][rows_new]) & (cells[0][rows_old] >= 0)
    product = influences[0][rows_old[same]] * influences[1][rows_new[same]]
    together = np.bincount(cells[0][rows_old[same]], product, minlength=count)
    squares = [_sums(values**2, cell, count) for values, cell in zip(influences, cells, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = [_spread(estimates) / square for estimates, square in zip((old, new), squares, strict=True)]
        in_hits = together * np.sqrt(spread[0] * spread[1])
        corrected = np.where(in_hits > 0, np.maximum(in_hits - 0.5, 0), in_hits)
        ratio = corrected / np.sqrt(_spread(old) * _spread(new))
    return np.clip(np.nan_to_num(ratio, nan=0.0, posinf=0.0, neginf=0.0), -1, 1)


def _spread(estimates: Estimates) -> np.ndarray:
    """Return the variance of the number of hits."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return estimates.hits * (1 - estimates.hits / estimates.trials)


def _sums(values: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    inside = cells >= 0
    return np.bincount(cells[inside], values[inside], minlength=count)
