"""Differences of metrics between two runs, overall and slice by slice, with 95 % intervals.

Rates (flagged labels, accuracy) have the interval of
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

from ..data.factorize import Cells, cross, partitions
from ..data.hidden_texts import hidden_columns
from ..errors import InputError
from ..store.run import Run
from .paired_intervals import Outcomes, f1_difference, rate_difference
from .refit_noise import judged_as_before
from .slice_metrics import COMPARED, PROXY, ScoredLabels, overall, scored_labels
from .slice_table import RATES, full_table

_FIGURES = [
    ("old", pa.float64()),
    ("new", pa.float64()),
    ("difference", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("significant", pa.bool_()),
]
_NAMES = [(name, pa.string()) for name in ("slug", "predicate", "metric")]
Interval = tuple[float, float]


@dataclass(frozen=True)
class MatchedRuns:
    """Two runs and the samples that both have.

    Parameters
    ----------
    old, new
        The runs.
    rows_old, rows_new
        Rows of the shared samples in each of them: int64, shape (shared,).
    untouched
        bool, shape (shared,): samples that can differ by refit noise only (:mod:`labelsift.metrics.refit_noise`), or
        None where there is none. An interval holds the difference with them judged as before, too.
    """

    old: Run
    new: Run
    rows_old: np.ndarray
    rows_new: np.ndarray
    untouched: np.ndarray | None = None

    @cached_property
    def scored(self) -> tuple[ScoredLabels, ScoredLabels]:
        """What the metrics of each run are counted from."""
        return scored_labels(self.old), scored_labels(self.new)

    @cached_property
    def without_noise(self) -> MatchedRuns | None:
        """The same runs with the untouched samples judged as before; None where that changes nothing."""
        if self.untouched is None or not self.untouched.any():
            return None
        old, new = self.scored
        again = judged_as_before(old, new, self.rows_old[self.untouched], self.rows_new[self.untouched])
        if again is None:
            return None
        runs = MatchedRuns(self.old, self.new, self.rows_old, self.rows_new)
        runs.__dict__["scored"] = (old, again)  # where the cached property keeps it
        return runs

    def intervals(self, old: np.ndarray, new: np.ndarray, cells: int) -> list[dict[str, Interval]]:
        """Return the 95 % intervals of every metric's difference, by metric, for each cell; NaN where unknown.

        Parameters
        ----------
        old, new
            The cell of each sample in each run: int64, -1 for none.
        cells
            Their number.
        """
        intervals: list[dict[str, Interval]] = [{} for _ in range(cells)]
        for metric in RATES:
            low, high = rate_difference(self._outcomes(metric, old, new, cells))
            for cell, interval in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
                intervals[cell][metric] = interval
        for cell, (kinds_old, kinds_new, counts) in self._kinds(old, new):
            low, high = f1_difference(kinds_old, kinds_new, counts)
            both = zip(low.tolist(), high.tolist(), strict=True)
            intervals[cell] |= dict(zip(("f1", "weighted_f1"), both, strict=True))
        if self.without_noise is not None:
            others = self.without_noise.intervals(old, new, cells)
            intervals = [_joined(first, second) for first, second in zip(intervals, others, strict=True)]
        return intervals

    def _outcomes(self, metric: str, old: np.ndarray, new: np.ndarray, cells: int) -> Outcomes:
        (counted_old, hit_old), (counted_new, hit_new) = (_hits(metric, data) for data in self.scored)
        counted_old, counted_new = counted_old & (old >= 0), counted_new & (new >= 0)
        rows_old, rows_new = self.rows_old, self.rows_new
        shared = counted_old[rows_old] & counted_new[rows_new] & (old[rows_old] == new[rows_new])
        pair = old[rows_old] * 4 + hit_old[rows_old] * 2 + hit_new[rows_new]
        neither, new_only, old_only, both = np.bincount(pair[shared], minlength=cells * 4).reshape(cells, 4).T
        return Outcomes(
            old_hits=np.bincount(old[counted_old & hit_old], minlength=cells),
            old_total=np.bincount(old[counted_old], minlength=cells),
            new_hits=np.bincount(new[counted_new & hit_new], minlength=cells),
            new_total=np.bincount(new[counted_new], minlength=cells),
            both=both,
            old_only=old_only,
            new_only=new_only,
            neither=neither,
        )

    def _kinds(self, old: np.ndarray, new: np.ndarray) -> list[tuple[int, tuple[Any, Any, np.ndarray]]]:
        """Return for each cell the kinds of samples, by what both runs say of them, and how many there are of each.

        A sample that is in one run only, or in another cell there, is nothing in the other run.
        """
        sizes = [len(data.classes) ** 2 + 1 for data in self.scored]
        pair_old, pair_new = (_pair_codes(data, cell) for data, cell in zip(self.scored, (old, new), strict=True))
        rows_old, rows_new = self.rows_old, self.rows_new
        same = old[rows_old] == new[rows_new]
        rows_old, rows_new = rows_old[same], rows_new[same]
        alone_old, alone_new = (np.ones(len(cells), dtype=bool) for cells in (old, new))
        alone_old[rows_old], alone_new[rows_new] = False, False
        cell = np.concatenate([old[rows_old], old[alone_old], new[alone_new]])
        first = np.concatenate([pair_old[rows_old], pair_old[alone_old], np.zeros(alone_new.sum(), np.int64)])
        second = np.concatenate([pair_new[rows_new], np.zeros(alone_old.sum(), np.int64), pair_new[alone_new]])
        counted = (cell >= 0) & ((first > 0) | (second > 0))
        kinds, counts = np.unique(
            (cell[counted] * sizes[0] + first[counted]) * sizes[1] + second[counted], return_counts=True
        )
        rest, second = np.divmod(kinds, sizes[1])
        cell, first = np.divmod(rest, sizes[0])
        starts = np.flatnonzero(np.diff(cell, prepend=-1))
        if not len(starts):  # neither run judged a label
            return []
        parts = [np.split(values, starts[1:]) for values in (first, second, counts)]
        return [
            (int(cell[start]), (_pair(before, self.scored[0]), _pair(after, self.scored[1]), count))
            for start, before, after, count in zip(starts.tolist(), *parts, strict=True)
        ]


def _joined(first: dict[str, Interval], second: dict[str, Interval]) -> dict[str, Interval]:
    """Return the least intervals that hold both."""
    both = ((name, interval, second.get(name, interval)) for name, interval in first.items())
    return {name: (float(np.fmin(a[0], b[0])), float(np.fmax(a[1], b[1]))) for name, a, b in both}


def metric_differences(runs: MatchedRuns) -> pa.Table:
    """Return the metrics of the whole data set; see ``metrics`` of :class:`labelsift.metrics.compare.Comparison`."""
    before, after = (overall(data) for data in runs.scored)
    old, new = (np.zeros(len(data.given), dtype=np.int64) for data in runs.scored)
    (intervals,) = runs.intervals(old, new, 1)
    rows = [{"metric": metric, **_difference(metric, before, after, intervals)} for metric in COMPARED]
    return pa.Table.from_pylist(rows, schema=pa.schema([("metric", pa.string()), *_FIGURES]))


def slice_differences(runs: MatchedRuns, by: Sequence[str] | None) -> tuple[pa.Table, tuple[str, ...], tuple[str, ...]]:
    """Return the metrics of the slices that both have, and the predicates of those that only the old or new run has.

    See ``slices`` of :class:`labelsift.metrics.compare.Comparison`.
    """
    cells_old, cells_new = _cells(runs.old, by), _cells(runs.new, by)
    intervals: dict[str, dict[str, Interval]] = {}
    for columns in cells_old.keys() & cells_new.keys():
        intervals |= _intervals(runs, cells_old[columns], cells_new[columns])
    before, after = (
        {row["predicate"]: row for row in full_table(run, list(cells.values())).to_pylist()}
        for run, cells in ((runs.old, cells_old), (runs.new, cells_new))
    )
    rows = [
        {
            "slug": after[predicate]["slug"],
            "predicate": predicate,
            "metric": metric,
            "n_old": row["n"],
            "n_new": after[predicate]["n"],
            **_difference(metric, row, after[predicate], intervals[predicate]),
        }
        for predicate, row in before.items()
        if predicate in after
        for metric in COMPARED
    ]
    schema = pa.schema([*_NAMES, ("n_old", pa.int64()), ("n_new", pa.int64()), *_FIGURES])
    only_old = tuple(predicate for predicate in before if predicate not in after)
    only_new = tuple(predicate for predicate in after if predicate not in before)
    return pa.Table.from_pylist(rows, schema=schema), only_old, only_new


def all_slices(run: Run, by: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the metrics of every slice of a run: by the columns ``by`` and their pairs, else by every column."""
    return full_table(run, list(_cells(run, by).values())).to_pylist()


def number_or_none(value: float | None) -> float | None:
    """Return a number, or None for what could not be counted."""
    return None if value is None or np.isnan(value) else float(value)


def _cells(run: Run, by: Sequence[str] | None) -> dict[tuple[str, ...], Cells]:
    """Return the partitions that are asked for, by the columns that they are made of."""
    columns, skipped = partitions(run.samples, but=hidden_columns(run.facts) - set(by or ()))
    missing = sorted(set(by or ()) - set(columns))
    if missing:
        why = [f"{name} ({skipped[name]})" if name in skipped else name for name in missing]
        raise InputError(f"The run {run.run} cannot be sliced by these columns", ids=why, hint="Name others")
    cells = {(name,): columns[name] for name in by or columns}
    pairs = combinations(dict.fromkeys(by or ()), 2)
    return cells | {(first, second): cross(columns[first], columns[second]) for first, second in pairs}


def _intervals(runs: MatchedRuns, before: Cells, after: Cells) -> dict[str, dict[str, Interval]]:
    present = set(after.described)
    shared = [predicate for predicate in before.described if predicate in present]
    index = {predicate: position for position, predicate in enumerate(shared)}
    old, new = (np.array([index.get(text, -1) for text in cells.described])[cells.codes] for cells in (before, after))
    return dict(zip(shared, runs.intervals(old, new, len(shared)), strict=True))


def _hits(metric: str, data: ScoredLabels) -> tuple[np.ndarray, np.ndarray]:
    """Return which samples a rate counts, and which of them are a hit: bool, shape (n,) each."""
    if metric == "accuracy":
        # what refit noise does to the proxy's sets of labels is not known: no interval of theirs
        return data.both & (data.several is None or data.source != PROXY), data.right
    return data.was_judged, data.flagged


def _pair_codes(data: ScoredLabels, cell: np.ndarray) -> np.ndarray:
    """Return given and predicted class as one number above 0; 0 where the run does not count the sample."""
    return np.where(data.both & (cell >= 0), data.given * len(data.classes) + data.predicted + 1, 0)


def _pair(pair_codes: np.ndarray, data: ScoredLabels) -> tuple[np.ndarray, np.ndarray]:
    given, predicted = np.divmod(pair_codes - 1, max(len(data.classes), 1))
    return np.where(pair_codes > 0, given, -1), np.where(pair_codes > 0, predicted, -1)


def _difference(
    metric: str, before: dict[str, Any], after: dict[str, Any], intervals: dict[str, Interval]
) -> dict[str, Any]:
    """Return old, new and their difference with its 95 % interval, nulls where unknown."""
    old, new = (number_or_none(values[metric]) for values in (before, after))
    figures: dict[str, Any] = {"old": old, "new": new}
    if old is None or new is None:
        return figures
    low, high = map(number_or_none, intervals.get(metric, (None, None)))
    sure = None if low is None or high is None else low > 0 or high < 0
    return figures | {"difference": new - old, "low": low, "high": high, "significant": sure}
