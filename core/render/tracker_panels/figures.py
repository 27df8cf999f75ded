"""Figures for trackers as plain data: the matrix of given against suggested labels, and tables of plain cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..counts import Histogram as Histogram  # trackers draw it
from ..overview import Overview

MAX_MATRIX = 30
OTHER = "(other)"


@dataclass(frozen=True)
class Table:
    """A table for a tracker: rows are lists in the order of the columns, cells str, int, float, bool or None."""

    columns: tuple[str, ...]
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Matrix:
    """Given label (rows) against suggested label (columns): counts of the flagged samples.

    The labels with the most flags come first; beyond 30, and those of few samples, are summed up as ``(other)``.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> list[list[Any]]:
        """Given label, suggested label, count: a row a cell."""
        return [
            [given, suggested, count]
            for given, counts in zip(self.labels, self.counts, strict=True)
            for suggested, count in zip(self.labels, counts, strict=True)
        ]


def confusion(overview: Overview, shown: Collection[str]) -> Matrix | None:
    """Count given against suggested labels; None where single labels were not judged.

    Parameters
    ----------
    shown
        Labels that have samples enough to be shown by name.
    """
    if overview.labels is None or overview.report.samples.task != "classification":
        return None
    flags: Counter[str] = Counter()
    for given, suggested, count in overview.confusions:
        flags[given] += count
        flags[suggested] += count
    ranked = sorted((name for name in flags if name in shown), key=lambda name: (-flags[name], name))
    whole = len(ranked) == len(flags) <= MAX_MATRIX
    labels = ranked if whole else [*ranked[: MAX_MATRIX - 1], OTHER]
    index = {name: place for place, name in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for given, suggested, count in overview.confusions:
        counts[index.get(given, len(labels) - 1), index.get(suggested, len(labels) - 1)] += count
    return Matrix(tuple(labels), tuple(tuple(row) for row in counts.tolist()))


def plain(table: pa.Table) -> Table:
    """Return a table of plain cells; numbers are rounded to six decimals, as float32 shows digits that mean nothing."""
    columns = [_rounded(column).to_pylist() for column in table.columns]
    return Table(tuple(table.column_names), list(map(list, zip(*columns, strict=True))))


def _rounded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.round(column.cast(pa.float64()), 6) if pa.types.is_floating(column.type) else column
