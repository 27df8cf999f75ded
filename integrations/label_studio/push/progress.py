"""What a push says while it works: on a terminal, and nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def quiet(line: str) -> None:
    """Say nothing."""


def speaker() -> Say:
    """Return a function that writes to a terminal's standard error, or one that says nothing."""
    if not sys.stderr.isatty():
        return quiet

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    return say
