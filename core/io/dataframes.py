"""Conversion of pandas, polars, Hugging Face and Arrow objects into Arrow tables of the wanted columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.class_names import scalar_text
from ..errors import InputError
from .column_roles import ColumnRoles
from .feature_names import named


def from_memory(source: Any, columns: ColumnRoles) -> pa.Table:  # noqa: ANN401 - any container
    """Return the columns of a container that are named.

    Raises
    ------
    InputError
        If it is no container that is known, or lacks a column.
    """
    module = type(source).__module__.partition(".")[0]
    if module == "pandas" and hasattr(source, "columns"):
        return _from_pandas(source, columns)
    if module == "datasets" and hasattr(source, "with_format") and hasattr(source, "select_columns"):
        return _from_hugging_face(source, columns)
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if not isinstance(source, pa.Table):
        source = _from_stream(source)
    return source.select(columns.present(source.column_names))


def first_rows(source: Any) -> pa.Table:  # noqa: ANN401 - any container
    """Return the first rows of what can be cut, all columns; no columns for anything else."""
    try:
        if type(source).__module__.startswith("pandas"):
            return pa.Table.from_pandas(source.iloc[:1_000], preserve_index=False)
        return (pa.table(source) if hasattr(source, "__arrow_c_stream__") else source.with_format("arrow")[:1_000])[
            :1_000
        ]
    except (pa.ArrowException, TypeError, ValueError, AttributeError, OverflowError):
        return pa.table({})


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


def _from_pandas(frame: Any, columns: ColumnRoles) -> pa.Table:  # noqa: ANN401
    """Return the columns of a data frame; its index goes by its name, or ``index``, where no column is called so."""
    names = [str(name) for name in frame.columns]
    levels = {str(name or "index"): level for level, name in enumerate(frame.index.names)}
    levels = {name: level for name, level in levels.items() if name not in names}
    try:
        present = columns.present([*names, *(name for name in levels if name in columns.names)])
    except InputError as error:
        hint = f"Its index may be named, too: {', '.join(levels)}" if levels else ""
        raise InputError(error.what, ids=error.ids, hint=f"{error.hint}. {hint}".strip(". ")) from None
    values = {
        name: frame.index.get_level_values(levels[name]).to_series()
        if name not in names
        else frame.iloc[:, names.index(name)]
        for name in present
    }
    roles = columns.as_text | columns.as_json
    return pa.table({name: _pandas_column(column, name=name, role=name in roles) for name, column in values.items()})


def _pandas_column(column: Any, *, name: str, role: bool) -> pa.Array | pa.ChunkedArray:  # noqa: ANN401
    """Return a column; what two kinds of numbers write differently, 2 and 2.0, 1 and True, is one value."""
    if str(column.dtype).startswith("Sparse"):
        column = column.sparse.to_dense()
    inner = getattr(column.dtype, "categories", column).dtype
    if str(inner).startswith(("complex", "interval", "period")):
        if role:
            raise InputError(
                f"The column {name} holds {inner}, not text", hint="Turn it into strings before reading: .astype(str)"
            )
        column = column.astype(str)
    if column.dtype == object:
        kinds = set(map(type, column))
        if kinds & {bool, np.bool_} and any(issubclass(kind, (int, float, np.number)) for kind in kinds - {bool}):
            column = column.map(lambda value: int(value) if isinstance(value, (bool, np.bool_)) else value)
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError, ValueError, TypeError):  # numbers and texts in one column, or in one list
        missing = column.isna().to_numpy()
        texts = [None if absent else _written(value) for value, absent in zip(column, missing, strict=True)]
        try:
            return pa.array(texts, pa.string())
        except UnicodeEncodeError:
            rows = [row for row, text in enumerate(texts, 1) if text is not None and not _encodable(text)]
            raise InputError(
                f"The column {name} holds halves of surrogate pairs, which are no characters, in row",
                ids=rows,
                hint="Take them out: .str.encode('utf-8', 'ignore').str.decode('utf-8')",
            ) from None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _written(value: Any) -> str:  # noqa: ANN401
    """Write one cell: lists and objects as JSON, with numpy's numbers and arrays as plain ones."""
    if not isinstance(value, (list, tuple, dict)):
        return scalar_text(value)
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
    return named(table, dataset.features.arrow_schema)
