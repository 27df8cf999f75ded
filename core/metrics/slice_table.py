"""The slices of a report as tables: one metric for ``Report.slices``, all of them for trackers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..errors import InputError
from .factorize import Cells, cross, partitions
from .slice_metrics import cell_metrics, judged
from .slugs import slugs

if TYPE_CHECKING:
    from ..store.run import Run

METRICS = ("label_issue_rate", "accuracy", "f1", "weighted_f1")
RATES = ("label_issue_rate", "accuracy")


def slices_table(report: Run, *, by: Sequence[str] | None = None, metric: str = "label_issue_rate") -> pa.Table:
    """Return one metric of every slice, worst first.

    Parameters
    ----------
    by
        Metadata columns (or ``split``); two or more also give the two-way slices of each pair. None
        takes every column that can be sliced, one way.
    metric
        ``label_issue_rate``, ``accuracy``, ``f1`` (macro) or ``weighted_f1``; the last three are of
        the predicted column, else of the proxy model.

    Returns
    -------
    pyarrow.Table
        ``slug, predicate, n, value, low, high``: ``n`` samples; ``low`` and ``high`` are the 95 %
        Wilson interval of a rate, null for F1. Rates are sorted by the end of the interval that is
        nearer to good, so that a slice of two samples does not head the table.

    Raises
    ------
    InputError
        For an unknown column or metric, and for a column that cannot be sliced.
    """
    if metric not in METRICS:
        raise InputError(f"There is no slice metric called {metric}", cure=f"Use one of {', '.join(METRICS)}")
    cells = _asked(report, by)
    if by is not None:
        cells += [cross(first, second) for first, second in combinations(cells, 2)]
    table = full_table(report, cells)
    none = pa.nulls(len(table), pa.float64())
    low, high = (table[f"{metric}_{end}"] if metric in RATES else none for end in ("low", "high"))
    found = pa.table(
        {
            "slug": table["slug"],
            "predicate": table["predicate"],
            "n": table["n"],
            "value": table[metric],
            "low": low,
            "high": high,
        }
    )
    return found.take(pa.array(worst_first(table, metric)))


def full_table(report: Run, cells: Sequence[Cells]) -> pa.Table:
    """Return every metric of the given cells: slug, predicate and the columns of ``cell_metrics``.

    What could not be counted is null.
    """
    data = judged(report)
    found = [cell_metrics(data, one.codes, len(one)) for one in cells]
    names = cell_metrics(data, np.zeros(len(data.given), dtype=np.int64), 1)
    columns = {
        "slug": pa.array(slugs([predicate for one in cells for predicate in one.predicates]), pa.string()),
        "predicate": pa.array([text for one in cells for text in one.described], pa.string()),
    }
    for name, example in names.items():
        values = np.concatenate([one[name] for one in found]) if found else example[:0]
        columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def worst_first(table: pa.Table, metric: str) -> np.ndarray:
    """Return the order of the slices, worst first; those without a value last. int64, shape (slices,)."""
    bad_is_high = metric == "label_issue_rate"
    name = f"{metric}_{'low' if bad_is_high else 'high'}" if metric in RATES else metric
    values = table[name].to_numpy().astype(float)
    key = np.where(np.isnan(values), np.inf, -values if bad_is_high else values)
    return np.lexsort((-table["n"].to_numpy(), key))


def _asked(report: Run, by: Sequence[str] | None) -> list[Cells]:
    cells, skipped = partitions(report.samples)
    if by is None:
        return list(cells.values())
    for name in by:
        if name in skipped:
            raise InputError(f"{name} cannot be sliced: {skipped[name]}", cure=f"Slice by {_names(cells)}")
        if name not in cells:
            near = difflib.get_close_matches(name, [*cells, *skipped], n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Slice by {_names(cells)}"
            raise InputError(f"There is no metadata column called {name}", cure=hint)
    return [cells[name] for name in dict.fromkeys(by)]


def _names(cells: dict[str, Cells]) -> str:
    return ", ".join(cells) or "a column with 2 to 50 values (name it as metadata when reading)"
