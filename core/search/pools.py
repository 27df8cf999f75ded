"""Pools of unlabeled samples with their vectors: create, update, remove and open.

pools/<name>/
  .lock                  held while one process writes
  current.json           which state is the pool; replaced whole
  state-<token>/         rows.lance, index.faiss: written under this name before current.json points to it

A change writes a whole new state and deletes the old one: a writer that is killed leaves the old state, and what
was removed stands nowhere afterwards.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import error_text
from ..data.known_ids import rows_of
from ..data.samples import ROLES, Samples
from ..errors import InputError, StoreError
from ..models.routed_embedding import vector_space
from ..models.vector_index import EXACT_BELOW, VectorIndex
from ..store.base import BaseStore
from .pool import Pool

if TYPE_CHECKING:
    from ..store.run import Run

FORMAT = 1
_CURRENT = "current.json"
_GROWTH = 2  # an index whose cells were made of less than half of its rows is made again

Embed = Callable[[pa.Table], np.ndarray]


@dataclass(frozen=True)
class Change:
    """What indexing or removing did to a pool."""

    pool: str
    created: int
    updated: int
    unchanged: int
    removed: int
    rows: int
    notes: tuple[str, ...] = ()


class Pools:
    """The pools in a folder of the run store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Name the pools that there are."""
        return sorted(path.parent.name for path in self.folder.glob(f"*/{_CURRENT}"))

    def open(self, name: str) -> Pool:
        """Open a pool as it is now.

        Raises
        ------
        StoreError
            If there is none of this name, or it cannot be read.
        """
        place = self.folder / _checked(name)
        try:
            facts = json.loads((place / _CURRENT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            names = ", ".join(self.names())
            raise StoreError(
                f"There is no pool {name}",
                hint=f"There are: {names}" if names else "Make one: labelsift index FILE --text …",
            ) from None
        except (OSError, ValueError) as error:
            raise StoreError(f"The pool {name} cannot be read ({error})", hint=f"Delete {place}, index again") from None
        if facts.get("format") != FORMAT:
            raise StoreError(
                f"The pool {name} has the format {facts.get('format')}; this labelsift reads format {FORMAT}",
                hint="Update labelsift, or index the pool again under another name",
            )
        return Pool(name, place / facts["state"], facts["embedder"], tuple(facts["columns"]), facts["trained_rows"])

    def add(self, name: str, samples: Samples, *, embedder: str, embed: Embed) -> Change:
        """Bring samples into a pool, which is made if there is none: new ids are added, changed samples replaced.

        Parameters
        ----------
        embedder
            The name of what makes the vectors; a pool holds vectors of one only.
        embed
            Rows (``id``, ``text`` …) → float32, shape (n, d), of unit length or zero; asked for new and changed rows.
        """
        incoming = _flat(samples)
        with self._writing(name):
            old = self._old(name)
            if old is None:
                index = VectorIndex.build(embed(incoming))
                self._keep(name, incoming, index, embedder=embedder, trained_rows=len(index))
                return Change(name, len(samples), 0, 0, 0, len(samples))
            if old.embedder != embedder:
                raise InputError(
                    f"The pool {name} was embedded with {old.embedder}, not with {embedder}",
                    hint="Use the same embedder, or another --name",
                )
            return self._merged(old, incoming, embed)

    def remove(self, name: str, ids: list[str]) -> Change:
        """Take samples out of a pool; ids that it does not have are refused."""
        self.open(name)  # a pool that is not there is not made by waiting for it
        with self._writing(name):
            pool = self.open(name)
            table = pool.table()
            rows = rows_of(ids, table["id"])
            if rows.null_count:
                unknown = [id for id, row in zip(ids, rows.to_pylist(), strict=True) if row is None]
                raise InputError(f"The pool {name} has no sample with these ids", ids=unknown)
            gone = np.unique(rows.to_numpy())
            index = VectorIndex.read(pool.folder / "index.faiss")
            index.remove(gone)
            self._keep(name, _without(table, gone), index, embedder=pool.embedder, trained_rows=pool.trained_rows)
            return Change(name, 0, 0, 0, len(gone), len(index))

    def _old(self, name: str) -> Pool | None:
        return self.open(name) if (self.folder / name / _CURRENT).exists() else None

    def _merged(self, old: Pool, incoming: pa.Table, embed: Embed) -> Change:
        table = old.table()
        positions = pc.index_in(incoming["id"], value_set=table["id"].combine_chunks())
        place = pc.fill_null(positions, -1).to_numpy()
        same = place >= 0
        same[same] = _equal(table.take(pa.array(place[same])), incoming.filter(pa.array(same)))
        replaced = place[(place >= 0) & ~same]
        fresh = incoming.filter(pa.array(~same))
        change = Change(
            old.name, int((place < 0).sum()), len(replaced), int(same.sum()), 0, len(table) + int((place < 0).sum())
        )
        if not fresh.num_rows:
            return change
        index = VectorIndex.read(old.folder / "index.faiss")
        if len(replaced):
            index.remove(replaced)
        vectors = embed(fresh)
        if vectors.shape[1] != index.dimensions:
            raise InputError(
                f"These vectors have {vectors.shape[1]} dimensions, and those of the pool {index.dimensions}",
                hint="Use the same embedder, or another --name",
            )
        index, trained_rows = _grown(index, vectors, old.trained_rows)
        try:
            rows = pa.concat_tables([_without(table, replaced), fresh], promote_options="permissive")
        except pa.ArrowException as error:
            raise InputError(
                f"The columns do not fit those of the pool {old.name} ({error})", hint="Give them the same types"
            ) from None
        self._keep(old.name, rows, index, embedder=old.embedder, trained_rows=trained_rows)
        return change

    def _keep(self, name: str, rows: pa.Table, index: VectorIndex, *, embedder: str, trained_rows: int) -> None:
        """Write a state, point to it, and delete the others."""
        import lance

        place = self.folder / name
        state = place / f"state-{secrets.token_hex(6)}"
        facts = {
            "format": FORMAT,
            "state": state.name,
            "embedder": embedder,
            "columns": rows.column_names,
            "trained_rows": trained_rows,
            "rows": rows.num_rows,
        }
        try:
            state.mkdir(mode=0o700)
            numbered = rows.rename_columns([str(number) for number in range(rows.num_columns)])
            lance.write_dataset(numbered, str(state / "rows.lance"), mode="create", max_rows_per_file=2**30)
            index.save(state / "index.faiss")
            half = place / f".{_CURRENT}.{os.getpid()}"
            half.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
            half.replace(place / _CURRENT)
        except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
            shutil.rmtree(state, ignore_errors=True)
            raise StoreError(
                f"The pool {name} could not be kept in {place} ({error_text(error)})",
                hint="Free some space, or name another --store",
            ) from error
        _sweep(place, state)

    def sweep(self, name: str) -> None:
        """Delete what killed writers of a pool left."""
        with self._writing(name):
            _sweep(self.folder / name, self.open(name).folder)

    def sweep_unmade(self) -> None:
        """Delete pools whose first writer was killed; only where nobody writes (see ``BaseStore.erasing``)."""
        for place in self.folder.glob("*"):
            if not (place / _CURRENT).exists():
                shutil.rmtree(place)

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        """Wait for other writers of this pool; the lock of a killed one is free."""
        import fcntl

        place = self.folder / _checked(name)
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = (place / ".lock").open("w")
        except OSError as error:
            raise StoreError(f"{place} cannot be written ({error.strerror})", hint="Name another --store") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _sweep(place: Path, state: Path) -> None:
    for other in place.glob("state-*"):
        if other != state:
            shutil.rmtree(other, ignore_errors=True)


def _checked(name: str) -> str:
    if not re.fullmatch(r"[\w][\w.-]{0,99}", name):
        raise InputError(
            f"{name[:100]!r} is no name of a pool", hint="Use letters, digits, dots, hyphens and underscores: --name"
        )
    return name


def _flat(samples: Samples) -> pa.Table:
    """Return roles and metadata as one table; a metadata column that is called like a role is left out."""
    table = samples.table
    for name in samples.metadata.column_names:
        if name not in ROLES:
            table = table.append_column(name, samples.metadata[name])
    return table


def _equal(old: pa.Table, new: pa.Table) -> np.ndarray:
    """Tell which rows hold the same: bool, shape (n,). A column that only one table has makes rows differ."""
    same = np.ones(len(new), dtype=bool)
    if set(old.column_names) != set(new.column_names):
        return ~same
    for name in new.column_names:
        before, after = old[name].to_pylist(), new[name].to_pylist()
        same &= np.fromiter((a == b or (a != a and b != b) for a, b in zip(before, after, strict=True)), bool, len(new))
    return same


def _without(table: pa.Table, rows: np.ndarray) -> pa.Table:
    kept = np.ones(len(table), dtype=bool)
    kept[rows] = False
    return table.filter(pa.array(kept))


def _grown(index: VectorIndex, vectors: np.ndarray, trained_rows: int) -> tuple[VectorIndex, int]:
    """Return the index with further vectors, and how many rows its cells were made of."""
    rows = len(index) + len(vectors)
    if rows >= EXACT_BELOW and (index.exhaustive or rows >= _GROWTH * trained_rows):
        return VectorIndex.build(np.concatenate([index.vectors(), vectors])), rows
    index.append(vectors)
    return index, trained_rows


def pools_of(store: BaseStore) -> Pools:
    """Return the pools of unlabeled samples in a store's folder; a bucket is refused."""
    return Pools(store.folder / "pools")


def pool_of(run: Run, name: str) -> Pool:
    """Open a pool of a run's store; one of another embedder is refused."""
    if run.store is None:
        raise InputError(
            "A report that is kept in no store has no pools", hint="Load a run from a store: ls.load(store=…)"
        )
    opened = pools_of(run.store).open(name)
    if opened.embedder != (mine := vector_space(run.settings)):
        raise InputError(
            f"The pool {name} was embedded with {opened.embedder}, and this run with {mine}",
            hint="Index the pool again with the run's embedder, or choose another run",
        )
    return opened
