"""JSON exports of labeling platforms, one array of tasks or records in a file, as tables.

Label Studio: ``[{"id": 7, "data": {"text": …}, "annotations": [{"result": […]}]}, …]``; the text may stand under
any name in ``data``. Argilla: ``[{"id": …, "fields": {"text": …}, "responses": {"question": […]},
"suggestions": {…}}, …]``; a response counts before a suggestion. Everything else in ``data`` or ``metadata`` is
kept under its name.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ...errors import InputError
from .. import files
from ..columns import require

_LOOKED_AT = 4096  # bytes that tell an array of tasks from lines of JSON


def exported(source: str, *, text: str, spans: str) -> pa.Table | None:
    """Return an export as a table with the text, the spans and what else is known; None for any other file.

    Parameters
    ----------
    text
        The name of the text in the tasks' data, or the record's fields.
    spans
        ``annotations`` or ``predictions`` of Label Studio, or the name of an Argilla question.
    """
    if "://" in source or not source.split(".gz")[0].endswith(".json") or not os.path.isfile(source):
        return None
    with pa.input_stream(source, compression=files.kind(source)[1]) as stream:
        content = io.BufferedReader(stream)  # type: ignore[arg-type]
        if not content.peek(_LOOKED_AT).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            return None
        try:
            tasks = json.loads(content.read().decode("utf-8-sig"))
        except ValueError as error:
            raise InputError(f"{source} is no JSON ({error})", cure="Export it again") from None
    if not all(isinstance(one, dict) for one in tasks):
        raise InputError(f"{source} holds no tasks", cure="Export the project as JSON")
    return _table([_row(one, text, spans) for one in tasks])


def _row(task: Mapping[str, Any], text: str, spans: str) -> dict[str, Any]:
    if "data" in task:
        # Without an annotation a task is unlabeled; one that marks nothing says that there is nothing to mark.
        found = {**task["data"], **{name: task.get(name) or None for name in ("annotations", "predictions")}}
    elif "fields" in task:
        found = {**task.get("metadata", {}), **task["fields"], spans: _answer(task, spans)}
    else:
        return dict(task)
    if "id" in task:
        found.setdefault("id", task["id"])
    return found


def _answer(record: Mapping[str, Any], question: str) -> object:
    responses = (record.get("responses") or {}).get(question)
    return responses or (record.get("suggestions") or {}).get(question)


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([_cell(row.get(name)) for row in rows], pa.string()) for name in names})


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def has_column(source: object, name: str) -> bool:
    """Tell whether a container or file has a column; True where only reading can tell."""
    if isinstance(source, (str, os.PathLike)):
        try:
            files.read_columns(os.fspath(source), [name], as_text=frozenset([name]), encoding="utf-8")
        except InputError as error:
            return "no such column" not in str(error)
        return True
    names = getattr(source, "column_names", None) or getattr(source, "columns", None)
    if names is None:
        return True
    try:
        require([str(one) for one in names], [name])
    except InputError:
        return False
    return True
