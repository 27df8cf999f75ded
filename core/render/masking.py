"""Texts of samples as they are shown beside other things: the beginnings, with personal data and secrets masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..data.formatting import shortened
from ..texts.redaction import masked

if TYPE_CHECKING:
    from ..store.run import Run

_LOOKED_AT = 4  # times the length shown, of a text's beginning; what a cut there parts is not shown
_LEAST = 1_000  # characters looked at


def shown_beginnings(run: Run, texts: Sequence[str], length: int) -> list[str]:
    """Return the beginnings of texts on one line, at most ``length`` characters, masked before they are cut.

    Phone numbers are looked for as the scan did: in the region that its settings name.
    """
    settings: dict[str, Any] = (run.settings.get("checks") or {}).get("pii") or {}
    region = settings.get("region") or None
    looked_at = max(_LOOKED_AT * length, _LEAST)
    return [shortened(" ".join(masked(text[:looked_at], region=region).split()), length) for text in texts]
