"""How far metrics moved between two runs, overall and slice by slice, with intervals.

Rates (labels that look wrong, accuracy) have the interval of
:func:`labelsift.metrics.paired_intervals.rate_difference`, which uses that the runs share samples, as far as they do:
paired for the same samples, unpaired where a slice has other ones. Both kinds of F1 have a paired bootstrap's, see
:func:`labelsift.metrics.paired_intervals.f1_difference`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import InputError
from ..store.run import Run
from .factorize import Cells, cross, partitions
from .paired_intervals import Outcomes, f1_difference, rate_difference
from .slice_metrics import Judged, judged, overall
from .slice_table import METRICS, RATES, full_table

_FIGURES = [
    ("old", pa.float64()),
    ("new", pa.float64()),
    ("difference", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("significant", pa.bool_()),
]
_NAMES = [(name, pa.string()) for name in ("slug", "predicate", "metric")]
Span = tuple[float, float]


@dataclass(frozen=True)
class Sides:
    """Two runs and the samples that both have.

    Parameters
    ----------
    old, new
        The runs.
    rows_old, rows_new
        Rows of the shared samples in each of them: int64, shape (shared,).
    """

    old: Run
    new: Run
    rows_old: np.ndarray
    rows_new: np.ndarray

    @cached_property
    def judged(self) -> tuple[Judged, Judged]:
        """What the metrics of each run are counted from."""
        return judged(self.old), judged(self.new)

    def intervals(self, old: np.ndarray, new: np.ndarray, cells: int) -> list[dict[str, Span]]:
        """Return the 95 % intervals of every metric's difference, by metric, for each cell; NaN where unknown.

        Parameters
        ----------
        old, new
            The cell of each sample in each run: int64, -1 for none.
        cells
            Their number.
        """
        found: list[dict[str, Span]] = [{} for _ in range(cells)]
        for metric in RATES:
            low, high = rate_difference(self._outcomes(metric, old, new, cells))
            for at, span in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
                found[at][metric] = span
        for at, (kinds_old, kinds_new, counts) in self._kinds(old, new):
            low, high = f1_difference(kinds_old, kinds_new, counts)
            found[at] |= dict(zip(("f1", "weighted_f1"), zip(low.tolist(), high.tolist(), strict=True), strict=True))
        return found

    def _outcomes(self, metric: str, old: np.ndarray, new: np.ndarray, cells: int) -> Outcomes:
        (asked_old, hit_old), (asked_new, hit_new) = (_answers(metric, one) for one in self.judged)
        asked_old, asked_new = asked_old & (old >= 0), asked_new & (new >= 0)
        at_old, at_new = self.rows_old, self.rows_new
        shared = asked_old[at_old] & asked_new[at_new] & (old[at_old] == new[at_new])
        pair = old[at_old] * 4 + hit_old[at_old] * 2 + hit_new[at_new]
        neither, new_only, old_only, both = np.bincount(pair[shared], minlength=cells * 4).reshape(cells, 4).T
        return Outcomes(
            old_hits=np.bincount(old[asked_old & hit_old], minlength=cells),
            old_total=np.bincount(old[asked_old], minlength=cells),
            new_hits=np.bincount(new[asked_new & hit_new], minlength=cells),
            new_total=np.bincount(new[asked_new], minlength=cells),
            both=both,
            old_only=old_only,
            new_only=new_only,
            neither=neither,
        )

    def _kinds(self, old: np.ndarray, new: np.ndarray) -> list[tuple[int, tuple[Any, Any, np.ndarray]]]:
        """Return for each cell the kinds of samples, by what both runs say of them, and how many there are of each.

        A sample that is in one run only, or in another cell there, is nothing in the other run.
        """
        sizes = [len(one.classes) ** 2 + 1 for one in self.judged]
        said = [_said(one, cell) for one, cell in zip(self.judged, (old, new), strict=True)]
        at_old, at_new = self.rows_old, self.rows_new
        same = old[at_old] == new[at_new]
        at_old, at_new = at_old[same], at_new[same]
        alone_old, alone_new = (np.ones(len(one), dtype=bool) for one in (old, new))
        alone_old[at_old], alone_new[at_new] = False, False
        cell = np.concatenate([old[at_old], old[alone_old], new[alone_new]])
        first = np.concatenate([said[0][at_old], said[0][alone_old], np.zeros(alone_new.sum(), np.int64)])
        second = np.concatenate([said[1][at_new], np.zeros(alone_old.sum(), np.int64), said[1][alone_new]])
        counted = (cell >= 0) & ((first > 0) | (second > 0))
        kinds, counts = np.unique(
            (cell[counted] * sizes[0] + first[counted]) * sizes[1] + second[counted], return_counts=True
        )
        rest, second = np.divmod(kinds, sizes[1])
        cell, first = np.divmod(rest, sizes[0])
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        if not len(starts):  # neither run judged a label
            return []
        parts = [np.split(one, starts[1:]) for one in (first, second, counts)]
        return [
            (int(cell[start]), (_pair(one, self.judged[0]), _pair(other, self.judged[1]), count))
            for start, one, other, count in zip(starts.tolist(), *parts, strict=True)
        ]


def metrics_table(sides: Sides) -> pa.Table:
    """Return the metrics of the whole data set; see ``metrics`` of :class:`labelsift.metrics.compare.Comparison`."""
    before, after = (overall(one) for one in sides.judged)
    old, new = (np.zeros(len(one.given), dtype=np.int64) for one in sides.judged)
    (spans,) = sides.intervals(old, new, 1)
    rows = [{"metric": metric, **_difference(metric, before, after, spans)} for metric in METRICS]
    return pa.Table.from_pylist(rows, schema=pa.schema([("metric", pa.string()), *_FIGURES]))


def slices_table(sides: Sides, by: Sequence[str] | None) -> tuple[pa.Table, tuple[str, ...], tuple[str, ...]]:
    """Return the metrics of the slices that both have, and the predicates of those that only the old or new run has.

    See ``slices`` of :class:`labelsift.metrics.compare.Comparison`.
    """
    before, after = _cells(sides.old, by), _cells(sides.new, by)
    spans: dict[str, dict[str, Span]] = {}
    for columns in before.keys() & after.keys():
        spans |= _spans(sides, before[columns], after[columns])
    told = [
        {row["predicate"]: row for row in full_table(one, list(cells.values())).to_pylist()}
        for one, cells in ((sides.old, before), (sides.new, after))
    ]
    rows = [
        {
            "slug": told[1][predicate]["slug"],
            "predicate": predicate,
            "metric": metric,
            "n_old": row["n"],
            "n_new": told[1][predicate]["n"],
            **_difference(metric, row, told[1][predicate], spans[predicate]),
        }
        for predicate, row in told[0].items()
        if predicate in told[1]
        for metric in METRICS
    ]
    schema = pa.schema([*_NAMES, ("n_old", pa.int64()), ("n_new", pa.int64()), *_FIGURES])
    only_old = tuple(one for one in told[0] if one not in told[1])
    only_new = tuple(one for one in told[1] if one not in told[0])
    return pa.Table.from_pylist(rows, schema=schema), only_old, only_new


def all_cells(report: Run, by: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the metrics of every slice of a run: by the columns ``by`` and their pairs, else by every column."""
    return full_table(report, list(_cells(report, by).values())).to_pylist()


def known(value: float | None) -> float | None:
    """Return a number, or None for what could not be counted."""
    return None if value is None or np.isnan(value) else float(value)


def _cells(report: Run, by: Sequence[str] | None) -> dict[tuple[str, ...], Cells]:
    """Return the partitions that are asked for, by the columns that they are made of."""
    found, skipped = partitions(report.samples)
    missing = sorted(set(by or ()) - set(found))
    if missing:
        why = [f"{name} ({skipped[name]})" if name in skipped else name for name in missing]
        raise InputError(f"The run {report.run} cannot be sliced by these columns", ids=why, cure="Name others")
    cells = {(name,): found[name] for name in by or found}
    pairs = combinations(dict.fromkeys(by or ()), 2)
    return cells | {(one, other): cross(found[one], found[other]) for one, other in pairs}


def _spans(sides: Sides, before: Cells, after: Cells) -> dict[str, dict[str, Span]]:
    shared = [one for one in before.described if one in set(after.described)]
    place = {one: at for at, one in enumerate(shared)}
    old, new = (np.array([place.get(text, -1) for text in one.described])[one.codes] for one in (before, after))
    return dict(zip(shared, sides.intervals(old, new, len(shared)), strict=True))


def _answers(metric: str, data: Judged) -> tuple[np.ndarray, np.ndarray]:
    """Return which samples a rate counts, and which of them are a hit: bool, shape (n,) each."""
    if metric == "accuracy":
        return data.both, data.given == data.predicted
    return data.was_judged, data.flagged


def _said(data: Judged, cell: np.ndarray) -> np.ndarray:
    """Return given and predicted class as one number above 0; 0 where the run does not count the sample."""
    return np.where(data.both & (cell >= 0), data.given * len(data.classes) + data.predicted + 1, 0)


def _pair(said: np.ndarray, data: Judged) -> tuple[np.ndarray, np.ndarray]:
    given, predicted = np.divmod(said - 1, max(len(data.classes), 1))
    return np.where(said > 0, given, -1), np.where(said > 0, predicted, -1)


def _difference(metric: str, before: dict[str, Any], after: dict[str, Any], spans: dict[str, Span]) -> dict[str, Any]:
    """Return old, new and their difference with its 95 % interval, nulls where unknown."""
    one, other = (known(values[metric]) for values in (before, after))
    figures: dict[str, Any] = {"old": one, "new": other}
    if one is None or other is None:
        return figures
    low, high = map(known, spans.get(metric, (None, None)))
    sure = None if low is None or high is None else low > 0 or high < 0
    return figures | {"difference": other - one, "low": low, "high": high, "significant": sure}
