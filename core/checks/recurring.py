"""Which confusions recur: pairs of classes that flagged labels fall into more often than unpatterned errors would.

Had errors no pattern, a flagged label of class a would be suggested the class b as often as flagged labels of all other
classes are (independence over the flagged rows); and a flag that is wrong would fall on the classes that the model
takes a for anyway, as the probabilities of the rows of a that nobody flagged tell. The number expected of a pair
mixes both, by the label score of each flagged row, which is about how likely its label is right after all. How often
a model's own confusions are flagged is a poor estimate, so the number found is held against a negative binomial
distribution: its variance is the expected number plus :data:`DOUBT` times the square of that part, but at most twice
the expected. A pair recurs where the tail passes Benjamini & Hochberg's procedure (1995) over all pairs, and the number
is large enough to matter: at least :data:`LEAST` rows, :data:`TIMES` times the expected, :data:`SHARE` of the class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LEAST = 5  # rows: fewer are decided one by one
TIMES = 2.0  # what is found against what is expected: expectations are estimates, and of small numbers poor ones
SHARE = 0.01  # of the class that the labels say
DOUBT = 2.0  # how unsure the part of the model's own confusions is; chosen on injected errors, seeds 100–102
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
    unsure = np.minimum(DOUBT * mistaken**2, expected)
    found = [(int(a), int(b)) for a, b in zip(*np.nonzero(counts >= LEAST), strict=True)]
    p_values = [tail(int(counts[one]), float(expected[one]), float(unsure[one])) for one in found]
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


def tail(count: int, expected: float, more: float = 0.0) -> float:
    """Return how likely so many or more are: the upper tail of a negative binomial, or of a Poisson.

    Parameters
    ----------
    more
        Variance above that of a Poisson, which is ``expected``.

    >>> round(tail(3, 1.0), 6), round(tail(3, 1.0, 0.5), 6), tail(0, 1.0), tail(5, 0.0)
    (0.080301, 0.111111, 1.0, 0.0)
    """
    if count == 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if count <= expected:  # the lower terms are the fewer
        return max(1 - sum(_mass(k, expected, more) for k in range(count)), 0.0)
    total, term, k = 0.0, _mass(count, expected, more), count
    while term > total * 1e-16:
        total, k = total + term, k + 1
        term *= _ratio(k, expected, more)
    return total


def _ratio(k: int, expected: float, more: float) -> float:
    """Return the mass of k against that of k - 1; with the shape expected² / more of the negative binomial."""
    return (expected**2 + (k - 1) * more) / (k * (expected + more))


def _mass(k: int, expected: float, more: float) -> float:
    # the shape may be huge, so the mass is built up from that of 0 without its gamma functions
    zero = -expected if more <= expected * 1e-9 else -(expected**2 / more) * math.log1p(more / expected)
    return math.exp(zero + sum(math.log(_ratio(one, expected, more)) for one in range(1, k + 1)))
