"""Cells that a run is sliced into: by metadata columns, the split, given and predicted labels, and each two of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..data.factorize import Cells, cross, partitions, values_as_cells
from ..data.hidden_texts import hidden_columns
from ..data.slugs import slugs
from ..errors import InputError

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..store.run import Run

LABELS = ("label", "predicted")  # sliced where they are named; a metadata column of that name goes before


@dataclass(frozen=True)
class NamedCells:
    """A partition of the samples, and the columns that it is made of."""

    columns: tuple[str, ...]
    cells: Cells


def cells_by(run: Run, by: Sequence[str] | None) -> list[NamedCells]:
    """Return the partitions by each of some columns and by each pair of them.

    Parameters
    ----------
    by
        Metadata columns, ``split``, ``label`` (the given one) or ``predicted``. None: every column that can be sliced,
        but ``label`` and ``predicted``, and no pairs.

    Raises
    ------
    InputError
        For an unknown column, and for one that cannot be sliced.
    """
    columns, skipped = partitions(run.samples, but=hidden_columns(run.facts) - set(by or ()))
    if by is None:
        return [NamedCells((name,), cells) for name, cells in columns.items()]
    chosen = [NamedCells((name,), _column(run.samples, name, columns, skipped)) for name in dict.fromkeys(by)]
    pairs = combinations(chosen, 2)
    return chosen + [NamedCells((*a.columns, *b.columns), cross(a.cells, b.cells)) for a, b in pairs]


def cells_of_slug(samples: Samples, slug: str) -> list[Cells]:
    """Return the partitions that a slug may name a cell of: by one column or, where it has two terms, by two."""
    columns = partitions(samples)[0]
    columns |= {name: cells for name, cells in _labels(samples).items() if name not in columns}
    cells = list(columns.values())
    if "__" in slug:
        cells += [cross(first, second) for first, second in combinations(cells, 2)]
    return cells


def slice_ids(run: Run, slug: str) -> list[str]:
    """Return the ids of a slice's samples by its slug, of one column or two.

    Raises
    ------
    InputError
        If there is no such slice.
    """
    cells = cells_of_slug(run.samples, slug)
    names = slugs([predicate for partition in cells for predicate in partition.predicates])
    if slug not in names:
        some = ", ".join(names[:5])
        hint = f"There are {some} …; see report.slices()" if some else "Scan with --meta: this run has no slices"
        raise InputError("The run has no such slice", ids=[slug], hint=hint)
    codes = [(partition, code) for partition in cells for code in range(len(partition))]
    partition, code = codes[names.index(slug)]
    return run.samples.ids.take(np.flatnonzero(partition.codes == code)).to_pylist()


def _column(samples: Samples, name: str, columns: dict[str, Cells], skipped: dict[str, str]) -> Cells:
    if name in columns:
        return columns[name]
    if name in LABELS and name not in skipped:
        labels = _labels(samples)
        if name in labels:
            return labels[name]
        if samples.task != "classification":
            raise InputError(
                f"{name} cannot be sliced: a sample may have several",
                hint="Name one class instead: metric='f1', label='…'",
            )
        raise InputError(f"The data has no {name} to slice by", hint=f"Slice by {_names(columns)}")
    if name in skipped:
        raise InputError(f"{name} cannot be sliced: {skipped[name]}", hint=f"Slice by {_names(columns)}")
    near = difflib.get_close_matches(name, [*columns, *skipped], n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Slice by {_names(columns)}"
    raise InputError(f"There is no metadata column called {name}", hint=hint)


def _labels(samples: Samples) -> dict[str, Cells]:
    """Return the partitions by the given and the predicted label, of single labels."""
    if samples.task != "classification":
        return {}
    columns = {name: samples.column(name) for name in LABELS}
    return {name: values_as_cells(name, column) for name, column in columns.items() if column is not None}


def _names(cells: dict[str, Cells]) -> str:
    return ", ".join(cells) or "a column with 2 to 50 values (name it as metadata when reading)"
