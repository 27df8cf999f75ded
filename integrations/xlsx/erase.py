"""Erasing samples from a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .pull import BESIDE, COLUMNS, cell_text, read_rows
from .push import fitting, save_whole


def erase_rows(path: Path, ids: Sequence[str], *, dry_run: bool) -> int:
    """Delete the samples' rows from the first sheet, and copies in other rows; return in how many rows they stood.

    What people wrote in the samples' own rows goes with them.
    """
    import openpyxl

    read_rows(path)  # refuses what is no such workbook
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    names = [str(cell.value or "").strip().casefold() for cell in sheet[1]]
    column = next(names.index(one) for one in COLUMNS["id"] if one in names) + 1
    others = names.index(BESIDE) + 1 if BESIDE in names else None
    beginnings = tuple(fitting(" ".join(f"{id} [".split())) for id in ids)
    count = 0
    for line in range(sheet.max_row, 1, -1):
        if cell_text(sheet.cell(line, column).value) in ids:
            sheet.delete_rows(line)
            count += 1
        elif others:
            copies = cell_text(sheet.cell(line, others).value).split("\n")
            left = [copy for copy in copies if not copy.startswith(beginnings)]
            if left != copies:
                sheet.cell(line, others, "\n".join(left))
                count += 1
    if count and not dry_run:
        save_whole(book, path)
    return count
