"""Vector index on disk (faiss), its recall calibrated: build, search, filter, append, remove, save, open.

Faiss: exact inner products up to some ten thousand rows; above that an inverted file with half-precision
vectors (IVF, SQfp16; Jégou et al. 2011). How many of its cells a search must visit depends on the data:
clustered vectors need one, vectors of a high local dimension need dozens. So it is measured, not fixed:
rows that the cells were not made of are searched for exactly, and the least number of cells is taken that
finds enough of the same neighbours.

A filter makes that number worthless (the nearest matching rows may lie in any cell), so a filtered search
visits every cell and compares the matching rows only: exact but for the rounding to half precision.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np

EXACT_BELOW = 30_000
RECALL = 0.99  # of the ten nearest, on held-out rows
_NEAREST = 10
_HELD_OUT = 400
_ROUNDS = 8  # of k-means; more change the recall by less than a thousandth
_PER_CELL = 40  # training rows a cell: faiss' own lower bound is 39
_ROWS_AT_ONCE = 65_536
_SELECTIVE = 0.01  # share of the rows up to which fetching the matching ones is faster than passing by all of them


class VectorIndex:
    """The nearest of n unit vectors by cosine; a vector is known by its row, 0 to n - 1.

    Parameters
    ----------
    index
        A faiss index whose ids are the rows; see :meth:`build` and :meth:`open`.
    """

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - faiss has no types
        self._index = index

    @classmethod
    def build(cls, vectors: np.ndarray, *, seed: int = 0, recall: float = RECALL) -> VectorIndex:
        """Index vectors.

        Parameters
        ----------
        vectors
            float32, shape (n, dimensions), rows of unit length or zero.
        recall
            The share of the ten nearest that an unfiltered search should find; from 30,000 rows up.
        """
        faiss = _faiss()
        n, dimensions = vectors.shape
        if n < EXACT_BELOW:
            index = faiss.IndexFlatIP(dimensions)
            index.add(np.ascontiguousarray(vectors, dtype=np.float32))
            return cls(index)
        order = np.random.default_rng(seed).permutation(n)
        cells = int(4 * np.sqrt(n))
        trained_on = np.sort(order[: _PER_CELL * cells])
        held_out = np.sort(order[-min(_HELD_OUT, n // 10) :])
        index = _trained(vectors[trained_on], cells, seed=seed)
        for start in range(0, n, _ROWS_AT_ONCE):
            index.add(np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE], dtype=np.float32))
        index.nprobe = _cells_needed(index, vectors, held_out, recall)
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """Open a saved index; the vectors of a large one stay on the disk until they are needed."""
        faiss = _faiss()
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        if hasattr(index, "nprobe"):  # the helper threads that read ahead cost more than they save
            faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
        return cls(index)

    @classmethod
    def read(cls, path: Path) -> VectorIndex:
        """Read a saved index into memory, so that rows can be added and removed."""
        faiss = _faiss()
        return cls(faiss.read_index(str(path)))

    def save(self, path: Path) -> None:
        """Write the index to one file; the number of cells to visit is kept with it."""
        faiss = _faiss()
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        return self._index.ntotal

    @property
    def dimensions(self) -> int:
        """Of the vectors."""
        return self._index.d

    @property
    def exhaustive(self) -> bool:
        """Whether every search compares every row."""
        return not hasattr(self._index, "nprobe")

    @property
    def visited(self) -> tuple[int, int]:
        """(Cells that an unfiltered search visits, cells); (1, 1) for an exhaustive index."""
        return (1, 1) if self.exhaustive else (self._index.nprobe, self._index.nlist)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows, cosines) of the k nearest, each of shape (len(queries), k); row -1 = there is none.

        More than ten lie in more cells than were measured: up to 100 four times as many are visited, above that all.
        """
        how = None
        if k > _NEAREST and not self.exhaustive:
            visited = self._index.nlist if k > 10 * _NEAREST else min(4 * self._index.nprobe, self._index.nlist)
            how = _faiss().SearchParametersIVF(nprobe=visited)
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        similarities, rows = self._index.search(queries, k, params=how)
        if not self.exhaustive and k <= len(self):
            lacking = np.flatnonzero(rows[:, -1] < 0)  # the visited cells held too few
            if len(lacking):
                how = _faiss().SearchParametersIVF(nprobe=self._index.nlist)
                similarities[lacking], rows[lacking] = self._index.search(queries[lacking], k, params=how)
        return rows, similarities

    def search_among(self, matching: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (rows, cosines) of the k nearest rows that match, compared exhaustively.

        Parameters
        ----------
        matching
            bool, shape (n,).
        """
        faiss = _faiss()
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        few = np.flatnonzero(matching)
        if len(few) <= len(self) * _SELECTIVE:
            return _best(self.vectors(few), few, queries, k)
        bits = np.packbits(matching, bitorder="little")
        chosen = faiss.IDSelectorBitmap(bits)
        if self.exhaustive:
            how = faiss.SearchParameters(sel=chosen)
        else:
            how = faiss.SearchParametersIVF(sel=chosen, nprobe=self._index.nlist)
        similarities, rows = self._index.search(queries, k, params=how)
        return rows, similarities

    def vector(self, row: int) -> np.ndarray:
        """Return the vector of a row as it is kept: float32, shape (dimensions,)."""
        return self.vectors(np.array([row]))[0]

    def vectors(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the vectors of some rows, or all, as they are kept; a large index keeps half the precision.

        Returns
        -------
        numpy.ndarray
            float32, shape (n, dimensions).
        """
        rows = np.arange(len(self)) if rows is None else rows
        if not self.exhaustive:
            self._index.make_direct_map()  # once: does nothing where there is one
        if not len(rows):
            return np.empty((0, self.dimensions), dtype=np.float32)
        return self._index.reconstruct_batch(rows.astype(np.int64))

    def append(self, vectors: np.ndarray) -> None:
        """Add vectors behind the last row; not for an index from :meth:`open`."""
        if not self.exhaustive:
            self._index.make_direct_map(False)
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def remove(self, rows: np.ndarray) -> None:
        """Remove rows; those behind them move up, as in a table. Not for an index from :meth:`open`."""
        kept = np.ones(len(self), dtype=bool)
        kept[rows] = False
        if not self.exhaustive:
            self._index.make_direct_map(False)  # which row lies where: faiss cannot remove rows while it knows
        self._index.remove_ids(np.flatnonzero(~kept).astype(np.int64))
        if not self.exhaustive:  # a flat index moves its rows up by itself
            _renumber(self._index.invlists, np.cumsum(kept) - 1)


def _best(vectors: np.ndarray, rows: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, cosines) of the k nearest of these vectors, -1 where there are fewer."""
    similarities = queries @ vectors.T
    order = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    empty = ((0, 0), (0, k - order.shape[1]))
    nearest = np.take_along_axis(similarities, order, axis=1)
    return np.pad(rows[order], empty, constant_values=-1), np.pad(nearest, empty, constant_values=-1)


def cached_index(path: Path, vectors: np.ndarray) -> VectorIndex:
    """Open the index of these vectors, or build it and keep it there; what is built in a second is not kept."""
    if len(vectors) < EXACT_BELOW:
        return VectorIndex.build(vectors)
    if path.exists():
        with contextlib.suppress(RuntimeError):  # of faiss: not whole, or of a newer version: build it again
            index = VectorIndex.open(path)
            if (len(index), index.dimensions) == vectors.shape:
                return index
    index = VectorIndex.build(vectors)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(RuntimeError, OSError):  # a store that cannot be written can still be searched
        index.save(half)
        half.replace(path)
    half.unlink(missing_ok=True)
    return index


def _faiss() -> Any:  # noqa: ANN401 - its stubs know neither its parameters nor its subclasses
    import faiss

    return faiss


def _trained(vectors: np.ndarray, cells: int, *, seed: int) -> Any:  # noqa: ANN401
    faiss = _faiss()
    index = faiss.index_factory(vectors.shape[1], f"IVF{cells},SQfp16", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    index.cp.niter = _ROUNDS
    index.train(np.ascontiguousarray(vectors, dtype=np.float32))
    return index


def _cells_needed(index: Any, vectors: np.ndarray, held_out: np.ndarray, recall: float) -> int:  # noqa: ANN401
    """Return the least number of cells that finds the nearest rows of held-out rows, the row itself aside."""
    faiss = _faiss()
    queries = np.ascontiguousarray(vectors[held_out], dtype=np.float32)
    everything = np.ascontiguousarray(vectors, dtype=np.float32)
    _, truth = faiss.knn(queries, everything, _NEAREST + 1, faiss.METRIC_INNER_PRODUCT)
    truth = np.where(truth == held_out[:, None], -2, truth)  # finding the row itself is no merit
    cells = 1
    while cells < index.nlist:
        _, nearest = index.search(queries, _NEAREST + 1, params=faiss.SearchParametersIVF(nprobe=cells))
        hits = (truth[:, :, None] == nearest[:, None, :]).any(axis=2).sum()
        if hits >= recall * (truth >= 0).sum():
            break
        cells += max(cells // 8, 1)
    return min(cells, index.nlist)


def _renumber(lists: Any, numbers: np.ndarray) -> None:  # noqa: ANN401
    faiss = _faiss()
    for cell in range(lists.nlist):
        size = lists.list_size(cell)
        if size:
            ids = faiss.rev_swig_ptr(lists.get_ids(cell), size)
            ids[:] = numbers[ids]
