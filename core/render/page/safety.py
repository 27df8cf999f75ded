"""What may not reach a page: addresses that a browser should not follow, and texts hidden in reasons."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

QUOTE, QUOTE_WHOLE = 20, 8


def quotes(reason: str, text: str, *, but: Sequence[str] = ()) -> bool:
    """Whether a reason holds a piece of the text, ``QUOTE`` characters or all of a shorter one.

    ``but`` names what may stand in both: the sample's id and labels.

    >>> quotes("Says my card was stolen in Rome.", "Help, my card was stolen in Rome"), quotes("Labeled a", "a")
    (True, False)
    """
    for value in sorted(but, key=len, reverse=True):
        reason = reason.replace(value, "\0")
    text = text.strip()
    if len(text) <= QUOTE:
        return len(text) >= QUOTE_WHOLE and text in reason
    return any(reason[at : at + QUOTE] in text for at in range(len(reason) - QUOTE + 1))


def web_address(link: str | None) -> str | None:
    """Let through what a browser may be sent to: http and https, without a password.

    >>> web_address("https://labels.example.org/tasks/1"), web_address("javascript:alert(1)")
    ('https://labels.example.org/tasks/1', None)
    """
    if not link:
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    safe = parts.scheme in ("http", "https") and parts.hostname and parts.password is None
    return link if safe else None
