"""A slice by its name."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from .cells import cross, partitions
from .table import full_table

if TYPE_CHECKING:
    from ..report import Report


def slice_row(report: Report, slug: str) -> dict[str, Any] | None:
    """Return the metrics of a slice by its slug, of one column or two; None where there is no such slice."""
    cells = list(partitions(report.samples)[0].values())
    if not cells:
        return None
    if "__" in slug:
        cells += [cross(one, other) for one, other in combinations(cells, 2)]
    return next((row for row in full_table(report, cells).to_pylist() if row["slug"] == slug), None)
