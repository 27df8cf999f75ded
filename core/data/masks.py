"""Masks of a decision to redact: the places in a text that are masked, and the marks of its row.

A decision holds the places that were shown, ``[[start, end, kind], …]``, or null where they are to be looked for.
What is found in the text now is masked, too: if the text changed since, its old places say little.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..errors import InputError
from ..texts.redaction import Marks, joined, matches
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


def marks_of(text: str, places: Iterable[Span]) -> Marks:
    """Return the marks of a row whose text is masked, for its other cells: the same value has the same number."""
    marks = Marks()
    for start, end, kind in places:
        marks.mark(kind, text[start:end])
    return marks
