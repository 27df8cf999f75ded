"""One door for every container: files, URLs, data frames and data sets become Samples.

Only the columns that were named are read, and Arrow's buffers are kept as they are, so that a large
file never stands in memory twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from . import files
from .errors import InputError
from .samples import Samples, text_ids

if TYPE_CHECKING:
    Source = str | os.PathLike[str] | Any


def read(
    source: Source,
    *,
    text: str = "text",
    label: str | None = None,
    id: str | None = None,
    split: str | None = None,
    predicted: str | None = None,
    metadata: Sequence[str] = (),
    encoding: str = "utf-8",
    name: str | None = None,
) -> Samples:
    """Read samples from a file, a URL, a data frame or a data set.

    Parameters
    ----------
    source
        A path or URL of a csv, tsv, jsonl or parquet file (plain or compressed), or a pandas,
        polars, Arrow or Hugging Face object; anything that speaks Arrow's C stream interface.
    text, label, id, split, predicted
        The columns that hold each role. Without ``id`` the id is a hash of the text.
        A missing label (null or blank) means unlabeled.
    metadata
        Further columns to keep, for slices and for the people who review.
    encoding
        Of csv and tsv files.
    name
        What to call the data set; the file's stem by default.

    Raises
    ------
    InputError
        Missing columns, an empty file, undecodable bytes, ids that are missing or repeated:
        with the rows concerned and the cure.

    Examples
    --------
    >>> import pyarrow as pa
    >>> samples = read(pa.table({"text": ["a", "b"], "intent": ["x", None]}), label="intent")
    >>> len(samples), samples.classes
    (2, ('x',))
    """
    roles = {"id": id, "text": text, "label": label, "split": split, "predicted": predicted}
    wanted = list(dict.fromkeys([*(column for column in roles.values() if column), *metadata]))
    if isinstance(source, (str, os.PathLike)):
        table = files.read_columns(os.fspath(source), wanted, as_text=_text_columns(roles), encoding=encoding)
        name = name or files.stem(os.fspath(source))
    else:
        table = _in_memory(source)
        files.require(table.column_names, wanted)
        table = table.select(wanted)
    if not table.num_rows:
        raise InputError(f"{name or 'The data'} holds no rows", cure="Give a file with a header and rows")
    return _samples(table, roles, metadata, name=name or "samples")


def _text_columns(roles: dict[str, str | None]) -> frozenset[str]:
    return frozenset(column for column in roles.values() if column)


def _in_memory(source: object) -> pa.Table:
    if isinstance(source, pa.Table):
        return source
    if isinstance(source, pa.RecordBatch):
        return pa.Table.from_batches([source])
    module = type(source).__module__.partition(".")[0]
    if module == "datasets" and hasattr(source, "with_format"):
        # A data set that was shuffled or filtered holds an index map, which only formatting resolves.
        formatted = source.with_format("arrow")[:]  # type: ignore[index]
        if isinstance(formatted, pa.Table):
            return formatted
    if hasattr(source, "__arrow_c_stream__"):
        return pa.table(source)
    if module == "pandas":  # before version 2.2
        return pa.Table.from_pandas(source, preserve_index=False)
    raise InputError(
        f"Samples cannot be read from {type(source).__name__}",
        cure="Give a path, a pandas or polars data frame, an Arrow table or a Hugging Face Dataset "
        "(of a DatasetDict, name one split: dataset['train'])",
    )


def _samples(table: pa.Table, roles: dict[str, str | None], metadata: Sequence[str], *, name: str) -> Samples:
    columns: dict[str, pa.ChunkedArray] = {}
    for role, column in roles.items():
        if column:
            columns[role] = _strings(table[column], role=role, column_name=column)
    columns["text"] = pc.fill_null(columns["text"], "")
    if "label" in columns:
        columns["label"] = _unlabeled_as_null(columns["label"])
    if "id" in columns:
        _require_unique(columns["id"], column_name=str(roles["id"]))
    else:
        columns["id"] = pa.chunked_array([text_ids(columns["text"])])
    ordered = {role: columns[role] for role in roles if role in columns}
    kept = table.select(list(dict.fromkeys(metadata)))
    return Samples(pa.table(ordered), kept, name)


def _strings(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Return the column as strings: integers and booleans are written out, the rest is refused."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _narrow(column)
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_floating(kind):
        return _whole_numbers(column, role=role, column_name=column_name)
    raise InputError(
        f"The {role} column {column_name} holds {kind}, not text", cure="Turn it into strings before reading"
    )


def _narrow(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn 64-bit string offsets into 32-bit ones, in pieces that cannot overflow them."""
    pieces = [piece for chunk in column.chunks for piece in _pieces(chunk)]
    return pa.chunked_array([pc.cast(piece, pa.string()) for piece in pieces], pa.string())


def _pieces(chunk: pa.Array, *, rows: int = 262_144) -> list[pa.Array]:
    return [chunk.slice(at, rows) for at in range(0, len(chunk), rows)]


def _whole_numbers(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Write 3.0 as 3: pandas turns integers with gaps into floats. NaN means missing."""
    column = pc.if_else(pc.is_nan(column), None, column)
    rounded = pc.round(column)
    if pc.any(pc.not_equal(rounded, column)).as_py():
        raise InputError(
            f"The {role} column {column_name} holds fractions",
            cure="labelsift judges classes: name a column of class names, ids or texts",
        )
    return pc.cast(pc.cast(rounded, pa.int64()), pa.string())


def _unlabeled_as_null(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    blank = pc.equal(pc.utf8_trim_whitespace(labels), "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), labels) if pc.any(blank).as_py() else labels


def _require_unique(ids: pa.ChunkedArray, *, column_name: str) -> None:
    blank = pc.fill_null(pc.equal(ids, ""), True)
    if pc.any(blank).as_py():
        rows = (pc.indices_nonzero(blank).to_numpy() + 1).tolist()
        raise InputError(
            f"The id column {column_name} is empty in rows", ids=rows, cure="Fill the ids, or read without an id column"
        )
    counts = pc.value_counts(ids.combine_chunks())
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if not len(repeated):
        return
    places = pc.indices_nonzero(pc.is_in(ids, value_set=repeated.slice(0, 1))).to_pylist()
    rows = ", ".join(str(at + 1) for at in places[:5])
    raise InputError(
        f"The id column {column_name} holds duplicates ({repeated[0].as_py()} stands in rows {rows})",
        ids=repeated.to_pylist(),
        cure="Make the ids unique, or read without an id column: then the text identifies a sample",
    )
