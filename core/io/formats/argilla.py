"""Reader of Argilla's JSON exports: records whose question holds spans.

``[{"id": …, "fields": {"text": …}, "responses": {"question": […]}, "suggestions": {…}}, …]``; a response counts before
a suggestion. Everything in ``fields`` and ``metadata`` is kept under its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.samples import Samples
from ..column_roles import ColumnRoles
from ..source import Source, table_of
from ..tables import samples_of


def recognizes(source: Source, columns: ColumnRoles) -> bool:
    """Tell whether a source is an array of records, and the spans of a question are asked for."""
    records = source.objects if columns.spans else []
    return bool(records) and all("fields" in record for record in records)


def read(source: Source, columns: ColumnRoles) -> Samples:
    """Read the records; ``columns.spans`` names the question.

    Raises
    ------
    InputError
        If the records have no field that ``columns`` names, or their spans do not fit their texts.
    """
    return samples_of(table_of([_row(record, str(columns.spans)) for record in source.objects]), columns, source.stem)


def _row(record: Mapping[str, Any], question: str) -> dict[str, Any]:
    answer = (record.get("responses") or {}).get(question) or (record.get("suggestions") or {}).get(question)
    row = {**record.get("metadata", {}), **record["fields"], question: answer}
    if "id" in record:
        row.setdefault("id", record["id"])
    return row
