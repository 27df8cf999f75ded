"""Texts of samples as they are shown beside other things: personal data and secrets masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..data.formatting import shortened

if TYPE_CHECKING:
    from ..store.run import Run

_LOOKED_AT = 4_000  # characters of a text's beginning; what is cut off is not shown either
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+?\d[\d ()/.-]{7,}\d")


def shown_beginnings(run: Run, texts: list[str], length: int) -> list[str]:
    """Return the beginnings of texts, at most ``length`` characters, masked first so that no cut parts a value."""
    return [shortened(" ".join(_masked(text[:_LOOKED_AT]).split()), length) for text in texts]


def _masked(text: str) -> str:
    return _PERSONAL.sub("[MASKED]", text)
