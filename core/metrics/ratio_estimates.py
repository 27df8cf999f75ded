"""Ratios of sums over samples in many cells and in their rests, with effective trials by linearisation (sandwich).

A sample adds a top and a bottom: hits and entities, for example. The ratio R of the sums has the variance
``m / (m - 1) * sum(e ** 2) / sum(bottom) ** 2``, ``e = top - R * bottom``, over the m samples that have a bottom
(Cochran 1977, 6.4), so that entities of one text, which are right or wrong together, are not counted as if they were
many texts. Where few samples carry the errors, that variance is unsure itself: what it has above that of independent
trials is raised as the square of Student's t to the normal deviate, at ``2 * sum(e ** 2) ** 2 / sum(e ** 4)`` degrees
of freedom (Satterthwaite 1946, with the moments of the sample).

Everything is a sum over samples: the sums of a cell's rest are those of all samples less its own.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from ..models.rates import Z95
from .estimates import Estimates, Scale

FEWEST_DEGREES = 1.5  # of freedom: a single erring sample would have 2, and its t no second moment below


def sums(cells: np.ndarray, count: int, *columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum columns by cell: float64, shapes (columns, cells) and, over all samples, (columns, 1).

    Parameters
    ----------
    cells
        The cell of each sample: int64, shape (n,), -1 for none.
    columns
        What each sample adds: shape (n,) each.
    """
    shifted = cells + 1
    by_cell = [np.bincount(shifted, weights=column, minlength=count + 1)[1:] for column in columns]
    return np.array(by_cell), np.array([[float(np.sum(column))] for column in columns])


def rates(hits: np.ndarray, trials: np.ndarray, scale: Scale = "rate") -> Estimates:
    """Return rates of independent trials as they are: so many hits of so many."""
    return Estimates(hits, trials, scale)


def powers(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the columns of :func:`clustered` for every sample."""
    whole = [top**order * bottom ** (4 - order) for order in range(5)]
    return (bottom > 0).astype(float), top, bottom, top * top, top * bottom, bottom * bottom, *whole


def clustered(parts: np.ndarray, scale: Scale) -> Estimates:
    """Return ratios whose trials hang together within a sample.

    Parameters
    ----------
    parts
        Sums of what :func:`powers` returns: float64, shape (11, cells).
    """
    samples, top, bottom, squares, products, bottoms = parts[:6]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = top / bottom
        squared = np.maximum(squares - 2 * ratio * products + ratio**2 * bottoms, 0.0)
        fourth = sum(binomial * (-ratio) ** (4 - k) * parts[6 + k] for k, binomial in enumerate((1, 4, 6, 4, 1)))
        independent = ratio * (1 - ratio) / bottom
        variance = samples / (samples - 1) * squared / bottom**2
        freedom = np.maximum(2 * squared**2 / np.maximum(fourth, 1e-300), FEWEST_DEGREES)
        raised = (stdtrit(freedom, 0.975) / Z95) ** 2
        variance = variance + np.maximum(variance - independent, 0.0) * (raised - 1)
    return effective(ratio, variance, samples, scale, most=bottom)


def gaps(parts: np.ndarray) -> Estimates:
    """Return calibration gaps: the error rate with the trials at which it varies as the gap does, and its offset.

    Parameters
    ----------
    parts
        Sums of samples, errors, gaps (confidence less right) and gaps²: float64, shape (4, cells).
    """
    samples, errors, total, squares = parts
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, mean = errors / samples, total / samples
        variance = np.maximum(squares / samples - mean**2, 0.0) / (samples - 1)
    trials = effective(rate, variance, samples, "gap").trials
    return Estimates(np.nan_to_num(rate) * trials, trials, "gap", offset=mean - rate)


def effective(
    share: np.ndarray, variance: np.ndarray, samples: np.ndarray, scale: Scale, *, most: np.ndarray | None = None
) -> Estimates:
    """Return shares with the trials at which a rate of this value has this variance (Korn & Graubard 1998).

    A share of 0 or 1 has no variance that could be seen: its trials are the samples.

    Parameters
    ----------
    most
        Trials never to exceed.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        trials = share * (1 - share) / variance
    seen = np.isfinite(trials) & (trials > 0) & (samples > 1)
    trials = np.where(seen, trials, samples)
    if most is not None:
        trials = np.minimum(trials, most)
    trials = np.where(samples > 0, trials, 0.0)
    return Estimates(np.nan_to_num(share) * trials, trials, scale)
