"""Table of classes for trackers: the metrics of each class, null where it has too few rows for any."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..metrics.slice_metrics import FEWEST, ScoredLabels, class_metrics
from ..metrics.slice_table import worst_first
from ..models.rates import wilson
from .overview import Overview

CLASS_METRICS = ("label_issue_rate", "precision", "recall", "f1")


def class_table(data: ScoredLabels) -> pa.Table:
    """Return the metrics of each class, or type of spans, worst label-issue rate first."""
    columns: dict[str, pa.Array] = {"label": pa.array(data.classes, pa.string())}
    for name, values in class_metrics(data).items():
        columns[name] = pa.array(values, from_pandas=True)
    table = pa.table(columns)
    return _of_classes(table)


def _of_classes(table: pa.Table) -> pa.Table:
    """Return the table of classes, worst first, without the metrics of those that have too few rows for any."""
    few = pc.less(table["n"], FEWEST)
    for name in CLASS_METRICS:
        for column in (name, f"{name}_low", f"{name}_high"):
            values = pc.if_else(few, pa.scalar(None, pa.float64()), table[column])
            table = table.set_column(table.column_names.index(column), column, values)
    return table.take(pa.array(worst_first(table, "label_issue_rate")))


def set_table(overview: Overview, data: ScoredLabels) -> pa.Table:
    """Return the columns of a class table with what can be said of each label where a sample may have several."""
    rows = overview.classes
    table = pa.table({"label": pa.array([health.name for health in rows], pa.string())})
    n, flagged = (np.array([getattr(health, name) for health in rows], dtype=np.int64) for name in ("rows", "flagged"))
    low, high = wilson(flagged, n)
    with np.errstate(invalid="ignore"):
        counted = {"n": n, "judged": n, "label_issues": flagged, "label_issue_rate": flagged / np.maximum(n, 1)}
    counted |= {"label_issue_rate_low": low, "label_issue_rate_high": high}
    places = {name: place for place, name in enumerate(data.classes)}
    order = np.array([places[health.name] for health in rows], dtype=np.int64)
    predicted = {name: values[order] for name, values in class_metrics(data).items()}
    for name, values in (predicted | counted).items():
        table = table.append_column(name, pa.array(values, from_pandas=True))
    return _of_classes(table)
