"""How far metrics moved between two runs, overall and slice by slice, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import InputError
from .report import Report
from .slices.cells import Cells, cross, partitions
from .slices.metrics import judged, overall
from .slices.table import METRICS, RATES, full_table


def metrics_table(old: Report, new: Report) -> pa.Table:
    """Return the metrics of the whole data set; see ``metrics`` of :class:`labelsift.comparison.Comparison`."""
    before, after = overall(judged(old)), overall(judged(new))
    rows = [{"metric": metric, **_difference(metric, before, after)} for metric in METRICS]
    return pa.Table.from_pylist(rows, schema=pa.schema([("metric", pa.string()), *_FIGURES]))


def slices_table(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> pa.Table:
    """Return the metrics of the slices that both have; see ``slices`` of :class:`labelsift.comparison.Comparison`."""
    rows = [
        {
            "slug": after[predicate]["slug"],
            "predicate": predicate,
            "metric": metric,
            "n_old": row["n"],
            "n_new": after[predicate]["n"],
            **_difference(metric, row, after[predicate]),
        }
        for predicate, row in before.items()
        if predicate in after
        for metric in METRICS
    ]
    names = [("slug", pa.string()), ("predicate", pa.string()), ("metric", pa.string())]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([*names, ("n_old", pa.int64()), ("n_new", pa.int64()), *_FIGURES])
    )


def all_cells(report: Report, by: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the metrics of every slice of a run: by the columns ``by`` and their pairs, else by every column."""
    found, skipped = partitions(report.samples)
    missing = sorted(set(by or ()) - set(found))
    if missing:
        why = [f"{name} ({skipped[name]})" if name in skipped else name for name in missing]
        raise InputError(f"The run {report.run} cannot be sliced by these columns", ids=why, cure="Name others")
    cells: list[Cells] = [found[name] for name in by] if by else list(found.values())
    if by:
        cells += [cross(one, other) for one, other in combinations(cells, 2)]
    return full_table(report, cells).to_pylist()


_FIGURES = [
    ("old", pa.float64()),
    ("new", pa.float64()),
    ("difference", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("significant", pa.bool_()),
]


def _difference(metric: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return old, new and their difference; for a rate with its 95 % interval, nulls where unknown."""
    one, other = (known(values[metric]) for values in (before, after))
    figures: dict[str, Any] = {"old": one, "new": other}
    if one is None or other is None:
        return figures
    figures["difference"] = other - one
    if metric in RATES:
        low_before, high_before = before[f"{metric}_low"], before[f"{metric}_high"]
        low_after, high_after = after[f"{metric}_low"], after[f"{metric}_high"]
        low = other - one - np.hypot(other - low_after, high_before - one)
        high = other - one + np.hypot(high_after - other, one - low_before)
        figures |= {"low": float(low), "high": float(high), "significant": bool(low > 0 or high < 0)}
    return figures


def known(value: float | None) -> float | None:
    """Return a number, or None for what could not be counted."""
    return None if value is None or np.isnan(value) else float(value)
