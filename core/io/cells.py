"""Columns of any kind as the strings that samples hold."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from .json_lines import EXACT


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
    raise InputError(
        f"The {role} column {column_name} holds {kind}, not text", cure="Turn it into strings before reading"
    )


def _whole_numbers(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Write 3.0 as 3: pandas turns integers with gaps into floats. NaN means missing."""
    column = pc.if_else(pc.is_nan(column), None, pc.cast(column, pa.float64()))
    rounded = pc.round(column)
    if pc.any(pc.not_equal(rounded, column)).as_py():
        raise InputError(
            f"The {role} column {column_name} holds fractions",
            cure="labelsift judges classes: name a column of class names, ids or texts",
        )
    large = pc.fill_null(pc.greater_equal(pc.abs(rounded), EXACT), False)
    if pc.any(large).as_py():
        raise InputError(
            f"The {role} column {column_name} holds floats that are too large to be exact, in rows",
            ids=(pc.indices_nonzero(large).to_numpy() + 1).tolist(),
            cure="Write them as strings or as integers",
        )
    return pc.cast(pc.cast(rounded, pa.int64()), pa.string())


def blank_as_null(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return labels with null where a text is empty or white space."""
    blank = is_space(labels)
    return pc.if_else(blank, pa.scalar(None, pa.string()), labels) if pc.any(blank).as_py() else labels


def is_space(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell which values are empty or white space, chunk by chunk: trimming a whole column would copy it."""
    return pa.chunked_array([pc.equal(pc.utf8_trim_whitespace(chunk), "") for chunk in column.chunks], pa.bool_())
