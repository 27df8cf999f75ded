"""Codes of labels: names or whole numbers → positions of the columns of pred_probs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError


def codes_and_names(labels: Any, classes: Sequence[object] | None, columns: int) -> tuple[np.ndarray, pa.Array]:  # noqa: ANN401
    """Return the column of each label (int32, -1 = none), and the name of each column.

    Parameters
    ----------
    labels
        A list, an array of numpy or Arrow, a Series. Whole numbers are columns, unless classes are numbers too.
    classes
        The class of each column; without it the sorted labels, or the columns' numbers if the labels are numbers.
    columns
        How many there are.

    >>> codes_and_names(["b", None, "a"], None, 2)[0].tolist(), codes_and_names([1, -1, 0], ["x", "y"], 2)[0].tolist()
    ([1, -1, 0], [1, -1, 0])
    """
    values = _array(labels)
    names = None if classes is None else _named(classes, columns)
    numbers = pa.types.is_integer(values.type) or pa.types.is_boolean(values.type) or pa.types.is_null(values.type)
    if numbers and (names is None or not pa.types.is_integer(names.type)):
        codes = _as_columns(values.cast(pa.int64()), columns)
        return codes, names if names is not None else pa.array(np.arange(columns))
    if names is None:
        names = pc.unique(values).drop_null().sort()
        if len(names) != columns:
            raise InputError(
                f"pred_probs has {columns} columns, but there are {len(names)} different labels",
                hint="Name the class of each column (classes=…)",
            )
    texts = values.cast(pa.string())  # of numbers too: as JSON and csv have them
    codes = pc.index_in(texts, value_set=names.cast(pa.string()))
    unknown = pc.unique(texts.filter(pc.and_(pc.is_valid(texts), pc.is_null(codes))))
    if len(unknown):
        raise InputError(
            "Labels are not among the classes of pred_probs",
            ids=unknown.to_pylist(),
            hint="Correct the spelling of the classes, or of the labels",
        )
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32), names


def _array(labels: Any) -> pa.Array:  # noqa: ANN401
    try:
        values = labels if isinstance(labels, pa.Array | pa.ChunkedArray) else pa.array(labels, from_pandas=True)
        values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if isinstance(values, pa.ChunkedArray):
            values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        numeric = pa.types.is_floating(values.type) or pa.types.is_integer(values.type)
        supported = numeric or pa.types.is_boolean(values.type) or pa.types.is_null(values.type)
        return values.cast(pa.int64() if numeric else values.type if supported else pa.string())
    except (ValueError, TypeError, NotImplementedError) as error:  # pyarrow's own errors are among them
        raise InputError(
            f"The labels are neither names nor whole numbers ({error})", hint="Give one a sample"
        ) from None


def _named(classes: Sequence[object], columns: int) -> pa.Array:
    whole = all(isinstance(name, int | np.integer) and not isinstance(name, bool) for name in classes)
    names = pa.array([int(str(name)) for name in classes]) if whole else pa.array([str(name) for name in classes])
    if len(names) != columns:
        raise InputError(
            f"pred_probs has {columns} columns, but {len(names)} classes are named",
            hint="Name one class a column, in the order of the columns",
        )
    if len(pc.unique(names)) != len(names):
        counts = pc.value_counts(names)
        repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
        raise InputError("Some classes are named twice", ids=repeated, hint="Name each class once")
    return names


def _as_columns(values: pa.Array, columns: int) -> np.ndarray:
    codes = values.fill_null(-1).to_numpy(zero_copy_only=False)
    outside = np.flatnonzero((codes < -1) | (codes >= columns))
    if len(outside):
        raise InputError(
            f"Labels are no columns of pred_probs, which are 0 to {columns - 1}",
            ids=[f"{codes[row]} (row {row})" for row in outside[:6].tolist()],
            hint="Number the labels like the columns, or name the class of each column (classes=…)",
        )
    return codes.astype(np.int32)
