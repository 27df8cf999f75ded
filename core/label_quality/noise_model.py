"""A model of label noise: how likely each class is the true one, given what is known of a row and its given label.

With p(y | x) what the opinions say of the row's class and T[y, g] the share of samples of class y that carry the
label g, Bayes' rule gives ``P(y | x, g) ∝ p(y | x) T[y, g]``. So a label that looks unlikely is held against a row
more where such errors are common: confusions of two near classes and errors spread over all classes are ranked by
the same rule, with a T that is read off the data.

- **T** is the confident joint (Northcutt, Jiang & Chuang 2021), each row drawn towards one rate of errors, spread
  evenly, with the weight of :data:`PRIOR` samples.
- **p** is a logarithmic opinion pool (Genest & Zidek 1986), ``∏ p_s(y | x) ** a_s``. The weights a_s maximise the
  likelihood of the given labels under T, ``Σ log Σ_y p(y | x) T[y, g]``, as stacking does (Wolpert 1992), and are
  drawn halfway towards equal shares of the same model: labels that machines made are predicted best by a model of
  the same mistakes, which the likelihood alone would trust most. As T explains the noise, the pool is as sharp as
  the *true* classes are: the sum of the weights is mostly above one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .confident_learning import count_pairs, pass1, pass2, reduce

PRIOR = 5.0  # samples
SHRINKAGE = 0.5  # towards equal shares; chosen on injected noise, seeds 100 and 101 (benchmarks/RESULTS.md)
UNSURE = 1e-3  # share of the uniform distribution in every opinion: none can veto a class
ROUNDS = 12
START = 1.5  # sum of the weights at the start
RIDGE = 1e-4
STILL = 1e-3  # weights that move less are found


@dataclass(frozen=True)
class Noise:
    """How opinions are pooled and labels go wrong: weights, shape (opinions,), and T, float32, (classes, classes)."""

    weights: np.ndarray
    transition: np.ndarray


def logged(opinion: np.ndarray) -> np.ndarray:
    """Return the logarithm of an opinion, float32, shape (m, classes), without vetoes."""
    classes = opinion.shape[1]
    return np.log((1 - UNSURE) * opinion + UNSURE / classes).astype(np.float32)


def pooled(opinions: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Return the weighted geometric mean of logged opinions: float32, shape (m, classes), rows sum to one."""
    total = np.zeros_like(opinions[0])
    for weight, one in zip(weights.tolist(), opinions, strict=True):
        if weight:
            total += np.float32(weight) * one
    total -= total.max(axis=1, keepdims=True)
    np.exp(total, out=total)
    total /= total.sum(axis=1, keepdims=True)
    return total


def posterior(pool: np.ndarray, codes: np.ndarray, transition: np.ndarray) -> np.ndarray:
    """Return P(class | row, given label): float32, shape (m, classes); of unlabeled rows (-1) the pool itself."""
    found = pool * transition.T[codes]
    found[codes < 0] = pool[codes < 0]
    found /= np.maximum(found.sum(axis=1, keepdims=True), np.float32(1e-30))
    return found


def transition(pool: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Estimate T from labeled rows: float32, shape (classes, classes), rows sum to one."""
    classes = pool.shape[1]
    judged = pass2(pool, codes, reduce([pass1(pool, codes)]))
    given, confident, number = count_pairs(codes, judged.confident, classes)
    joint = np.zeros((classes, classes))
    joint[confident, given] = number
    total = max(joint.sum(), 1.0)
    rate = min(max(1 - np.trace(joint) / total, 1 / (total + 2)), 0.9)  # an error that was not seen may still occur
    base = np.full((classes, classes), rate / max(classes - 1, 1))
    np.fill_diagonal(base, 1 - rate)
    return ((joint + PRIOR * base) / (joint.sum(axis=1, keepdims=True) + PRIOR)).astype(np.float32)


def fitted(opinions: Sequence[np.ndarray], codes: np.ndarray, matrix: np.ndarray | None = None) -> Noise:
    """Fit the weights of logged opinions, and T unless it is given.

    Parameters
    ----------
    opinions
        float32, each of shape (m, classes), out of sample, without NaN.
    codes
        Given label of each row, shape (m,), none below 0.
    """
    equal = [sum(opinions[1:], start=opinions[0].copy()) / np.float32(len(opinions))]
    if matrix is not None:
        return Noise(_weights(opinions, equal, codes, matrix), matrix)
    before = _weights(opinions, equal, codes, transition(pooled(equal, np.ones(1)), codes))
    found = transition(pooled(opinions, before), codes)
    return Noise(_weights(opinions, equal, codes, found), found)


def _weights(
    opinions: Sequence[np.ndarray], equal: Sequence[np.ndarray], codes: np.ndarray, matrix: np.ndarray
) -> np.ndarray:
    """Return the likeliest weights, drawn towards equal shares of the likeliest sharpness."""
    shares = np.full(len(opinions), _likeliest(equal, codes, matrix, np.full(1, START))[0] / len(opinions))
    if len(opinions) == 1:
        return shares
    return SHRINKAGE * shares + (1 - SHRINKAGE) * _likeliest(opinions, codes, matrix, shares)


def _likeliest(opinions: Sequence[np.ndarray], codes: np.ndarray, matrix: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Maximise the likelihood of the given labels over weights that are not negative: EM, its second half by Newton."""
    weights = start.astype(np.float64)
    for _ in range(ROUNDS):
        pool = pooled(opinions, weights)
        expected = np.stack([np.einsum("ij,ij->i", pool, one) for one in opinions])
        truth = posterior(pool, codes, matrix)
        wanted = np.stack([np.einsum("ij,ij->i", truth, one) for one in opinions])
        slope = (wanted - expected).mean(axis=1, dtype=np.float64)
        curvature = np.array([[np.einsum("ij,ij,ij->", pool, a, b) for b in opinions] for a in opinions]) / len(codes)
        curvature -= expected @ expected.T / len(codes)
        free = np.flatnonzero((weights > 1e-9) | (slope > 0))
        if not len(free):
            break
        step = np.zeros(len(weights))
        within = curvature[np.ix_(free, free)] + RIDGE * np.eye(len(free))
        step[free] = np.linalg.solve(within, slope[free])
        following = np.clip(weights + step, 0, 20)
        moved = np.abs(following - weights).max()
        weights = following
        if moved < STILL:
            break
    return weights
