"""Files that are written whole or not at all: beside their place under another name, then moved into it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from os import PathLike
from pathlib import Path


@contextlib.contextmanager
def whole_file(path: str | PathLike[str]) -> Iterator[Path]:
    """Yield the name of a file that takes the place of ``path`` when it has been written without an error.

    It ends as ``path`` does. A link stays one, and a file keeps its mode.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # a pipe or a device; nothing can take its place
        yield target
        return
    if target.exists():
        target.open("ab").close()  # refused here where the file itself may not be written
    half = target.with_name(f".{secrets.token_hex(6)}.{target.name}")
    try:
        yield half
        if target.exists():
            shutil.copymode(target, half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
