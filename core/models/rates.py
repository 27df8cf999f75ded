"""Rates and many of them: Wilson intervals, and Benjamini & Hochberg's bound on false discoveries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Z95 = 1.959963984540054


def wilson(hits: np.ndarray, total: np.ndarray, *, z: float = Z95) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of each rate ``hits / total`` (Wilson 1927), of 95 % by default; NaN where total is 0.

    >>> low, high = wilson(np.array([0, 5]), np.array([10, 10]))
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.0, 0.237], [0.278, 0.763])
    """
    hits, total = np.asarray(hits, dtype=float), np.asarray(total, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = hits / total
        middle = (rate + z**2 / (2 * total)) / (1 + z**2 / total)
        half = z / (1 + z**2 / total) * np.sqrt(rate * (1 - rate) / total + z**2 / (4 * total**2))
    # Rounding must not put a rate of exactly 0 or 1 outside its own interval.
    return np.minimum(np.maximum(middle - half, 0), rate), np.maximum(np.minimum(middle + half, 1), rate)


def difference_interval(
    first: np.ndarray,
    first_ends: tuple[np.ndarray, np.ndarray],
    second: np.ndarray,
    second_ends: tuple[np.ndarray, np.ndarray],
    correlation: np.ndarray | float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of ``first - second`` from the two intervals, by squares and sums.

    Newcombe's (Statistics in Medicine 17, 1998, 873-890, method 10) where both are rates with Wilson's intervals; of
    anything else MOVER (Zou and Donner, ibid. 27, 2008). ``correlation`` is that of the two estimates.

    >>> difference_interval(np.array([0.5]), (np.array([0.4]), np.array([0.6])), np.array([0.3]),
    ...                     (np.array([0.3]), np.array([0.3])))
    (array([0.1]), array([0.3]))
    """
    down, up = (first - first_ends[0], second_ends[1] - second), (first_ends[1] - first, second - second_ends[0])

    def length(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(a**2 - 2 * correlation * a * b + b**2, 0))

    return first - second - length(*down), first - second + length(*up)


def rows_for_interval(half_width: float) -> int:
    """Return from how many rows on the 95 % interval of a rate is at most so wide to either side, whatever the rate.

    >>> rows_for_interval(0.1), rows_for_interval(0.05)
    (93, 381)
    """
    return int(np.ceil(Z95**2 * (1 / (4 * half_width**2) - 1)))


def discovery_limit(p_values: Sequence[float] | np.ndarray, *, rate: float, tests: int | None = None) -> float:
    """Return the largest p-value that passes Benjamini & Hochberg's procedure (1995), -1 where none does.

    Parameters
    ----------
    rate
        The share of false ones among the discoveries that is allowed.
    tests
        How many were made, where not all p-values are given.

    >>> discovery_limit([0.001, 0.02, 0.5], rate=0.05), discovery_limit([0.5], rate=0.05)
    (0.02, -1.0)
    """
    ordered = np.sort(np.asarray(p_values, dtype=float))
    limits = rate * np.arange(1, len(ordered) + 1) / max(tests or len(ordered), 1)
    passed = np.flatnonzero(ordered <= limits)
    return float(ordered[passed[-1]]) if len(passed) else -1.0
