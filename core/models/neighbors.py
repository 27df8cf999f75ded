"""k-nearest-neighbour graph of unit vectors (faiss), shared by all checks.

Faiss: exact inner products up to some ten thousand rows, above that an inverted file with half-precision
vectors (IVF, SQfp16), which is about ten times faster at a recall above .98.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.stable_draws import drawn
from ..store.cache import Cache, digest_of, versions_of
from .progress import tracked

EXACT_BELOW = 30_000
PROBED = 16  # cells that a search visits
MOST, LEAST, ENTRIES = 200, 50, 20_000_000  # neighbours of a row, and of all rows together
_QUERIES_AT_ONCE = 8_192
_PER_CELL, ROUNDS = 40, 5  # of k-means: faiss' lower bound of rows, and rounds; more change the recall by no .005


def cell_count(n: int) -> int:
    """Return into how many cells n vectors are parted."""
    return int(4 * np.sqrt(n))


def neighbor_count(n: int, *, votes: bool = True) -> int:
    """Return how many neighbours the graph of n rows holds for each: 200 up to 100,000 rows, 50 from 400,000 on.

    Where no labels are voted on, 50 do at any size.

    >>> [neighbor_count(n) for n in (1, 20, 10_000, 200_000, 1_000_000)]
    [1, 19, 200, 100, 50]
    >>> neighbor_count(10_000, votes=False)
    50
    """
    if not votes:
        return min(LEAST, max(n - 1, 1))
    return min(max(min(ENTRIES // max(n, 1), MOST), LEAST), max(n - 1, 1))


def training_count(n: int) -> int:
    """Return how many vectors the cells are trained on."""
    return min(n, _PER_CELL * cell_count(n))


@dataclass(frozen=True)
class Graph:
    """The nearest neighbours of each row, nearest first and without the row itself.

    Parameters
    ----------
    rows
        int32, shape (n, k): row positions; -1 where there are fewer than k.
    similarities
        float32, shape (n, k): cosines; -1 where there are fewer than k.
    """

    rows: np.ndarray
    similarities: np.ndarray


class NeighborIndex:
    """Search among unit vectors by cosine.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions), rows of unit length or zero.
    keys
        uint64, shape (n,): by which the rows are drawn that the cells are made of, and their order
        (:mod:`labelsift.data.stable_draws`); by default the rows' positions.
    """

    def __init__(self, vectors: np.ndarray, *, seed: int = 0, keys: np.ndarray | None = None) -> None:
        import faiss

        self._index: Any
        n, dimensions = vectors.shape
        if n < EXACT_BELOW:
            self._index = faiss.IndexFlatIP(dimensions)
        else:
            cells = cell_count(n)
            self._index = faiss.index_factory(dimensions, f"IVF{cells},SQfp16", faiss.METRIC_INNER_PRODUCT)
            self._index.cp.seed, self._index.cp.niter = seed, ROUNDS
            self._index.nprobe = PROBED
            sample = drawn(np.arange(n), training_count(n), keys=keys, seed=seed, purpose="cells")
            sample = sample if keys is None else sample[np.argsort(keys[sample], kind="stable")]
            self._index.train(vectors[sample])
        self._index.add(vectors)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (row positions, cosines) of the k nearest, each of shape (len(queries), k)."""
        similarities, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), k)
        return rows, similarities

    def graph(self, vectors: np.ndarray, k: int) -> Graph:
        """Return the k nearest neighbours of every row of the vectors that the index was made of."""
        n = len(vectors)
        rows = np.full((n, k), -1, dtype=np.int32)
        similarities = np.full((n, k), -1, dtype=np.float32)
        for start in tracked(range(0, n, _QUERIES_AT_ONCE)):
            some = slice(start, min(start + _QUERIES_AT_ONCE, n))
            nearest, cosines = self.search(vectors[some], min(k + 1, n))
            own = nearest == np.arange(some.start, some.stop)[:, None]
            own[~own.any(axis=1), -1] = True  # among many equal vectors the row itself may be missing: drop the last
            kept = nearest[~own].reshape(len(nearest), -1)
            rows[some, : kept.shape[1]] = kept
            similarities[some, : kept.shape[1]] = cosines[~own].reshape(len(nearest), -1)
        return Graph(rows, np.where(rows < 0, np.float32(-1), similarities))


def cached_graph(cache: Cache, vectors: np.ndarray, k: int, *, seed: int = 0, keys: np.ndarray | None = None) -> Graph:
    """Return the graph of vectors, from the cache where it holds the same ones."""
    exact = len(vectors) < EXACT_BELOW
    how = (
        ""
        if exact
        else f" of {_PER_CELL} x {ROUNDS}, seed {seed}, cells by {'position' if keys is None else digest_of(keys)}"
    )
    maker = f"{versions_of('faiss-cpu')}, {k} nearest, exact below {EXACT_BELOW}, {PROBED} cells{how}"

    def make() -> pa.Table:
        graph = NeighborIndex(vectors, seed=seed, keys=keys).graph(vectors, k)
        lists = {"rows": graph.rows, "similarities": graph.similarities}
        return pa.table(
            {name: pa.FixedSizeListArray.from_arrays(pa.array(array.ravel()), k) for name, array in lists.items()}
        )

    table = cache.whole("neighbors", maker, digest_of(np.ascontiguousarray(vectors)), make)
    arrays = [table[name].combine_chunks().flatten().to_numpy().reshape(-1, k) for name in ("rows", "similarities")]
    return Graph(*arrays)
