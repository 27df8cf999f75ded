"""The rows that a step changed or removed, kept as they were, so that the step can be undone.

versions/<parent>-<fingerprint>/    in the store's folder, mode 0700: it holds rows of the data
  rows.json                         which rows of the parent these are, and which of them were removed
  before.parquet                    the rows as they were
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from .errors import StoreError
from .rowfiles import RowFile
from .store import Store

FACTS = "rows.json"
BEFORE = "before.parquet"
_FORGOTTEN = 86_400  # seconds after which half-written rows belong to nobody any more


def folder_of(store: Store, *, parent: str, fingerprint: str) -> Path:
    """Return where the rows before a step are kept."""
    return store.folder / "versions" / f"{parent}-{fingerprint}"


def hash_of_kept(folder: Path) -> str:
    """Return the hash of what a step keeps: SHA-256 of its two files; a missing one is an OSError."""
    digest = hashlib.sha256()
    for name in (FACTS, BEFORE):
        content = (folder / name).read_bytes()
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()


def keep_rows(parent: RowFile, folder: Path, *, rows: Sequence[int], removed: Sequence[int]) -> str:
    """Keep rows of the parent, whole or not at all, and return the hash of what is kept.

    Parameters
    ----------
    rows
        Row numbers of all that were changed or removed, in order.
    removed
        Those of them that the next version does not have.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    from pyarrow import parquet

    half = folder.with_name(f".{folder.name}.{os.getpid()}")
    facts = {"rows": list(rows), "removed": list(removed), "parent_rows": len(parent.table)}
    try:
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        for left in folder.parent.glob(".*"):  # by killed writers
            if time.time() - left.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(left, ignore_errors=True)
        half.mkdir(mode=0o700)
        parquet.write_table(parent.take(np.array(rows)).table, half / BEFORE, compression="zstd")
        (half / FACTS).write_text(json.dumps(facts))
        found = hash_of_kept(half)
        if not folder.exists() or hash_of_kept(folder) != found:  # what stands is never without its rows
            shutil.rmtree(folder, ignore_errors=True)
            half.rename(folder)
        return found
    except OSError as error:
        raise StoreError(
            f"The rows before the change could not be kept in {folder.parent} ({error.strerror})",
            cure="Free some space, or name another --store",
        ) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def restored(now: RowFile, folder: Path) -> RowFile:
    """Return the parent: the kept rows back in their places.

    Raises
    ------
    StoreError
        If what was kept is missing, broken or does not fit.
    """
    from pyarrow import parquet

    try:
        facts = json.loads((folder / FACTS).read_text())
        before = parquet.read_table(folder / BEFORE, partitioning=None).cast(now.table.schema)
        rows = np.array(facts["rows"], dtype=np.int64)
        stays = np.ones(facts["parent_rows"], dtype=bool)
        stays[np.array(facts["removed"], dtype=np.int64)] = False
        places = np.cumsum(stays) - 1
        places[rows] = len(now.table) + np.arange(len(rows))
        return RowFile(now.form, pa.concat_tables([now.table, before])).take(places)
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        why = str(error).partition("\n")[0]
        raise StoreError(
            f"The rows before the change cannot be read from {folder} ({why})",
            cure="Bring the folder back from a backup; labelsift verify names what was changed",
        ) from None
