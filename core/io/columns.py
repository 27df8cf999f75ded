"""What is asked of every table that is read: the columns are there, the texts are UTF-8, the strings are plain."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import pyarrow as pa

from ..errors import InputError

_PIECE = 1 << 30  # bytes: well below what 32-bit offsets can address


def require(present: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse columns that are missing or stand twice, with the nearest name."""
    twice = [column for column in wanted if list(present).count(column) > 1]
    if twice:
        raise InputError("These columns stand more than once in the header", ids=twice, cure="Rename one of each")
    missing = [column for column in wanted if column not in present]
    if not missing:
        return
    near = {column: difflib.get_close_matches(column, present, n=1, cutoff=0.5) for column in missing}
    hints = [f"Did you mean {match[0]} instead of {column}?" for column, match in near.items() if match]
    columns = ", ".join(present[:20]) + (" …" if len(present) > 20 else "")
    raise InputError("The data has no such column", ids=missing, cure=" ".join([*hints, f"It has: {columns}"]))


def require_utf8(table: pa.Table, source: str) -> None:
    """Refuse texts that are no UTF-8, with the first row; Arrow's own containers do not check them."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        at = 0
        for chunk in column.chunks:
            if not _valid(chunk):
                first, last = 0, len(chunk)
                while last - first > 1:
                    middle = (first + last) // 2
                    first, last = (first, middle) if not _valid(chunk.slice(first, middle - first)) else (middle, last)
                raise InputError(
                    f"The column {name} of {source} holds bytes that are not UTF-8 in row {at + first + 1}",
                    cure="Decode the column with its own encoding before it is written",
                )
            at += len(chunk)


def _valid(chunk: pa.Array) -> bool:
    try:
        chunk.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def plain(table: pa.Table) -> pa.Table:
    """Return the table with strings of one kind: no views, no 64-bit offsets, no views in dictionaries.

    Arrow's functions and the run store know the plain kind best.
    """
    for at, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind) and _unusual(kind.value_type):
            chunks = [
                pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.string()), ordered=kind.ordered)
                for chunk in table[at].chunks
            ]
            plain_kind = pa.dictionary(kind.index_type, pa.string(), ordered=kind.ordered)
            table = table.set_column(at, field.name, pa.chunked_array(chunks, plain_kind))
        elif _unusual(kind):
            table = table.set_column(at, field.name, narrow(table[at]))
    return table


def _unusual(kind: pa.DataType) -> bool:
    return pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def narrow(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn views and 64-bit offsets into plain strings, in pieces that cannot overflow 32-bit offsets."""
    pieces = [piece.cast(pa.string()) for chunk in column.chunks for piece in _pieces(chunk)]
    return pa.chunked_array(pieces, pa.string())


def _pieces(chunk: pa.Array) -> list[pa.Array]:
    if chunk.nbytes <= _PIECE or len(chunk) < 2:
        return [chunk]
    half = len(chunk) // 2
    return [*_pieces(chunk.slice(0, half)), *_pieces(chunk.slice(half))]
