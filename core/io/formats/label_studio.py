"""Exports of Label Studio as samples: JSON, JSON_MIN, CSV and CONLL2003, told apart by what is in the file.

====================  ====================================================================================
JSON                  Tasks with their annotations. Skipped ones say nothing; the correction that
                      ``labelsift apply`` wrote, unless somebody changed it, counts before all others.
JSON_MIN, CSV         A row an annotation, so that several people's answers of a task are put together again.
                      Label Studio leaves tasks out that were only skipped.
CONLL2003             Tokens and tags, no ids: the text is the tokens, joined by one space.
====================  ====================================================================================

What the file does not tell is inferred: several labels where any answer has more than one, else one; a sample's id is
its task's number, as ``label-studio://`` has it. In a CSV file the control's name is needed, because its columns stand
among those of the data; and where the data has an ``id`` of its own, that one stands in place of the number.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ...data.hashing import text_ids
from ...data.samples import Samples
from ...data.spans import canonical, from_bio
from ...errors import InputError
from .. import files
from ..annotated_tasks import OWN, Answer, Answered, Role
from .exportrows import ANNOTATIONS, Row, csv_rows, json_rows

LEVEL = " / "


def read_export(
    source: str,
    *,
    text: str | None,
    controls: Mapping[str, Any],
    others: bool,
    fields: Mapping[str, str | None],
    metadata: Sequence[str],
    name: str | None,
) -> Samples | None:
    """Return the samples of an export; None for any other file.

    Parameters
    ----------
    text
        The name of the text in the tasks' data.
    controls
        ``label``, ``labels`` or ``spans`` → the control that holds them, or ``annotations``; where none is named, the
        only one that there is.
    others
        Whether labels are said to stand elsewhere: then the file is no export that is read here.
    fields
        ``id``, ``split`` and ``predicted`` → fields of the data.

    Raises
    ------
    InputError
        If there are several controls and none was named, or the one that was named does not exist.
    """
    path = source.lower()
    if others or "://" in source or not os.path.isfile(source):
        return None
    name = name or files.stem(source)
    named = {role: control for role, control in controls.items() if control}
    if path.endswith(".conll"):
        return _conll(source, name)
    rows = None
    if path.endswith(".json"):
        rows = json_rows(source, named)
    elif path.endswith(".csv") and isinstance(next(iter(named.values()), None), str):
        rows = csv_rows(source, str(next(iter(named.values()))), keep_id="id" in (*fields.values(), *metadata))
    if rows is None:
        return None
    control = _control(rows, named, name)
    role, values = _values(rows, control, next(iter(named), None))
    answered = Answered(role, text, fields["id"], fields["split"], fields["predicted"], metadata)
    _fill(answered, rows, values)
    return answered.samples(name)


def _fill(answered: Answered, rows: Sequence[Row], values: Sequence[Any]) -> None:
    tasks: dict[str, tuple[Mapping[str, Any], list[Answer]]] = {}
    for row, value in zip(rows, values, strict=True):
        answers = tasks.setdefault(row.task, (row.data, []))[1]
        if row.answered:
            answers.append(Answer(row.person, row.time, value, row.correction))
    for number, (data, answers) in tasks.items():
        answered.add(number, data, answers)


def _control(rows: Iterable[Row], named: Mapping[str, Any], name: str) -> str:
    known = list(dict.fromkeys(one for row in rows for one in row.results if not one.startswith(OWN)))
    wanted = next(iter(named.values()), None)
    if isinstance(wanted, str) and wanted != ANNOTATIONS:
        if wanted not in known and any(row.answered for row in rows):
            raise InputError(f"No annotation in {name} uses a control {wanted}", ids=known, cure="Name one of these")
        return wanted
    if len(known) > 1:
        raise InputError(f"{name} has several controls", ids=known, cure="Name the one that holds the labels: label=…")
    return known[0] if known else ""


def _values(rows: Sequence[Row], control: str, wanted: str | None) -> tuple[Role, list[Any]]:
    """Return what kind of labels a control holds, and each row's value."""
    found = [row.results.get(control, []) for row in rows]
    if any(isinstance(one, dict) and "labels" in one and "start" in one for regions in found for one in regions):
        return "spans", [_spans(regions) for regions in found]
    sets = [[label for region in regions for label in _labels(region)] for regions in found]
    many = [row.task for row, one in zip(rows, sets, strict=True) if len(one) > 1]
    if many and wanted == "label":
        raise InputError(f"Some tasks have several labels in {control}", ids=many, cure=f"Say labels={control!r}")
    several = wanted == "labels" or bool(many)
    if wanted == "spans":
        return "spans", [[] for _ in sets]
    return (
        ("labels", [sorted(set(one)) for one in sets]) if several else ("label", [(one or [None])[0] for one in sets])
    )


def _spans(regions: Iterable[Any]) -> list[list[Any]]:
    return sorted([int(one["start"]), int(one["end"]), str(label)] for one in regions for label in one["labels"])


def _labels(region: Any) -> list[str]:  # noqa: ANN401 - whatever an export holds
    if isinstance(region, str):
        return [region]
    if not isinstance(region, dict):
        return []
    choices = [str(one) for one in region.get("choices") or ()]
    return choices + [LEVEL.join(map(str, path)) for path in region.get("taxonomy") or ()]


def _conll(source: str, name: str) -> Samples:
    texts: list[str] = []
    cells: list[str] = []
    words: list[str] = []
    tags: list[str] = []

    def end() -> None:
        if words:
            places, at = [], 0
            for word in words:
                places.append((at, at + len(word)))
                at += len(word) + 1
            texts.append(" ".join(words))
            cells.append(canonical(from_bio(tags, places)))
        words.clear()
        tags.clear()

    with open(source, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            parts = line.split()
            if not parts:
                end()
            elif parts[0] != "-DOCSTART-":
                _require_tag(parts, source, number)
                words.append(parts[0])
                tags.append(parts[-1])
    end()
    if not texts:
        raise InputError(f"{name} holds no tokens", cure="Export the project again")
    columns = {"text": pa.chunked_array([pa.array(texts)]), "spans": pa.chunked_array([pa.array(cells)])}
    return Samples(pa.table({"id": text_ids(columns["text"]), **columns}), pa.table({}), name)


def _require_tag(parts: Sequence[str], source: str, number: int) -> None:
    try:
        if len(parts) < 2:
            raise ValueError
        from_bio([parts[-1]], [(0, 1)])
    except ValueError:
        raise InputError(
            f"{source} has no token and tag in line {number}", cure="Write a token and its tag (B-person, O) a line"
        ) from None
