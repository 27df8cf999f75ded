"""Matches in the values of a metadata column, each distinct value read once, behind the column's name.

The name says what a value is: ``phone: 4155550132`` is a phone number, and ``order id: 4155550132`` is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..texts.birth_dates import BIRTH_WORD
from ..texts.matches import Match

Find = Callable[[str], Sequence[Match]]
# Values that are a short number, a truth value or a point in time; only a column's name could make them anything else.
_PLAIN = (
    r"^\s*(?:[-+]?\d{0,6}(?:[.,]\d{1,8})?|true|false"
    r"|(?:19|20)\d\d-\d\d-\d\d(?:[T ][\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?)\s*$"
)

_VERBS = frozenset({"text", "call", "ring", "dial", "reach", "contact", "line", "it", "work", "home"})


def matches_by_row(column: pa.ChunkedArray, name: str, find: Find) -> dict[int, Sequence[Match]]:
    """Return row → the matches in its value, with offsets in the value as a text."""
    coded = as_texts(column).combine_chunks().dictionary_encode()
    of_values = _matches(coded.dictionary, name, find)
    if not of_values:
        return {}
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(np.isin(codes, list(of_values)))
    return {row: of_values[int(codes[row])] for row in rows.tolist()}


def _matches(values: pa.Array, name: str, find: Find) -> dict[int, Sequence[Match]]:
    """Return the position of each value that holds something → its matches."""
    places = np.arange(len(values))
    prefix = prefix_of(name)
    if len(values) and not BIRTH_WORD.search(prefix):
        places = np.flatnonzero(pc.invert(pc.match_substring_regex(values, _PLAIN)))
    by_row: dict[int, Sequence[Match]] = {}
    for place, value in zip(places.tolist(), values.take(pa.array(places)).to_pylist(), strict=True):
        matches = [
            Match(match.start - len(prefix), match.end - len(prefix), match.kind)
            for match in find(prefix + value)
            if match.start >= len(prefix)
        ]
        if matches:
            by_row[place] = matches
    return by_row


def prefix_of(name: str) -> str:
    """Return what is read before the values of a column; nothing for a name that also is a verb of phoning.

    >>> prefix_of("customer_email"), prefix_of("text")
    ('customer email: ', '')
    """
    plain = name.replace("_", " ").replace(".", " ").lower()
    return "" if plain in _VERBS else f"{plain}: "


def as_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a metadata column as texts; nested values as Python writes them, null as null."""
    if pa.types.is_string(column.type):
        return column
    try:
        return pc.cast(column, pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])


def filled_count(column: pa.ChunkedArray) -> int:
    """Return how many values are no null and not empty."""
    return len(column) - (pc.sum(pc.fill_null(pc.equal(as_texts(column), ""), True)).as_py() or 0)
