"""Tables of probabilities, a column a class: data frames, csv and wide parquet files, with their names and ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data.class_names import scalar_text
from ..errors import InputError


@dataclass(frozen=True)
class Framed:
    """What a table says.

    Parameters
    ----------
    values
        float32, shape (rows, classes).
    classes, ids
        The columns' names and the index; None where they only count from 0.
    """

    values: np.ndarray
    classes: list[str] | None
    ids: list[str] | None


def framed(source: Any) -> Framed | None:  # noqa: ANN401 - whatever holds probabilities
    """Return what a data frame, an Arrow table, a csv file or a parquet file without lists says; None for all else.

    The ids are the index of pandas, or a column called ``id``, or the only one that holds no numbers.

    Raises
    ------
    InputError
        For columns that hold no numbers, and a file that cannot be read.
    """
    import pyarrow as pa

    if isinstance(source, str | Path):
        table = _table(str(source))
        return None if table is None else _of_table(table)
    if type(source).__module__.startswith("pandas") and hasattr(source, "columns"):
        names = [scalar_text(name) for name in source.columns]
        columns = [source.iloc[:, place].to_numpy() for place in range(len(names))]
        index = None if _counts(source.index) else [scalar_text(value) for value in source.index]
        return _framed(dict(zip(names, columns, strict=True)), index)
    if hasattr(source, "__arrow_c_stream__") and hasattr(source, "columns"):
        return _of_table(pa.table(source))
    return None


def _table(path: str) -> Any:  # noqa: ANN401 - an Arrow table
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        if path.endswith((".csv", ".tsv")):
            return csv.read_csv(path, parse_options=csv.ParseOptions(delimiter="\t" if path.endswith("tsv") else ","))
        if not path.endswith((".parquet", ".pq")):
            return None
        schema = parquet.read_schema(path)
        wide = sum(pa.types.is_floating(kind) for kind in schema.types) > 1
        return parquet.read_table(path) if wide and not any(map(pa.types.is_nested, schema.types)) else None
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path} cannot be read ({str(error).partition(chr(10))[0]})", hint="Name another file"
        ) from None


def _of_table(table: Any) -> Framed:  # noqa: ANN401
    names = [name for name in table.column_names if not name.startswith("__index_level_")]
    columns = {name or "index": table[name].to_numpy() for name in names}
    index = next((table[name] for name in table.column_names if name.startswith("__index_level_")), None)
    return _framed(columns, None if index is None else [scalar_text(value) for value in index.to_pylist()])


def _framed(columns: dict[str, np.ndarray], index: list[str] | None) -> Framed:
    words = [name for name, column in columns.items() if column.dtype.kind not in "fiub"]
    named = [name for name in columns if name.lower() == "id"] or (words if len(words) == 1 else [])
    if named and index is None:
        index = [scalar_text(value) for value in columns[named[0]]]
    classes = [name for name in columns if name not in named]
    odd = [name for name in classes if name in words]
    if odd or not classes:
        raise InputError(
            "Columns of pred_probs hold no numbers", ids=odd, hint="Give one column a class, and the ids as id or index"
        )
    values = np.column_stack([columns[name].astype(np.float32) for name in classes])
    return Framed(values, None if _counts(classes) else classes, index)


def _counts(names: Any) -> bool:  # noqa: ANN401 - an index or a list of names
    """Tell whether names are no more than the numbers from 0 on."""
    return [scalar_text(name) for name in names] == [str(number) for number in range(len(names))]
