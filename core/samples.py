"""Samples: the rows to be judged, known by their string ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .errors import InputError

ROLES = ("id", "text", "label", "split", "predicted")


@dataclass(frozen=True)
class Samples:
    """Rows with an id, a text and what is known of them.

    Parameters
    ----------
    table
        One row a sample, all columns strings: ``id`` (unique, never null), ``text`` (never null)
        and, where the data has them, ``label`` (null = unlabeled), ``split`` and ``predicted``.
    metadata
        The user's own columns under their own names, as many rows as ``table``.
    name
        What to call the data set: the file's stem, or what the user said.
    """

    table: pa.Table
    metadata: pa.Table
    name: str = "samples"

    def __len__(self) -> int:
        return self.table.num_rows

    @property
    def ids(self) -> pa.ChunkedArray:
        """The ids, in file order."""
        return self.table["id"]

    @property
    def texts(self) -> pa.ChunkedArray:
        """The texts, in file order; an absent text is an empty one."""
        return self.table["text"]

    def column(self, role: str) -> pa.ChunkedArray | None:
        """Return the column of a role, or None where the data has none."""
        return self.table[role] if role in self.table.column_names else None

    @property
    def labels(self) -> pa.ChunkedArray | None:
        """The given labels (null = unlabeled), or None for a data set without labels."""
        return self.column("label")

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        if self.labels is None:
            return ()
        return tuple(sorted(pc.unique(self.labels.drop_null()).to_pylist()))

    def codes(self, classes: Sequence[str]) -> np.ndarray:
        """Return the labels as positions in ``classes``: int32, shape (n,), -1 = unlabeled."""
        if self.labels is None:
            return np.full(len(self), -1, dtype=np.int32)
        found = pc.index_in(self.labels, value_set=pa.array(classes, pa.string()))
        codes = pc.fill_null(found, -1).to_numpy().astype(np.int32)
        unknown = pc.unique(self.labels.filter(pa.array(codes == -1)).drop_null()).to_pylist()
        if unknown:
            raise InputError("Some labels are not among the classes", ids=unknown, cure="Name every class")
        return codes

    def positions(self, ids: Sequence[str]) -> np.ndarray:
        """Return the row of each id: int64, shape (len(ids),). Unknown ids are refused."""
        found = pc.index_in(pa.array(ids, pa.string()), value_set=self.ids.combine_chunks())
        if found.null_count:
            missing = [one for one, at in zip(ids, found.to_pylist(), strict=True) if at is None]
            raise InputError("The data set has no sample with these ids", ids=missing)
        return found.to_numpy(zero_copy_only=False).astype(np.int64)

    def take(self, rows: np.ndarray) -> Samples:
        """Return the samples at the given row positions."""
        return Samples(self.table.take(pa.array(rows)), self.metadata.take(pa.array(rows)), self.name)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the content (roles and metadata) that is the same for any order of the rows.

        The sum modulo 2**128 of a 128-bit BLAKE2b hash a row, with the column names.
        """
        columns = [*self.table.column_names, *(f"metadata.{name}" for name in self.metadata.column_names)]
        total = int.from_bytes(_digest("\x1f".join(columns)), "big")
        for row in self._rows_as_text():
            total += int.from_bytes(_digest(row), "big")
        return f"{total % 2**128:032x}"

    def _rows_as_text(self) -> Iterator[str]:
        both = [*self.table.columns, *self.metadata.columns]
        names = [str(at) for at in range(len(both))]
        for batch in pa.table(both, names=names).to_batches(max_chunksize=65_536):
            columns = [
                ["\x00" if value is None else str(value) for value in column.to_pylist()] for column in batch.columns
            ]
            yield from map("\x1f".join, zip(*columns, strict=True))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def text_ids(texts: pa.ChunkedArray) -> pa.Array:
    """Make ids from texts, for data without an id column.

    The id is a hash of the text, never of the label, so that a corrected label keeps its sample;
    a repeated text gets ``-2``, ``-3`` … in file order.
    """
    seen: dict[str, int] = {}
    ids: list[str] = []
    for chunk in texts.chunks:
        for text in chunk.to_pylist():
            base = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
            count = seen[base] = seen.get(base, 0) + 1
            ids.append(base if count == 1 else f"{base}-{count}")
    return pa.array(ids, pa.string())
