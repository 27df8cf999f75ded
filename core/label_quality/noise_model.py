"""Class-conditional noise model: P(true class | row, given label) from a noise transition matrix and an opinion pool.

With p(y | x) what the ensemble says of the row's class and T[y, g] the share of samples of class y that carry the
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
CELLS_AT_ONCE = 2**17  # of a block of rows, which stays in the processor's cache


@dataclass(frozen=True)
class NoiseModel:
    """Weights of the pooled sources, shape (sources,); noise transition matrix T, float32, shape (classes, classes)."""

    weights: np.ndarray
    transition: np.ndarray


def log_probs(pred_probs: np.ndarray) -> np.ndarray:
    """Return the logarithm of class probabilities, float32, shape (m, classes), without vetoes: none is quite zero."""
    classes = pred_probs.shape[1]
    return np.log((1 - UNSURE) * pred_probs + UNSURE / classes).astype(np.float32)


def pool_log_probs(sources: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Return the logarithmic opinion pool, a weighted geometric mean: float32, shape (m, classes), rows sum to one.

    Parameters
    ----------
    sources
        Of :func:`log_probs`, each of shape (m, classes).
    """
    total = np.zeros_like(sources[0])
    for weight, log_probabilities in zip(weights.tolist(), sources, strict=True):
        if weight:
            total += np.float32(weight) * log_probabilities
    total -= total.max(axis=1, keepdims=True)
    np.exp(total, out=total)
    total /= total.sum(axis=1, keepdims=True)
    return total


def posterior(pool: np.ndarray, codes: np.ndarray, transition: np.ndarray) -> np.ndarray:
    """Return P(class | row, given label): float32, shape (m, classes); of unlabeled rows (-1) the pool itself."""
    result = pool * transition.T[codes]
    result[codes < 0] = pool[codes < 0]
    result /= np.maximum(result.sum(axis=1, keepdims=True), np.float32(1e-30))
    return result


def noise_transition_matrix(pool: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Estimate T from labeled rows by the confident joint: float32, shape (classes, classes), rows sum to one."""
    classes = pool.shape[1]
    result = pass2(pool, codes, reduce([pass1(pool, codes)]))
    given, confident, number = count_pairs(codes, result.confident, classes)
    joint = np.zeros((classes, classes))
    joint[confident, given] = number
    total = max(joint.sum(), 1.0)
    rate = min(max(1 - np.trace(joint) / total, 1 / (total + 2)), 0.9)  # an error that was not seen may still occur
    base = np.full((classes, classes), rate / max(classes - 1, 1))
    np.fill_diagonal(base, 1 - rate)
    matrix = (joint + PRIOR * base) / (joint.sum(axis=1, keepdims=True) + PRIOR)
    return np.asfortranarray(matrix, dtype=np.float32)  # columns are taken of it


def fit_noise_model(sources: Sequence[np.ndarray], codes: np.ndarray, matrix: np.ndarray | None = None) -> NoiseModel:
    """Fit the weights of the sources, and the noise transition matrix unless it is given.

    Parameters
    ----------
    sources
        Of :func:`log_probs`: float32, each of shape (m, classes), out of fold, without NaN.
    codes
        Given label of each row, shape (m,), none below 0.
    """
    equal = [sum(sources[1:], start=sources[0].copy()) / np.float32(len(sources))]
    if matrix is not None:
        return NoiseModel(_pool_weights(sources, equal, codes, matrix), matrix)
    weights = _pool_weights(sources, equal, codes, noise_transition_matrix(pool_log_probs(equal, np.ones(1)), codes))
    matrix = noise_transition_matrix(pool_log_probs(sources, weights), codes)
    return NoiseModel(_pool_weights(sources, equal, codes, matrix), matrix)


def _pool_weights(
    sources: Sequence[np.ndarray], equal: Sequence[np.ndarray], codes: np.ndarray, matrix: np.ndarray
) -> np.ndarray:
    """Return the likeliest weights, drawn towards equal shares of the likeliest sharpness."""
    shares = np.full(len(sources), _likeliest_weights(equal, codes, matrix, np.full(1, START))[0] / len(sources))
    if len(sources) == 1:
        return shares
    return SHRINKAGE * shares + (1 - SHRINKAGE) * _likeliest_weights(sources, codes, matrix, shares)


def _likeliest_weights(
    sources: Sequence[np.ndarray], codes: np.ndarray, matrix: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Maximise the likelihood of the given labels over weights that are not negative: EM, its second half by Newton."""
    weights = start.astype(np.float64)
    for _ in range(ROUNDS):
        slope, curvature = _slope_and_curvature(sources, weights, codes, matrix)
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


def _slope_and_curvature(
    sources: Sequence[np.ndarray], weights: np.ndarray, codes: np.ndarray, matrix: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient and Fisher information of the log likelihood of a row, in the weights."""
    slope, curvature = np.zeros(len(sources)), np.zeros((len(sources), len(sources)))
    step = max(CELLS_AT_ONCE // sources[0].shape[1], 1)
    for start in range(0, len(codes), step):
        some = [source[start : start + step] for source in sources]
        pool = pool_log_probs(some, weights)
        moved = posterior(pool, codes[start : start + step], matrix) - pool
        expected = np.empty((len(sources), len(pool)))
        for number, source in enumerate(some):
            slope[number] += np.vdot(moved, source)
            weighted = pool * source
            expected[number] = weighted.sum(axis=1)
            curvature[number, : number + 1] += [np.vdot(weighted, other) for other in some[: number + 1]]
        curvature -= np.tril(expected @ expected.T)
    return slope / len(codes), (curvature + np.tril(curvature, -1).T) / len(codes)
