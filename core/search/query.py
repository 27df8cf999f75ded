"""Nearest-neighbour query by vector, with SQL filter, excluded rows and folded duplicates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..data.normalize import duplicate_groups
from ..errors import InputError
from ..models.threads import limited_threads
from ..models.vector_index import VectorIndex
from .sql_filter import Selection

_FEW = 2_000


@dataclass(frozen=True)
class Searchable:
    """Samples that can be searched, of a run or of a pool.

    Parameters
    ----------
    index
        The vectors, one a sample, in the order of the samples.
    selection
        The columns that a filter can name.
    take
        Returns the samples at given rows: ``id``, ``text``, and what else is known.
    """

    index: VectorIndex
    selection: Selection
    take: Callable[[np.ndarray], pa.Table]

    @limited_threads()
    def nearest(
        self,
        vector: np.ndarray,
        *,
        k: int,
        without: np.ndarray | None = None,
        where: str | None = None,
        fold_duplicates: bool = False,
    ) -> pa.Table:
        """Return the k samples nearest to a unit vector, nearest first.

        Parameters
        ----------
        vector
            float32, shape (dimensions,).
        without
            Rows that are left out: the seeds.
        where
            SQL over the columns; only samples that fulfil it are compared, exhaustively.
        fold_duplicates
            Show one sample for all found that have the same text but for case and space; ``copies`` counts them.
            Equal texts are all found; one in another case may lie further away than the last that is shown.

        Returns
        -------
        pyarrow.Table
            What ``take`` returns, with ``similarity`` (the cosine, f32) behind the id, and ``copies`` (i32).
        """
        matching = self.selection.matching(where) if where is not None else None
        left_out = np.empty(0, dtype=np.int64) if without is None else without
        wanted = k + len(left_out)
        while True:
            fetched = min(4 * wanted if fold_duplicates else wanted, len(self.index))
            rows, similarities = self._search(vector, fetched, matching)
            valid = rows >= 0
            kept = valid & ~np.isin(rows, left_out) if len(left_out) else valid
            table = self.take(rows[kept] if fold_duplicates else rows[kept][:k])
            table = table.add_column(1, "similarity", pa.array(similarities[kept][: table.num_rows], pa.float32()))
            if not fold_duplicates:
                return table
            groups = duplicate_groups(table["text"])  # numbered by first place
            _, first, copies = np.unique(groups, return_index=True, return_counts=True)
            table = table.take(pa.array(first)).append_column("copies", pa.array(copies.astype(np.int32)))
            # One more than wanted shows that all equal texts were seen: they are as near.
            if table.num_rows > k or fetched == len(self.index) or not valid.all():
                return table.slice(0, k)
            wanted *= 4

    def _search(self, vector: np.ndarray, k: int, matching: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        query = vector[None, :]
        if not k:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if matching is None:
            rows, similarities = self.index.search(query, k)
        else:
            rows, similarities = self.index.search_among(matching, query, k)
        return rows[0], similarities[0]


def seed_vector(vectors: np.ndarray) -> np.ndarray:
    """Return the direction that seeds share: the mean of their unit vectors, of unit length, float32, shape (d,).

    Raises
    ------
    InputError
        If nothing is left: vectors that are no numbers, without length, or that cancel out.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    if len(vectors) > 1:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    mean = vectors.mean(axis=0) if len(vectors) > 1 else vectors[0]
    length = np.linalg.norm(mean)
    if not np.isfinite(length) or length < 1e-6:
        raise InputError(
            "The seed has no direction: a text without a word that the embedder knows, or vectors without length",
            hint="Give another text, id or vector",
        )
    return mean / length


def picked(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Return a few rows of a large table as views of it.

    ``Table.take`` copies whole columns of strings first, which takes 10 ms a million rows.
    """
    if len(rows) > _FEW:
        return table.take(pa.array(rows))
    return pa.concat_tables([table.slice(row, 1) for row in rows.tolist()] or [table.slice(0, 0)])
