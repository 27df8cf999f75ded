"""The user's cache folder: what may be deleted at any time, and the locks that hold between all processes of a user."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from .locking import locked


def cache_folder() -> Path:
    """Return the folder for environments, prepared data and locks, private to the user.

    ``LABELSIFT_CACHE`` or ``labelsift`` in the user's cache folder.
    """
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "labelsift"
    folder = Path(os.environ.get("LABELSIFT_CACHE") or default)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextlib.contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Keep all processes of this user apart while they do something, such as a deletion on one server.

    Where the cache folder cannot be written, nothing keeps them apart: what is done must be right most times without.

    Parameters
    ----------
    what
        What is done, and where: ``delete a project of http://127.0.0.1:8080``.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder = cache_folder() / "locks"
            folder.mkdir(exist_ok=True, mode=0o700)
            stack.enter_context(locked(folder / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}.lock"))
        yield
