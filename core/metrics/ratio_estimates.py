"""Ratios of sums over samples in many cells and in their rests, with effective trials by linearisation (sandwich).

A sample adds a top and a bottom: hits and entities, for example. The ratio R of the sums has the variance
``m / (m - 1) * sum((top - R * bottom) ** 2) / sum(bottom) ** 2`` over the m samples that have a bottom (Cochran 1977,
6.4), so that entities of one text, which are right or wrong together, are not counted as if they were many texts.
Everything is a sum over samples: the sums of a cell's rest are those of all samples less its own.
"""

from __future__ import annotations

import numpy as np

from .estimates import Estimates, Scale


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


def clustered(parts: np.ndarray, scale: Scale) -> Estimates:
    """Return ratios whose trials hang together within a sample.

    Parameters
    ----------
    parts
        Sums of: samples with a bottom, top, bottom, top², top * bottom, bottom²; float64, shape (6, cells).
    """
    samples, top, bottom, squares, products, bottoms = parts
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = top / bottom
        squared = np.maximum(squares - 2 * ratio * products + ratio**2 * bottoms, 0.0)
        variance = samples / (samples - 1) * squared / bottom**2
    return effective(ratio, variance, samples, scale, most=bottom)


def squares_of(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the columns of :func:`clustered` for every sample."""
    return (bottom > 0).astype(float), top, bottom, top * top, top * bottom, bottom * bottom


def means(parts: np.ndarray, scale: Scale) -> Estimates:
    """Return means of values from -1 to 1, as a gap; ``parts``: sums of samples, value and value², shape (3, cells)."""
    samples, total, squares = parts
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / samples
        variance = np.maximum(squares / samples - mean**2, 0.0) / (samples - 1)
    return effective((mean + 1) / 2, variance / 4, samples, scale)


def effective(
    share: np.ndarray, variance: np.ndarray, samples: np.ndarray, scale: Scale, *, most: np.ndarray | None = None
) -> Estimates:
    """Return shares with the trials at which a rate of this value has this variance (Korn & Graubard 1998).

    A share of 0 or 1 has no variance that could be seen: its trials are the samples. ``most``: trials never to exceed.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        trials = share * (1 - share) / variance
    seen = np.isfinite(trials) & (variance > 0) & (samples > 1)
    trials = np.where(seen, trials, samples)
    if most is not None:
        trials = np.minimum(trials, most)
    trials = np.where(samples > 0, trials, 0.0)
    return Estimates(np.nan_to_num(share) * trials, trials, scale)
