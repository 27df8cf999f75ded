"""Conversion of pandas, polars, Hugging Face and Arrow objects into Arrow tables of the wanted columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import InputError
from .column_roles import ColumnRoles


def from_memory(source: Any, columns: ColumnRoles) -> pa.Table:  # noqa: ANN401 - any container
    """Return the columns of a container that are named.

    Raises
    ------
    InputError
        If it is no container that is known, or lacks a column.
    """
    module = type(source).__module__.partition(".")[0]
    if module == "pandas" and hasattr(source, "columns"):
        names = [str(name) for name in source.columns]
        return pa.table({name: _pandas_column(source.iloc[:, names.index(name)]) for name in columns.present(names)})
    if module == "datasets" and hasattr(source, "with_format") and hasattr(source, "select_columns"):
        return _from_hugging_face(source, columns)
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if not isinstance(source, pa.Table):
        source = _from_stream(source)
    return source.select(columns.present(source.column_names))


def _from_stream(source: Any) -> pa.Table:  # noqa: ANN401
    if hasattr(source, "__arrow_c_stream__"):
        try:
            return pa.table(source)
        except (pa.ArrowInvalid, TypeError):  # a single column, for example
            pass
    raise InputError(
        f"Samples cannot be read from {type(source).__name__}",
        hint="Give a path, a pandas or polars data frame, an Arrow table or a Hugging Face Dataset "
        "(of a DatasetDict, name one split: dataset['train'])",
    )


def _pandas_column(column: Any) -> pa.Array | pa.ChunkedArray:  # noqa: ANN401
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers and texts in one column, or in one list
        missing = column.isna().to_numpy()
        texts = [None if absent else _written(value) for value, absent in zip(column, missing, strict=True)]
        return pa.array(texts, pa.string())


def _written(value: Any) -> str:  # noqa: ANN401
    """Write one cell: lists and objects as JSON, with numpy's numbers and arrays as plain ones."""
    if not isinstance(value, (list, tuple, dict)):
        return str(value)
    return json.dumps(
        value, ensure_ascii=False, default=lambda cell: cell.tolist() if hasattr(cell, "tolist") else str(cell)
    )


def _from_hugging_face(dataset: Any, columns: ColumnRoles) -> pa.Table:  # noqa: ANN401
    if not isinstance(getattr(dataset, "column_names", None), list):  # a DatasetDict has them by split
        raise InputError(
            "A DatasetDict holds several data sets", ids=list(dataset), hint="Name one split: dataset['train']"
        )
    present = columns.present(dataset.column_names)
    if not hasattr(dataset, "__len__"):
        raise InputError("An IterableDataset cannot be read at random", hint="Load the data set without streaming")
    # A data set that was shuffled or filtered holds an index map, which only formatting resolves.
    table = dataset.select_columns(present).with_format("arrow")[:]
    for position, name in enumerate(table.column_names):
        names = getattr(dataset.features[name], "names", None)
        if names is not None:  # a ClassLabel: numbers that stand for names, -1 for no label
            table = table.set_column(position, name, _class_names(table[name], names))
    return table


def _class_names(codes: pa.ChunkedArray, names: Sequence[str]) -> pa.ChunkedArray:
    pieces = []
    for chunk in codes.chunks:
        numbers = chunk.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        pieces.append(pa.array(names, pa.string()).take(pa.array(numbers, mask=numbers < 0)))
    return pa.chunked_array(pieces, pa.string())
