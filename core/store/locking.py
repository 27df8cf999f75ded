"""File lock between processes (flock), for one alone or shared by several."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_PAUSE = 0.05  # seconds between two tries


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False, wait: float | None = None) -> Iterator[None]:
    """Hold a lock file, made with mode 0600 where there is none; the end of a process, even a killed one, frees it.

    Parameters
    ----------
    shared
        Others may hold it at the same time, if theirs is shared, too.
    wait
        Seconds until a TimeoutError; None waits as long as it takes.
    """
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "w") as handle:
        end = time.monotonic() + (wait or 0)
        while wait is not None and not _taken(handle.fileno(), how):
            if time.monotonic() > end:
                raise TimeoutError(f"{path} is held by another process")
            time.sleep(_PAUSE)
        if wait is None:
            fcntl.flock(handle, how)
        yield


def _taken(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
