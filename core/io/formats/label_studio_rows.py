"""Rows of Label Studio's exports, one an annotation: tasks (JSON), JSON_MIN and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .. import row_files
from ..annotated_tasks import OWN

ANNOTATIONS = "annotations"  # named instead of a control, where there is only one
READ = ("choices", "taxonomy", "labels", "rating", "number")
_ROW = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_CORRECTION = f"{OWN}correction"
_MARKS = range(1 << 52, 1 << 53)
_AT_ONCE = timedelta(seconds=0.25)  # a server writes both times of a new annotation within microseconds


def is_correction_mark(import_id: object) -> bool:
    """Tell whether an annotation's ``import_id`` is the mark of a correction by labelsift.

    >>> is_correction_mark(7), is_correction_mark(None), is_correction_mark((1 << 52) + 7)
    (False, False, True)
    """
    return isinstance(import_id, int) and import_id in _MARKS


def is_untouched(annotation: Mapping[str, Any]) -> bool:
    """Tell whether nobody has changed an annotation since it was made.

    >>> is_untouched({"created_at": "2026-11-25T17:24:41.527360Z", "updated_at": "2026-11-25T17:24:41.527379Z"})
    True
    """
    created, updated = (str(annotation.get(name) or "") for name in ("created_at", "updated_at"))
    return bool(created and updated) and datetime.fromisoformat(updated) - datetime.fromisoformat(created) < _AT_ONCE


@dataclass(frozen=True)
class Row:
    """One annotation, or a task without any."""

    task: str
    data: Mapping[str, Any]
    results: Mapping[str, list[Any]]  # control → values of its regions
    person: str = ""
    time: str = ""
    answered: bool = False
    correction: bool = False
    unread: Mapping[str, str] = field(default_factory=dict)  # control → type of its regions, which is not read


def is_tasks(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether these are tasks, exported or as written for an import, of any version."""
    return all(isinstance(task.get("data"), dict) for task in objects) and any(
        isinstance(task.get(name), list) for task in objects for name in ("annotations", "completions", "predictions")
    )


def is_json_min(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether these are records of JSON_MIN."""
    return bool(objects) and all(set(_ROW) <= record.keys() for record in objects)


def is_csv(path: str, control: str) -> bool:
    """Tell from its header whether a file is an export with a column of this control."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return all(f'"{name}"' in header for name in (*_ROW, "id", control))


def task_rows(tasks: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of tasks, skipped annotations left out."""
    return [row for number, task in enumerate(tasks, start=1) for row in _rows_of_task(task, number)]


def _rows_of_task(task: Mapping[str, Any], place: int) -> Iterator[Row]:
    """Return the rows of a task; one written for an import has no number, and is known by its place."""
    number, data = str(task.get("id", place)), task["data"]
    said = task.get("annotations") or task.get("completions") or ()  # so called before version 1.0
    annotations = [
        item for item in said if isinstance(item, dict) and not (item.get("was_cancelled") or item.get("skipped"))
    ]
    if not annotations:
        yield Row(number, data, {})
    for annotation in annotations:
        results: dict[str, list[Any]] = {}
        unread: dict[str, str] = {}
        for region in annotation.get("result") or ():
            kind, control = region.get("type"), str(region.get("from_name"))
            if kind in READ:
                results.setdefault(control, []).append(region.get("value") or {})
            elif kind and kind != "relation":
                unread[control] = kind
        user = annotation.get("completed_by")
        person = str(user.get("email") or user.get("id")) if isinstance(user, dict) else str(user)
        correction = is_correction_mark(annotation.get("import_id")) and is_untouched(annotation)
        time = str(annotation.get("updated_at") or annotation.get("created_at") or "")
        yield Row(number, data, results, person, time, True, correction, unread)


def json_min_rows(records: Iterable[Mapping[str, Any]], control: object) -> list[Row]:
    """Return the rows of JSON_MIN: the data, the task's number as ``id``, the controls, and who and when.

    Parameters
    ----------
    control
        The control that is named; else every column between ``id`` and ``annotator`` may be one.
    """
    return [_row_of_record(record, control) for record in records]


def _row_of_record(record: Mapping[str, Any], control: object) -> Row:
    names = list(record)
    controls = names[names.index("id") + 1 : names.index("annotator")] if "id" in names else []
    if isinstance(control, str) and control != ANNOTATIONS:
        controls = [control]
    # Where the data has an id of its own, the number took its place, and data follows.
    results = {
        name: values for name in controls if name in record and (values := _region_values(record[name])) is not None
    }
    data = {name: value for name, value in record.items() if name not in results and name not in (*_ROW, "id")}
    return _row(str(record["id"]), data, results, record)


def _region_values(value: object) -> list[Any] | None:
    """Return the values of regions that an export wrote as one cell; None for what is none."""
    if isinstance(value, str):
        return [value]
    values = value if isinstance(value, list) else [value]
    fits = all(
        (isinstance(item, (str, int, float)) and not isinstance(item, bool))
        or (isinstance(item, dict) and ({"start", *READ} & item.keys()))
        for item in values
    )
    return values if fits and values else None


def _row(task: str, data: Mapping[str, Any], results: Mapping[str, list[Any]], record: Mapping[str, Any]) -> Row:
    answered = record["annotation_id"] not in (None, "")
    marked = answered and str(record["annotation_id"]) == str(data.get(_CORRECTION))
    correction = marked and is_untouched(record)
    return Row(task, data, results, str(record["annotator"]), str(record["updated_at"] or ""), answered, correction)


def csv_rows(path: str, control: str, *, keep_id: bool) -> list[Row]:
    """Return the rows of a CSV file, with the task's number among the data where it is asked for."""
    rows = []
    for record in row_files.load(path).table.to_pylist():
        cell = record[control]
        results = {control: _cell(cell)} if cell else {control: []}
        dropped = (*_ROW, control) if keep_id else (*_ROW, control, "id")
        data = {name: value or None for name, value in record.items() if name not in dropped}
        rows.append(_row(record["id"], data, results, record))
    return rows


def _cell(cell: str) -> list[Any]:
    if cell[:1] in ("{", "["):
        try:
            return _region_values(json.loads(cell)) or [cell]
        except ValueError:
            pass
    return [cell]
