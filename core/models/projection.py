"""Projection of unit vectors to the plane by t-SNE on their neighbour graph (openTSNE; Poličar, Stražar & Zupan 2024).

t-SNE (van der Maaten & Hinton 2008) with uniform affinities over the 15 nearest neighbours (Kobak & Berens 2019), from
a PCA start, with 100 steps of early exaggeration and 200 more: the graph that a scan has anyway does most of the work,
so that 20,000 rows take about 11 CPU seconds. On the plane near means alike; distances between groups, and the size
of a group, mean nothing.

Above a limit a stable sample of the rows is projected (:mod:`labelsift.data.stable_draws`), up to half of it flagged
rows; the others can be put between their nearest rows of the sample (:func:`placed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from ..data.stable_draws import drawn
from ..store.cache import Cache, digest_of_all, versions_of
from .neighbors import EXACT_BELOW, Graph, NeighborIndex, cached_graph, neighbor_count

PACKAGE = "openTSNE"
NEIGHBORS = 15
FEWEST = 10  # rows; below, the neighbours of one are all the others, and the start is what can be said
_BARNES_HUT_BELOW = 3_000  # rows; above, interpolation by FFT costs less
_EXAGGERATED_STEPS, _STEPS = 100, 200
_LEAST_RATE = 50.0
_PLACED_BY = 5  # nearest rows of the sample
_ROUND = 65_536  # rows that are placed at once
_KIND = "map"


def installed() -> bool:
    """Tell whether the package that projects is there; it comes with the extra ``map``."""
    return find_spec(PACKAGE) is not None


def projection(
    vectors: np.ndarray,
    *,
    cache: Cache,
    keys: np.ndarray,
    flagged: np.ndarray,
    limit: int,
    votes: bool = True,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that are projected, and where they lie on the plane.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions), rows of unit length; one of length zero has no place.
    cache
        Of the scan: it holds the neighbour graph, and keeps what comes out.
    keys
        uint64, shape (n,): by which rows are drawn.
    flagged
        bool, shape (n,): of these up to half the limit are taken first.
    limit
        How many rows are projected at most.
    votes
        Whether the scan judged labels, by which it knew more neighbours (:func:`labelsift.models.neighbors`).

    Returns
    -------
    rows
        int64, shape (m,), ascending.
    places
        float32, shape (m, 2).

    Raises
    ------
    ImportError
        If openTSNE is not installed.
    """
    rows = _chosen(vectors, keys=keys, flagged=flagged, limit=limit, seed=seed)
    maker = (
        f"{versions_of(PACKAGE, 'faiss-cpu')}, {NEIGHBORS} nearest, uniform, PCA, {_EXAGGERATED_STEPS} + {_STEPS} "
        f"steps, Barnes-Hut below {_BARNES_HUT_BELOW}, seed {seed}"
    )

    def make() -> Mapping[str, np.ndarray]:
        return {"places": _projected(vectors, rows, cache, votes=votes, seed=seed)}

    return rows, cache.arrays(_KIND, maker, digest_of_all(vectors, rows), make)["places"]


def placed(vectors: np.ndarray, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Put every row on the plane: those that were projected where they are, the others between their nearest ones.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions), unit length or zero.
    rows, places
        What :func:`projection` returned.

    Returns
    -------
    numpy.ndarray
        float32, shape (n, 2): the mean of the five nearest projected rows, weighted by their cosines, beside the
        nearest one where they lie far apart; NaN for rows of length zero.
    """
    everywhere = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    everywhere[rows] = places
    others = np.flatnonzero(np.isnan(everywhere[:, 0]) & vectors.any(axis=1))
    if not len(others) or not len(rows):
        return everywhere
    index = NeighborIndex(np.ascontiguousarray(vectors[rows]))
    for start in range(0, len(others), _ROUND):
        some = others[start : start + _ROUND]
        nearest, cosines = index.search(vectors[some], min(_PLACED_BY, len(rows)))
        near = places[nearest]
        # Neighbours of one group lie together; one of another group must not draw the row into the void between.
        together = np.linalg.norm(near - near[:, :1], axis=2) <= _spread(places)
        weights = np.clip(cosines, 1e-6, None) * together
        everywhere[some] = (near * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)
    return everywhere


def _spread(places: np.ndarray) -> float:
    """Return how far apart rows of one group may lie: a twentieth of the plane."""
    return float(np.ptp(places, axis=0).max()) / 20


def _chosen(vectors: np.ndarray, *, keys: np.ndarray, flagged: np.ndarray, limit: int, seed: int) -> np.ndarray:
    there = vectors.any(axis=1)
    if int(there.sum()) <= limit:
        return np.flatnonzero(there)
    first = drawn(np.flatnonzero(there & flagged), limit // 2, keys=keys, seed=seed, purpose="map, flagged")
    others = drawn(np.flatnonzero(there & ~flagged), limit - len(first), keys=keys, seed=seed, purpose="map")
    if len(first) + len(others) < limit:  # mostly flagged rows: then more of them fit
        room = limit - len(others)
        first = drawn(np.flatnonzero(there & flagged), room, keys=keys, seed=seed, purpose="map, flagged")
    return np.sort(np.concatenate([first, others]))


def _projected(vectors: np.ndarray, rows: np.ndarray, cache: Cache, *, votes: bool, seed: int) -> np.ndarray:
    if not len(rows):
        return np.empty((0, 2), dtype=np.float32)
    if len(rows) < FEWEST:
        return (_principal(vectors[rows], seed=seed) * 1e4).astype(np.float32)
    whole = len(rows) == len(vectors)
    some = vectors if whole else np.ascontiguousarray(vectors[rows])
    if whole and len(rows) < EXACT_BELOW:  # what the scan made, and kept
        graph = cached_graph(cache, some, neighbor_count(len(rows), votes=votes), seed=seed)
    else:
        graph = NeighborIndex(some).graph(some, min(NEIGHBORS, len(rows) - 1))
    return _tsne(some, graph, seed=seed)


def _tsne(vectors: np.ndarray, graph: Graph, *, seed: int) -> np.ndarray:
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import Uniform
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = min(NEIGHBORS, graph.rows.shape[1], max(len(vectors) // 3, 2))  # of more, a few rows become one point
    distances = np.sqrt(np.maximum(2 - 2 * graph.similarities[:, :k], 0)).astype(np.float64)
    known = PrecomputedNeighbors(graph.rows[:, :k].astype(np.int64), distances)
    affinities = Uniform(knn_index=known, k_neighbors=k)
    method = "bh" if len(vectors) < _BARNES_HUT_BELOW else "fft"
    embedding = TSNEEmbedding(
        _principal(vectors, seed=seed), affinities, n_jobs=1, negative_gradient_method=method, random_state=seed
    )
    # A few rows would never leave the start at n / exaggeration (Belkina et al. 2019), which is meant for many.
    rates = [max(len(vectors) / exaggeration, _LEAST_RATE) for exaggeration in (12, 1)]
    embedding.optimize(_EXAGGERATED_STEPS, learning_rate=rates[0], exaggeration=12, momentum=0.5, inplace=True)
    embedding.optimize(_STEPS, learning_rate=rates[1], exaggeration=1, momentum=0.8, inplace=True)
    places = np.asarray(embedding, dtype=np.float32)
    return np.nan_to_num(places - places.mean(axis=0))


def _principal(vectors: np.ndarray, *, seed: int) -> np.ndarray:
    """Return the start: the two main components, tiny, with a trace of noise that parts equal rows; float64, (n, 2)."""
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    if vectors.shape[1] < 2:
        centred = np.hstack([centred, np.zeros_like(centred)])
    components = np.linalg.eigh(centred.T @ centred)[1][:, -2:][:, ::-1]
    # The sign of a component is an accident of the library: its largest weight points up.
    components *= np.sign(components[np.abs(components).argmax(axis=0), [0, 1]])
    start = centred @ components
    start = start / max(float(start[:, 0].std()), 1e-12)
    return (start + np.random.default_rng(seed).normal(scale=1e-3, size=start.shape)) * 1e-4
