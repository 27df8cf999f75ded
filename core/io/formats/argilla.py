"""Reader of Argilla's exports, as its own client writes them: all annotators' answers of each record.

===========================  =========================================================================================
``records.to_json``          Nested records. They do not say whether a response was submitted, so drafts and discarded
                             ones count, too; a note says so.
``dataset.to_disk``          A folder with such records in it.
``records.to_datasets``      A table with the columns ``label.responses``, ``label.responses.users`` and
                             ``label.responses.status`` for each question: of a saved folder, a parquet, Arrow or JSON
                             lines file, or in memory. Only submitted responses count.
===========================  =========================================================================================

Which question holds the labels is said by ``label``, ``labels`` or ``spans``; where none is named, it is the only one
that was answered (in a folder, whose settings are known, the only one that is no free text). Suggestions are no labels.
They are there under ``label.suggestion``, ``….score`` and ``….agent``, to be named as ``predicted`` or as metadata, or
as ``label`` where suggestions are what shall be scanned.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...data.review_queue import Value
from ...data.samples import Samples
from ...errors import InputError
from .. import files
from ..annotated_tasks import OWN, AnnotatedTasks, Answer, Role
from ..column_roles import ColumnRoles
from ..dataframes import from_memory
from ..source import Source

APPLIED = f"{OWN}applied"  # metadata of a record: the mark of the response that ``labelsift apply`` wrote
SUGGESTION, RESPONSES = ".suggestion", ".responses"
_USERS, _STATUS = f"{RESPONSES}.users", f"{RESPONSES}.status"
_SUBMITTED = "submitted"
_TABLES = ("parquet", "jsonl", "json")
Row = tuple[str, dict[str, Any], dict[str, list[tuple[str, Any]]]]  # number, data, question → (person, answer)


def value_of(answer: Any) -> Value | None:  # noqa: ANN401 - any JSON
    """Return the value in an answer to a question: a label, a sorted list of labels, or spans.

    >>> value_of("a"), value_of(["b", "a"]), value_of([{"label": "PER", "start": 0, "end": 5}]), value_of(3)
    ('a', ['a', 'b'], [[0, 5, 'PER']], '3')
    """
    if not isinstance(answer, list):
        return None if answer is None else str(answer)
    if any(isinstance(item, Mapping) for item in answer):
        return [list(span) for span in sorted((item["start"], item["end"], str(item["label"])) for item in answer)]
    return sorted(set(map(str, answer)))


def mark_of(user: str, value: Value | None) -> str:
    """Return the mark of a response that labelsift wrote: it fits no response of another account or value."""
    text = json.dumps([user, value], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def recognizes(source: Source, columns: ColumnRoles) -> bool:
    """Tell whether a source is an export of Argilla.

    It is none where labels are said to stand in columns of annotators or tokens, or texts at a path through records.
    """
    if columns.annotations or columns.annotators or columns.annotator or columns.tokens or "." in (columns.text or ""):
        return False
    if _folder(source) or _are_records(source.objects):
        return True
    names = set(_columns_of(source))
    return any(f"{name.removesuffix(_USERS)}{RESPONSES}" in names for name in names if name.endswith(_USERS))


def read(source: Source, columns: ColumnRoles) -> Samples:
    """Read an export; ``label``, ``labels`` or ``spans`` is the question, or its suggestions as ``label.suggestion``.

    A sample's id is the record's, and the server's where it has none.

    Raises
    ------
    InputError
        If several questions have answers and none is named, the one that is named has none, or what people answered
        is of another kind.
    """
    records = _in_folder(source) if _folder(source) else source.objects
    rows = list(map(_nested, records) if records else _flat(source))
    question, named = _question(source, rows, columns)
    answers = [_answers(row, question, named or "") for row in rows]
    role = _role(columns, [answer.value for several in answers for answer in several], question)
    tasks = AnnotatedTasks(role, columns.text, columns.id, columns.split, columns.predicted, columns.metadata)
    wanted = {columns.id, columns.split, columns.predicted, *columns.metadata}
    for (number, data, _), said in zip(rows, answers, strict=True):
        shown = {key: value for key, value in data.items() if SUGGESTION not in key or key in wanted}
        tasks.add(number, {"id": number, **shown} if columns.id == "id" else shown, said)
    samples = tasks.samples(source.stem or "samples")
    unsaid = bool(records) and any(answers) and not (named or "").endswith(SUGGESTION)
    note = (
        "This export does not say which responses were submitted, so drafts and discarded ones count, too: "
        "export with records.to_datasets() to leave them out."
    )
    return replace(samples, notes=(*samples.notes, note)) if unsaid else samples


def _folder(source: Source) -> Path | None:
    """Return the folder that ``dataset.to_disk`` wrote; None where the source is none."""
    path = source.path
    is_one = path is not None and "://" not in path and os.path.isfile(os.path.join(path, ".argilla", "settings.json"))
    return Path(path) if path is not None and is_one else None


def _in_folder(source: Source) -> list[dict[str, Any]]:
    records = Source(Path(str(source.path)) / "records.json").objects
    if not records:
        raise InputError(f"{source.path} holds no records", hint="Export it with to_disk(…, with_records=True)")
    return records


def _are_records(objects: Sequence[Mapping[str, Any]]) -> bool:
    said = any(isinstance(record.get(name), dict) for record in objects for name in ("responses", "suggestions"))
    return said and all(isinstance(record.get("fields"), dict) for record in objects)


def _columns_of(source: Source) -> list[str]:
    """Return the columns of a table, so far as reading them costs little."""
    if source.path is None:
        names = getattr(source.origin, "column_names", None) or getattr(source.origin, "columns", ())
        return [str(name) for name in names] if isinstance(names, Iterable) else []
    if os.path.isdir(source.path):
        try:
            return list(json.loads((Path(source.path) / "dataset_info.json").read_bytes())["features"])
        except (OSError, ValueError, KeyError, TypeError):
            return []
    if source.local_file not in _TABLES or source.document is not None:
        return []
    return files.head(source.path, source.form, rows=1).column_names


def _nested(record: Mapping[str, Any]) -> Row:
    data = {**(record.get("metadata") or {}), **record["fields"]}
    for name, suggestion in (record.get("suggestions") or {}).items():
        data[f"{name}{SUGGESTION}"] = value_of(suggestion["value"])
        data |= {f"{name}{SUGGESTION}.{part}": suggestion.get(part) for part in ("score", "agent")}
    answers = {
        name: [(str(said.get("user_id") or place), said["value"]) for place, said in enumerate(responses)]
        for name, responses in (record.get("responses") or {}).items()
    }
    return str(record.get("id") or record.get("_server_id")), data, answers


def _flat(source: Source) -> Iterator[Row]:
    """Yield the rows of a table as ``to_datasets`` writes them."""
    names = [name for name in _columns_of(source) if name not in ("id", "status", "_server_id")]
    every = ColumnRoles(text=None, id="id", metadata=names)
    table = files.read_columns(source.path, every, form=source.form)[0] if source.path else None
    questions = [name.removesuffix(_USERS) for name in names if name.endswith(_USERS)]
    said = {f"{name}{part}" for name in questions for part in (RESPONSES, _USERS, _STATUS)}
    for row in (from_memory(source.origin, every) if table is None else table).to_pylist():
        answers: dict[str, list[tuple[str, Any]]] = {}
        for name in questions:
            values, users = row[f"{name}{RESPONSES}"] or [], row[f"{name}{_USERS}"] or []
            states = row.get(f"{name}{_STATUS}") or [_SUBMITTED] * len(values)
            three = zip(users, values, states, strict=True)
            answers[name] = [(str(user), value) for user, value, state in three if state == _SUBMITTED]
        data = {name: row[name] for name in names if name not in said}
        shown = {name: value_of(cell) if name.endswith(SUGGESTION) else cell for name, cell in data.items()}
        yield str(row["id"]), shown, answers


def _question(source: Source, rows: Sequence[Row], columns: ColumnRoles) -> tuple[str, str | None]:
    """Return the question that holds the labels, and how it was named."""
    named = columns.label or columns.labels or columns.spans
    used = list(dict.fromkeys(name for row in rows for name, answers in row[2].items() if answers))
    if isinstance(named, str):
        question = named.removesuffix(SUGGESTION).removesuffix(RESPONSES)
        suggested = named.endswith(SUGGESTION) and any(named in row[1] for row in rows)
        if question not in used and not suggested and used:
            raise InputError(f"{source.stem} has no answers to a question {named}", ids=used, hint="Name one of these")
        return question, named
    if (folder := _folder(source)) is not None:
        settings = json.loads((folder / ".argilla" / "settings.json").read_bytes())
        kinds = {question["name"]: question["settings"]["type"] for question in settings["questions"]}
        used = [name for name in used if kinds.get(name) not in ("text", "ranking")] or used
    if len(used) > 1:
        raise InputError(
            f"{source.stem} has answers to several questions", ids=used, hint="Name the one of the labels: label=…"
        )
    return (used[0] if used else ""), None


def _answers(row: Row, question: str, named: str) -> list[Answer]:
    _, data, said = row
    if named.endswith(SUGGESTION):
        return [Answer("suggestion", "", data.get(named))]
    mark = data.get(APPLIED)
    values = [(person, value_of(value)) for person, value in said.get(question, ())]
    return [
        Answer(person, f"{place:09d}", value, mark is not None and mark == mark_of(person, value))
        for place, (person, value) in enumerate(values)  # they stand in the order in which they came
    ]


def _role(columns: ColumnRoles, values: Iterable[Value | None], question: str) -> Role:
    """Return the kind of the labels: as it was named, and it must be what people answered."""
    kinds: set[Role] = set()
    for value in values:
        if value:
            kinds.add("label" if isinstance(value, str) else "spans" if isinstance(value[0], list) else "labels")
    told: dict[Role, Any] = {"label": columns.label, "labels": columns.labels, "spans": columns.spans}
    named: Role | None = next((role for role, column in told.items() if column), None)
    if len(kinds) > 1 or (named and kinds and kinds != {named}):
        says = " and ".join(sorted(kinds))
        raise InputError(
            f"The answers to {question} are {says}, not {named or 'of one kind'}", hint="Name what they are: label=…, "
            f"labels=… or spans={question!r}",
        )  # fmt: skip
    return named or (kinds.pop() if kinds else "label")
