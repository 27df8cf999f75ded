"""Metadata values whose rate of flagged labels is above that of all others, by Wilson intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.factorize import Cells
from ..data.hidden_texts import hidden_columns
from ..data.label_sets import encoded
from ..models.contingency import FOLLOWS, lambda_of
from ..models.rates import wilson

if TYPE_CHECKING:
    from ..store.run import Run

# A metadata value is named as worse when the lower end of its Wilson interval lies above the overall rate.
# z = 3 (one in 700) because many values are looked at; few rows prove nothing.
SLICE_Z = 3.0
SLICE_ROWS = 20
SLICE_VALUES = 100


@dataclass(frozen=True)
class WorseValue:
    """A metadata value whose labels are clearly worse than the rest.

    ``value`` is None where it is missing. ``follows``: the label tells the column's value, so that the value is worse
    only as its classes are.
    """

    column: str
    value: str | None
    rows: int
    flagged: int
    follows: bool = False

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
    labels = report.samples.labels
    classes = None if labels is None else encoded(labels).indices.fill_null(0).to_numpy().astype(np.int64)
    worse = []
    shown = [name for name in report.samples.metadata.column_names if name not in hidden_columns(report.facts)]
    for name in dict.fromkeys(("split", *shown)):
        values, codes = _coded(report, name)
        if not values:
            continue
        rows, flagged = (np.bincount(codes[mask], minlength=len(values)) for mask in (judged, judged & flags))
        low, _ = wilson(flagged, rows, z=SLICE_Z)
        clear = np.flatnonzero((rows >= SLICE_ROWS) & (flagged > 1) & (low > overall))
        right = judged & ~flags
        follows = bool(len(clear)) and classes is not None and lambda_of(classes[right], codes[right]) >= FOLLOWS
        worse += [WorseValue(name, values[code], int(rows[code]), int(flagged[code]), follows) for code in clear]
    return tuple(sorted(worse, key=lambda value: (value.follows, -value.rate, value.column, value.value or "")))


def _coded(report: Run, name: str) -> tuple[list[str | None], np.ndarray]:
    """Return the values of a column, the last one None, and each row's code; no values of free text and numbers."""
    table = report.samples.metadata
    column = table[name] if name in table.column_names else report.samples.column(name)
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_boolean, pa.types.is_integer)
    if column is None or not any(is_kind(column.type) for is_kind in kinds):
        return [], np.empty(0)
    known = report.samples.cells.get(name)
    if isinstance(known, Cells) and pa.types.is_string(column.type):
        values = [term if isinstance(term := predicate[0][1], str) else None for predicate in known.predicates]
        return ([*values, None], known.codes) if None not in values else (values, known.codes)
    coded = encoded(pc.cast(column, pa.string()))
    values = coded.dictionary.to_pylist()
    if len(values) > SLICE_VALUES:
        return [], np.empty(0)
    return [*values, None], coded.indices.fill_null(len(values)).to_numpy().astype(np.int64)
