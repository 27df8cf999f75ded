"""More than two runs in a row: each metric, slice and issue run by run, and what changed from the first to the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.schemas import issues_in
from ..errors import InputError
from ..store.run import Run
from .aligning import aligned
from .compare import Comparison, compare
from .differences import all_cells, known
from .slice_metrics import judged, overall, score_column
from .slice_table import METRICS

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
    change
        The first and the last run side by side.
    """

    runs: tuple[str, ...]
    created: tuple[str, ...]
    metrics: pa.Table
    slices: pa.Table
    issues: pa.Table
    change: Comparison

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values: those of the comparison of the first and the last run, and ``trend``."""
        tables = {name: getattr(self, name).to_pylist() for name in ("metrics", "slices", "issues")}
        return self.change.as_dict() | {"runs": list(self.runs), "created": list(self.created), "trend": tables}

    def to_html(self, path: str | Path, *, with_text: bool = False, why: Mapping[str, pa.Table] | None = None) -> Path:
        """Write the runs as one self-contained page; see :meth:`labelsift.metrics.compare.Comparison.to_html`."""
        from ..render.page.comparing import write_comparison

        return write_comparison(self.change, Path(path), with_text=with_text, why=why, trend=self)


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
        raise InputError("One run is no row of runs", cure="Name two or more")
    taxonomy = reports[-1].samples.taxonomy
    runs = [aligned(one, taxonomy) if taxonomy and one is not reports[-1] else one for one in reports]
    change = compare(reports[0], reports[-1], by=by)
    return Trend(
        runs=tuple(one.run for one in runs),
        created=tuple(one.created.isoformat(timespec="seconds") for one in runs),
        metrics=_metrics(runs),
        slices=_slices([{row["predicate"]: row for row in all_cells(one, by)} for one in runs]),
        issues=_issues(runs),
        change=change,
    )


def _metrics(runs: Sequence[Run]) -> pa.Table:
    found = [overall(judged(one)) for one in runs]
    rows = [{"metric": metric, "values": [known(one[metric]) for one in found]} for metric in METRICS]
    return pa.Table.from_pylist(rows, schema=pa.schema([("metric", pa.string()), _VALUES]))


def _slices(cells: Sequence[dict[str, dict[str, Any]]]) -> pa.Table:
    rows = [
        {
            "slug": row["slug"],
            "predicate": predicate,
            "metric": metric,
            "n": [one[predicate]["n"] if predicate in one else None for one in cells],
            "values": [known(one[predicate][metric]) if predicate in one else None for one in cells],
        }
        for predicate, row in cells[-1].items()
        if predicate in cells[0]
        for metric in METRICS
    ]
    names = [(name, pa.string()) for name in ("slug", "predicate", "metric")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*names, ("n", _COUNTS), _VALUES]))


def _issues(runs: Sequence[Run]) -> pa.Table:
    rows = []
    for issue in dict.fromkeys(name for one in runs for name in issues_in(one.scores)):
        flags = [score_column(one, f"is_{issue}_issue") for one in runs]
        rows.append({"issue": issue, "counts": [None if one is None else pc.sum(one).as_py() or 0 for one in flags]})
    return pa.Table.from_pylist(rows, schema=pa.schema([("issue", pa.string()), ("counts", _COUNTS)]))
