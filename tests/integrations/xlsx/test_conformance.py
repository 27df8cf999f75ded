"""Spreadsheets do what every labeling platform must do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labelsift.integrations.conformance import LabelingPlatformConformance
from labelsift.integrations.xlsx import Xlsx

openpyxl = pytest.importorskip("openpyxl")


class TestXlsx(LabelingPlatformConformance):
    @pytest.fixture
    def platform(self) -> Xlsx:
        return Xlsx()

    @pytest.fixture
    def project(self, tmp_path: Path) -> str:
        return str(tmp_path / "review.xlsx")

    def answer(self, platform: Xlsx, project: str, sample_id: str, value: Any) -> None:
        book = openpyxl.load_workbook(project)
        rows = list(book.worksheets[0])
        (row,) = (row for row in rows if row[0].value == sample_id)
        names = [cell.value for cell in rows[0]]
        row[names.index("decision")].value = "skip" if value is None else value
        book.save(project)

    def answer_feedback(self, platform: Xlsx, project: str, sample_id: str, feedback: str) -> None:
        words = {"redact": "mask", "unusable": "remove"}
        self.answer(platform, project, sample_id, words.get(feedback, feedback.partition("_")[0]))

    def contents(self, platform: Xlsx, project: str) -> dict[str, Any]:
        if not Path(project).exists():
            return {}
        names, *rows = openpyxl.load_workbook(project).worksheets[0].iter_rows(values_only=True)
        return {str(row[0]): dict(zip(names, row, strict=True)) for row in rows}
