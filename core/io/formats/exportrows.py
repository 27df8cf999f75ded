"""Annotations out of exports of Label Studio, one a row: JSON, JSON_MIN and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .. import row_files as rowfiles
from ..annotated_tasks import OWN

ANNOTATIONS = "annotations"  # named instead of a control, where there is only one
_ROW = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time")
_CORRECTION = f"{OWN}correction"
_MARKS = range(1 << 52, 1 << 53)
_AT_ONCE = timedelta(seconds=0.25)  # a server writes both times of a new annotation within microseconds
_LOOKED_AT = 1 << 16


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
    made, last = (str(annotation.get(name) or "") for name in ("created_at", "updated_at"))
    return bool(made and last) and datetime.fromisoformat(last) - datetime.fromisoformat(made) < _AT_ONCE


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


def json_rows(source: str, named: Mapping[str, Any]) -> list[Row] | None:
    """Read JSON or JSON_MIN, with the controls that are named by role; None for any other file."""
    with open(source, encoding="utf-8-sig") as file:
        start = file.read(_LOOKED_AT)
        if not start.lstrip().startswith("[") or not ('"annotations"' in start or '"annotation_id"' in start):
            return None
        file.seek(0)
        try:
            tasks = json.load(file)
        except ValueError:
            return None
    if not tasks or not all(isinstance(one, dict) for one in tasks):
        return None
    if all("annotations" in one and isinstance(one.get("data"), dict) for one in tasks):
        if "spans" in named:  # labelsift.io.formats.spanexports reads these
            return None
        return [row for task in tasks for row in _of_task(task)]
    if all(set(_ROW) <= one.keys() for one in tasks):
        return [_of_record(one, next(iter(named.values()), None)) for one in tasks]
    return None


def _of_task(task: Mapping[str, Any]) -> Iterator[Row]:
    number, data = str(task["id"]), task["data"]
    kept = [one for one in task["annotations"] if isinstance(one, dict) and not one.get("was_cancelled")]
    if not kept:
        yield Row(number, data, {})
    for one in kept:
        results: dict[str, list[Any]] = {}
        for region in one.get("result") or ():
            if region.get("type") in ("choices", "taxonomy", "labels"):
                results.setdefault(str(region["from_name"]), []).append(region.get("value") or {})
        who = one.get("completed_by")
        person = str(who.get("email") or who.get("id")) if isinstance(who, dict) else str(who)
        correction = is_correction_mark(one.get("import_id")) and is_untouched(one)
        yield Row(number, data, results, person, str(one.get("updated_at") or ""), True, correction)


def _of_record(record: Mapping[str, Any], named: object) -> Row:
    """Read one row of JSON_MIN: the data, the task's number as ``id``, the controls, and who and when."""
    names = list(record)
    controls = names[names.index("id") + 1 : names.index("annotator")] if "id" in names else []
    if isinstance(named, str) and named != ANNOTATIONS:
        controls = [named]
    # Where the data has an id of its own, the number took its place, and data follows.
    results = {one: found for one in controls if one in record and (found := _pretty(record[one])) is not None}
    data = {one: value for one, value in record.items() if one not in results and one not in (*_ROW, "id")}
    return _row(str(record["id"]), data, results, record)


def _pretty(value: object) -> list[Any] | None:
    """Return the regions that an export wrote as one value; None for what is none."""
    if isinstance(value, str):
        return [value]
    regions = value if isinstance(value, list) else [value]
    fits = all(isinstance(one, str) or (isinstance(one, dict) and {"choices", "taxonomy", "labels"} & one.keys())
               for one in regions)  # fmt: skip
    return regions if fits and regions else None


def _row(task: str, data: Mapping[str, Any], results: Mapping[str, list[Any]], record: Mapping[str, Any]) -> Row:
    answered = record["annotation_id"] not in (None, "")
    named = answered and str(record["annotation_id"]) == str(data.get(_CORRECTION))
    correction = named and is_untouched(record)
    return Row(task, data, results, str(record["annotator"]), str(record["updated_at"] or ""), answered, correction)


def csv_rows(source: str, control: str, *, keep_id: bool) -> list[Row] | None:
    """Read CSV, with the task's number among the data where it is asked for; None for any other file."""
    with open(source, encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    if not all(f'"{name}"' in header for name in (*_ROW, "id", control)):
        return None
    table = rowfiles.load(source).table
    rows = []
    for record in table.to_pylist():
        cell = record[control]
        results = {control: _cell(cell)} if cell else {control: []}
        dropped = (*_ROW, control) if keep_id else (*_ROW, control, "id")
        data = {one: value or None for one, value in record.items() if one not in dropped}
        rows.append(_row(record["id"], data, results, record))
    return rows


def _cell(cell: str) -> list[Any]:
    if cell[:1] in ("{", "["):
        try:
            return _pretty(json.loads(cell)) or [cell]
        except ValueError:
            pass
    return [cell]
