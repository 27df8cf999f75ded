"""One opened pool of unlabeled samples: its rows, its vectors, and the search among them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import error_text
from ..data.samples import ROLES
from ..errors import StoreError
from ..models.vector_index import VectorIndex
from .query import Searchable
from .sql_filter import Selection


@dataclass(frozen=True)
class Pool:
    """One state of a pool, as it is opened; a change makes another."""

    name: str
    folder: Path
    embedder: str
    columns: tuple[str, ...]  # the user's names; in rows.lance a column is known by its number
    trained_rows: int

    @cached_property
    def index(self) -> VectorIndex:
        """The vectors, left on the disk."""
        with _read(self.name, self.folder):
            return VectorIndex.open(self.folder / "index.faiss")

    def column(self, name: str) -> pa.ChunkedArray:
        """Read one column."""
        number = str(self.columns.index(name))
        with _read(self.name, self.folder):
            return self._rows.to_table(columns=[number])[number]

    def vector_of(self, id: str) -> np.ndarray | None:
        """Return the vector of a sample: float32, shape (d,), or None where there is no such id."""
        row = pc.index(self.column("id"), id).as_py()
        return self.index.vector(row) if row >= 0 else None

    def searchable(self, *, details: bool = False) -> Searchable:
        """Return the pool as something to search."""
        first = [name for name in ("id", "label", "labels", "text") if name in self.columns]
        names = [*first, *(name for name in self.columns if name not in first)] if details else first

        def take(rows: np.ndarray) -> pa.Table:
            with _read(self.name, self.folder):
                table = self._rows.take(rows.tolist(), columns=[str(self.columns.index(name)) for name in names])
            table = table.rename_columns(names)
            own = [name for name in names if name not in ROLES]
            if not own:
                return table
            metadata = table.select(own).to_struct_array()
            return table.drop_columns(own).append_column("metadata", metadata)

        return Searchable(self.index, self._selection, take)

    @cached_property
    def _selection(self) -> Selection:
        return Selection(
            len(self.index), {name: lambda name=name: self.column(name) for name in dict.fromkeys(self.columns)}
        )

    @cached_property
    def _rows(self) -> Any:  # noqa: ANN401 - lance loads in the function that needs it
        import lance

        return lance.dataset(str(self.folder / "rows.lance"))

    def table(self) -> pa.Table:
        """Read all rows, without vectors."""
        with _read(self.name, self.folder):
            return self._rows.to_table().rename_columns(list(self.columns))


@contextlib.contextmanager
def _read(name: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        why = "it was changed meanwhile" if not folder.exists() else error_text(error)
        raise StoreError(f"The pool {name} cannot be read ({why})", hint="Ask again, or index it again") from None
