"""Rows that a correction step changed or removed, kept as they were for undo.

versions/<parent>-<fingerprint>/    in the store's folder, mode 0700: it holds rows of the data
  rows.json                         which rows of the parent these are, and which of them were removed; tombstones
  before.parquet                    the rows as they were; before-<token>.parquet, once some of them were erased,
                                    and in a bucket, where rows.json is put last and names it
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.formatting import error_text
from ..data.hashing import merged_tombstone
from ..data.samples import Samples
from ..errors import StoreError
from ..io.row_files import RowFile
from ..store.location import Folder, Location
from ..store.store import Store
from ..store.sweep import FORGOTTEN

FACTS = "rows.json"
BEFORE = "before.parquet"
RAW = "\x00raw"  # the column that holds each row as it was written


def folder_of(store: Store, *, parent: str, fingerprint: str) -> Location:
    """Return where the rows before a step are kept."""
    return store.place / "versions" / f"{parent}-{fingerprint}"


def hash_of_kept(folder: Location) -> str:
    """Return the hash of what a step keeps: SHA-256 of its two files; a missing one is an OSError."""
    digest = hashlib.sha256()
    for name in (FACTS, _facts(folder).get("before", BEFORE)):
        content = folder.read(name)
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()


def keep_rows(
    parent: RowFile, folder: Location, *, rows: Sequence[int], removed: Sequence[int], ids: Sequence[str]
) -> str:
    """Keep rows of the parent, whole or not at all, and return the hash of what is kept.

    Parameters
    ----------
    rows
        Row numbers of all that were changed or removed, in order.
    removed
        Those of them that the next version does not have.
    ids
        The samples that the rows are, so that they can be erased by id.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    facts = {"rows": list(rows), "removed": list(removed), "ids": list(ids), "parent_rows": len(parent.table)}
    kept = parent.take(np.array(rows))
    content = _parquet(kept.table if kept.raw is None else kept.table.append_column(RAW, kept.raw))
    try:
        if isinstance(folder, Folder):
            return _kept_in_folder(folder, facts, content)
        before = f"before-{hashlib.sha256(content).hexdigest()[:12]}.parquet"
        folder.replace(before, content)
        folder.replace(FACTS, json.dumps(facts | {"before": before}).encode())
        return hash_of_kept(folder)
    except OSError as error:
        raise StoreError(
            f"The rows before the change could not be kept in {folder} ({error.strerror})",
            hint="Free some space, or name another --store",
        ) from error


def _kept_in_folder(folder: Folder, facts: dict[str, Any], content: bytes) -> str:
    versions = folder.path.parent
    half = Folder(versions / f".{folder.name}.{os.getpid()}")
    versions.mkdir(mode=0o700, exist_ok=True)
    for left in versions.glob(".*"):  # by killed writers
        if time.time() - left.stat().st_mtime > FORGOTTEN:
            shutil.rmtree(left, ignore_errors=True)
    try:
        half.replace(BEFORE, content)
        half.replace(FACTS, json.dumps(facts).encode())
        digest = hash_of_kept(half)
        if not folder.path.exists() or hash_of_kept(folder) != digest:  # what stands is never without its rows
            shutil.rmtree(folder.path, ignore_errors=True)
            half.path.rename(folder.path)
        return digest
    finally:
        shutil.rmtree(half.path, ignore_errors=True)


def erase_kept(folder: Location, ids: Collection[str]) -> str | None:
    """Erase samples from the kept rows; return the hash of what is kept now, or None where nothing was ever erased.

    Writes the rest under a new name before rows.json names it, so that a kill leaves the one or the other; what
    nothing names any more is deleted, also when an earlier call was killed.
    """
    facts = _facts(folder)
    gone = [position for position, id in enumerate(facts["ids"]) if id in ids]
    if gone:
        table = _read(folder, facts)
        stays = np.ones(len(table), dtype=bool)
        stays[gone] = False
        rows = Samples(pa.table({}), _parted(table.filter(pa.array(~stays)))[0])
        before = f"before-{secrets.token_hex(6)}.parquet"
        folder.replace(before, _parquet(table.filter(pa.array(stays))))
        lost = {facts["rows"][position] for position in gone}
        facts |= {
            "before": before,
            "erased": sorted({*facts.get("erased", ()), *lost}),
            "erased_digest": merged_tombstone(facts.get("erased_digest"), rows.digest),
            "rows": [row for row in facts["rows"] if row not in lost],
            "removed": [row for row in facts["removed"] if row not in lost],
            "erased_removed": sorted({*facts.get("erased_removed", ()), *(lost & set(facts["removed"]))}),
            "ids": [id for id in facts["ids"] if id not in ids],
        }
        folder.replace(FACTS, json.dumps(facts).encode())
    for name in folder.children():
        if name.startswith("before") and name != facts.get("before", BEFORE):
            folder.delete(name)
    folder.sweep()
    return hash_of_kept(folder) if facts.get("erased") else None


def erased_from(folder: Location) -> tuple[int, str | None]:
    """Return how many rows were erased from what is kept, and their digest."""
    facts = _facts(folder)
    return len(facts.get("erased", ())), facts.get("erased_digest")


def restored(now: RowFile, folder: Location) -> RowFile:
    """Return the parent: the kept rows back in their places, without the erased ones.

    Raises
    ------
    StoreError
        If what was kept is missing, broken or does not fit.
    """
    try:
        facts = _facts(folder)
        before, raw = _parted(_read(folder, facts))
        before = before.cast(now.table.schema)
        rows = np.array(facts["rows"], dtype=np.int64)
        erased = np.array(facts.get("erased", []), dtype=np.int64)
        stays = np.ones(facts["parent_rows"], dtype=bool)
        stays[np.array(facts["removed"], dtype=np.int64)] = False
        stays[np.array(facts.get("erased_removed", []), dtype=np.int64)] = False
        places = np.cumsum(stays) - 1
        places[rows] = len(now.table) + np.arange(len(rows))
        places = np.delete(places, erased)
        raw = None if raw is None or now.raw is None else pa.chunked_array([*now.raw.chunks, *raw.chunks], pa.string())
        return replace(now, table=pa.concat_tables([now.table, before]), raw=raw).take(places)
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        why = error_text(error)
        raise StoreError(
            f"The rows before the change cannot be read from {folder} ({why})",
            hint="Bring the folder back from a backup; labelsift verify names what was changed",
        ) from None


def _parted(table: pa.Table) -> tuple[pa.Table, pa.ChunkedArray | None]:
    """Return the columns of kept rows, and the rows as they were written; older versions have no such."""
    return (table.drop_columns([RAW]), table[RAW]) if RAW in table.column_names else (table, None)


def _parquet(table: pa.Table) -> bytes:
    from pyarrow import parquet

    content = pa.BufferOutputStream()
    parquet.write_table(table, content, compression="zstd")
    return content.getvalue().to_pybytes()


def _read(folder: Location, facts: dict[str, Any]) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(pa.BufferReader(folder.read(facts.get("before", BEFORE))), partitioning=None)


def _facts(folder: Location) -> dict[str, Any]:
    return json.loads(folder.read(FACTS))
