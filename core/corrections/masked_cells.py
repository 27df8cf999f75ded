"""Masked cells of a file: personal data and secrets beside the text of the samples that people decided to mask."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from ..data.hidden_texts import hide_in
from ..io.row_files import BOM, LINE, RowFile
from ..texts.redaction import Marks


def with_masked_cells(
    file: RowFile, marks: Mapping[int, Marks], *, but: Collection[str | None]
) -> tuple[RowFile, set[int]]:
    """Return a file in which the cells of some rows are masked, in all columns ``but`` some, and the rows that changed.

    ``marks`` are those of each row's text: the same value has the same number in its other cells.
    Numbers stay; of jsonl texts are masked wherever they stand in a value.
    """
    changes: dict[str, dict[int, Any]] = {}
    for row, of_row in sorted(marks.items()):
        for column, value in _cells(file, row).items():
            if column not in but and (hidden := hide_in(value, of_row)) != value:
                changes.setdefault(column, {})[row] = hidden
    for column, values in changes.items():
        file = file.changed(column, values)
    return file, {row for values in changes.values() for row in values}


def _cells(file: RowFile, row: int) -> dict[str, Any]:
    """Return the values of a row that may hold texts, by column."""
    if file.form == "jsonl":
        content = json.loads(str(file.table[LINE][row]).removeprefix(BOM))
        return content if isinstance(content, dict) else {}
    kinds = {field.name: getattr(field.type, "value_type", field.type) for field in file.table.schema}
    texts = [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
    return {name: cell for name in texts if isinstance(cell := file.table[name][row].as_py(), str)}
