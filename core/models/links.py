"""Softmax, logistic function and log odds: the links between scores and probabilities."""

from __future__ import annotations

import numpy as np


def softmax(scores: np.ndarray, *, out: np.ndarray | None = None) -> np.ndarray:
    """Return the probabilities that scores stand for, shape (n, classes): rows sum to one.

    Parameters
    ----------
    out
        Where to write them; it may be ``scores`` itself.
    """
    powers = np.subtract(scores, scores.max(axis=1, keepdims=True), out=out)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def expit(values: np.ndarray | float) -> np.ndarray:
    """Return the logistic function, exact where it is small.

    >>> expit(np.array([-800.0, 0.0, 800.0])).round(3).tolist()
    [0.0, 0.5, 1.0]
    """
    return 1 / (1 + np.exp(-np.clip(values, -700, 700)))


def log_odds(probability: np.ndarray, *, least: float = 1e-6) -> np.ndarray:
    """Return log odds, finite also of 0 and 1, which count as ``least`` and 1 - ``least``; NaN stays NaN.

    >>> log_odds(np.array([0.0, 0.5])).round(2).tolist()
    [-13.82, 0.0]
    """
    clipped = np.clip(probability, least, 1 - least)
    return np.log(clipped) - np.log1p(-clipped)
