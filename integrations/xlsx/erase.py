"""Erasing samples from a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .pull import COLUMNS, cell_text, read_rows
from .push import save_whole


def erase_rows(path: Path, ids: Sequence[str], *, dry_run: bool) -> int:
    """Delete the samples' rows from the first sheet, with what people wrote in them; return how many there were."""
    import openpyxl

    rows, _ = read_rows(path)  # refuses what is no such workbook
    count = sum(row["id"] in ids for row in rows)
    if dry_run or not count:
        return count
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    names = [str(cell.value or "").strip().casefold() for cell in sheet[1]]
    column = next(names.index(one) for one in COLUMNS["id"] if one in names) + 1
    for at in range(sheet.max_row, 1, -1):
        if cell_text(sheet.cell(at, column).value) in ids:
            sheet.delete_rows(at)
    save_whole(book, path)
    return count
