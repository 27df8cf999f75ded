"""Slow reader of JSON lines that Arrow's reader refuses: line by line, in Python.

Arrow wants one type a column, also in columns that nobody asked for, takes texts that look like dates for
times and whole numbers beyond 64 bits for fractions. This way is slower and right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

import pyarrow as pa

from ..errors import InputError
from .column_roles import ColumnRoles
from .columns import EXACT, path_in


def read_by_line(lines: Iterable[bytes], columns: ColumnRoles, *, source: str) -> pa.Table:
    """Return the columns that are named and present.

    Columns of single values come as strings; those of lists and objects as JSON texts, null stays null; others by
    Arrow's inference or as strings.

    Raises
    ------
    InputError
        For a line that is no JSON object, or a value that is no text: names the line.
    """
    decoded = ((number, line.decode("utf-8-sig" if number == 1 else "utf-8")) for number, line in enumerate(lines, 1))
    return table_of_rows(((number, _object(text, number, source)) for number, text in decoded if text.strip()), columns)


def table_of_rows(rows: Iterable[tuple[int, Mapping[str, Any]]], columns: ColumnRoles) -> pa.Table:
    """Return the columns that are named and present of objects, each with the number of its line or row.

    Raises
    ------
    InputError
        For a value that is no text: names the line.
    """
    as_text, as_json = columns.as_text, columns.as_json
    cells: dict[str, list[Any]] = {name: [] for name in columns.names}
    seen: dict[str, None] = {}
    for number, row in rows:
        seen.update(dict.fromkeys(map(str, row)))
        for name, values in cells.items():
            value = row[name] if name in row else path_in(row, name)
            seen.update({name: None} if name not in row and value is not None else {})
            if name in as_json and value is not None and not isinstance(value, str):
                value = json.dumps(value)
            values.append(as_string(value, column=name, line=number) if name in as_text else value)
    columns.require(list(seen))
    present = [name for name in cells if name in seen]
    return pa.table({name: _array(cells[name]) for name in present})


def _object(text: str, number: int, source: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except RecursionError:
        raise InputError(f"{source} is nested too deep in line {number}", hint="Write one flat object a line") from None
    except ValueError as error:
        raise InputError(
            f"{source} holds no JSON object in line {number} ({error})", hint="Write one object a line"
        ) from None
    if not isinstance(row, dict):
        raise InputError(
            f"{source} holds {'null' if row is None else f'a {type(row).__name__}'} in line {number}, not an object",
            hint="Write one object a line",
        )
    return row


def as_string(value: object, *, column: str, line: int) -> str | None:
    """Write a JSON value out as a role's text.

    >>> [as_string(value, column="id", line=1) for value in ("007", 7, 7.0, True, None)]
    ['007', '7', '7', 'true', None]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (date, time)):  # of a workbook
        return value.isoformat()
    what = "a fraction or a number too large to be exact" if isinstance(value, float) else type(value).__name__
    raise InputError(f"The column {column} holds {what} in line {line}", hint="Write it as a string")


def _array(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        texts = [
            value if value is None or isinstance(value, str) else json.dumps(value, default=str) for value in values
        ]
        return pa.array(texts, pa.string())
