"""File lock between processes (flock)."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, made with mode 0600 where there is none; the end of a process, even a killed one, frees it."""
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
