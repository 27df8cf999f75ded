"""Samples out of the annotated tasks of a labeling platform, each with the answers of several people.

Both ways into a platform's project end here: over its interface, and through a file that it exported. Tasks are taken
one after the other, and only columns stay in memory.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from ..data import annotator_labels, label_sets, spans
from ..data.samples import ROLES, Samples
from ..errors import InputError
from .columns import json_text, path_in
from .span_formats import canonical_column

Role = Literal["label", "labels", "spans"]
OWN = "labelsift_"  # what a push writes into a task's data begins so, and is nothing of the user's
ID = f"{OWN}id"


@dataclass(frozen=True)
class Answer:
    """What one person said of one task.

    Parameters
    ----------
    person
        Who; what the platform calls them.
    time
        When, as ISO 8601 in UTC: sorts as text.
    value
        A label; a list of labels; or ``[[start, end, "type"], …]``. None says nothing.
    correction
        True for the one that labelsift wrote of people's decisions: it counts before all others.
    """

    person: str
    time: str
    value: Any
    correction: bool = False


@dataclass
class AnnotatedTasks:
    """Collects tasks, and makes samples of them.

    Parameters
    ----------
    role
        ``label``: of several people's answers the label is what most say, and what each said is kept. ``labels`` and
        ``spans``: the newest answer counts.
    text
        The field of a task's data that holds the text; None where people label images or sounds.
    id, split, predicted
        Fields of the data; ``predicted`` in the form of the labels. Without ``id`` a sample is known by
        ``labelsift_id``, where a push wrote one, else by the task's number.
    metadata
        Fields to keep; where none is named, all that hold one text, number or truth value, but labelsift's own.
    """

    role: Role
    text: str | None
    id: str | None = None
    split: str | None = None
    predicted: str | None = None
    metadata: Sequence[str] = ()
    _ids: list[str] = field(default_factory=list)
    _columns: dict[str, list[Any]] = field(default_factory=dict)  # role → cells
    _fields: dict[str, list[Any]] = field(default_factory=dict)  # field of the data → cells
    _several: int = 0
    _without_text: int = 0
    _names: dict[str, None] = field(default_factory=dict)  # fields of any task, nested ones as paths

    def add(self, number: str, data: Mapping[str, Any], answers: Sequence[Answer]) -> None:
        """Take one task: its number, its data and what people said, in any order."""
        self._ids.append(self._id(number, data))
        cells = self._label_cells(answers)
        if self.text is not None:
            text = field_of(data, self.text)
            self._without_text += text is None
            cells["text"] = json_text(text) or ""
        cells |= {role: json_text(field_of(data, name)) or None for role, name in self._named().items()}
        for role, cell in cells.items():
            self._columns.setdefault(role, []).append(cell)
        self._keep(data)

    def samples(self, name: str) -> Samples:
        """Return what was taken as samples.

        Raises
        ------
        InputError
            If no task was taken, no task has a field that was named, ids repeat, or spans do not fit their texts.
        """
        if not self._ids:
            raise InputError(f"{name} holds no tasks", hint="Import some, or name another project or file")
        self._require_fields(name)
        _require_unique(self._ids, named=self.id)
        columns = {role: pa.chunked_array([pa.array(cells, pa.string())]) for role, cells in self._columns.items()}
        columns["id"] = pa.chunked_array([pa.array(self._ids, pa.string())])
        if self.role == "label":
            majority = annotator_labels.consensus(columns["annotations"]).to_pylist()
            corrected = columns.pop("corrected").to_pylist()
            labels = [own or other for own, other in zip(corrected, majority, strict=True)]
            columns["label"] = pa.chunked_array([pa.array(labels, pa.string())])
            if not self._several:
                del columns["annotations"]
        elif self._several:
            warnings.warn(
                f"{name}: {self._several:,} tasks have answers of several people, and the newest counts; "
                "only single labels are weighed",
                stacklevel=3,
            )
        if self.role == "spans":
            self._require_fitting()
        if self.role != "label" and self.predicted and "predicted" in columns:
            columns["predicted"] = self._predicted(columns)
        ordered = {role: columns[role] for role in ROLES if role in columns}
        rows = len(self._ids)
        metadata = {name: _column(cells + [None] * (rows - len(cells))) for name, cells in self._fields.items()}
        return Samples(pa.table(ordered), pa.table(metadata), name)

    def _id(self, number: str, data: Mapping[str, Any]) -> str:
        if self.id is None:
            return json_text(data.get(ID)) or number
        sample_id = json_text(field_of(data, self.id))
        if sample_id is None or not sample_id.strip():
            raise InputError(f"Some tasks have no {self.id}", ids=[number], hint="Name another field, or none")
        return sample_id

    def _named(self) -> dict[str, str]:
        named = {"split": self.split, "predicted": self.predicted}
        return {role: name for role, name in named.items() if name}

    def _label_cells(self, answers: Sequence[Answer]) -> dict[str, str | None]:
        """Return the cells of people's answers, by role."""
        oldest_first = sorted(
            (answer for answer in answers if answer.value is not None), key=lambda answer: answer.time
        )
        people = {answer.person: answer.value for answer in oldest_first if not answer.correction}  # each one's newest
        corrected = next((answer.value for answer in reversed(oldest_first) if answer.correction), None)
        self._several += len(people) > 1
        if self.role == "label":
            return {"corrected": corrected, "annotations": annotator_labels.canonical(people)}
        newest = corrected if corrected is not None else oldest_first[-1].value if oldest_first else None
        if newest is None:
            return {self.role: None}
        if self.role == "labels":
            return {"labels": label_sets.canonical(newest)}
        return {"spans": spans.canonical((start, end, type) for start, end, type in newest)}

    def _keep(self, data: Mapping[str, Any]) -> None:
        self._names |= dict.fromkeys(_paths(data))
        before = len(self._ids) - 1
        if self.metadata:
            kept: Mapping[str, Any] = {name: field_of(data, name) for name in self.metadata}
        else:
            used = {self.text, self.id, self.split, self.predicted}
            kept = {
                name: value
                for name, value in data.items()
                if name not in used and not name.startswith(OWN) and isinstance(value, (str, int, float, bool))
            }
        for name, value in kept.items():
            cells = self._fields.setdefault(name, [])
            cells += [None] * (before - len(cells))
            cells.append(value)

    def _require_fields(self, name: str) -> None:
        empty = [field for field in self.metadata if all(cell is None for cell in self._fields[field])]
        empty += [
            field for role, field in self._named().items() if all(cell is None for cell in self._columns.get(role, ()))
        ]
        if self.text is not None and self._without_text == len(self._ids):
            raise InputError(
                f"No task of {name} has the field {self.text}, where the texts should stand",
                hint=f"Name the one that holds them: text=…, --text … (of {', '.join(list(self._names)[:20])}); "
                "or say that there are no texts: text=None, --no-text",
            )
        if empty:
            raise InputError(f"No task of {name} has these fields", ids=empty, hint="Name fields of the tasks' data")

    def _predicted(self, columns: Mapping[str, pa.ChunkedArray]) -> pa.ChunkedArray:
        name = str(self.predicted)
        if self.role == "labels":
            return label_sets.from_column(columns["predicted"], name=name)
        return canonical_column(columns["predicted"], columns["text"].to_pylist(), self._ids, column_name=name)

    def _require_fitting(self) -> None:
        wrong = {
            id: fault
            for id, text, cell in zip(self._ids, self._columns["text"], self._columns["spans"], strict=True)
            if cell and (fault := spans.fault(spans.parsed(cell) or (), text))
        }
        if wrong:
            raise InputError(
                f"Spans do not fit their texts ({next(iter(wrong.values()))})",
                ids=list(wrong),
                hint="Correct these tasks; somebody may have changed their text after it was labeled",
            )


def field_of(data: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON
    """Return a field of a task's data; ``doc.text`` is the field ``text`` within ``doc``, as configs name it."""
    return data[name] if name in data else path_in(data, name)


def _paths(data: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, Mapping) and before.count(".") < 3:
            yield from _paths(value, f"{before}{name}.")
        elif not name.startswith(OWN):
            yield f"{before}{name}"


def _column(cells: list[Any]) -> pa.Array:
    """Keep a type that all cells share; whatever is mixed or nested is written as text."""
    if not any(isinstance(cell, (dict, list)) for cell in cells):
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    return pa.array([json_text(cell) for cell in cells], pa.string())


def _require_unique(ids: Sequence[str], *, named: str | None) -> None:
    twice = [id for id, count in Counter(ids).items() if count > 1]
    if twice:
        where = f"field {named}" if named else f"field {ID}"
        hint = "Name another field, or none: id=None" if named else "Name the field that tells the tasks apart: id=…"
        raise InputError(f"Several tasks have the same id in the {where}", ids=twice, hint=hint)
