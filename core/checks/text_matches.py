"""Matches of a detector in texts, metadata columns and ids, and the result of a check that rests on them.

A detector looks only at the rows in which a pattern finds a hint, by Arrow over the whole column; what it finds in a
text is kept in the scan's cache as offsets and kinds. In a metadata column each value is read once, behind the column's
name, which says what it is: ``phone: 4155550132``. A column in which most values hold something is said of the data
set, and flags no rows by itself: else it would flag them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..texts.matches import Match
from .context import Context

Find = Callable[[str], Sequence[Match]]
_SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())]))
# Values that are a plain number or a point in time; only a column's name could make them anything else.
_PLAIN = (
    r"^\s*(?:[-+]?\d{0,6}(?:[.,]\d{1,8})?|(?:19|20)\d\d-\d\d-\d\d(?:[T ][\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?|true|false)\s*$"
)


@dataclass(frozen=True)
class Matches:
    """What was found, by row.

    Parameters
    ----------
    texts
        Row → the matches in its text.
    columns
        Metadata column → row → the kinds in its value, counted.
    filled
        Metadata column → how many of its values are no null and not empty.
    ids
        Row → the kinds in its id, counted.
    """

    texts: Mapping[int, Sequence[Match]]
    columns: Mapping[str, Mapping[int, Counter[str]]]
    filled: Mapping[str, int]
    ids: Mapping[int, Counter[str]]

    def whole_columns(self, share: float) -> list[str]:
        """Name the columns of whose values at least this share holds something."""
        return [name for name, rows in self.columns.items() if rows and len(rows) >= share * self.filled[name]]


def text_matches(context: Context, name: str, maker: str | None, find: Find, *, hint: str) -> dict[int, list[Match]]:
    """Return row → matches in its text, which are kept for the next scan.

    Parameters
    ----------
    name, maker
        Of the entry of the cache; the maker names all that the matches depend on but the text, None keeps nothing.
    hint
        A regular expression of RE2, without which a text holds nothing; "" looks at every text.
    """
    texts = context.whole_texts

    def make(rows: np.ndarray) -> pa.Array:
        chosen = texts.take(pa.array(rows))
        hinted = np.flatnonzero(pc.match_substring_regex(chosen, hint)) if hint else np.arange(len(chosen))
        found: list[list[dict[str, object]]] = [[]] * len(chosen)
        for row, text in zip(hinted.tolist(), chosen.take(pa.array(hinted)).to_pylist(), strict=True):
            found[row] = [match._asdict() for match in find(text)]
        return pa.array(found, _SPANS)

    kept = context.cache.rows(name, maker, context.text_hashes, make)
    rows = np.flatnonzero(pc.fill_null(pc.list_value_length(kept), 0))
    spans = kept.take(pa.array(rows)).to_pylist()
    return {row: [Match(**span) for span in several] for row, several in zip(rows.tolist(), spans, strict=True)}


def column_matches(
    context: Context, find: Find, *, skip_plain: Callable[[str], bool]
) -> tuple[dict[str, dict[int, Counter[str]]], dict[str, int]]:
    """Return column → row → kinds in its value, and column → number of its values.

    Parameters
    ----------
    skip_plain
        Tells from a column's name that plain numbers and points in time in it are nothing.
    """
    columns: dict[str, dict[int, Counter[str]]] = {}
    filled: dict[str, int] = {}
    metadata = context.samples.metadata
    for name, column in zip(metadata.column_names, metadata.columns, strict=True):
        values = as_text(column)
        filled[name] = len(values) - pc.sum(pc.fill_null(pc.equal(values, ""), True)).as_py()
        coded = values.combine_chunks().dictionary_encode()
        kinds = _kinds_of_values(coded.dictionary, name, find, skip_plain=skip_plain(name))
        if kinds:
            codes = pc.fill_null(coded.indices, -1).to_numpy()
            rows = np.flatnonzero(np.isin(codes, list(kinds)))
            columns[name] = {row: kinds[int(codes[row])] for row in rows.tolist()}
    return columns, filled


def _kinds_of_values(values: pa.Array, name: str, find: Find, *, skip_plain: bool) -> dict[int, Counter[str]]:
    """Return the position of each distinct value that holds something → the kinds, counted."""
    places = np.arange(len(values))
    if skip_plain and len(values):
        places = np.flatnonzero(pc.invert(pc.match_substring_regex(values, _PLAIN)))
    prefix = prefix_of(name)
    kinds: dict[int, Counter[str]] = {}
    for place, value in zip(places.tolist(), values.take(pa.array(places)).to_pylist(), strict=True):
        if matches := [match for match in find(prefix + value) if match.start >= len(prefix)]:
            kinds[place] = Counter(match.kind for match in matches)
    return kinds


def prefix_of(column: str) -> str:
    """Return what is read before the values of a column.

    >>> prefix_of("customer_email")
    'customer email: '
    """
    return f"{column.replace('_', ' ').replace('.', ' ').lower()}: "


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a metadata column as texts; nested values as JSON-like text, null as null."""
    if pa.types.is_string(column.type):
        return column
    try:
        return pc.cast(column, pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])


def id_matches(ids: Sequence[str], find: Find, *, hint: str) -> dict[int, Counter[str]]:
    """Return row → kinds in its id, counted."""
    hinted = np.flatnonzero(pc.match_substring_regex(pa.array(ids, pa.string()), hint))
    counted = ((row, Counter(match.kind for match in find(str(ids[row])))) for row in hinted.tolist())
    return {row: kinds for row, kinds in counted if kinds}
