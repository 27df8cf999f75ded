"""What a tracker shows, as plain data: the W&B and MLflow writers only render it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """A table for a tracker: rows are lists in the order of the columns, cells str, int, float, bool or None."""

    columns: tuple[str, ...]
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Histogram:
    """Counts between edges: ``len(edges) == len(counts) + 1``."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Matrix:
    """Given label (rows) against suggested label (columns): counts of the flagged samples."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Panels:
    """Everything that a tracker shows of one report.

    Parameters
    ----------
    title
        What to call the run: data set and run name.
    metrics
        Metric name → value, finite, under names that are valid in W&B and MLflow:
        ``dq/…`` for the data set and ``slice.<metric>/<slug>`` for slices.
    quality
        Histogram of ``label_score``; None where labels were not judged.
    confusion
        Given against suggested labels; None where labels were not judged.
    classes, slices, flagged
        Tables: one row a class, a slice (slug and its real predicate) and a flagged sample, worst first.
    params
        Short facts: data set, fingerprint, embedder, versions.
    summary
        The verdict, as Markdown.
    """

    title: str
    metrics: dict[str, float]
    quality: Histogram | None
    confusion: Matrix | None
    classes: Table
    slices: Table
    flagged: Table
    params: dict[str, str]
    summary: str
