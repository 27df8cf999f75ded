"""Heat maps of slices as plain data: metadata × class and metadata × metadata, with simultaneous intervals.

Columns whose values differ most come first. A view holds its worst rows and columns, and says how many it leaves out.
A cell differs from the rest of the samples beyond chance where the interval of the difference, at 95 % for all cells of
all views together (Bonferroni), excludes 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...data.factorize import Cells, cross, partitions
from ...data.formatting import shortened
from ...data.hidden_texts import hidden_columns
from ...data.slugs import slugs
from ...metrics.estimates import Estimates, difference_p_values
from ...metrics.slice_cells import LABELS, labels_as_cells
from ...metrics.slice_metrics import FEWEST, ScoredLabels, estimates, rest
from ...models.contingency import FOLLOWS, lambda_of
from ...models.rates import difference_interval

if TYPE_CHECKING:
    from ...store.run import Run

LABEL = LABELS[0]  # the given one
COLUMNS = 8  # whose pairs are crossed
ROWS, ACROSS = 20, 12  # of a view
OTHER = "(other, few samples)"
VALUE_LENGTH = 300  # as of the samples' own metadata on the page
CELL = ("row", "column", "n", "value", "low", "high", "rest", "difference", "differenceLow", "differenceHigh", "slug")


@dataclass(frozen=True)
class Dimension:
    """A column of a view's rows or columns.

    Parameters
    ----------
    name
        The metadata column, ``split``, or ``label``.
    cells
        Its values and which samples have them.
    shown
        Each value as a sample on the page has it; None where it is missing. Of numbers in quarters what to call them.
    ranges
        Of numbers in quarters: the lowest and highest of each; None for values, and for what is missing.
    follows
        Whether the given label tells the value.
    place
        Where the column stands in the data: terms of slugs stand in this order.
    """

    name: str
    cells: Cells
    shown: tuple[str | None, ...]
    ranges: tuple[tuple[float, float] | None, ...]
    follows: bool
    place: int


@dataclass(frozen=True)
class View:
    """Cells of two dimensions with their estimates; the first one's values are the rows."""

    rows: int
    across: int
    codes: np.ndarray  # row * columns + column of each cell that holds a sample: int64, shape (cells,)
    inside: Estimates
    others: Estimates
    slugs: tuple[str, ...]


def dimensions(run: Run, data: ScoredLabels, metric: str, *, fewest: int = 0) -> list[Dimension]:
    """Return the columns whose values differ most in a metric, the clearest first, then the classes.

    Values of fewer samples than ``fewest`` have no name: they are put together.
    """
    cells = partitions(run.samples, but=hidden_columns(run.facts))[0]
    strength = {name: _strength(data, metric, made) for name, made in cells.items()}
    parted = [
        name for name in cells if np.count_nonzero(_counted(data, metric, cells[name])) > 1
    ]  # not of one split alone
    chosen = sorted(parted, key=lambda name: strength[name])[:COLUMNS]
    labels = labels_as_cells(run.samples).get(LABEL)
    places = {name: place for place, name in enumerate(cells)}
    sure = (data.given >= 0) & ~data.flagged
    result = [_dimension(run, name, cells[name], data.given, sure, places[name]) for name in chosen]
    if labels is not None and LABEL not in cells and 1 < len(labels):
        names = tuple(term if isinstance(term := predicate[0][1], str) else None for predicate in labels.predicates)
        result.append(Dimension(LABEL, labels, names, (None,) * len(names), False, len(places)))
    return [_gathered(dim, fewest) for dim in result]


def views(data: ScoredLabels, metric: str, dims: list[Dimension], *, room: int, size: Callable[[object], int]) -> Any:  # noqa: ANN401 - plain data
    """Return the views of all pairs of dimensions as plain data, the clearest differences first.

    Returns
    -------
    dict
        ``views``: [row dimension, column dimension, rows and columns shown (codes), cells, rows and columns left out];
        ``compared``: how many cells were compared; ``leftOut``: views that do not fit in ``room`` bytes.
    """
    ordered = sorted(range(len(dims)), key=lambda number: dims[number].place)
    made = [_view(data, metric, dims, first, second) for first, second in combinations(ordered, 2)]
    enough = [view.inside.trials >= FEWEST for view in made]
    compared = int(sum(mask.sum() for mask in enough))
    confidence = 1 - 0.05 / max(compared, 1)
    plain = [_plain(data, metric, view, dims, confidence) for view in made]
    order = sorted(range(len(made)), key=lambda place: -plain[place][1])
    result, used = [], 0
    for place in order:
        used += size(plain[place][0])
        if used > room:
            break
        result.append(plain[place][0])
    return {"views": result, "compared": compared, "leftOut": len(made) - len(result)}


def _counted(data: ScoredLabels, metric: str, cells: Cells) -> np.ndarray:
    return estimates(data, metric, cells.codes, len(cells)).trials


def _strength(data: ScoredLabels, metric: str, cells: Cells) -> float:
    """Return the least p-value of a column's values against the rest, times their number."""
    inside, others = (made(data, metric, cells.codes, len(cells)) for made in (estimates, rest))
    p_values = np.where(inside.trials >= FEWEST, difference_p_values(inside, others), 1.0)
    return float(p_values.min(initial=1.0)) * len(cells)


def _dimension(run: Run, name: str, cells: Cells, given: np.ndarray, sure: np.ndarray, place: int) -> Dimension:
    column = run.samples.column("split") if name == "split" else run.samples.metadata[name]
    assert column is not None  # noqa: S101 - it was parted
    values = [predicate[0][1] for predicate in cells.predicates]
    order = np.argsort(cells.codes, kind="stable")
    starts = np.searchsorted(cells.codes[order], np.arange(len(cells)))
    examples = column.take(pa.array(order[starts])).to_pylist()
    ranges = _ranges(column, cells) if values != _as_values(column, order[starts]) else None
    if ranges is None:
        shown = tuple(None if value is None else shortened(str(value), VALUE_LENGTH) for value in examples)
        bounds: tuple[tuple[float, float] | None, ...] = (None,) * len(cells)
    else:
        shown = tuple(None if value is None else text for value, text in zip(values, cells.described, strict=True))
        bounds = tuple(None if value is None else pair for value, pair in zip(values, ranges, strict=True))
    follows = bool(sure.any()) and lambda_of(given[sure], cells.codes[sure]) >= FOLLOWS
    return Dimension(name, cells, shown, bounds, follows, place)


def _gathered(dim: Dimension, fewest: int) -> Dimension:
    """Return a dimension whose values of few samples are one."""
    few = np.bincount(dim.cells.codes, minlength=len(dim.cells)) < fewest
    if not few.any():
        return dim
    kept = np.flatnonzero(~few).tolist()
    codes = np.where(few, len(kept), np.cumsum(~few) - 1)[dim.cells.codes]
    predicates = (*(dim.cells.predicates[code] for code in kept), ((dim.name, OTHER),))
    described = (*(dim.cells.described[code] for code in kept), f"{dim.name}: {OTHER}")
    shown, ranges = (tuple(values[code] for code in kept) for values in (dim.shown, dim.ranges))
    return replace(dim, cells=Cells(predicates, described, codes), shown=(*shown, OTHER), ranges=(*ranges, None))


def _as_values(column: pa.ChunkedArray, rows: np.ndarray) -> list[str | None]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.take(pa.array(rows)).cast(pa.string()).to_pylist()


def _ranges(column: pa.ChunkedArray, cells: Cells) -> list[tuple[float, float]]:
    """Return the lowest and highest number of each cell."""
    numbers = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    low, high = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
    finite = np.isfinite(numbers)
    np.minimum.at(low, cells.codes[finite], numbers[finite])
    np.maximum.at(high, cells.codes[finite], numbers[finite])
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _view(data: ScoredLabels, metric: str, dims: list[Dimension], first: int, second: int) -> View:
    first_cells, second_cells = dims[first].cells, dims[second].cells
    both = cross(first_cells, second_cells)
    inside, others = (made(data, metric, both.codes, len(both)) for made in (estimates, rest))
    example = np.zeros(len(both), dtype=np.int64)
    example[both.codes] = np.arange(len(both.codes))
    rows, across = first_cells.codes[example], second_cells.codes[example]
    flipped = len(second_cells) > len(first_cells)  # the longer one goes down the page
    codes = across * len(first_cells) + rows if flipped else rows * len(second_cells) + across
    places = (second, first) if flipped else (first, second)
    return View(*places, codes, inside, others, tuple(slugs(list(both.predicates))))


def _plain(
    data: ScoredLabels, metric: str, view: View, dims: list[Dimension], confidence: float
) -> tuple[list[Any], float]:
    """Return a view as plain data, and how clear its clearest difference is."""
    width = len(dims[view.across].cells)
    rows, across = view.codes // width, view.codes % width
    shown_rows = _worst(data, metric, dims[view.rows].cells, ROWS)
    shown_across = _worst(data, metric, dims[view.across].cells, ACROSS)
    kept = np.isin(rows, shown_rows) & np.isin(across, shown_across) & (view.inside.trials > 0)
    places = np.flatnonzero(kept)
    inside, figures = view.inside.take(places), _figures(view, places, confidence)
    terms = [slugs(list(dims[place].cells.predicates)) for place in (view.rows, view.across)]
    flipped = dims[view.rows].place > dims[view.across].place
    cells = []
    for position, place in enumerate(places.tolist()):
        n = int(inside.trials[position])
        cell: list[Any] = [int(rows[place]), int(across[place]), n]
        if n >= FEWEST:
            cell += [None if np.isnan(value) else round(float(value), 6) for value in figures[position]]
            joined = "__".join([terms[0][cell[0]], terms[1][cell[1]]][:: -1 if flipped else 1])
            if view.slugs[place] != joined:
                cell.append(view.slugs[place])
        cells.append(cell)
    left_out = [len(dims[view.rows].cells) - len(shown_rows), width - len(shown_across)]
    clearest = float(np.nan_to_num(figures[inside.trials >= FEWEST, 5], nan=-1.0).max(initial=-1.0))
    return [view.rows, view.across, shown_rows, shown_across, cells, *left_out, int(flipped)], clearest


def _figures(view: View, places: np.ndarray, confidence: float) -> np.ndarray:
    """Return value, low, high, rest, difference and its interval of some cells: float64, shape (places, 7)."""
    inside, others = view.inside.take(places), view.others.take(places)
    others = others.only(others.trials >= FEWEST)
    low, high = inside.interval()
    exact = [cells.interval(confidence, exact=True) for cells in (inside, others)]
    lowest, highest = difference_interval(inside.value, exact[0], others.value, exact[1])
    return np.column_stack([inside.value, low, high, others.value, inside.value - others.value, lowest, highest])


def _worst(data: ScoredLabels, metric: str, cells: Cells, most: int) -> list[int]:
    """Return the codes of the worst values, worst first: by the end of their intervals that is nearer to good."""
    inside = estimates(data, metric, cells.codes, len(cells))
    low = np.where(inside.trials >= FEWEST, inside.interval()[0], -1.0)
    return np.lexsort((-inside.trials, -np.nan_to_num(low, nan=-1.0)))[:most].tolist()
