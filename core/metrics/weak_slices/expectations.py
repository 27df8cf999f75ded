"""What slices explain: how likely each row is to be wrong, by a logistic model with one step for each slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import betainc, expit, logit

_NEWTON = 12
_CYCLES = 3
_STEEP = 8.0  # most that a step adds to the log odds


def expectations(
    masks: Sequence[np.ndarray], wrong: np.ndarray, *, but: np.ndarray | None = None, cycles: int = _CYCLES
) -> np.ndarray:
    """Return how likely each row is to be wrong, by which slices it lies in: float64, shape (m,), between 0 and 1.

    Fitted by backfitting (Friedman and Stuetzle 1981): each slice's step in turn, given the others.

    Parameters
    ----------
    masks
        Whether each of m rows lies in each slice: bool, shape (m,).
    wrong
        Whether it is wrong: bool, shape (m,).
    but
        Rows that say nothing of those in no slice: bool, shape (m,).
    """
    n = len(wrong)
    free = ~np.any(masks, axis=0) if len(masks) else np.ones(n, dtype=bool)
    if but is not None:
        free &= ~but
    if not free.any():
        free[:] = True
    base = (wrong[free].sum() + 0.5) / (free.sum() + 1)
    odds = np.full(n, logit(base))
    steps = np.zeros(len(masks))
    for _ in range(cycles if len(masks) > 1 else 1):
        for place, mask in enumerate(masks):
            own = odds[mask] - steps[place]
            steps[place] = step(own, int(wrong[mask].sum()))
            odds[mask] = own + steps[place]
    return expit(odds)


def step(odds: np.ndarray, wrong: int) -> float:
    """Return what must be added to the log odds of some rows so that as many are expected to be wrong as are.

    Parameters
    ----------
    odds
        Of the rows: float64, shape (m,).
    """
    if not len(odds):
        return 0.0
    target = min(max(float(wrong), 0.5), len(odds) - 0.5)
    added = 0.0
    for _ in range(_NEWTON):
        likely = expit(odds + added)
        slope = float((likely * (1 - likely)).sum())
        change = (target - float(likely.sum())) / max(slope, 1e-9)
        added = float(np.clip(added + np.clip(change, -2, 2), -_STEEP, _STEEP))
        if abs(change) < 1e-6:
            break
    return added


def chance_of_more(wrong: int, expected: np.ndarray) -> float:
    """Return how likely at least so many errors are, where each row has its own probability: the binomial's upper tail.

    That of the binomial with the same mean and variance, continued to draws that are no whole number.
    """
    mean = float(expected.sum())
    if wrong <= 0 or mean <= 0:
        return 1.0
    draws = mean * mean / max(float((expected * expected).sum()), 1e-300)
    if wrong > draws:
        wrong = int(draws)
    return float(betainc(wrong, max(draws - wrong + 1, 1e-9), min(mean / draws, 1.0)))
