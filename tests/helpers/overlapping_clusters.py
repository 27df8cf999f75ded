"""Clusters that overlap in pairs, labels with known errors, and what is learned of them out of fold."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from labelsift.label_quality.calibrated_pool import CalibratedPool
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

DIMENSIONS, SPREAD, NEIGHBORS = 24, 0.12, 50


class Learned(NamedTuple):
    """Samples: true and given classes, shape (n,), and out-of-fold probabilities, float32 of shape (n, classes)."""

    truth: np.ndarray
    codes: np.ndarray
    linear: np.ndarray
    votes: np.ndarray
    pool: np.ndarray

    @property
    def wrong(self) -> np.ndarray:
        """Tell the rows whose label is wrong: bool, shape (n,)."""
        return self.codes != self.truth

    @property
    def suspicion(self) -> np.ndarray:
        """Return how unlikely each given label is: shape (n,)."""
        return 1 - self.pool[np.arange(len(self.codes)), self.codes].astype(np.float64)


def normal_pairs(rng: np.random.Generator, rows: int, classes: int, half_gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors and true classes; two classes of a pair lie ``2 × half_gap`` standard deviations apart."""
    centers, ways = rng.normal(size=(classes, DIMENSIONS)), rng.normal(size=(classes // 2, DIMENSIONS))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    centers[1::2] = centers[::2] + 2 * half_gap * SPREAD * ways
    truth = rng.integers(0, classes, rows)
    return (centers[truth] + SPREAD * rng.normal(size=(rows, DIMENSIONS))).astype(np.float32), truth


@lru_cache(maxsize=64)
def learned(
    seed: int, noise: str = "none", rate: float = 0.0, *, rows: int = 2_000, classes: int = 6, half_gap: float = 2.0
) -> Learned:
    """Draw clusters, make errors (none, uniform, near: the other of the pair, or random labels), and learn."""
    rng = np.random.default_rng(seed)
    vectors, truth = normal_pairs(rng, rows, classes, half_gap)
    step = (truth + rng.integers(1, classes, rows)) % classes
    codes = np.where(rng.random(rows) < rate, truth ^ 1 if noise == "near" else step, truth).astype(np.int32)
    if noise == "random":
        codes = rng.permutation(codes)
    model = LogisticRegression(C=10, max_iter=100)
    linear = cross_val_predict(model, vectors, codes, cv=4, method="predict_proba").astype(np.float32)
    similar = vectors @ vectors.T - np.square(vectors).sum(axis=1) / 2
    np.fill_diagonal(similar, -np.inf)
    near = np.argpartition(-similar, NEIGHBORS, axis=1)[:, :NEIGHBORS]
    votes = np.stack([(codes[near] == code).mean(axis=1) for code in range(classes)], axis=1).astype(np.float32)
    pooled = CalibratedPool([linear.__getitem__, votes.__getitem__], codes, np.arange(rows), classes)
    return Learned(truth, codes, linear, votes, pooled([linear, votes]))
