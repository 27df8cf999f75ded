"""Listed slices of the page: weak ones that a search found, and those that people named."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.formatting import shortened
from ...errors import InputError
from ...metrics.slice_metrics import PROXY, ScoredLabels
from ...metrics.slice_table import FOLLOWING, slices_table
from ...metrics.weak_slices.sources import CLUSTER
from ...metrics.weak_slices.weak_slices import weak_slices
from ...search.named_slices import named_masks, selection_of, slices_of

if TYPE_CHECKING:
    from ...store.run import Run

NAMED, WEAK = 30, 8
TEXT_LENGTH = 300
FIGURES = ("value", "low", "high", "rest", "difference", "difference_low", "difference_high")
_SHOWN = ("n", "value", "low", "high", "rest", "difference", "differenceLow", "differenceHigh")
LISTED = ("slug", "name", "predicate", "where", "follows", "wrong", *_SHOWN)


def listed_slices(
    report: Run, data: ScoredLabels, metric: str, *, share: bool, weak: bool = True
) -> tuple[list[list[Any]], tuple[np.ndarray, ...]]:
    """Return weak and named slices with their figures, worst first, and which samples are in each.

    A weak one has a condition (``where``) and no name; its figures are of the half of the rows that did not find it.

    Parameters
    ----------
    metric
        ``error_rate`` or ``label_issue_rate``.
    share
        Leave out what people wrote, and words of texts.
    weak
        Search for weak ones.
    """
    listed = [*(_weak(report, metric, share=share) if weak else []), *_named(report, metric, share=share)]
    wrong = data.both & ~data.right if metric == "error_rate" and data.source != PROXY else None
    rows = []
    for first, mask, figures in listed:
        rows.append([*first, None if wrong is None else int((wrong & mask).sum()), *figures])
    return rows, tuple(mask for _, mask, _ in listed)


def _weak(report: Run, metric: str, *, share: bool) -> list[tuple[list[Any], np.ndarray, list[Any]]]:
    try:
        weakest = weak_slices(report, metric=metric, most=WEAK).to_pylist()
    except InputError:  # nothing can be counted
        return []
    result = []
    for row in weakest:
        if share and CLUSTER in row["where"]:  # it is described by words of texts
            continue
        with contextlib.suppress(InputError):
            mask = selection_of(report).matching(row["where"])
            first = [
                f"weak:{row['slug']}",
                None,
                shortened(row["predicate"], TEXT_LENGTH),
                row["where"],
                row["follows"],
            ]
            result.append((first, mask, [row["measured"], *_rounded(row)]))
    return result


def _named(report: Run, metric: str, *, share: bool) -> list[tuple[list[Any], np.ndarray, list[Any]]]:
    named, masks = dict(list(slices_of(report).items())[:NAMED]), {}
    for name, definition in named.items():
        with contextlib.suppress(InputError):  # as of texts that are not kept: the scan's notes say so
            masks |= named_masks(report, {name: definition})
    if not masks:
        return []
    by_slug = {named[name].slug: name for name in masks}
    result = []
    for row in slices_table(report, by=[], metric=metric, named=masks).to_pylist():
        name = by_slug[row["slug"]]
        predicate = None if share else shortened(named[name].predicate, TEXT_LENGTH)
        follows = FOLLOWING if row["note"] == FOLLOWING else None
        result.append(([row["slug"], name, predicate, None, follows], masks[name], [row["counted"], *_rounded(row)]))
    return result


def _rounded(row: dict[str, Any]) -> list[float | None]:
    return [None if row[name] is None else round(row[name], 6) for name in FIGURES]
