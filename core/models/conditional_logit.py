"""Conditional logit (McFadden 1974): which of several alternatives is chosen, by features with shared weights.

Rows may have alternatives of their own, some more and some fewer. The objective is the mean log loss plus half of
``penalty`` times the squared weights of standardised features; it is convex with few weights, so that some Newton steps
reach the minimum.
"""

from __future__ import annotations

import numpy as np

STEPS, CLOSE = 15, 1e-5
_NEVER = -1e9  # score of an alternative that a row does not have


def out_of_part_choices(
    features: np.ndarray, there: np.ndarray, chosen: np.ndarray, parts: np.ndarray, *, penalty: float = 1e-3
) -> np.ndarray:
    """Return the probability of each alternative, learned from the other parts: float64, shape (n, alternatives).

    Parameters
    ----------
    features
        Shape (n, alternatives, features).
    there
        bool, shape (n, alternatives): which alternatives a row has, the chosen one among them.
    chosen
        Position of the alternative that each row chose, shape (n,).
    parts
        Part of each row, shape (n,). With one part only, that one is learned from.

    >>> rows = np.array([[[1.0], [0.0]], [[0.0], [1.0]]] * 50)
    >>> choices = out_of_part_choices(rows, np.ones((100, 2), bool), np.array([0, 1] * 50), np.arange(100) // 50)
    >>> bool(choices[0, 0] > 0.9), bool(choices[1, 1] > 0.9)
    (True, True)
    """
    standard = np.zeros(features.shape)
    if there.any():
        values = features[there]
        standard[there] = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-6)
    chances = np.zeros(there.shape)
    for part in np.unique(parts).tolist():
        here = parts == part
        learned_from = ~here if (~here).any() else here
        weights = _fit(standard[learned_from], there[learned_from], chosen[learned_from], penalty)
        chances[here] = _chances(standard[here], there[here], weights)
    return chances


def _chances(features: np.ndarray, there: np.ndarray, weights: np.ndarray) -> np.ndarray:
    scores = np.where(there, features @ weights, _NEVER)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=_NEVER))
    return np.where(there, powers, 0) / np.maximum(powers.sum(axis=1, keepdims=True), 1e-300)


def _fit(features: np.ndarray, there: np.ndarray, chosen: np.ndarray, penalty: float) -> np.ndarray:
    n, _, count = features.shape
    weights = np.zeros(count)
    target = features[np.arange(n), chosen].sum(axis=0)
    for _ in range(STEPS):
        chances = _chances(features, there, weights)
        expected = (chances[:, :, None] * features).sum(axis=1)
        gradient = (expected.sum(axis=0) - target) / n + penalty * weights
        flat = features.reshape(-1, count)
        hessian = (flat * chances.reshape(-1, 1)).T @ flat - expected.T @ expected
        step = np.linalg.solve(hessian / n + penalty * np.eye(count), gradient)
        weights -= step / max(float(np.abs(step).max()), 1.0)  # at most one at a time: far steps overshoot
        if np.abs(step).max() < CLOSE:
            break
    return weights
