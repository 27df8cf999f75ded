"""Clusters of a run's embeddings by spherical k-means (Dhillon and Modha 2001), the same at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...data.stable_draws import drawn, mixed
from ...store.cache import sample_keys

if TYPE_CHECKING:
    from ...store.run import Run

FEWEST = 40  # vectors, below which there is one cluster
MOST = 64  # clusters
_FITTED = 20_000  # rows that the centers are fitted to
_ROUNDS = 25
_BLOCK = 65_536
_SEED = 0


def embedding_clusters(run: Run) -> np.ndarray:
    """Return the cluster of each sample, the largest one 0: int64, shape (n,), -1 where a row has no vector.

    There are about a quarter as many clusters as the square root of the number of vectors, and at most ``MOST``.
    What cluster a row is in does not depend on the order of the rows.
    """
    clusters = np.full(len(run.samples), -1, dtype=np.int64)
    if run.embeddings is None:
        return clusters
    vectors = run.embeddings
    rows = np.flatnonzero(np.isfinite(vectors).all(axis=1) & vectors.any(axis=1))
    if not len(rows):
        return clusters
    count = 1 if len(rows) < FEWEST else int(np.clip(np.rint(np.sqrt(len(rows)) / 4), 2, MOST))
    keys = sample_keys(run.samples)
    fitted = drawn(rows, _FITTED, keys=keys, seed=_SEED, purpose="clusters")
    order = np.argsort(mixed(keys[fitted], seed=_SEED, purpose="first centers"), kind="stable")
    centers = _centers(_unit(vectors[fitted[order]]), count)
    nearest = np.concatenate(
        [_nearest(_unit(vectors[rows[start : start + _BLOCK]]), centers) for start in range(0, len(rows), _BLOCK)]
    )
    sizes = np.bincount(nearest, minlength=len(centers))
    rank = np.empty(len(centers), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(centers))
    clusters[rows] = rank[nearest]
    return clusters


def _centers(vectors: np.ndarray, count: int) -> np.ndarray:
    """Return centers of unit length: float32, shape (clusters, d); fewer than ``count`` where vectors are equal."""
    centers = _spread(vectors, count)
    before = np.full(len(vectors), -1)
    for _ in range(_ROUNDS):
        nearest = _nearest(vectors, centers)
        if (nearest == before).all():
            break
        before = nearest
        order = np.argsort(nearest, kind="stable")
        _, starts = np.unique(nearest[order], return_index=True)  # a center without rows goes
        centers = _unit(np.add.reduceat(vectors[order], starts, axis=0))
    return centers


def _spread(vectors: np.ndarray, count: int) -> np.ndarray:
    """Return vectors that lie apart: k-means++ (Arthur and Vassilvitskii 2007) with the draws of one seed."""
    rng = np.random.default_rng(_SEED)
    chosen = [0]
    distance = np.maximum(1 - vectors @ vectors[0], 0).astype(np.float64)
    while len(chosen) < count:
        distance[distance < 1e-6] = 0
        total = distance.sum()
        if total <= 0:
            break
        chosen.append(
            int(np.searchsorted(distance.cumsum(), rng.random() * total, side="right").clip(0, len(vectors) - 1))
        )
        distance = np.minimum(distance, np.maximum(1 - vectors @ vectors[chosen[-1]], 0))
    return vectors[chosen]


def _nearest(vectors: np.ndarray, centers: np.ndarray) -> np.ndarray:
    return (vectors @ centers.T).argmax(axis=1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
