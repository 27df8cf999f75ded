"""Sources of pred_probs, read block by block: arrays, memory maps, top-k; and what makes a row no probabilities.

A source has a ``shape`` (samples, classes) and ``blocks()``, which goes through the rows from the first to the last.
A block is small enough for the processor's cache, so that a second look at it costs little.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..errors import InputError
from .confident_learning import row_totals

ROUNDING = 0.01  # how far a row of probabilities may be from one: float16 outputs and printed decimals
VALUES_AT_ONCE = 2**18
_ROWS_AT_ONCE = 2**14
_LET_GO = 2**23  # bytes of a memory map that are read before their pages are let go

FAULTS = {  # what :func:`row_faults` finds, by number
    1: "hold NaN or infinity",
    2: "are negative",
    3: "do not sum to one",
    4: "name classes that do not exist",
    5: "name a class twice",
}


class Block(NamedTuple):
    """Some rows of a source.

    Parameters
    ----------
    rows
        Which ones.
    values
        float32, shape (m, classes), or the kept ones of top-k, shape (m, k).
    indices
        int32, shape (m, k): the classes of the kept values, -1 = nothing kept here; None = all classes are there.
    """

    rows: slice
    values: np.ndarray
    indices: np.ndarray | None = None

    def dense(self, classes: int) -> np.ndarray:
        """Return all probabilities, float32, shape (m, classes); classes that were not kept share the rest evenly."""
        if self.indices is None:
            return self.values
        kept = self.indices >= 0
        values = np.where(kept, np.maximum(self.values, 0), 0)
        least = np.where(kept, values, np.inf).min(axis=1, initial=np.inf)
        rest = np.maximum(1 - values.sum(axis=1, dtype=np.float64), 0) / np.maximum(classes - kept.sum(axis=1), 1)
        block = np.repeat(np.minimum(rest, least).astype(np.float32)[:, None], classes, axis=1)
        block[~kept.any(axis=1)] = np.nan
        row, column = np.nonzero(kept)
        block[row, self.indices[row, column]] = values[row, column]
        return block


@runtime_checkable
class Probabilities(Protocol):
    """A source of class probabilities."""

    @property
    def shape(self) -> tuple[int, int]:
        """(samples, classes)."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Go through all rows in their order; can be called again."""
        ...


@dataclass(frozen=True)
class TopK:
    """The k likeliest classes of each sample, for models with many classes.

    Parameters
    ----------
    indices
        Integers, shape (samples, k): columns of the classes; -1 where fewer were kept.
    values
        Their probabilities, shape (samples, k), as the model gave them: not scaled to sum to one.
    classes
        The number of all classes.
    """

    indices: np.ndarray
    values: np.ndarray
    classes: int

    def __post_init__(self) -> None:
        for name in ("indices", "values"):
            object.__setattr__(self, name, np.asanyarray(getattr(self, name)))  # lists and tensors too
        if np.ndim(self.indices) != 2 or np.shape(self.indices) != np.shape(self.values):
            raise InputError(
                f"The indices of the top-k probabilities have the shape {np.shape(self.indices)}, "
                f"the values {np.shape(self.values)}",
                hint="Both must be (samples, k)",
            )
        if self.indices.dtype.kind not in "iu" or self.values.dtype.kind != "f":
            raise InputError("Top-k probabilities are integers and floats", hint="Give indices first, then values")

    @property
    def shape(self) -> tuple[int, int]:
        """(samples, classes)."""
        return len(self.indices), self.classes

    def blocks(self) -> Iterator[Block]:
        """Go through all rows in their order."""
        for rows in slices(len(self.indices), self.indices.shape[1]):
            values = np.asarray(self.values[rows], dtype=np.float32)
            yield Block(rows, values, np.asarray(self.indices[rows], dtype=np.int32))


@dataclass(frozen=True)
class Dense:
    """An array or a memory map of all probabilities, shape (samples, classes), of any type of numbers."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(samples, classes)."""
        return self.array.shape[0], self.array.shape[1]

    def blocks(self) -> Iterator[Block]:
        """Go through all rows in their order."""
        step = max(1, _LET_GO // max(self.array.itemsize * self.shape[1], 1))
        gone = 0
        for rows in slices(*self.shape):
            yield Block(rows, np.ascontiguousarray(self.array[rows], dtype=np.float32))
            if rows.stop - gone >= step:
                _let_go(self.array)
                gone = rows.stop


def _let_go(array: np.ndarray) -> None:
    """Let go of the pages of a memory map that were read; they stay in the system's cache while there is room."""
    mapped = getattr(array, "_mmap", None)
    if getattr(array, "mode", "") != "r" or not hasattr(mmap, "MADV_DONTNEED"):
        return  # what was written to a map may be nowhere else
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_DONTNEED)


def slices(n: int, width: int) -> Iterator[slice]:
    """Part n rows into blocks of bounded size."""
    step = max(1, min(VALUES_AT_ONCE // max(width, 1), _ROWS_AT_ONCE))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def checked(source: Probabilities, ids: Callable[[np.ndarray], Sequence[object]] | None = None) -> Iterator[Block]:
    """Go through the blocks of a source, and refuse rows that are no probabilities.

    Parameters
    ----------
    ids
        Gives the names of rows, positions in the source; by default they are named by their numbers, from 0.

    Raises
    ------
    InputError
        NaN or infinity, negative values, sums that are not one by more than ``ROUNDING``, or impossible indices.
    """
    name = ids or (lambda rows: rows.tolist())
    for block in source.blocks():
        require_probabilities(block, source.shape[1], lambda rows, start=block.rows.start: name(rows + start))
        yield block


def require_probabilities(block: Block, classes: int, ids: Callable[[np.ndarray], Sequence[object]]) -> None:
    """Refuse a block of which some rows are no probabilities; ``ids`` names rows of the block."""
    faults = row_faults(block.values, rounding=ROUNDING, indices=block.indices, classes=classes)
    if not faults.any():
        return
    problem = int(faults[faults > 0].min())
    rows = np.flatnonzero(faults == problem)
    known = {1: "Predict them again", 4: "Number the classes from 0", 5: "Name each class once a row"}
    raise InputError(
        f"The probabilities of these samples {FAULTS[problem]}",
        ids=ids(rows),
        hint=known.get(problem) or cure_of(block.values[rows].astype(np.float64)),
    )


def cure_of(values: np.ndarray) -> str:
    """Say what rows are that are no probabilities, and how they become some.

    Parameters
    ----------
    values
        Finite numbers, shape (m, classes).

    >>> cure_of(np.array([[70.0, 30.0]]))
    'These are percentages: divide them by 100'
    >>> cure_of(np.log([[0.7, 0.3]]))
    'These are logarithms of probabilities: apply exp'
    """
    sums = values.sum(axis=1)
    if (values >= 0).all() and (np.abs(sums - 100) <= 2).all():
        return "These are percentages: divide them by 100"
    if (values <= 0).all() and (np.abs(np.exp(values).sum(axis=1) - 1) <= ROUNDING).all():
        return "These are logarithms of probabilities: apply exp"
    if (values >= 0).all() and (values <= 1).all():
        return (
            "Each is a probability, but not one of one choice among all classes: name them all, and divide by the sums"
        )
    if (values >= 0).all() and (values == np.round(values)).all():
        return "These are counts or votes: divide each row by its sum"
    return "Give probabilities, not logits: apply a softmax"


def row_faults(
    values: np.ndarray, *, rounding: float, indices: np.ndarray | None = None, classes: int = 0
) -> np.ndarray:
    """Tell what is wrong with each row: uint8, shape (m,), 0 or a key of ``FAULTS``.

    Parameters
    ----------
    values
        float32 probabilities, shape (m, classes), or the kept ones, shape (m, k), if ``indices`` are given.
    rounding
        How far a sum may be from one, and a value below zero.
    indices, classes
        Of top-k probabilities, whose rows may sum to less than one.
    """
    if indices is not None and indices.min(initial=0) < 0:
        values = np.where(indices >= 0, values, np.float32(0))
    faults = np.zeros(len(values), dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        totals = row_totals(values)
        faults[(totals > 1 + rounding) | ((totals < 1 - rounding) & (indices is None))] = 3
        if not values.min(initial=0) >= -rounding:  # one number for all rows is found much faster than one a row
            faults[(values < -rounding).any(axis=1)] = 2
        faults[~np.isfinite(totals)] = 1
    if indices is not None:
        ordered = np.sort(indices, axis=1)
        repeated = ordered[:, 1:] == ordered[:, :-1]
        if repeated.any():
            faults[(repeated & (ordered[:, 1:] >= 0)).any(axis=1)] = 5
        if indices.size and (indices.max() >= classes or indices.min() < -1):
            faults[((indices >= classes) | (indices < -1)).any(axis=1)] = 4
    return faults
