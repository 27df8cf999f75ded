"""Tests of a gate's condition: exact tails adjusted for the number of slices (Holm 1979).

A condition over many slices is one family. By default a slice fails where a value on the wrong side of the threshold
would be that far off by chance in less than 5 % of all cases for the whole family: the exact tail of its value if its
true one were the threshold, times Holm's factor (Scandinavian Journal of Statistics 6, 65-70), which holds however the
slices overlap. Of means over classes it is a tail of Student's t, less a bias (see
:func:`labelsift.metrics.macro_estimates.macro_tails`). ``strict`` fails a slice for its value alone. ``proven`` fails
a slice unless its value is on the right side by more than chance, each slice at 5 %: that *all* of them hold is an
intersection of claims, for which no factor is needed (Berger 1982, Technometrics 24, 295-300).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtr

from ..estimates import Estimates
from ..paired_estimates import PairedEstimates
from .conditions import Condition

ALPHA = 0.05  # how often a condition whose slices all lie exactly at the threshold fails, at most
FEWEST = 10  # counted samples below which nothing is said of a slice


@dataclass(frozen=True)
class Family:
    """The slices that one condition is about, and what was counted in them.

    Parameters
    ----------
    condition
        What must hold.
    slugs, slices
        Their slugs, and their predicates for people.
    counted
        Samples that the metric is counted from: int64, shape (slices,).
    estimates
        The metric of each.
    tails
        Of means over classes the degrees of freedom of their variance, and how much too low they come out on average:
        float64, shape (slices,) each; see :func:`labelsift.metrics.macro_estimates.macro_tails`. None of others.
    source
        Whose predictions are judged; "" where none are.
    rows
        Which rows are counted, in words.
    baseline
        The name of the run that is compared with, or None.
    counted_before
        As ``counted``, in that run.
    paired
        The differences from it.
    problem
        Why nothing can be measured.
    """

    condition: Condition
    slugs: Sequence[str]
    slices: Sequence[str]
    counted: np.ndarray
    estimates: Estimates
    tails: tuple[np.ndarray, np.ndarray] | None = None
    source: str = ""
    rows: str = ""
    baseline: str | None = None
    counted_before: np.ndarray | None = None
    paired: PairedEstimates | None = None
    problem: str = ""

    @property
    def least(self) -> int:
        """How many counted samples a slice must have."""
        return max(FEWEST, self.condition.fewest or 0)

    @property
    def compared(self) -> Estimates | PairedEstimates:
        """What is held against the condition's number: the metric, or its difference from the baseline.

        Also where no interval is shown: what a test needs beyond it is in ``tails``.
        """
        if self.paired is None:
            return replace(self.estimates, has_interval=None)
        old, new = (replace(side, has_interval=None) for side in (self.paired.old, self.paired.new))
        return PairedEstimates(old, new, self.paired.correlation)

    @property
    def enough(self) -> np.ndarray:
        """Which slices have enough samples, in both runs: bool, shape (slices,)."""
        fewest = self.counted if self.counted_before is None else np.minimum(self.counted, self.counted_before)
        return (fewest >= self.least) & np.isfinite(self.compared.value)


def decide(family: Family, enough: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the p-value of the test that decides on each slice, and which slices fail.

    Parameters
    ----------
    enough
        The slices that are judged: bool, shape (slices,).

    Returns
    -------
    p_values, broken
        float64 and bool, shape (slices,). The p-values say how likely a value that far on the wrong side would be if
        the true one were the threshold, after Holm; with ``proven`` one that far on the right side, each by itself.
    """
    condition, p_values = family.condition, np.ones(len(enough))
    if condition.proof == "proven":
        p_values[enough] = _tail(family, below=not condition.at_least)[enough]
        return p_values, enough & (p_values > ALPHA)
    p_values[enough] = holm(_tail(family, below=condition.at_least)[enough])
    wrong = is_wrong(condition, family.compared.value)
    return p_values, enough & wrong & ((p_values <= ALPHA) | (condition.proof == "strict"))


def _tail(family: Family, *, below: bool) -> np.ndarray:
    """Return how likely values as low, or as high, would be if the true ones were the threshold: shape (slices,)."""
    threshold = np.full(len(family.counted), family.condition.threshold)
    if family.tails is None:
        return family.compared.p_below(threshold) if below else family.compared.p_above(threshold)
    freedom, bias = family.tails
    tail = family.compared.p_below(threshold - bias) if below else family.compared.p_above(threshold)
    return np.where(tail < 0.5, stdtr(freedom, ndtri(np.maximum(tail, 1e-300))), tail)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for their number (Holm 1979): float64, shape (tests,).

    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return adjusted


def is_wrong(condition: Condition, values: np.ndarray) -> np.ndarray:
    """Tell which values are on the wrong side of the threshold; equal ones up to rounding are where >= and <= are."""
    gap = values - condition.threshold if condition.at_least else condition.threshold - values
    equal = np.isclose(gap, 0, atol=1e-12)
    with np.errstate(invalid="ignore"):
        return ((gap < 0) & ~equal) | (equal & (condition.operator in (">", "<")))
