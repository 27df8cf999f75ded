"""Masks of a decision to redact: the places in a text that are masked, and spans moved along with the text.

A decision holds the places that were shown, ``[[start, end, kind], …]``, or null where they are to be looked for.
What is found in the text now is masked, too: if the text changed since, its old places say little.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ..errors import InputError
from ..texts.redaction import joined, matches, redact
from .spans import Span, fault


def masked_places(text: str, value: str | None, *, sample: str = "") -> list[Span]:
    """Return the places of a text to mask, in its order, none of which overlap.

    Raises
    ------
    InputError
        If the decision's value is no list of places, or they lie beyond the text.

    Examples
    --------
    >>> masked_places("I am Ann Lee.", '[[5, 8, "name"], [5, 12, "name"]]')
    [(5, 12, 'name')]
    """
    try:
        given = [(int(start), int(end), str(kind)) for start, end, kind in json.loads(value or "null") or ()]
    except (ValueError, TypeError):
        raise InputError(
            "A decision to mask has no readable places",
            ids=[sample],
            hint='Its value must be [[start, end, "kind"], …], or null to look for them',
        ) from None
    if wrong := fault(given, text):
        raise InputError(
            f"A decision to mask does not fit the text: {wrong}",
            ids=[sample],
            hint="Apply it to the text that was judged, or give null as its value",
        )
    return joined([*given, *matches(text)], length=len(text))


def moved(marks: Iterable[Span], text: str, places: Sequence[Span]) -> list[Span]:
    """Return marks of a text where they stand once its places are masked; those that share characters with one go.

    >>> moved([(0, 3, "person"), (16, 20, "verb")], "ann@example.org left", [(0, 15, "email")])
    [(10, 14, 'verb')]
    """
    stays = [mark for mark in marks if not any(mark[0] < end and start < mark[1] for start, end, _ in places)]
    return [(start + (shift := _shift(text, places, start)), end + shift, name) for start, end, name in stays]


def _shift(text: str, places: Sequence[Span], position: int) -> int:
    """Return by how much the characters from a position on move; marks are numbered by their first appearance."""
    return len(redact(text[:position], [place for place in places if place[1] <= position])) - position
