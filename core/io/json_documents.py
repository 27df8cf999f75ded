"""JSON documents that hold a table: an array of records, columns as pandas writes them, or records under one name."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InputError
from .opening import Opened

DEEP = 256  # brackets in a line from which Arrow's reader is not asked: it ends the process on some 10,000
_BLOCK = 1 << 22


def is_document(opened: Opened) -> bool:
    """Tell whether a .json file is one JSON value, and not one object a line."""
    with opened() as stream:
        line, further = b"", stream.read(_BLOCK)
        while further and b"\n" not in line.strip():  # the first line that is not blank
            line, further = line + further, stream.read(_BLOCK)
    first, _, rest = line.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    if not first.startswith(b"{"):
        return first.startswith(b"[")
    try:
        return isinstance(json.loads(first), dict) and not rest.strip()
    except (ValueError, RecursionError):
        return first.strip()[-1:] in b"[{,:"


def document(opened: Opened, source: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value that a file holds.

    Raises
    ------
    InputError
        If it is no JSON, or nested too deep.
    """
    with opened() as stream:
        content = stream.read()
    try:
        return json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise InputError(f"{source} is nested too deep", hint="Write one flat object a row") from None
    except ValueError as error:
        raise InputError(f"{source} is no JSON ({error})", hint="Export it again") from None


def records_of(value: Any, source: str, wanted: Sequence[str]) -> list[Mapping[str, Any]]:  # noqa: ANN401
    """Return the rows of a document.

    Raises
    ------
    InputError
        For what is no table; tasks of Label Studio, one a file, are called by their name.
    """
    if isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
        return value
    if isinstance(value, Mapping):
        if "result" in value or (isinstance(value.get("data"), Mapping) and "annotations" in value):
            raise InputError(
                f"{source} is one task of Label Studio, as its storage writes them",
                hint="Export the project as JSON, or put the tasks into one JSON list",
            )
        if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
            return [dict(zip(value["columns"], row, strict=False)) for row in value["data"]]
        named = any(name in value or name.split(".")[0] in value for name in wanted)
        lists = [part for part in value.values() if isinstance(part, list) and part and isinstance(part[0], Mapping)]
        if len(lists) == 1 and not named:
            return records_of(lists[0], source, wanted)
        columns = list(value.values())
        if columns and all(isinstance(column, Mapping) for column in columns):
            if not named:
                return columns  # pandas' orient="index"
            rows = dict.fromkeys(row for column in columns for row in column)
            return [{name: column.get(row) for name, column in value.items()} for row in rows]
        if columns and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
            return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
        return [value]
    raise InputError(
        f"{source} holds a JSON {type(value).__name__} of what is no object",
        hint='Write a list of objects, [{"text": …}, …], or one object a line',
    )


def is_odd(opened: Opened) -> bool:
    """Tell whether some line of JSON lines is no object, or nested so deep that Arrow's reader cannot be trusted."""
    with opened() as stream:
        return any(
            not line.startswith((b"{", b"\xef\xbb\xbf{")) or line.count(b"[") + line.count(b"{") > DEEP
            for line in io.BufferedReader(stream)  # type: ignore[arg-type]
        )
