"""Values of single rows for the page: cells, numbers, places of spans, rows of ids, columns that are shown."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import format_span
from ...data.hidden_texts import HiddenTexts
from ...data.schemas import from_json, word_places, words_of_users

if TYPE_CHECKING:
    from ...data.samples import Samples

META_COLUMNS = 12


def shown_columns(names: list[str], needed: Collection[str]) -> list[str]:
    """Return the metadata columns that stand on the page, in their order: those that are needed, then the first."""
    first = [name for name in names if name in needed] + [name for name in names if name not in needed]
    return [name for name in names if name in first[:META_COLUMNS]]


def marks_of(finding: dict[str, Any]) -> list[list[Any]]:
    """Return where a finding's spans stand, [start, end, which]; none for findings about anything else."""
    spans = [(from_json(finding[which]), which) for which in ("given", "suggested")]
    return [[*value[:2], which] for value, which in spans if format_span(value, None) is not None]


def telling_marks(finding: dict[str, Any], text: object, hidden: HiddenTexts) -> list[list[Any]]:
    """Return where words stand that made the model say a label, [start, end, "telling"]; none of what is masked.

    Those of a model of the user's are "telling users".
    """
    _, places = word_places(finding)
    if not places or not isinstance(text, str) or any(not 0 <= start < end <= len(text) for start, end in places):
        return []
    kind = "telling users" if words_of_users(finding) else "telling"
    return [[start, end, kind] for start, end in hidden.clear(finding["id"], text, places)]


def rows_of(samples: Samples, by_id: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    """Return the row of every sample that findings name, in one pass over the ids."""
    wanted = dict.fromkeys(by_id)
    for findings in by_id.values():
        for finding in findings:
            wanted.update(dict.fromkeys(finding["related_ids"] or ()))
    rows = pc.index_in(pa.array(list(wanted), pa.string()), value_set=samples.ids.combine_chunks())
    return {sample_id: row for sample_id, row in zip(wanted, rows.to_pylist(), strict=True) if row is not None}


def cell_of(column: pa.ChunkedArray | None, row: int | None) -> object:
    """Return one value of a column; None where there is no such column or row."""
    return None if column is None or row is None else column[row].as_py()


def plain_number(value: object) -> float | int | None:
    """Return a number as JSON can hold it, rounded to four places; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else round(value, 4)
