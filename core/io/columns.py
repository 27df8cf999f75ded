"""Column checks and conversions: required names, UTF-8, plain string types, any type written out as strings."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError

EXACT = 2**53  # from here on a float64 skips whole numbers
_CLASSES = "labelsift judges classes: name a column of class names, ids or texts"
_PIECE = 1 << 30  # bytes: well below what 32-bit offsets can address


def require(present: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse columns that are missing or stand twice, with the nearest name."""
    twice = [column for column in wanted if list(present).count(column) > 1]
    if twice:
        raise InputError("These columns stand more than once in the header", ids=twice, hint="Rename one of each")
    missing = [column for column in wanted if column not in present]
    if not missing:
        return
    free = [column for column in present if column not in wanted]
    near = {column: difflib.get_close_matches(column, free, n=1, cutoff=0.65) for column in missing}
    hints = [f"Did you mean {match[0]} instead of {column}?" for column, match in near.items() if match]
    for whole in present:
        if "," in whole and {part.strip() for part in whole.split(",")} <= set(wanted):
            hints = [
                f"The column {whole!r} has a comma in its name: on the command line write '\"{whole}\"', or repeat the "
                "option for each column"
            ]
    if "text" in missing:  # a default, which nobody who meets it here has named
        hints.append("Name the column of the texts: text=…, --text COLUMN.")
    columns = ", ".join(present[:20]) + (" …" if len(present) > 20 else "")
    raise InputError("The data has no such column", ids=missing, hint=" ".join([*hints, f"It has: {columns}"]))


def path_in(row: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what stands at a dotted path of nested objects, None where there is no such place.

    >>> path_in({"data": {"text": "a"}}, "data.text"), path_in({"data": 1}, "data.text")
    ('a', None)
    """
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def root_of(name: str, present: Sequence[str]) -> str:
    """Return the column that holds a dotted path: ``data`` for ``data.text``, where no column is called that."""
    root = name.partition(".")[0]
    return root if name not in present and root in present else name


def with_paths(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Return the table with a column for each dotted path into its structs."""
    for name in names:
        root, *path = name.split(".")
        if name in table.column_names or root not in table.column_names:
            continue
        column = table[root]
        for part in path:
            if not pa.types.is_struct(column.type) or column.type.get_field_index(part) < 0:
                break
            column = pc.struct_field(column, part)
        else:
            table = table.append_column(name, column)
    return table


def require_utf8(table: pa.Table, source: str) -> None:
    """Refuse texts that are no UTF-8, with the first row; Arrow's own containers do not check them."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        start = 0
        for chunk in column.chunks:
            if not _valid(chunk):
                first, last = 0, len(chunk)
                while last - first > 1:
                    middle = (first + last) // 2
                    first, last = (first, middle) if not _valid(chunk.slice(first, middle - first)) else (middle, last)
                raise InputError(
                    f"The column {name} of {source} holds bytes that are not UTF-8 in row {start + first + 1}",
                    hint="Decode the column with its own encoding before it is written",
                )
            start += len(chunk)


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
    for position, field in enumerate(table.schema):
        kind = field.type
        if pa.types.is_dictionary(kind) and _unusual(kind.value_type):
            chunks = [
                pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.string()), ordered=kind.ordered)
                for chunk in table[position].chunks
            ]
            plain_kind = pa.dictionary(kind.index_type, pa.string(), ordered=kind.ordered)
            table = table.set_column(position, field.name, pa.chunked_array(chunks, plain_kind))
        elif _unusual(kind):
            table = table.set_column(position, field.name, narrow(table[position]))
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


def as_strings(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Return the column as strings: integers and booleans are written out, the rest is refused."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_floating(kind):
        return _whole_numbers(column, role=role, column_name=column_name)
    if pa.types.is_decimal(kind):  # whole numbers beyond 64 bits
        column = pc.replace_substring_regex(pc.cast(column, pa.string()), r"\.0*$", "")
        if pc.any(pc.match_substring(column, ".")).as_py():
            raise InputError(f"The {role} column {column_name} holds fractions", hint=_CLASSES)
        return column
    raise InputError(
        f"The {role} column {column_name} holds {kind}, not text", hint="Turn it into strings before reading"
    )


def _whole_numbers(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Write 3.0 as 3: pandas turns integers with gaps into floats. NaN means missing."""
    column = pc.if_else(pc.is_nan(column), None, pc.cast(column, pa.float64()))
    rounded = pc.round(column)
    if pc.any(pc.not_equal(rounded, column)).as_py():
        raise InputError(
            f"The {role} column {column_name} holds fractions",
            hint=_CLASSES,
        )
    large = pc.fill_null(pc.greater_equal(pc.abs(rounded), EXACT), False)
    if pc.any(large).as_py():
        raise InputError(
            f"The {role} column {column_name} holds floats that are too large to be exact, in rows",
            ids=(pc.indices_nonzero(large).to_numpy() + 1).tolist(),
            hint="Write them as strings or as integers",
        )
    return pc.cast(pc.cast(rounded, pa.int64()), pa.string())


def blank_as_null(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return labels with null where a text is empty or white space."""
    blank = is_space(labels)
    return pc.if_else(blank, pa.scalar(None, pa.string()), labels) if pc.any(blank).as_py() else labels


def is_space(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell which values are empty or white space, chunk by chunk: trimming a whole column would copy it."""
    return pa.chunked_array([pc.equal(pc.utf8_trim_whitespace(chunk), "") for chunk in column.chunks], pa.bool_())


def json_text(value: object) -> str | None:
    """Write a value as text: texts as they are, everything else as JSON; None for nothing.

    >>> json_text("a"), json_text([1, "b"]), json_text(None)
    ('a', '[1, "b"]', None)
    """
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
