"""Recurring confusions: pairs of classes that hold more flagged labels than errors without a pattern would make.

Had errors no pattern, a flagged label of class a would be suggested the class b as often as flagged labels of all other
classes are (independence over the flagged rows); and a flag that is wrong would fall on the classes that the model
takes a for anyway, as the probabilities of the rows of a that nobody flagged tell. The expected number of a pair mixes
both, by how likely each flagged label is right after all. How often a model's own confusions are flagged is a poor
estimate, so the number found is held against a negative binomial distribution: its variance is the expected number plus
:data:`OVERDISPERSION` times the square of that part, but at most twice the expected. A pair recurs where the tail
passes Benjamini & Hochberg's procedure (1995) over all pairs, and the number is large enough to matter: at least
:data:`LEAST` rows, :data:`TIMES` times the expected, :data:`SHARE` of the class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..models.rates import discovery_limit

LEAST = 5  # rows: fewer are decided one by one
TIMES = 2.0  # what is found against what is expected: expectations are estimates, and of small numbers poor ones
SHARE = 0.01  # of the class that the labels say
OVERDISPERSION = 2.0  # of the model's own confusions; chosen on injected errors, seeds 100–102
FALSE_DISCOVERIES = 0.01  # of the pairs that are named, how many may be by chance


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
    excess = np.minimum(OVERDISPERSION * mistaken**2, expected)
    cells = [(int(a), int(b)) for a, b in zip(*np.nonzero(counts >= LEAST), strict=True)]
    p_values = [upper_tail(int(counts[cell]), float(expected[cell]), float(excess[cell])) for cell in cells]
    limit = discovery_limit(p_values, rate=FALSE_DISCOVERIES, tests=classes * (classes - 1))
    pairs = [
        Recurring(*cell, int(counts[cell]), float(expected[cell]), p_value)
        for cell, p_value in zip(cells, p_values, strict=True)
        if p_value <= limit and counts[cell] >= TIMES * expected[cell] and counts[cell] >= SHARE * sizes[cell[0]]
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, pair.given, pair.suggested))


def _expected(weights: np.ndarray, counts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Spread each class's weight over the others as the flagged rows of all other classes are: (classes, classes).

    The class itself stays out of the shares, or a confusion that makes up most of the flags would expect itself. Each
    share is pulled to that of the class's size, by as many rows as there are classes.
    """
    others = counts.sum(axis=0)[None, :] - counts + len(sizes) * sizes / max(sizes.sum(), 1)
    np.fill_diagonal(others, 0)
    return weights[:, None] * others / np.maximum(others.sum(axis=1, keepdims=True), 1e-9)


def upper_tail(count: int, expected: float, excess: float = 0.0) -> float:
    """Return how likely so many or more are: the upper tail of a negative binomial, or of a Poisson.

    Parameters
    ----------
    excess
        Variance above that of a Poisson, which is ``expected``.

    >>> round(upper_tail(3, 1.0), 6), round(upper_tail(3, 1.0, 0.5), 6), upper_tail(0, 1.0), upper_tail(5, 0.0)
    (0.080301, 0.111111, 1.0, 0.0)
    """
    if count == 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if count <= expected:  # the lower terms are the fewer
        return max(1 - sum(_mass(k, expected, excess) for k in range(count)), 0.0)
    total, term, k = 0.0, _mass(count, expected, excess), count
    while term > total * 1e-16:
        total, k = total + term, k + 1
        term *= _mass_ratio(k, expected, excess)
    return total


def _mass_ratio(k: int, expected: float, excess: float) -> float:
    """Return the mass of k against that of k - 1; with the shape expected² / excess of the negative binomial."""
    return (expected**2 + (k - 1) * excess) / (k * (expected + excess))


def _mass(k: int, expected: float, excess: float) -> float:
    # the shape may be huge, so the mass is built up from that of 0 without its gamma functions
    log_zero = -expected if excess <= expected * 1e-9 else -(expected**2 / excess) * math.log1p(excess / expected)
    return math.exp(log_zero + sum(math.log(_mass_ratio(step, expected, excess)) for step in range(1, k + 1)))
