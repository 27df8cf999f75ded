"""Matches of a detector in texts, metadata columns and ids, and the result of a check that rests on them.

A detector looks only at the rows in which a pattern finds a hint, by Arrow over the whole column; what it finds in a
text is kept in the scan's cache as offsets and kinds. In a metadata column each value is read once, behind the column's
name, which says what it is: ``phone: 4155550132``. A column in which most values hold something is said of the data
set, and flags no rows by itself: else it would flag them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.column_values import Find, filled_count, matches_by_row
from ..texts.matches import Match
from .context import Context

_SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())]))


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
        by_row: list[list[dict[str, object]]] = [[]] * len(chosen)
        for row, text in zip(hinted.tolist(), chosen.take(pa.array(hinted)).to_pylist(), strict=True):
            by_row[row] = [match._asdict() for match in find(text)]
        return pa.array(by_row, _SPANS)

    kept = context.cache.rows(name, maker, context.text_hashes, make)
    rows = np.flatnonzero(pc.fill_null(pc.list_value_length(kept), 0))
    spans = kept.take(pa.array(rows)).to_pylist()
    return {row: [Match(**span) for span in several] for row, several in zip(rows.tolist(), spans, strict=True)}


def column_matches(context: Context, find: Find) -> tuple[dict[str, dict[int, Counter[str]]], dict[str, int]]:
    """Return column → row → kinds in its value, and column → number of its values."""
    columns: dict[str, dict[int, Counter[str]]] = {}
    filled: dict[str, int] = {}
    metadata = context.samples.metadata
    for name, column in zip(metadata.column_names, metadata.columns, strict=True):
        filled[name] = filled_count(column)
        by_row = matches_by_row(column, name, find)
        if by_row:
            columns[name] = {row: Counter(match.kind for match in matches) for row, matches in by_row.items()}
    return columns, filled


def id_matches(ids: Sequence[str], find: Find, *, hint: str) -> dict[int, Counter[str]]:
    """Return row → kinds in its id, counted."""
    hinted = np.flatnonzero(pc.match_substring_regex(pa.array(ids, pa.string()), hint))
    counted = ((row, Counter(match.kind for match in find(str(ids[row])))) for row in hinted.tolist())
    return {row: kinds for row, kinds in counted if kinds}
