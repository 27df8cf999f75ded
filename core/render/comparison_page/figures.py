"""Table rows of the comparison page: metrics of two runs side by side, overall and per slice, and run by run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...data.issues import issue_named
from ..comparison_words import CHANCE, IN_SLICES, MEASURES, direction, least_change

if TYPE_CHECKING:
    from ...metrics.compare import Comparison
    from ...metrics.trend import Trend

SHOWN_SLICES = 100


def metric_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the metrics of the whole data set that both runs have."""
    return [_change(row) for row in comparison.metrics.to_pylist() if row["difference"] is not None]


def slice_rows(comparison: Comparison) -> dict[str, Any] | None:
    """Return the slices that moved beyond chance and, where slices were asked for, the others; None without any."""
    rows = [row for row in comparison.slices.to_pylist() if row["low"] is not None and row["metric"] in IN_SLICES]
    if not rows:
        return None
    most: dict[str, float] = {}
    for row in rows:
        most[row["predicate"]] = max(most.get(row["predicate"], 0.0), least_change(row))
    rows.sort(key=lambda row: (-most[row["predicate"]], row["predicate"], IN_SLICES.index(row["metric"])))
    moved = [row for row in rows if row["significant"]]
    others = [row for row in rows if comparison.by and not row["significant"]]
    alone = ((comparison.old, comparison.only_old), (comparison.new, comparison.only_new))
    return {
        "looked_at": len(rows),
        "moved": _slice_table(moved),
        "others": _slice_table(others),
        "alone": [(run, len(slices), slices[:SHOWN_SLICES]) for run, slices in alone if slices],
    }


def trend_rows(trend: Trend) -> dict[str, Any]:
    """Return metrics, slices and issues run by run; of the slices those that moved, or that were asked for."""
    wanted = {
        (row["predicate"], row["metric"])
        for row in trend.change.slices.to_pylist()
        if row["metric"] in IN_SLICES and row["low"] is not None and (trend.change.by or row["significant"])
    }
    slices = [row for row in trend.slices.to_pylist() if (row["predicate"], row["metric"]) in wanted]
    metrics = [row for row in trend.metrics.to_pylist() if any(value is not None for value in row["values"])]
    issues = trend.issues.to_pylist()
    return {
        "runs": list(zip(trend.runs, trend.created, strict=True)),
        "metrics": [{"measure": MEASURES[row["metric"]].name, "cells": _values(row)} for row in metrics],
        "issues": [{"title": issue_named(row["issue"]).title, "counts": row["counts"]} for row in issues],
        "slices": [
            {name: row[name] for name in ("slug", "predicate")}
            | {"measure": MEASURES[row["metric"]].name, "cells": _values(row)}
            for row in slices[:SHOWN_SLICES]
        ],
        "slices_total": len(slices),
    }


def _slice_table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    changes = [_change(row) | {name: row[name] for name in ("slug", "predicate")} for row in rows[:SHOWN_SLICES]]
    for change, row in zip(changes, rows, strict=False):
        old, new = f"{row['n_old']:,}", f"{row['n_new']:,}"
        change["samples"] = new if old == new else f"{old} → {new}"
    return {"rows": changes, "total": len(rows)}


def _change(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of one metric: its name, both values, the change, its 95 % range, and where it moved."""
    measure, where = MEASURES[row["metric"]], direction(row)
    span = "" if row["low"] is None else f"{measure.moved(row['low']).split()[0]} … {measure.moved(row['high'])}"
    return {
        "measure": measure.name,
        "old": measure.value(row["old"]),
        "new": measure.value(row["new"]),
        "change": measure.moved(row["difference"]),
        "range": span,
        "mark": where if where in ("better", "worse", CHANCE, "no change") else "",
        "kind": where if where in ("better", "worse") else "chance",
    }


def _values(row: Mapping[str, Any]) -> list[str]:
    return [MEASURES[row["metric"]].value(value) for value in row["values"]]
