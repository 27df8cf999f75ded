"""Slices of a run: tables of their metrics, and one slice by its slug."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ..data.factorize import Cells, cross, partitions
from ..data.hidden_texts import hidden_columns
from ..data.slugs import slugs
from ..errors import InputError
from .slice_metrics import cell_metrics, scored_labels

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..store.run import Run

METRICS = ("label_issue_rate", "accuracy", "f1", "weighted_f1")
RATES = ("label_issue_rate", "accuracy")


def slices_table(run: Run, *, by: Sequence[str] | None = None, metric: str = "label_issue_rate") -> pa.Table:
    """Return one metric of every slice, worst first.

    Parameters
    ----------
    by
        Metadata columns (or ``split``); two or more also give the two-way slices of each pair. None
        takes every column that can be sliced, one way.
    metric
        ``label_issue_rate``, ``accuracy``, ``f1`` (macro) or ``weighted_f1``; the last three are of
        the predicted column, else of the proxy model.

    Returns
    -------
    pyarrow.Table
        ``slug, predicate, n, value, low, high``: ``n`` samples; ``low`` and ``high`` are the 95 %
        Wilson interval of a rate, null for F1. Rates are sorted by the end of the interval that is
        nearer to good, so that a slice of two samples does not head the table.

    Raises
    ------
    InputError
        For an unknown column or metric, and for a column that cannot be sliced.
    """
    if metric not in METRICS:
        raise InputError(f"There is no slice metric called {metric}", hint=f"Use one of {', '.join(METRICS)}")
    cells = _cells_by(run, by)
    if by is not None:
        cells += [cross(first, second) for first, second in combinations(cells, 2)]
    table = full_table(run, cells)
    none = pa.nulls(len(table), pa.float64())
    low, high = (table[f"{metric}_{end}"] if metric in RATES else none for end in ("low", "high"))
    slices = table.select(["slug", "predicate", "n"])
    for name, column in (("value", table[metric]), ("low", low), ("high", high)):
        slices = slices.append_column(name, column)
    return slices.take(pa.array(worst_first(table, metric)))


def full_table(run: Run, cells: Sequence[Cells]) -> pa.Table:
    """Return every metric of the given cells: slug, predicate and the columns of ``cell_metrics``.

    What could not be counted is null.
    """
    data = scored_labels(run)
    metrics = [cell_metrics(data, partition.codes, len(partition)) for partition in cells]
    examples = cell_metrics(data, np.zeros(len(data.given), dtype=np.int64), 1)
    columns = {
        "slug": pa.array(slugs([predicate for partition in cells for predicate in partition.predicates]), pa.string()),
        "predicate": pa.array([text for partition in cells for text in partition.described], pa.string()),
    }
    for name, example in examples.items():
        values = np.concatenate([values[name] for values in metrics]) if metrics else example[:0]
        columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def slice_row(run: Run, slug: str) -> dict[str, Any] | None:
    """Return the metrics of a slice by its slug, of one column or two; None where there is no such slice."""
    cells = _cells_of_slug(run.samples, slug)
    if not cells:
        return None
    return next((row for row in full_table(run, cells).to_pylist() if row["slug"] == slug), None)


def slice_ids(run: Run, slug: str) -> list[str]:
    """Return the ids of a slice's samples by its slug, of one column or two.

    Raises
    ------
    InputError
        If there is no such slice.
    """
    cells = _cells_of_slug(run.samples, slug)
    names = slugs([predicate for partition in cells for predicate in partition.predicates])
    if slug not in names:
        some = ", ".join(names[:5])
        hint = f"There are {some} …; see report.slices()" if some else "Scan with --meta: this run has no slices"
        raise InputError("The run has no such slice", ids=[slug], hint=hint)
    codes = [(partition, code) for partition in cells for code in range(len(partition))]
    partition, code = codes[names.index(slug)]
    return run.samples.ids.take(np.flatnonzero(partition.codes == code)).to_pylist()


def worst_first(table: pa.Table, metric: str) -> np.ndarray:
    """Return the order of the slices, worst first; those without a value last. int64, shape (slices,)."""
    bad_is_high = metric == "label_issue_rate"
    name = f"{metric}_{'low' if bad_is_high else 'high'}" if metric in RATES else metric
    values = table[name].to_numpy().astype(float)
    key = np.where(np.isnan(values), np.inf, -values if bad_is_high else values)
    return np.lexsort((-table["n"].to_numpy(), key))


def _cells_by(run: Run, by: Sequence[str] | None) -> list[Cells]:
    cells, skipped = partitions(run.samples, but=hidden_columns(run.facts) - set(by or ()))
    if by is None:
        return list(cells.values())
    for name in by:
        if name in skipped:
            raise InputError(f"{name} cannot be sliced: {skipped[name]}", hint=f"Slice by {_names(cells)}")
        if name not in cells:
            near = difflib.get_close_matches(name, [*cells, *skipped], n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Slice by {_names(cells)}"
            raise InputError(f"There is no metadata column called {name}", hint=hint)
    return [cells[name] for name in dict.fromkeys(by)]


def _names(cells: dict[str, Cells]) -> str:
    return ", ".join(cells) or "a column with 2 to 50 values (name it as metadata when reading)"


def _cells_of_slug(samples: Samples, slug: str) -> list[Cells]:
    """Return the partitions that a slug may name a cell of: by one column or, where it has two terms, by two."""
    cells = list(partitions(samples)[0].values())
    if "__" in slug:
        cells += [cross(first, second) for first, second in combinations(cells, 2)]
    return cells
