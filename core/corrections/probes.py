"""What a random share of unflagged samples tells: the true error rate, and precision and recall of the flags.

Two strata were judged: the flagged samples that people were asked about, and the rest, of which the probes are a
simple random sample. In each the errors among the samples that nobody judged are unknown; with Jeffreys' prior
Beta(1/2, 1/2) they have a beta-binomial distribution (Brown, Cai & DasGupta 2001 on the prior; the finite
population makes the interval shrink to a point where all are judged). Error rate, precision and recall are
functions of the two totals, and the 2.5 % and 97.5 % quantiles of their draws are the interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import InputError

DRAWS = 20_000
LEAST = 10  # judged samples of a stratum, below which nothing is said
_PRIOR = 0.5


@dataclass(frozen=True)
class Stratum:
    """A part of the data set, of which people judged a random sample.

    Parameters
    ----------
    size
        Samples.
    judged
        How many people judged.
    errors
        How many of these they found to be wrong.
    """

    size: int
    judged: int
    errors: int

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.judged <= self.size:
            raise InputError(f"{self.errors} errors among {self.judged} judged of {self.size} samples cannot be")


@dataclass(frozen=True)
class Estimate:
    """A rate with its 95 % interval."""

    value: float
    low: float
    high: float


def estimates(flagged: Stratum, rest: Stratum, *, seed: int = 0, draws: int = DRAWS) -> dict[str, Estimate]:
    """Return ``error_rate`` of the whole, ``precision`` and ``recall`` of the flags; empty where too few are judged.

    Where no error was found there is no recall.

    Raises
    ------
    InputError
        If a stratum's counts cannot be.
    """
    if min(flagged.judged, rest.judged) < min(LEAST, flagged.size, rest.size) or not (flagged.judged and rest.judged):
        return {}
    rng = np.random.default_rng(seed)
    found, missed = _totals(flagged, rng, draws), _totals(rest, rng, draws)
    expected, beyond = _expected(flagged), _expected(rest)
    told = {
        "error_rate": (
            (expected + beyond) / (flagged.size + rest.size),
            (found + missed) / (flagged.size + rest.size),
        ),
        "precision": (expected / flagged.size, found / flagged.size),
        "recall": (expected / max(expected + beyond, 1e-9), found / np.maximum(found + missed, 1e-9)),
    }
    if not flagged.errors + rest.errors:
        del told["recall"]  # of no error, no share was found
    return {name: _estimate(value, drawn) for name, (value, drawn) in told.items()}


def rate(count: int, of: int, *, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """Return a plain rate with its interval (Jeffreys)."""
    return _estimate(count / of, np.random.default_rng(seed).beta(count + _PRIOR, of - count + _PRIOR, draws))


def difference(count: int, of: int, other: int, of_other: int, *, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """Return how much larger the first rate is than the other, with its interval."""
    rng = np.random.default_rng(seed)
    drawn = rng.beta(count + _PRIOR, of - count + _PRIOR, draws)
    drawn -= rng.beta(other + _PRIOR, of_other - other + _PRIOR, draws)
    return _estimate(count / of - other / of_other, drawn)


def _totals(stratum: Stratum, rng: np.random.Generator, draws: int) -> np.ndarray:
    rates = rng.beta(stratum.errors + _PRIOR, stratum.judged - stratum.errors + _PRIOR, draws)
    return stratum.errors + rng.binomial(stratum.size - stratum.judged, rates)


def _expected(stratum: Stratum) -> float:
    return stratum.errors / stratum.judged * stratum.size


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))
