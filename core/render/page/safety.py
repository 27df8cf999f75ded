"""Filters of what reaches a page: safe addresses, and reasons that quote no text and name nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...data.issues import issue_named
from ...data.schemas import from_json

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
    return any(reason[start : start + QUOTE] in text for start in range(len(reason) - QUOTE + 1))


def shared_reason(finding: Mapping[str, Any], reason: str, text: object, *, labels: Collection[str]) -> str:
    """Return a finding's reason for a page that is shared; what the issue means where the reason tells too much.

    Parameters
    ----------
    reason
        As it would stand on a page that is not shared.
    text
        The sample's text; None where it is not known.
    labels
        All labels of the data set, which a reason may name.
    """
    meaning = issue_named(finding["issue"]).meaning
    if finding["kind"] == "consensus":  # its reason names people
        return "Weighing all annotators and the model, another label is likelier."
    if finding["issue"] == "span":  # it quotes the words, be they ever so short
        return meaning
    return meaning if isinstance(text, str) and quotes(reason, text, but=_harmless(finding, labels)) else reason


def _harmless(finding: Mapping[str, Any], labels: Collection[str]) -> list[str]:
    """Return what may stand in both the reason and the text: the sample's id, and given and suggested labels."""
    values: list[object] = []
    for cell in (finding["given"], finding["suggested"]):
        value = from_json(cell)
        values += value if isinstance(value, list) else [value]
    return [finding["id"], *(value for value in values if isinstance(value, str) and value in labels)]


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
