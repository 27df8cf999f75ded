"""Which confusions recur: pairs of classes that flagged labels fall into more often than unpatterned errors would.

Had errors no pattern, a flagged label of class a would be suggested the class b as often as flagged labels of all other
classes are (independence over the flagged rows); and a flag that is wrong would fall on the classes that the model
takes a for anyway, as the probabilities of the rows of a that nobody flagged tell. The number expected of a pair
mixes both, by the label score of each flagged row, which is about how likely its label is right after all. It is an
estimate itself, and a poor one where it is small, so the number found is held against a negative binomial distribution
of that mean with the variance E + E² / (1 + E). A pair recurs where the tail passes Benjamini & Hochberg's procedure
(1995) over all pairs, and the number is large enough to matter: at least :data:`LEAST` rows, :data:`TIMES` times the
expected, and :data:`SHARE` of the class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LEAST = 5  # rows: fewer are decided one by one
TIMES = 2.0  # what is found against what is expected: expectations are estimates, and of small numbers poor ones
SHARE = 0.01  # of the class that the labels say
RATE = 0.01  # of the pairs that are named, how many may be by chance


@dataclass(frozen=True)
class Recurring:
    """Labels of one class that keep looking like another one.

    Parameters
    ----------
    given, suggested
        Classes.
    count, expected
        Flagged rows with this label and suggestion, and how many errors without a pattern would make.
    p_value
        Of so many or more.
    """

    given: int
    suggested: int
    count: int
    expected: float
    p_value: float


def recurring(
    given: np.ndarray, suggested: np.ndarray, right: np.ndarray, *, sizes: np.ndarray, taken_for: np.ndarray
) -> list[Recurring]:
    """Return the ordered pairs that recur, the most frequent first.

    Parameters
    ----------
    given, suggested
        Classes of the flagged rows: int, shape (m,).
    right
        How likely each flagged label is right after all, 0..1: shape (m,).
    sizes
        Judged rows of each class: shape (classes,).
    taken_for
        What the model takes the rows of each class for that nobody flagged: rows sum to one over the other classes, or
        are 0 where nothing is known; shape (classes, classes).
    """
    classes = len(sizes)
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (given, suggested), 1)
    wrong = _expected(np.bincount(given, 1 - right, minlength=classes), counts, sizes)
    mistaken = np.bincount(given, right, minlength=classes)[:, None] * taken_for
    expected = wrong + mistaken
    found = [(int(a), int(b)) for a, b in zip(*np.nonzero(counts >= LEAST), strict=True)]
    p_values = [tail(int(counts[one]), float(expected[one])) for one in found]
    limit = _limit(p_values, tests=classes * (classes - 1))
    pairs = [
        Recurring(*one, int(counts[one]), float(expected[one]), p)
        for one, p in zip(found, p_values, strict=True)
        if p <= limit and counts[one] >= TIMES * expected[one] and counts[one] >= SHARE * sizes[one[0]]
    ]
    return sorted(pairs, key=lambda one: (-one.count, one.given, one.suggested))


def _expected(weights: np.ndarray, counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Spread each class's weight over the others as the flagged rows of all other classes are: (classes, classes).

    The class itself stays out of the shares, or a confusion that makes up most of the flags would expect itself. Each
    share is pulled to that of the class's size, by as many rows as there are classes.
    """
    others = counts.sum(axis=0)[None, :] - counts + len(sizes) * sizes / max(sizes.sum(), 1)
    np.fill_diagonal(others, 0)
    return weights[:, None] * others / np.maximum(others.sum(axis=1, keepdims=True), 1e-9)


def _limit(p_values: list[float], *, tests: int) -> float:
    """Return the largest p-value that passes Benjamini & Hochberg's procedure, -1 where none does."""
    ordered = np.sort(p_values)
    passed = np.flatnonzero(ordered <= RATE * np.arange(1, len(ordered) + 1) / max(tests, 1))
    return float(ordered[passed[-1]]) if len(passed) else -1.0


def tail(count: int, expected: float) -> float:
    """Return how likely so many or more are: the upper tail of the negative binomial of this mean.

    >>> round(tail(3, 1.0), 6), tail(0, 1.0), tail(5, 0.0)
    (0.111111, 1.0, 0.0)
    """
    if count == 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if count <= expected:  # the lower terms are the fewer
        return max(1 - sum(_mass(k, expected) for k in range(count)), 0.0)
    shape = 1 + expected
    again = expected / (shape + expected)
    total, term, k = 0.0, _mass(count, expected), count
    while term > total * 1e-16:
        total, term = total + term, term * again * (k + shape) / (k + 1)
        k += 1
    return total


def _mass(k: int, expected: float) -> float:
    shape = 1 + expected
    odds = k * math.log(expected / (shape + expected)) + shape * math.log(shape / (shape + expected))
    return math.exp(math.lgamma(k + shape) - math.lgamma(shape) - math.lgamma(k + 1) + odds)
