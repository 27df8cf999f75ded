"""Decisions in a workbook: labelsift's own, or any with an id column and a decision column."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from labelsift.data.formatting import error_text
from labelsift.errors import InputError
from labelsift.review.answers import Answer, acted, correction_of, corrections_table
from labelsift.review.verdicts import Feedback

NAME = "xlsx"
BESIDE = "similar samples"  # the column of others' texts
COLUMNS = {  # what a column means → the names that it may have
    "id": ("labelsift_id", "id"),
    "decision": ("decision",),
    "given": ("given",),
    "suggested": ("suggested",),
    "person": ("person",),
    "note": ("note",),
    "run": ("labelsift_run",),
}
KEEP = ("keep", "ok", "correct")
ACCEPT = ("accept", "yes")
REMOVE = ("remove", "delete")
MASK = ("mask", "redact")
DROP = ("drop",)
BOTH = ("both", "both fit")
SKIP = ("skip", "?")

Row = dict[str, str]


def read_decisions(path: Path) -> pa.Table:
    """Return the decisions of a workbook's first sheet, in CORRECTIONS_SCHEMA.

    An empty decision is none. A label is a new label (or the given one: keep). Where they are no labels of
    the sheet themselves, ``keep`` keeps the given label, ``accept`` takes the suggestion, ``both`` says that both
    labels fit, ``drop`` drops a copy, ``mask`` masks the personal data and secrets,
    ``remove`` takes the sample out and ``skip`` leaves it to others. Times are
    empty: a sheet does not tell when a cell was filled. Who decided stands in the column person, else it is who saved
    the workbook last.

    Raises
    ------
    InputError
        If the workbook cannot be read, has no such columns, or a decision cannot be taken; names the ids.
    """
    rows, saved_by = read_rows(path)
    names = {row[name] for row in rows for name in ("given", "suggested") if row.get(name)}
    labels = {name.casefold() for name in names}
    helpless = [row["id"] for row in rows if _is(row, ACCEPT, labels) and not row.get("suggested")]
    if helpless:
        raise InputError("There is no suggestion to accept", ids=helpless, hint="Write the label as the decision")
    answers = [_answer(row, labels, saved_by, names) for row in rows if row.get("decision", "").strip()]
    return corrections_table(correction_of(answer, platform=NAME) for answer in answers)


def read_rows(path: Path) -> tuple[list[Row], str]:
    """Return the rows of the first sheet by what their columns mean, and who saved the workbook last."""
    import openpyxl

    if not path.exists():
        raise InputError(f"There is no file {path}", hint="Check the path")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        cells = [[cell_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        saved_by = book.properties.lastModifiedBy or NAME
        book.close()
    except Exception as error:  # of openpyxl, zipfile or the XML parser: there is no common ancestor
        why = error_text(error)
        raise InputError(f"{path} cannot be read as a workbook ({why})", hint="Save it as .xlsx again") from None
    places = _places(path, cells[0] if cells else [])
    rows = [{name: line[at] for name, at in places.items() if at < len(line)} for line in cells[1:] if any(line)]
    _require_ids(path, rows)
    return rows, saved_by


def cell_text(cell: object) -> str:
    """Write a cell as it is meant: 7.0, which sheets make of 7, is 7."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime.datetime, datetime.date, datetime.time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _places(path: Path, header: Sequence[str]) -> dict[str, int]:
    names = [name.strip().casefold() for name in header]
    places = {
        meaning: names.index(name) for meaning, known in COLUMNS.items() for name in reversed(known) if name in names
    }
    missing = [COLUMNS[one][-1] for one in ("id", "decision") if one not in places]
    if missing:
        raise InputError(
            f"The first sheet of {path} has no such column", ids=missing, hint="Name them id and decision in row 1"
        )
    return places


def _require_ids(path: Path, rows: Sequence[Row]) -> None:
    nameless = [at for at, row in enumerate(rows, start=2) if not row["id"] and row.get("decision")]
    if nameless:
        raise InputError(f"Decisions of {path} have no id, in rows", ids=nameless, hint="Fill the ids")
    twice = [
        one
        for one, count in Counter((row["id"], row.get("person", "")) for row in rows if row.get("decision")).items()
        if count > 1
    ]
    if twice:
        raise InputError(
            f"Samples of {path} have several decisions of one person",
            ids=[id for id, _ in twice],
            hint="Leave one each",
        )


def _is(row: Row, words: Sequence[str], labels: set[str]) -> bool:
    text = row.get("decision", "").strip().casefold()
    return text in words and text not in labels


def _answer(row: Row, labels: set[str], saved_by: str, names: set[str]) -> Answer:
    given, suggested = row.get("given") or None, row.get("suggested") or None
    value: str | None = row["decision"]
    if _is(row, ACCEPT, labels):
        value = suggested
    elif _is(row, KEEP, labels):
        value = given
    elif value not in names:  # spaces around a label of the data are its own
        value = row["decision"].strip()
    said: dict[Feedback, bool] = {
        "unusable": _is(row, REMOVE, labels),
        "drop_copy": _is(row, DROP, labels),
        "redact": _is(row, MASK, labels),
        "both_fit": _is(row, BOTH, labels),
    }
    answer = Answer(
        id=row["id"],
        value=value,
        skipped=_is(row, SKIP, labels),
        feedback=next((feedback for feedback, is_said in said.items() if is_said), None),
        note=row.get("note", ""),
        person=row.get("person") or saved_by,
        given=given,
        suggested=suggested,
        run=row.get("run") or None,
        asked="choose" if row.get("run") else None,  # in somebody's own sheet nobody knows what was shown
    )
    return acted(answer)  # a sheet does not keep the places to mask: they are looked for again
