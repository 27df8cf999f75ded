"""Section of the slices: heat maps, named and weak slices, and wrong predictions of where the model is weakest.

The page holds flagged samples. So that a weak cell leads to more than what is flagged there, some wrong predictions of
the weakest cells come in as samples of their own, and those that are flagged anyway are marked as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.factorize import partitions
from ...data.formatting import shortened
from ...data.hidden_texts import hidden_columns
from ...data.slugs import slugs
from ...metrics.metric_names import METRICS
from ...metrics.slice_metrics import FEWEST, PROXY, ScoredLabels, estimates, scored_labels
from .listed_slices import LISTED, listed_slices
from .slice_views import CELL, COLUMNS, Dimension, dimensions, views

if TYPE_CHECKING:
    from ...store.run import Run

WRONG = "wrong_prediction"  # marks samples of this page: no issue that a scan finds
ROOM = 0.08  # of the page's room, for the heat maps
MOST_WRONG, OF_CELL = 300, 25  # wrong predictions that are not flagged
MEMBERS = 300  # samples on the page that a listed slice leads to
TEXT_LENGTH = 300
DIMENSION = ("name", "values", "words", "ranges", "follows", "slugs")
VIEW = ("rows", "across", "rowCodes", "columnCodes", "cells", "rowsLeft", "columnsLeft", "flipped")


@dataclass
class SliceSection:
    """What the page shows of slices, and which samples it needs for that.

    Parameters
    ----------
    content
        Plain data; None where there is nothing to show.
    columns
        Metadata columns that the samples on the page must have.
    wrong
        Sample id → its prediction where that is wrong; None where it is no single label.
    more
        Ids of further samples with wrong predictions, of the weakest cells first.
    masks
        Of the listed slices, in their order: bool, shape (n,).
    """

    content: dict[str, Any] | None = None
    columns: tuple[str, ...] = ()
    wrong: Mapping[str, str | None] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    masks: tuple[np.ndarray, ...] = ()


def slice_section(
    report: Run,
    *,
    share: bool,
    tells_shares: bool,
    room: int,
    encode: Callable[[object], str],
    brief: bool = False,
    fewest: int = 0,
) -> SliceSection:
    """Gather the section.

    Parameters
    ----------
    share
        Leave out conditions, which may quote texts, and wrong predictions of single samples.
    tells_shares
        Whether rates of flagged labels may be told.
    room
        Bytes of the page's content.
    brief
        Leave out heat maps and weak slices.
    fewest
        Samples of a value or slice that has a name.
    """
    data = scored_labels(report)
    names = _metrics(data, tells_shares=tells_shares)
    if not names:
        return SliceSection()

    def size(value: object) -> int:
        return len(encode(value).encode())

    part = int(ROOM * room / len(names))
    made = {name: _metric(report, data, name, room=part, size=size, brief=brief, fewest=fewest) for name in names}
    listed, masks = listed_slices(report, data, names[0], share=share, weak=not brief)
    kept = [place for place, mask in enumerate(masks) if mask.sum() >= fewest]
    listed, masks = [listed[place] for place in kept], tuple(masks[place] for place in kept)
    if not listed and not any(entry["views"] for entry, _ in made.values()):
        return SliceSection()
    content = {
        "columns": {"cell": CELL, "dimension": DIMENSION, "view": VIEW, "listed": LISTED},
        "metrics": [entry for entry, _ in made.values()],
        "listed": listed,
        "metric": names[0],
        "fewest": FEWEST,
        "pushable": report.store is not None and report.settings.get("texts") is not False,
        "wrong": WRONG,
        "reason": _reason(data),
    }
    columns = dict.fromkeys(dim.name for _, dims in made.values() for dim in dims)
    # Where the built-in model is wrong its suggestion says so, on what is flagged.
    lists_wrong = not share and data.source != PROXY and "error_rate" in made
    wrong, more = _wrong(report, data, made["error_rate"], masks) if lists_wrong else ({}, ())
    return SliceSection(content, tuple(columns), wrong, more, masks)


def members(section: SliceSection, rows: list[int | None]) -> dict[str, Any] | None:
    """Return the content with the samples on the page that are in each listed slice: ``rows`` of these, in order."""
    if section.content is None:
        return None
    places = [[place for place, row in enumerate(rows) if row is not None and mask[row]] for mask in section.masks]
    return section.content | {"members": [inside[:MEMBERS] for inside in places]}


def _metrics(data: ScoredLabels, *, tells_shares: bool) -> list[str]:
    """Return the metrics that can be shown, the one to begin with first: of the user's own predictions, if any."""
    names = ["error_rate"] * (int(data.both.sum()) >= FEWEST)
    flags = ["label_issue_rate"] * (tells_shares and int(data.was_judged.sum()) >= FEWEST)
    return flags + names if data.source == PROXY else names + flags


def _metric(
    report: Run, data: ScoredLabels, name: str, *, room: int, size: Callable[[object], int], brief: bool, fewest: int
) -> tuple[dict[str, Any], list[Dimension]]:
    dims = [] if brief else dimensions(report, data, name, fewest=fewest)
    plain = [_dimension(dim) for dim in dims]
    shown = views(data, name, dims, room=room - size(plain), size=size)
    whole = estimates(data, name, np.zeros(len(data.given), dtype=np.int64), 1)
    low, high = whole.interval()
    source = data.source_of(name)
    entry = {
        "name": name,
        "title": METRICS[name].title,
        "source": source,
        "proxy": source == PROXY,
        "counted": data.counted if source else f"on {int(data.was_judged.sum()):,} judged labels",
        "overall": [int(whole.trials[0]), *(round(float(end[0]), 6) for end in (whole.value, low, high))],
        "dimensions": plain,
    }
    sliced = len(partitions(report.samples, but=hidden_columns(report.facts))[0])
    return entry | shown | {"columnsOut": 0 if brief else max(sliced - COLUMNS, 0)}, dims


def _dimension(dim: Dimension) -> list[Any]:
    words = [shortened(text, TEXT_LENGTH) for text in dim.cells.described]
    ranges = [None if pair is None else list(pair) for pair in dim.ranges]
    names = slugs(list(dim.cells.predicates))
    return [dim.name, list(dim.shown), words, ranges if any(ranges) else None, dim.follows, names]


def _wrong(
    report: Run, data: ScoredLabels, metric: tuple[dict[str, Any], list[Dimension]], masks: tuple[np.ndarray, ...]
) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Return the wrong predictions by id, and which further samples the page should hold."""
    wrong = data.both & ~data.right
    rows = np.flatnonzero(wrong)
    ids = report.samples.ids.take(rows).to_pylist()
    single = data.several is None
    predictions = [data.classes[code] if single else None for code in data.predicted[rows].tolist()]
    chosen: dict[int, None] = {}
    for inside in (*_weak_cells(*metric), *masks):
        chosen.update(dict.fromkeys(np.flatnonzero(inside & wrong)[:OF_CELL].tolist()))
        if len(chosen) >= MOST_WRONG:
            break
    more = report.samples.ids.take(np.array(list(chosen)[:MOST_WRONG], dtype=np.int64)).to_pylist()
    return dict(zip(ids, predictions, strict=True)), tuple(more)


def _weak_cells(entry: dict[str, Any], dims: list[Dimension]) -> list[np.ndarray]:
    """Return the masks of the cells that are worse than the rest beyond chance, those of the first views first."""
    place = {name: position for position, name in enumerate(CELL)}
    result = []
    for rows, across, _, _, cells, *_ in entry["views"]:
        full = [
            cell for cell in cells if len(cell) > place["differenceLow"] and cell[place["differenceLow"]] is not None
        ]
        weak = [cell for cell in full if cell[place["differenceLow"]] > 0]
        for cell in sorted(weak, key=lambda cell: -cell[place["differenceLow"]]):
            result.append((dims[rows].cells.codes == cell[0]) & (dims[across].cells.codes == cell[1]))
            if len(result) * OF_CELL >= 2 * MOST_WRONG:
                return result
    return result


def _reason(data: ScoredLabels) -> str:
    """Say what is wrong with a wrong prediction."""
    given = {"multilabel": "given labels", "spans": "marked spans"}.get(data.task, "given label")
    return f"The prediction of the model differs from the {given}."
