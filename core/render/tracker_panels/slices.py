"""Slices for trackers: all in one table, and as metrics the declared ones and the worst significant ones.

A slice is significantly worse where the interval of its difference from all other samples lies on the worse side; these
intervals hold together over all slices (:mod:`labelsift.metrics.slice_table`). The worst have the largest difference
that is certain.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...data.factorize import Cells, partitions
from ...data.hidden_texts import hidden_columns
from ...data.slugs import describe, slug, slugs
from ...metrics.metric_names import METRICS
from ...metrics.slice_metrics import FEWEST, PROXY, ScoredLabels
from ...metrics.slice_table import full_table, slices_table, worst_first
from ...search.named_slices import COLUMN, named_masks, slices_of
from ...texts.redaction import masked

if TYPE_CHECKING:
    from ...store.run import Run

WORST = 20
LOGGED = ("label_issue_rate", "accuracy", "f1")  # as single metrics
FIRST = ("slug", "predicate", "kind", "worse_in", "n")  # what a reader looks for stands at the left
OF_CLASSES = ("label_issue_rate", "precision", "recall", "f1")
DECLARED, COLUMNS = "declared", "column"
REST = "not-slice:"  # what a declared slice leaves, which is counted beside it and not shown


@dataclass(frozen=True)
class Worse:
    """A slice that is significantly worse than the rest in one metric, and by how much at least."""

    slug: str
    metric: str
    by: float


def slice_table(run: Run) -> tuple[pa.Table, dict[str, np.ndarray]]:
    """Return the slices of at least ten samples, the worst label-issue rate first.

    Parameters
    ----------
    run
        Disclosed, see :mod:`labelsift.render.tracker_panels.disclosure`.

    Returns
    -------
    table
        slug, predicate, kind (declared, column), n and each metric with its interval.
    masks
        Declared slices: name → bool, shape (n,).
    """
    cells, _ = partitions(run.samples, but=hidden_columns(run.facts))
    masks = {name: mask for name, mask in named_masks(run).items() if mask.any()}
    table = full_table(run, [*cells.values(), *(_cells_of(name, mask) for name, mask in masks.items())])
    declared = {slug(((COLUMN, name),)): slices_of(run)[name].predicate for name in masks}
    slugs = table["slug"].to_pylist()
    kinds = [DECLARED if name in declared else COLUMNS for name in slugs]
    words = [
        masked(declared.get(name) or str(text))
        for name, text in zip(slugs, table["predicate"].to_pylist(), strict=True)
    ]
    table = table.set_column(1, "predicate", pa.array(words, pa.string()))
    table = table.append_column("kind", pa.array(kinds, pa.string()))
    inside = [not name.startswith(REST) for name in slugs]
    table = table.filter(pc.and_(pa.array(inside, pa.bool_()), pc.greater_equal(table["n"], FEWEST)))
    return table.take(pa.array(worst_first(table, "label_issue_rate"))), masks


def worse_slices(run: Run, data: ScoredLabels, masks: Mapping[str, np.ndarray]) -> list[Worse]:
    """Return the slices and classes that are significantly worse than the rest, the largest sure difference first.

    Judged are label issues and, where the user's own predictions are there, accuracy.
    """
    metrics = ["label_issue_rate"] if data.was_judged.any() else []
    metrics += ["accuracy"] if data.source not in ("", PROXY) else []
    worse = []
    for metric in metrics:
        tables = [slices_table(run, metric=metric, named=masks)]
        if run.samples.task == "classification":
            tables.append(slices_table(run, by=["label"], metric=metric))
        for table in tables:
            worse += worse_in(table, metric)
    return in_order(worse)


def in_order(worse: Iterable[Worse]) -> list[Worse]:
    """Return them with the largest sure difference first."""
    return sorted(worse, key=lambda each: (-each.by, each.slug, each.metric))


def slice_metrics(
    slices: pa.Table, classes: pa.Table, worse: Sequence[Worse], *, every: bool = False
) -> dict[str, float]:
    """Return ``slice.<metric>/<slug>`` → value of the slices that become metrics.

    Declared slices with all of :data:`LOGGED`, the :data:`WORST` worst ones with what they are worse in; with ``every``
    all slices and classes.
    """
    chosen: list[tuple[str, str]] = []
    for name, kind in zip(slices["slug"].to_pylist(), slices["kind"].to_pylist(), strict=True):
        if every or kind == DECLARED:
            chosen += [(metric, name) for metric in LOGGED]
    names = class_slugs(classes)
    if every:
        chosen += [(metric, name) for name in names for metric in OF_CLASSES]
    known = {*slices["slug"].to_pylist(), *names}
    leading = list(dict.fromkeys(each.slug for each in worse if each.slug in known))[:WORST]
    chosen += [(each.metric, each.slug) for each in worse if each.slug in leading]
    values = {name: row for name, row in zip(slices["slug"].to_pylist(), slices.to_pylist(), strict=True)}
    of_classes = [row | {"accuracy": row["recall"]} for row in classes.to_pylist()]
    values |= dict(zip(names, of_classes, strict=True))
    metrics = {f"slice.{metric}/{name}": values[name][metric] for metric, name in chosen}
    return {name: value for name, value in metrics.items() if value is not None and math.isfinite(value)}


def class_slugs(classes: pa.Table) -> list[str]:
    """Return the slug of each class of a table: ``label:<class>``."""
    return slugs([(("label", name),) for name in classes["label"].to_pylist()])


def _cells_of(name: str, mask: np.ndarray) -> Cells:
    """Return a declared slice and the rest as a partition."""
    inside, rest = ((COLUMN, name),), ((REST.rstrip(":"), name),)
    return Cells((inside, rest), (describe(inside), describe(rest)), np.where(mask, 0, 1))


def worse_in(table: pa.Table, metric: str) -> list[Worse]:
    """Return the rows of :func:`labelsift.metrics.slice_table.slices_table` that are significantly worse than the rest.

    A slice that the class tells is no cause and left out: the class itself is there.
    """
    columns = ("slug", "note", "difference_low", "difference_high")
    rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
    worse = []
    for name, note, low, high in rows:
        sure = None if low is None or high is None else -high if METRICS[metric].high_is_good else low
        if sure is not None and sure > 0 and (note is None or _is_class(name)):
            worse.append(Worse(name, metric, sure))
    return worse


def _is_class(slug: str) -> bool:
    return slug.startswith("label:") and "__" not in slug
