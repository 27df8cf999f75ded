"""Erasure of samples from recorded trainings: their logits, vectors and probabilities overwritten, their ids replaced.

Rows keep their places, since every file of a training has the same: an erased one holds NaN, counts as not shown, and
has a hash for its id. The ids go last, so that the same call again finishes what a killed one left undone. What a
training that runs has not finished yet cannot be reached; it is named, and its ids stay until the next call.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..data.hashing import id_hash
from ..signals.epoch_files import EPOCH, INDEX
from ..store.base import CAPTURES, BaseStore
from ..store.location import Folder
from ..store.sweep import FORGOTTEN

_WHOLE = "capture.json"  # ids of what has no index of its own: tokens, probabilities out of fold
_OPEN = "epoch-*.part"  # an epoch under way


def captured(store: BaseStore, ids: Collection[str]) -> tuple[dict[str, int], set[str], list[str]]:
    """Return how many of the samples each recorded training holds, which those are, and what cannot be read."""
    counts: dict[str, int] = {}
    held: set[str] = set()
    unread = []
    for capture in _captures(store):
        try:
            theirs = {name for file in _indexes(capture) for name in _read(file).get("ids") or ()} & set(ids)
        except (OSError, ValueError) as error:
            unread.append(f"{capture} cannot be read ({error}). It may hold rows of these samples: delete it")
            continue
        if theirs:
            counts[capture.name] = len(theirs)
            held |= theirs
    return counts, held, unread


def erase_captured(store: BaseStore, ids: Collection[str]) -> list[str]:
    """Erase samples from every recorded training that can be read; say which could not be reached as a whole.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    names = captured(store, ids)[0]
    return [
        f"A training is recorded in {capture}, or was killed there: call forget again when it is over"
        for capture in _captures(store)
        if capture.name in names and not _erased(capture, ids)
    ]


def _captures(store: BaseStore) -> list[Path]:
    if not isinstance(store.place, Folder) or not (parent := store.place.path / CAPTURES).is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir())


def _erased(capture: Path, ids: Collection[str]) -> bool:
    """Erase samples from a recorded training; return whether no epoch of it is under way."""
    for part in capture.rglob(_OPEN):
        if time.time() - part.stat().st_mtime > FORGOTTEN:
            part.unlink()  # its writer was killed
    for folder in [capture, *(path for path in sorted(capture.rglob("*")) if path.is_dir())]:
        names = _names(folder, capture)
        rows = np.array([row for row, name in enumerate(names) if name in ids], dtype=np.int64)
        if len(rows):
            _erase_rows(folder, rows, len(names))
    if any(capture.rglob(_OPEN)):
        return False
    for file in _indexes(capture):
        index = _read(file)
        names = [f"erased {id_hash(name)}" if name in ids else name for name in index.get("ids") or ()]
        if names and names != index["ids"]:
            text = json.dumps(index | {"ids": names}, ensure_ascii=False)
            _replace(file, lambda path, text=text: path.write_text(text, encoding="utf-8"))
    return True


def _indexes(capture: Path) -> Iterator[Path]:
    """Yield the files that hold ids, the one that stands for the others last."""
    yield from sorted(capture.rglob(INDEX))
    if (whole := capture / _WHOLE).exists():
        yield whole


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def _names(folder: Path, capture: Path) -> list[str]:
    own = folder / INDEX if (folder / INDEX).exists() else capture / _WHOLE
    return (_read(own).get("ids") or []) if own.exists() else []


def _erase_rows(folder: Path, rows: np.ndarray, count: int) -> None:
    for file in sorted(folder.glob("*.npy")):
        if EPOCH.fullmatch(file.name):
            _unsee(file.with_name(file.name.replace(".npy", ".seen.npy")), rows, count)
        elif file.name.endswith(".index.npy"):
            _erase_tokens(file, rows)
            continue
        elif file.name.endswith(".seen.npy"):
            continue
        array = np.load(file, mmap_mode="r+", allow_pickle=False)
        if len(array) == count:
            array[rows] = np.nan
            array.flush()


def _unsee(file: Path, rows: np.ndarray, count: int) -> None:
    seen = np.load(file, allow_pickle=False) if file.exists() else np.ones(count, dtype=bool)
    if seen[rows].any():
        seen[rows] = False
        _replace(file, lambda path: _save(path, seen))


def _erase_tokens(file: Path, rows: np.ndarray) -> None:
    """Overwrite what no sample that stays has, so that what came twice in an epoch goes twice."""
    index = np.load(file, allow_pickle=False)
    index[rows] = -1
    data = file.with_name(file.name.replace(".index.npy", ".f32"))
    columns = _read(_capture_of(file) / _WHOLE)["classes"]
    if size := data.stat().st_size:
        flat = np.memmap(data, dtype=np.float32, mode="r+", shape=(size // 4,))
        gone = np.ones(len(flat), dtype=bool)
        for begin, tokens in index[index[:, 0] >= 0].tolist():
            gone[begin * len(columns) : (begin + tokens) * len(columns)] = False
        flat[gone] = np.nan
        flat.flush()
    _replace(file, lambda path: _save(path, index))


def _capture_of(file: Path) -> Path:
    return next(parent for parent in file.parents if (parent / _WHOLE).exists())


def _save(path: Path, array: np.ndarray) -> None:
    with path.open("wb") as target:
        np.save(target, array)


def _replace(file: Path, write: Any) -> None:  # noqa: ANN401 - takes a path
    half = file.with_name(f".{file.name}.erasing")
    write(half)
    with half.open("rb+") as target:
        os.fsync(target.fileno())
    os.replace(half, file)
