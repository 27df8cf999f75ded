"""Redaction of samples: marks in place of personal data and secrets in texts and metadata columns, with spans moved.

The same value has the same number in the text and in every column of a row. Of a value nothing is left, so that nobody
can turn the rows back; a scan of them finds none of what was masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from ..texts import hints
from ..texts.matches import Match
from ..texts.redaction import Marks, redact, replaced
from . import spans as written_spans
from .column_values import Find, as_texts, matches_by_row

_HINT = f"{hints.PERSONAL_DATA}|{hints.SECRETS}"


@dataclass
class Cells:
    """What redaction changes in some columns.

    Parameters
    ----------
    changes
        Column → row → the masked value.
    kinds
        Column → kind → how many of it were masked.
    replaced
        Row → start and end of each masked part of its text, and the length of the mark.
    """

    changes: dict[str, dict[int, str]] = field(default_factory=dict)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    replaced: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)

    @property
    def rows(self) -> set[int]:
        """The rows in which something is masked."""
        return {row for changes in self.changes.values() for row in changes}


def redacted(
    table: pa.Table, metadata: pa.Table, find: Find, *, columns: Sequence[str] | None = None
) -> tuple[pa.Table, pa.Table, int]:
    """Return samples' table and metadata with marks, and the number of rows that have some.

    Parameters
    ----------
    columns
        The metadata columns to look through; all by default.

    Raises
    ------
    InputError
        If there is no such column.
    """
    chosen: Sequence[str] = metadata.column_names if columns is None else columns
    if missing := [name for name in chosen if name not in metadata.column_names]:
        raise InputError(
            "There is no such metadata column", ids=missing, hint=f"There are: {', '.join(metadata.column_names)}"
        )
    texts = table["text"] if "text" in table.column_names else None
    cells = masked_cells(texts, {name: metadata[name] for name in chosen}, find)
    for name, changes in cells.changes.items():
        if name:
            metadata = with_cells(metadata, name, changes)
        else:
            table = with_cells(table, "text", changes)
    for name in span_columns(table):
        moved = {row: moved_spans(table[name][row].as_py(), marks) for row, marks in cells.replaced.items()}
        table = with_cells(table, name, moved)
    return table, metadata, len(cells.rows)


def span_columns(table: pa.Table) -> tuple[str, ...]:
    """Return the columns of a table of samples that hold spans: those given and, in their form, those predicted."""
    if "spans" not in table.column_names:
        return ()
    return tuple(name for name in ("spans", "predicted") if name in table.column_names)


def masked_cells(texts: pa.ChunkedArray | None, columns: Mapping[str, pa.ChunkedArray], find: Find) -> Cells:
    """Return the cells that redaction changes: those of the texts under the name "", those of columns under theirs."""
    matches: dict[str, dict[int, Sequence[Match]]] = {} if texts is None else {"": _in_texts(texts, find)}
    matches |= {name: matches_by_row(column, name, find) for name, column in columns.items()}
    values = {} if texts is None else {"": texts}
    values |= {name: as_texts(column) for name, column in columns.items()}
    cells = Cells()
    for row in sorted({row for by_row in matches.values() for row in by_row}):
        marks = Marks()
        written = {name: column[row].as_py() or "" for name, column in values.items()}
        for name, value in written.items():  # what is known from one cell is masked in all
            marks.add(value, matches[name].get(row, ()))
        for name, value in written.items():
            places = replaced(value, matches[name].get(row, ()), marks=marks)
            if not places:
                continue
            cells.changes.setdefault(name, {})[row] = redact(value, matches[name].get(row, ()), marks=marks)
            kinds = (marks.values[value[start:end]] for start, end, _ in places)
            cells.kinds.setdefault(name, Counter()).update(kinds)
            if not name:
                cells.replaced[row] = [(start, end, len(mark)) for start, end, mark in places]
    return cells


def _in_texts(texts: pa.ChunkedArray, find: Find) -> dict[int, Sequence[Match]]:
    hinted = np.flatnonzero(pc.match_substring_regex(texts, _HINT))
    chosen = zip(hinted.tolist(), texts.take(pa.array(hinted)).to_pylist(), strict=True)
    return {row: matches for row, text in chosen if (matches := find(text))}


def replaced_in(text: str, matches: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, int]]:
    """Return start and end of what was replaced, and the length of what stands there now."""
    return [(start, end, len(mark)) for start, end, mark in replaced(text, matches, marks=Marks())]


def moved_spans(cell: str | None, replaced: Sequence[tuple[int, int, int]]) -> str | None:
    """Return the canonical spans of a text after redaction.

    A span keeps its words, and takes a mark whole that it touches. Where several spans lay inside one mark, nobody can
    tell any more which is which: they are dropped.

    Parameters
    ----------
    replaced
        Start, end (characters of the old text) and length of the mark, by their start.

    >>> moved_spans('[[0,3,"person"],[9,14,"city"]]', [(0, 3, 8)])
    '[[0,8,"person"],[14,19,"city"]]'
    """
    spans = written_spans.parsed(cell)
    if not spans or not replaced:
        return cell
    inside = Counter(mark for start, end, _ in spans for mark in replaced if mark[0] <= start and end <= mark[1])
    kept = []
    for start, end, name in spans:
        if any(count > 1 and mark[0] <= start and end <= mark[1] for mark, count in inside.items()):
            continue
        kept.append((_moved(start, replaced, end=False), _moved(end, replaced, end=True), name))
    return written_spans.canonical(kept)


def _moved(place: int, replaced: Sequence[tuple[int, int, int]], *, end: bool) -> int:
    """Return an offset after redaction: inside a mark its start, or its end."""
    shift = 0
    for start, stop, length in replaced:
        if place < start or (end and place == start):
            break
        if place < stop or (end and place == stop):
            return start + shift + (length if end else 0)
        shift += length - (stop - start)
    return place + shift


def with_cells(table: pa.Table, name: str, changes: Mapping[int, str | None]) -> pa.Table:
    """Return a table with some cells of a column replaced, which becomes a column of texts."""
    if not changes:
        return table
    column = as_texts(table[name]).combine_chunks()
    mask = np.zeros(len(column), dtype=bool)
    mask[list(changes)] = True
    new = pa.array([changes[row] for row in sorted(changes)], pa.string())
    position = table.column_names.index(name)
    return table.set_column(position, name, pa.chunked_array([pc.replace_with_mask(column, pa.array(mask), new)]))
