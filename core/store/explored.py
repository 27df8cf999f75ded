"""Files of open explorers: a private folder each in the store, deleted when it stops, and by an erasure.

explorer/<run>.<token>/          mode 0700: what an explorer was given, and its cache
explorer/<run>.<token>.lock      held while it runs; the end of a process, even a killed one, frees it
explorer/<run>.<token>.log       mode 0600: what it printed; stays until the next one starts
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from .base import BaseStore
from .location import Folder
from .locking import locked

NAME = "explorer"


@contextlib.contextmanager
def explorer_folder(store: BaseStore, run: str) -> Iterator[Path]:
    """Give a private folder for what an explorer is given of a run; nothing of it stays but the log beside it.

    Raises
    ------
    InputError
        If the store lies in a bucket.
    """
    parent = store.folder / NAME
    parent.mkdir(mode=0o700, exist_ok=True)
    _sweep(parent)
    folder = parent / f"{run}.{secrets.token_hex(4)}"
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        with locked(lock):
            folder.mkdir(mode=0o700)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)


def erase_explored(store: BaseStore) -> list[str]:
    """Delete what explorers were given; return the runs that an explorer still shows from its memory."""
    if not isinstance(store.place, Folder) or not (parent := store.folder / NAME).is_dir():
        return []
    shown = _sweep(parent)
    for path in parent.iterdir():  # of those that run
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".log":
            path.unlink(missing_ok=True)
    return shown


def _sweep(parent: Path) -> list[str]:
    """Delete what killed explorers left; return the runs of those that run."""
    running = []
    for lock in sorted(parent.glob("*.lock")):
        folder = lock.with_suffix("")
        try:
            with locked(lock, wait=0):
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)
        except TimeoutError:
            running.append(folder.name)
    for log in parent.glob("*.log"):
        if log.stem not in running:
            log.unlink(missing_ok=True)
    return [name.rpartition(".")[0] for name in running]
