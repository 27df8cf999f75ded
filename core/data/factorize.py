"""Metadata columns as integer codes, one code a value or quartile, ready for counting by slice.

Which columns are sliced, and why the others are not:

- text and category columns with 2 to 50 values, a missing value being a cell of its own (where
  metadata is missing, labels are often worse);
- numbers with up to 12 values as categories (ratings, months), others in quarters: a slug such as
  ``age:q1`` keeps its name from run to run while the borders move with the data, and stands beside
  the real range. Equal values always fall into the same quarter;
- not: columns in which the scan found personal data or secrets, unless they are named; constants, nearly unique
  columns (ids), free text and copies of the sample's text, which would also send text to trackers, and nested values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .label_sets import encoded
from .samples import Samples
from .slugs import Predicate, describe
from .textless import comparable_texts

MAX_VALUES = 50
MAX_NUMBERS = 12
MAX_MEAN_LENGTH = 60
GLANCE = 10_000
DENSE = 4_000_000  # counts that are held at once rather than that keys are sorted
KEPT_CODES = 20_000_000  # that are kept with the samples: 8 bytes each
QUARTERS = (0.25, 0.5, 0.75)
ONE_VALUE = "it has only one value"
HIDDEN = "it holds personal data or secrets"


@dataclass(frozen=True)
class Cells:
    """A partition of the samples.

    Parameters
    ----------
    predicates
        What holds in each cell, as terms for slugs.
    described
        The same for people.
    codes
        The cell of each sample: int64, shape (n,), in ``range(len(predicates))``.
    """

    predicates: tuple[Predicate, ...]
    described: tuple[str, ...]
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.predicates)


def partitions(samples: Samples, *, but: Collection[str] = ()) -> tuple[dict[str, Cells], dict[str, str]]:
    """Partition the samples by every column that can be sliced.

    Parameters
    ----------
    but
        Columns whose values are not to be shown, as those of :func:`labelsift.data.hidden_texts.hidden_columns`.

    Returns
    -------
    cells, skipped
        Column → its cells; column → why it is not sliced. ``split`` counts as metadata.
    """
    cells: dict[str, Cells] = {}
    skipped: dict[str, str] = {}
    split, metadata = samples.column("split"), samples.metadata
    columns = {name: metadata[name] for name in metadata.column_names}
    for name, column in (columns if split is None else {"split": split, **columns}).items():
        if name in but:
            skipped[name] = HIDDEN
            continue
        result = samples.cells.get(name) or partition(name, column, texts=comparable_texts(samples)[0])
        if len(samples) * len(columns) <= KEPT_CODES:
            samples.cells[name] = result
        if isinstance(result, Cells):
            cells[name] = result
        else:
            skipped[name] = result
    return cells, skipped


def partition(name: str, column: pa.ChunkedArray, *, texts: pa.ChunkedArray) -> Cells | str:
    """Return the cells of one column, or the reason why it cannot be sliced."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return "its values are not plain values"
    if pa.types.is_null(column.type):
        return ONE_VALUE
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    if any(is_kind(column.type) for is_kind in numbers) and pc.count_distinct(column, mode="all").as_py() > MAX_NUMBERS:
        return _quarters(name, column)
    if pc.count_distinct(column.slice(0, GLANCE)).as_py() > MAX_VALUES:
        return f"it has more than {MAX_VALUES} values"
    values = column.cast(pa.string())
    coded = encoded(values, with_null=True)
    return _unfit(values, coded, texts) or _categories(name, coded)


def values_as_cells(name: str, values: pa.ChunkedArray) -> Cells:
    """Return a cell for every value of a column of strings, however many these are; a missing one comes last."""
    return _categories(name, encoded(values, with_null=True))


def cross(first: Cells, second: Cells) -> Cells:
    """Return the two-way cells that hold at least one sample."""
    keys = first.codes * len(second) + second.codes
    used, codes = occurring(keys, len(first) * len(second))
    pairs = [divmod(int(key), len(second)) for key in used]
    return Cells(
        tuple(first.predicates[a] + second.predicates[b] for a, b in pairs),
        tuple(f"{first.described[a]} and {second.described[b]}" for a, b in pairs),
        codes,
    )


def occurring(keys: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys that occur, sorted, and the position of each: as ``numpy.unique`` does, mostly without sorting.

    Parameters
    ----------
    keys
        int64, shape (n,), in ``range(size)``.
    """
    if size > max(DENSE, len(keys)):
        used, positions = np.unique(keys, return_inverse=True)
        return used, positions.astype(np.int64)
    present = np.bincount(keys, minlength=size) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[keys]


def _unfit(values: pa.ChunkedArray, coded: pa.DictionaryArray, texts: pa.ChunkedArray) -> str:
    distinct = len(coded.dictionary)
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        (ONE_VALUE, lambda: distinct < 2),
        (f"it has more than {MAX_VALUES} values", lambda: distinct > MAX_VALUES),
        ("its values are nearly unique", lambda: distinct * 2 > len(values)),
        ("it holds free text", lambda: _mean_length(coded) > MAX_MEAN_LENGTH),
        ("it repeats the samples' texts", lambda: pc.sum(pc.equal(values, texts)).as_py() * 2 > len(values)),
    )
    return next((reason for reason, holds in checks if holds()), "")


def _mean_length(coded: pa.DictionaryArray) -> float:
    """Return the mean length of the values that are there, in characters."""
    lengths = pc.utf8_length(coded.dictionary).take(coded.indices)
    return pc.mean(lengths).as_py() or 0


def _categories(name: str, coded: pa.DictionaryArray) -> Cells:
    values = coded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=lambda code: (values[code] is None, values[code] or ""))
    places = np.empty(len(values), dtype=np.int64)
    places[order] = np.arange(len(values))
    predicates = tuple(((name, values[code]),) for code in order)
    return Cells(predicates, tuple(map(describe, predicates)), places[coded.indices.to_numpy()])


def _quarters(name: str, column: pa.ChunkedArray) -> Cells | str:
    numbers = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    finite = np.isfinite(numbers)
    edges = np.unique(np.quantile(numbers[finite], QUARTERS)) if finite.any() else np.empty(0)
    raw = np.where(finite, np.searchsorted(edges, numbers, side="left"), len(edges) + 1)
    used, codes = np.unique(raw, return_inverse=True)
    if len(used) < 2:
        return "nearly all its values are equal"
    predicates: list[Predicate] = []
    described: list[str] = []
    for bin_ in used.tolist():
        missing = bin_ > len(edges)
        predicates.append(((name, None if missing else f"q{bin_ + 1}"),))
        described.append(f"{name} is missing" if missing else _range(name, edges, bin_))
    return Cells(tuple(predicates), tuple(described), codes.astype(np.int64))


def _range(name: str, edges: np.ndarray, bin_: int) -> str:
    if bin_ == 0:
        return f"{name} ≤ {edges[0]:g}"
    if bin_ == len(edges):
        return f"{name} > {edges[-1]:g}"
    return f"{edges[bin_ - 1]:g} < {name} ≤ {edges[bin_]:g}"
