"""Workbooks as people fill them in."""

from __future__ import annotations

from pathlib import Path

import openpyxl


def decide(path: Path, decision: str) -> None:
    """Give every row of a workbook the same decision."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    column = [cell.value for cell in sheet[1]].index("decision") + 1
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, column, decision)
    book.save(path)
