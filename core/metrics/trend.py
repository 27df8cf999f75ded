"""Trend over runs: each metric, slice and issue run by run, and the first run compared with the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import listed
from ..data.schemas import issues_in
from ..errors import InputError
from ..store.run import Run
from .alignment import under_taxonomy
from .compare import Comparison, compare
from .differences import all_slices, number_or_none
from .refit_noise import across_methods, method_of
from .slice_metrics import COMPARED, overall, score_column, scored_labels

_VALUES = ("values", pa.list_(pa.float64()))
_COUNTS = pa.list_(pa.int64())


@dataclass(frozen=True)
class Trend:
    """Runs in a row, in the order in which they were named.

    Parameters
    ----------
    runs
        Their names.
    created
        When each scan ended, in ISO form (UTC).
    metrics
        Table ``metric, values``: a value a run, null where it has none.
    slices
        Table ``slug, predicate, metric, n, values``: slices that the first and the last run have; ``n`` samples a run.
    issues
        Table ``issue, counts``: flagged samples a run, null where that was not checked.
    methods
        The version of the method that each was made by.
    change
        The first and the last run side by side.
    """

    runs: tuple[str, ...]
    created: tuple[str, ...]
    metrics: pa.Table
    slices: pa.Table
    issues: pa.Table
    methods: tuple[int, ...]
    change: Comparison

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a reader must know before the values are put on one line."""
        note = across_methods(self.methods)
        return (f"{note} {_versions(self)}",) if note else ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values: those of the comparison of the first and the last run, and ``trend``."""
        tables = {name: getattr(self, name).to_pylist() for name in ("metrics", "slices", "issues")}
        in_a_row = {"runs": list(self.runs), "created": list(self.created), "methods": list(self.methods)}
        notes = dict.fromkeys((*self.notes, *self.change.notes))
        return self.change.as_dict() | in_a_row | {"notes": list(notes), "trend": tables}


def trend(reports: Sequence[Run], *, by: Sequence[str] | None = None) -> Trend:
    """Put runs in a row.

    Parameters
    ----------
    reports
        Three runs or more, the oldest first; labels are shown under the last one's taxonomy.
    by
        See :func:`labelsift.metrics.compare.compare`.

    Raises
    ------
    InputError
        For fewer than two runs, and where one cannot be sliced by a column of ``by``.
    """
    if len(reports) < 2:
        raise InputError("One run is no row of runs", hint="Name two or more")
    taxonomy = reports[-1].samples.taxonomy
    runs = [under_taxonomy(run, taxonomy) if taxonomy and run is not reports[-1] else run for run in reports]
    change = compare(reports[0], reports[-1], by=by)
    by_run = [overall(scored_labels(run)) for run in runs]
    metrics = [{"metric": name, "values": [number_or_none(values[name]) for values in by_run]} for name in COMPARED]
    return Trend(
        runs=tuple(run.run for run in runs),
        created=tuple(run.created.isoformat(timespec="seconds") for run in runs),
        metrics=pa.Table.from_pylist(metrics, schema=pa.schema([("metric", pa.string()), _VALUES])),
        slices=_slices([{row["predicate"]: row for row in all_slices(run, by)} for run in runs]),
        issues=_issues(runs),
        methods=tuple(map(method_of, runs)),
        change=change,
    )


def _versions(of: Trend) -> str:
    """Name the runs of each version."""
    parts = []
    for version in sorted(set(of.methods)):
        names = [run for run, method in zip(of.runs, of.methods, strict=True) if method == version]
        parts.append(f"Version {version}: {listed(names)}.")
    return " ".join(parts)


def _slices(by_run: Sequence[dict[str, dict[str, Any]]]) -> pa.Table:
    rows = [
        {
            "slug": row["slug"],
            "predicate": predicate,
            "metric": metric,
            "n": [slices[predicate]["n"] if predicate in slices else None for slices in by_run],
            "values": [number_or_none(slices[predicate][metric]) if predicate in slices else None for slices in by_run],
        }
        for predicate, row in by_run[-1].items()
        if predicate in by_run[0]
        for metric in COMPARED
    ]
    names = [(name, pa.string()) for name in ("slug", "predicate", "metric")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*names, ("n", _COUNTS), _VALUES]))


def _issues(runs: Sequence[Run]) -> pa.Table:
    rows = []
    for issue in dict.fromkeys(name for run in runs for name in issues_in(run.scores)):
        flags = [score_column(run, f"is_{issue}_issue") for run in runs]
        counts = [None if column is None else pc.sum(column).as_py() or 0 for column in flags]
        rows.append({"issue": issue, "counts": counts})
    return pa.Table.from_pylist(rows, schema=pa.schema([("issue", pa.string()), ("counts", _COUNTS)]))
