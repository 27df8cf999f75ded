"""Reader of Label Studio's exports: JSON, JSON_MIN and CSV, told apart by what is in the file.

====================  ====================================================================================
JSON                  Tasks with their annotations. Skipped ones say nothing; the correction that
                      ``labelsift apply`` wrote, unless somebody changed it, counts before all others.
JSON_MIN, CSV         A row an annotation, so that several people's answers of a task are put together again.
                      Label Studio leaves tasks out that were only skipped.
====================  ====================================================================================

What the file does not tell is inferred: several labels where any answer has more than one, else one; a sample's id is
its task's number, as ``label-studio://`` has it. In a CSV file the control's name is needed, because its columns stand
among those of the data; and where the data has an ``id`` of its own, that one stands in place of the number.

Spans are taken from ``annotations`` or ``predictions``, whichever ``spans`` names: the first annotation counts, and the
fields of the data are columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...data.label_sets import label_text
from ...data.samples import Samples
from ...errors import InputError
from ..annotated_tasks import OWN, AnnotatedTasks, Answer, Role, field_of
from ..column_roles import ColumnRoles
from ..source import Source, table_of
from ..tables import samples_of
from .label_studio_marks import marked_spans
from .label_studio_rows import ANNOTATIONS, Row, csv_rows, is_csv, is_json_min, is_tasks, json_min_rows, task_rows

LEVEL = " / "


def recognizes(source: Source, columns: ColumnRoles) -> bool:
    """Tell whether a source is an export of Label Studio.

    It is none where labels are said to stand in columns of several annotators or in tags of tokens.
    """
    if _has_span_tasks(source, columns):
        return True
    if source.path is None or source.local_file is None or columns.annotations or columns.annotators or columns.tokens:
        return False
    if source.local_file == "csv":
        return isinstance(_control_named(columns), str) and is_csv(source.path, str(_control_named(columns)))
    return is_tasks(source.objects) or is_json_min(source.objects)


def read(source: Source, columns: ColumnRoles) -> Samples:
    """Read an export; ``label``, ``labels`` or ``spans`` is the control that holds them, or ``annotations``.

    Where none is named, the only control that there is.

    Raises
    ------
    InputError
        If there are several controls and none was named, or the one that was named does not exist.
    """
    name = source.stem or ""
    if _has_span_tasks(source, columns):
        return samples_of(table_of([_span_row(task) for task in source.objects]), columns, name)
    rows = _rows(source, columns)
    control = _control(rows, _control_named(columns), name)
    role, values, notes = _values(rows, control, columns)
    tasks = AnnotatedTasks(role, columns.text, columns.id, columns.split, columns.predicted, columns.metadata)
    _fill(tasks, rows, values)
    return replace(tasks.samples(name), notes=tuple(notes))


def _has_span_tasks(source: Source, columns: ColumnRoles) -> bool:
    tasks = source.objects if columns.spans else []
    if not tasks or not all(isinstance(task.get("data"), dict) for task in tasks):
        return False
    return columns.spans in (ANNOTATIONS, "predictions") or any(columns.spans in task["data"] for task in tasks)


def _span_row(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return data, annotations and predictions as one row.

    Without an annotation a task is unlabeled; one that marks nothing says that there is nothing to mark.
    """
    row = {**task["data"], **{name: task.get(name) or None for name in ("annotations", "predictions")}}
    if "id" in task:
        row.setdefault("id", task["id"])
    return row


def _control_named(columns: ColumnRoles) -> str | Sequence[str] | None:
    return columns.label or columns.labels or columns.spans


def _rows(source: Source, columns: ColumnRoles) -> list[Row]:
    named = _control_named(columns)
    if source.document is None:
        fields = (columns.id, columns.split, columns.predicted, *columns.metadata)
        return csv_rows(str(source.path), str(named), keep_id="id" in fields)
    if is_tasks(source.objects):
        return task_rows(source.objects)
    return json_min_rows(source.objects, named)


def _fill(tasks: AnnotatedTasks, rows: Sequence[Row], values: Sequence[Any]) -> None:
    """Put the answers of each task together."""
    answers_of: dict[str, tuple[Mapping[str, Any], list[Answer]]] = {}
    for row, value in zip(rows, values, strict=True):
        answers = answers_of.setdefault(row.task, (row.data, []))[1]
        if row.answered:
            answers.append(Answer(row.person, row.time, value, row.correction))
    for number, (data, answers) in answers_of.items():
        tasks.add(number, data, answers)


def _control(rows: Iterable[Row], named: object, name: str) -> str:
    """Return the control that holds the labels: the one that is named, or the only one."""
    used = list(dict.fromkeys(control for row in rows for control in row.results if not control.startswith(OWN)))
    unread = {control: kind for row in rows for control, kind in row.unread.items() if not control.startswith(OWN)}
    chosen = [named] if isinstance(named, str) and named in unread else [] if used else list(unread)
    if chosen:
        raise InputError(
            f"labelsift does not read regions of type {unread[chosen[0]]}, which {name} has",
            ids=chosen,
            hint="It reads choices, taxonomy, rating, number and labels in plain text (the tag Text)",
        )
    if isinstance(named, str) and named != ANNOTATIONS:
        if named not in used and any(row.answered for row in rows):
            raise InputError(f"No annotation in {name} uses a control {named}", ids=used, hint="Name one of these")
        return named
    if len(used) > 1:
        raise InputError(f"{name} has several controls", ids=used, hint="Name the one that holds the labels: label=…")
    return used[0] if used else ""


def _values(rows: Sequence[Row], control: str, columns: ColumnRoles) -> tuple[Role, list[Any], list[str]]:
    """Return what kind of labels a control holds, each row's value, and what a reader must know."""
    results = [row.results.get(control, []) for row in rows]
    if any(isinstance(value, dict) and "start" in value for row in results for value in row):
        spans, notes = marked_spans(
            [row.task for row in rows], [str(field_of(row.data, columns.text or "") or "") for row in rows], results
        )
        return "spans", spans, notes
    if columns.spans:
        return "spans", [[] for _ in results], []
    try:
        sets = [[label for value in row for label in _labels(value)] for row in results]
    except (TypeError, ValueError):
        raise InputError(
            f"The control {control} holds fractions or blanks, not labels", hint="Name another one: label=…"
        ) from None
    many = [row.task for row, labels in zip(rows, sets, strict=True) if len(labels) > 1]
    if many and columns.label:
        raise InputError(f"Some tasks have several labels in {control}", ids=many, hint=f"Say labels={control!r}")
    if columns.labels or many:
        return "labels", [sorted(set(labels)) for labels in sets], []
    return "label", [(labels or [None])[0] for labels in sets], []


def _labels(value: Any) -> list[str]:  # noqa: ANN401 - whatever an export holds
    if isinstance(value, (str, int, float)):
        return [label_text(value)]
    if not isinstance(value, dict):
        return []
    for kind in ("rating", "number"):
        if value.get(kind) is not None:
            return [label_text(value[kind])]
    choices = [str(choice) for choice in value.get("choices") or ()]
    return choices + [LEVEL.join(map(str, path)) for path in value.get("taxonomy") or ()]
