"""Writing flagged samples into a workbook, where every cell is text and none a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labelsift.data.formatting import shortened
from labelsift.data.review_queue import Action, Neighbor, ReviewItem, ReviewQueue
from labelsift.errors import InputError
from labelsift.io.whole_file import whole_file
from labelsift.platforms import Receipt
from labelsift.review.suggestions import cell_of
from labelsift.review.upsert import Holdings, StoredTask, TaskPlan, compare, count
from labelsift.review.words import quoted

from .pull import BESIDE, Row, read_rows

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

LONGEST = 32_767  # characters that a cell can hold
HEADER = (
    *("labelsift_id", "text", "given", "suggested", "confidence", "issues", "reason", "decision", "person", "note"),
    BESIDE,
)
WIDTHS = (14, 70, 18, 18, 11, 16, 50, 18, 16, 30, 70)
MOST = 0.99  # an estimate promises no more
RUN = "labelsift_run"
OWN = ("decision", "person", "note")  # what people write
_WORDS: dict[Action, str] = {"redact": "mask", "remove": "remove", "keep": "keep"}  # a sheet is no place to edit texts


def push_sheet(queue: ReviewQueue, path: Path, *, definitions: Mapping[str, str], dry_run: bool) -> Receipt:
    """Write the items of a queue, and carry over what people wrote before.

    A sample whose id a sheet cannot hold as it is goes to ``failed``; in texts such characters are replaced.
    """
    receipt = Receipt("xlsx", str(path), dry_run=dry_run)
    standing = _standing(path, queue.run)
    plan, rows = TaskPlan(), {}
    for item in (item for item in queue.items if not item.first_copy):
        if fitting(item.id) != item.id:
            plan.failed[item.id] = "Its id holds characters that a cell cannot hold, or is too long"
            continue
        rows[item.id] = _row(item, standing.get(item.id, {}))
        plan.data[item.id] = {name: rows[item.id][name] for name in ("given", "suggested")}
    held = Holdings({id: StoredTask(line, dict(row)) for line, (id, row) in enumerate(standing.items(), start=2)})
    count(receipt, plan, compare(plan, held))
    written = {id: row for id, row in standing.items() if id not in rows and any(row.get(name) for name in OWN)}
    receipt.details = {"rows": len(rows) + len(written), "decided": sum(bool(row["decision"]) for row in rows.values())}
    if not dry_run:
        lines = [*rows.values(), *({name: "" for name in HEADER} | _known(row) for row in written.values())]
        _save(lines, queue, path, definitions)
        receipt.links = {"workbook": str(path)}
        receipt.sample_links = dict.fromkeys(rows, path.name)  # so that the queue knows who was asked for
    return receipt


def _standing(path: Path, run: str) -> dict[str, Row]:
    if not path.exists():
        return {}
    rows, _ = read_rows(path)
    others = sorted({row.get("run", "") for row in rows} - {run})
    if others:
        raise InputError(
            f"{path} holds decisions on another run", ids=[run or "none" for run in others], hint="Name a new workbook"
        )
    return {row["id"]: row for row in rows}


def _known(row: Row) -> dict[str, str]:
    return {"labelsift_id": row["id"]} | {name: row.get(name, "") for name in ("given", "suggested", *OWN)}


def _row(item: ReviewItem, before: Mapping[str, str]) -> dict[str, str]:
    words = [word.partition("_")[0] for word in item.copies]  # drop, keep
    words += [_WORDS[action] for action in item.actions if action in _WORDS]
    cells = {
        "labelsift_id": item.id,
        "text": item.text,
        "given": cell_of(item.given),
        "suggested": cell_of(item.suggested),
        "confidence": "" if item.confidence is None else f"{min(item.confidence, MOST):.2f}",
        "issues": ", ".join(item.issues),
        "reason": " ".join([quoted(item), *([f"Write {' or '.join(words)}."] if words else [])]),
        BESIDE: "\n".join(map(_line, [*([item.twin] if item.twin else []), *item.neighbors])),
    }
    return {name: fitting(value) for name, value in cells.items()} | {name: before.get(name, "") for name in OWN}


def _line(sample: Neighbor) -> str:
    """Write another sample in a line, whose beginning :mod:`labelsift.integrations.xlsx.erase` knows it by."""
    return " ".join(f"{sample.id} [{cell_of(sample.given)}] {sample.text}".split())


def fitting(text: str) -> str:
    """Return what a cell can hold of a text: XML takes no control characters, and folds line ends."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return shortened(
        ILLEGAL_CHARACTERS_RE.sub("\ufffd", text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd"), LONGEST
    )


def _save(rows: Sequence[Mapping[str, str]], queue: ReviewQueue, path: Path, definitions: Mapping[str, str]) -> None:
    """Write the rows, and a sheet with the labels to choose from and what they mean."""
    import openpyxl
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "review"
    header = (*HEADER, RUN)
    _put(sheet, 1, header)
    for line, row in enumerate(rows, start=2):
        _put(sheet, line, [row.get(name, "") for name in HEADER] + [queue.run])
    for column, width in enumerate(WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "C2"
    labels = book.create_sheet("labels")
    for line, label in enumerate(queue.samples.classes, start=1):
        _put(labels, line, [fitting(label), fitting(definitions.get(label, ""))])
    if queue.samples.classes and rows:
        choices = DataValidation(
            "list", formula1=f"labels!$A$1:$A${len(queue.samples.classes)}", showErrorMessage=False
        )
        sheet.add_data_validation(choices)
        choices.add(f"H2:H{len(rows) + 1}")
    save_whole(book, path)


def save_whole(book: Workbook, path: Path) -> None:
    """Write a workbook whole or not at all."""
    try:
        with whole_file(path) as half:
            book.save(half)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror})", hint="Close it, or name another file"
        ) from None


def _put(sheet: Worksheet, row: int, values: Sequence[str]) -> None:
    for column, value in enumerate(values, start=1):
        if value:
            cell = sheet.cell(row, column, value)
            cell.data_type = "s"  # also of what begins like a formula
            cell.number_format = "@"
            cell.quotePrefix = value[0] in "=+-@\t"  # stays text when somebody edits the cell
