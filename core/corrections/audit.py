"""Audit table: who changed what, when and why, for people and spreadsheets."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..data.adjudication import BOTH_FIT, EMPTIED, OF_LABEL, OF_TEXT, REPEAT, UNDECIDED
from ..data.taxonomy import Taxonomy
from ..errors import InputError
from ..io.whole_file import whole_file
from ..store.hash_chain import Record
from ..store.run_notes import MODEL, NOTE, TAG, audit_row
from .record import DECISION

COLUMNS = (
    "number",
    "time",
    "person",
    "action",
    "dataset",
    "id",
    "before",
    "after",
    "why",
    "verdict",
    "platform",
    "run",
    "round",
    "seconds",
    "hash",
)
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # of what a spreadsheet takes for a formula


def audit_rows(
    records: Iterable[Record], *, dataset: str | None = None, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Return one row a decision and one a version that was made, oldest first.

    Parameters
    ----------
    records
        Of a ledger; see :meth:`labelsift.store.ledger.Ledger.records`.
    dataset
        Only this data set's.
    since
        Only from this moment on.

    Returns
    -------
    list
        Rows with COLUMNS. ``before`` and ``after`` are labels (or the text of an edit), ``why`` says what the
        sample was flagged for, what became of the suggestion, and the person's note.
    """
    rows = []
    for record in records:
        if dataset is not None and record.get("dataset") != dataset:
            continue
        if since is not None and datetime.fromisoformat(record["time"]) < since:
            continue
        if record.get("kind") == DECISION:
            row = _decision(record)
        else:
            row = audit_row(record) if record.get("kind") in (TAG, NOTE, MODEL) else _version(record)
        rows.append({name: row.get(name, record.get(name)) for name in COLUMNS})
    return rows


def write_audit(rows: Sequence[dict[str, Any]], path: str | Path) -> None:
    """Write the rows as csv (UTF-8 with a mark that Excel needs), no cell of which is a formula.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        with (
            whole_file(path) as half,
            half.open("w", newline="", encoding="utf-8-sig", errors="backslashreplace") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows([inert(row[name]) for name in COLUMNS] for row in rows)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror})", hint="Name another file") from None


def inert(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe stands before what could be one.

    >>> inert("=1+1"), inert(" @SUM(A1)"), inert("a = b"), inert(-1.5), inert(None)
    ("'=1+1", "' @SUM(A1)", 'a = b', -1.5, '')
    """
    if not isinstance(value, str):
        return "" if value is None else value
    return f"'{value}" if value.startswith(_STARTS) or value.lstrip().startswith(_STARTS) else value


def _decision(record: Record) -> dict[str, Any]:
    given = _plain(record["given"])
    changes = record["action"] in OF_TEXT + OF_LABEL and record["verdict"] not in UNDECIDED
    flagged = f"flagged: {', '.join(record['issues'])}" if record["issues"] else ""
    again = "asked once more" if record.get("asked") == REPEAT else ""
    verdict = record["verdict"]
    if verdict == BOTH_FIT:
        verdict = "both labels fit"
    elif verdict == EMPTIED:
        verdict = "its label was taken off"
    elif verdict is not None and verdict not in UNDECIDED:
        verdict = f"suggestion {verdict}"
    return {
        "action": record["verdict"] if record["verdict"] in UNDECIDED else record["action"],  # who skips keeps nothing
        "before": given if record["action"] not in OF_TEXT else None,
        "after": (_plain(record["value"]) or _erased(record, "value"))
        if changes
        else given
        if record["action"] == "keep"
        else None,
        "why": "; ".join(part for part in (flagged, again, verdict, record["note"] or _erased(record, "note")) if part),
    }


def _erased(record: Record, name: str) -> str | None:
    return "(erased)" if name in record.get("erased", ()) else None


def _version(record: Record) -> dict[str, Any]:
    kind, conflicts = record.get("kind"), record.get("conflicts")
    taxonomy = Taxonomy.of(record["taxonomy"]) if record.get("taxonomy") else None
    parts = (
        f"policy {record['policy']}" if record.get("policy") else "",
        ", ".join(f"{count:,} {action.replace('_', ' ')}" for action, count in (record.get("applied") or {}).items()),
        record.get("reason") or "",
        f"{len(record['ids']):,} samples" if kind == "forget" else "",
        f"to {record['platform']} {record['target']}" if kind in ("sent", "round", "assignment") else "",
        f"{conflicts:,} conflicts left as they were" if conflicts else "",
        f"taxonomy: {'; '.join(map(str, taxonomy.changes))}" if taxonomy else "",
    )
    return {
        "action": kind,
        "before": record.get("parent"),
        "after": record.get("fingerprint"),
        "why": "; ".join(filter(None, parts)),
    }


def _plain(cell: str | None) -> str | None:
    """Return a label out of a JSON cell; what is no text keeps its JSON form."""
    try:
        value = json.loads(cell) if cell is not None else None
    except ValueError:
        return cell
    return value if isinstance(value, str) or value is None else cell
