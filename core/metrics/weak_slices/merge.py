"""Weak slices of both halves as one list: versions of the same rows merged, and those left out that others explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .expectations import chance_of_more, expectations
from .regions import Region

SAME = 0.5  # rows in both, as a share of the rows in either, from which two slices are versions of the same
LEVEL = 0.05  # a slice stays only where so many errors are less likely, given all others that were found


@dataclass(frozen=True)
class WeakSlice:
    """A slice whose rows are wrong oftener than others.

    Parameters
    ----------
    region
        Its conditions.
    rows
        Whether each row lies in it: bool, shape (n,).
    half
        Positions of the rows of the half that did not find it, in which it was measured: int64.
    n, wrong
        How many rows of that half lie in it, and how many of these are wrong.
    rest_n, rest_wrong
        The same of the half's other rows.
    p_value
        Of so many errors by chance, one-sided: the larger one of Fisher's exact test against all other rows, and of a
        binomial test given the slices that were found before it.
    score
        By how much the log likelihood ratio exceeds the price of the choice, in the half that found it.
    """

    region: Region
    rows: np.ndarray
    half: np.ndarray
    n: int
    wrong: int
    rest_n: int
    rest_wrong: int
    p_value: float
    score: float


def distinct(entries: Sequence[WeakSlice], wrong: np.ndarray, *, limit: float) -> list[WeakSlice]:
    """Return the slices that the others do not explain, the one with the highest score first.

    A slice is left out where it has about the rows of a better one; where it is no weaker than the better ones make it;
    and, at last, where the others make it as weak as it is, as a part of it may.

    Parameters
    ----------
    wrong
        Whether each row is wrong: bool, shape (n,).
    limit
        The p-value that a slice needs, given the better ones.
    """
    kept: list[WeakSlice] = []
    for entry in sorted(entries, key=lambda entry: (-entry.score, entry.p_value)):
        if not any(overlap(entry.rows, other.rows) >= SAME for other in kept):
            if not kept or _given(entry, kept, wrong) <= limit:
                kept.append(entry)
    for entry in kept[::-1]:
        others = [other for other in kept if other is not entry]
        if others and _given(entry, others, wrong) > LEVEL:
            kept = others
    return kept


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the rows in both as a share of the rows in either (Jaccard's index), of masks: 0..1."""
    either = int((first | second).sum())
    return int((first & second).sum()) / either if either else 0.0


def _given(entry: WeakSlice, others: Sequence[WeakSlice], wrong: np.ndarray) -> float:
    """Return how likely so many errors of a slice are, given other slices: in the half where it is measured."""
    inside = entry.rows[entry.half]
    masks = [other.rows[entry.half] for other in others]
    return chance_of_more(entry.wrong, expectations(masks, wrong[entry.half], but=inside)[inside])
