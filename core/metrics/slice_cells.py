"""Cells that a run is sliced into: by metadata columns, the split, given and predicted labels, and each two of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..data.factorize import Cells, cross, partition, partitions, values_as_cells
from ..data.hidden_texts import hidden_columns
from ..data.slugs import slug, slugs
from ..data.textless import comparable_texts
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


def cells_of_slug(samples: Samples, wanted: str) -> list[Cells]:
    """Return the partitions that a slug may name a cell of: by one column or, where it has two terms, by two.

    Only columns that a term of the slug begins with are parted: of many columns all pairs would take minutes.
    """
    starts = {term.partition(":")[0].casefold() for term in wanted.split("__")}
    cells = {
        name: made
        for name, column in _columns(samples).items()
        if _start(name) in starts and isinstance(made := partition(name, column, texts=_texts(samples)), Cells)
    }
    if starts & set(LABELS):
        cells |= {name: made for name, made in labels_as_cells(samples).items() if name not in cells}
    chosen = list(cells.values())
    if "__" in wanted:
        chosen += [cross(first, second) for first, second in permutations(chosen, 2)]  # terms stand as they were asked
    return chosen


def cell_mask(samples: Samples, wanted: str) -> tuple[np.ndarray, str]:
    """Return which samples are in the slice of a slug (bool, shape (n,)), and what holds there, for people.

    Raises
    ------
    InputError
        If there is no such slice.
    """
    chosen = cells_of_slug(samples, wanted)
    # Names that differ only in upper and lower case get a hash, in a table of several columns or of one.
    together = slugs([predicate for cells in chosen for predicate in cells.predicates])
    for cells in chosen:
        own, together = together[: len(cells)], together[len(cells) :]
        for names in (own, slugs(list(cells.predicates))):
            if wanted in names:
                code = names.index(wanted)
                return cells.codes == code, cells.described[code]
    raise InputError("The run has no such slice", ids=[wanted], hint=_hint(samples))


def slice_ids(run: Run, wanted: str) -> list[str]:
    """Return the ids of a slice's samples by its slug, of one column or two.

    Raises
    ------
    InputError
        If there is no such slice.
    """
    return run.samples.ids.filter(pa.array(cell_mask(run.samples, wanted)[0])).to_pylist()


def labels_as_cells(samples: Samples) -> dict[str, Cells]:
    """Return the partitions by the given and the predicted label, of single labels."""
    if samples.task != "classification":
        return {}
    columns = {name: samples.column(name) for name in LABELS}
    return {name: values_as_cells(name, column) for name, column in columns.items() if column is not None}


def _column(samples: Samples, name: str, columns: dict[str, Cells], skipped: dict[str, str]) -> Cells:
    if name in columns:
        return columns[name]
    if name in LABELS and name not in skipped:
        labels = labels_as_cells(samples)
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


def _names(cells: dict[str, Cells]) -> str:
    return ", ".join(cells) or "a column with 2 to 50 values (name it as metadata when reading)"


def _columns(samples: Samples) -> dict[str, pa.ChunkedArray]:
    split, metadata = samples.column("split"), samples.metadata
    columns = {} if split is None else {"split": split}
    return columns | {name: metadata[name] for name in metadata.column_names}


def _texts(samples: Samples) -> pa.ChunkedArray:
    return comparable_texts(samples)[0]


def _start(column: str) -> str:
    return slug(((column, "x"),)).partition(":")[0].casefold()


def _hint(samples: Samples) -> str:
    for name, column in _columns(samples).items():
        if isinstance(made := partition(name, column, texts=_texts(samples)), Cells):
            some = ", ".join(slugs(list(made.predicates))[:5])
            return f"There are {some} …; see labelsift slices"
    return "Scan with --meta: this run has no slices"
