"""Metadata values whose rate of flagged labels is above that of all others, by Wilson intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.label_sets import encoded
from ..metrics.slice_metrics import wilson

if TYPE_CHECKING:
    from ..store.run import Run

# A metadata value is named as worse when the lower end of its Wilson interval lies above the overall rate.
# z = 3 (one in 700) because many values are looked at; few rows prove nothing.
SLICE_Z = 3.0
SLICE_ROWS = 20
SLICE_VALUES = 100


@dataclass(frozen=True)
class WorseValue:
    """A metadata value whose labels are clearly worse than the rest."""

    column: str
    value: str
    rows: int
    flagged: int

    @property
    def rate(self) -> float:
        """Share of the labels that are flagged."""
        return self.flagged / self.rows


def worse_values(report: Run, judged: np.ndarray, flags: np.ndarray) -> tuple[WorseValue, ...]:
    """Return the values whose labels are clearly worse than overall, worst first.

    Parameters
    ----------
    judged, flags
        Whose label was judged, and whose is flagged: bool, shape (n,).
    """
    overall = flags[judged].mean()
    columns = [("split", report.samples.column("split"))]
    columns += [(name, report.samples.metadata[name]) for name in report.samples.metadata.column_names]
    worse = []
    for name, column in columns:
        for value, rows, flagged in _by_value(column, judged, flags):
            low, _ = wilson(np.array(flagged), np.array(rows), z=SLICE_Z)
            if rows >= SLICE_ROWS and flagged > 1 and low > overall:
                worse.append(WorseValue(name, value, rows, flagged))
    return tuple(sorted(worse, key=lambda value: -value.rate))


def _by_value(column: pa.ChunkedArray | None, judged: np.ndarray, flags: np.ndarray) -> list[tuple[str, int, int]]:
    """Count judged and flagged labels by value; a column of free text or numbers is passed over."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_integer)
    if column is None or not any(is_kind(column.type) for is_kind in kinds):
        return []
    coded = encoded(pc.cast(column, pa.string()))
    values = coded.dictionary.to_pylist()
    if len(values) > SLICE_VALUES:
        return []
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    rows = np.bincount(codes[judged & (codes >= 0)], minlength=len(values))
    flagged = np.bincount(codes[judged & flags & (codes >= 0)], minlength=len(values))
    return [(str(value), int(rows[code]), int(flagged[code])) for code, value in enumerate(values)]
