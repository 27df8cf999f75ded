"""Files of rows to be rewritten with a few cells changed; everything else stays as it stands.

csv and tsv are held as columns of text, so that ``007`` and ``1.10`` stay what they are; jsonl as its lines; parquet
with its own types. Text files also keep their rows as they are written, and are written so, but for changed cells.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import error_text
from ..data.samples import Samples
from ..errors import InputError
from .dialect import Dialect, Form, dialect_of
from .files import csv_options
from .json_documents import is_document
from .opening import DELIMITED, kind
from .raw_rows import quoted, rows_as_written, with_cell, with_value

BOM = "\ufeff"  # which some programs write before the first line
LINE = "line"  # the one column that jsonl is held in


def form_of(path: str | Path, named: str | None = None) -> str:
    """Tell a file's format from its name, or the one that is ``named``: csv, tsv, txt, jsonl or parquet.

    Raises
    ------
    InputError
        If it is one that is read, and not written.
    """
    form = kind(os.fspath(path), named)[0]
    if form not in (*DELIMITED, "jsonl", "json", "parquet"):
        raise InputError(f"Corrections are not written into {form} files", hint="Save it as csv, jsonl or parquet")
    return form.replace("json", "jsonl") if form == "json" else form


@dataclass(frozen=True)
class RowFile:
    """The rows of a file.

    Parameters
    ----------
    form
        csv, tsv, jsonl or parquet.
    table
        For jsonl one column with the lines, else the file's columns.
    dialect
        How a delimited file is written, where it is not as its form has it by default.
    encoding
        Of a delimited file.
    head, raw
        What stands before the rows of a text file, and each row as it is written; None where that is not known.
    """

    form: str
    table: pa.Table
    dialect: Dialect | None = None
    encoding: str = "utf-8"
    head: str = ""
    raw: pa.ChunkedArray | None = None

    @property
    def fingerprint(self) -> str:
        """A hash of the content that is the same for any order of the rows."""
        return Samples(pa.table({}), self.table).fingerprint

    def changed(self, column: str, values: Mapping[int, str | None]) -> RowFile:
        """Return the file with some cells of a column replaced: row → new value.

        Raises
        ------
        InputError
            If the column's type cannot hold a value.
        """
        if not values:
            return self
        rows = sorted(values)
        name = LINE if self.form == "jsonl" else column
        old = self.table[name]
        if self.form == "jsonl":
            new = [_with(str(old[row]), column, values[row]) for row in rows]
        else:
            absent = None if self.form == "parquet" else ""
            new = [absent if values[row] is None else values[row] for row in rows]
        try:
            following = _replaced(old, rows, new)
        except pa.ArrowInvalid as error:
            why = error_text(error)
            raise InputError(f"The column {column} holds {old.type}, and a correction does not fit ({why})") from None
        position = self.table.column_names.index(name)
        table = self.table.set_column(position, self.table.schema.field(position), following)
        return replace(self, table=table, raw=self._rewritten(position, rows, new))

    def _rewritten(self, position: int, rows: Sequence[int], new: Sequence[str | None]) -> pa.ChunkedArray | None:
        """Return the rows as they are written with new cells, or new lines."""
        if self.raw is None:
            return None
        dialect, written = self.dialect or Dialect(DELIMITED.get(self.form, "")), []
        for row, value in zip(rows, new, strict=True):
            old = self.raw[row].as_py()
            if self.form == "jsonl":
                written.append((value or "") + old[len(str(self.table[LINE][row])) :])
            else:
                form = {"delimiter": dialect.delimiter, "quotes": dialect.quotes}
                written.append(with_cell(old, position, value or "", **form))
        return _replaced(self.raw, rows, written)

    def take(self, rows: np.ndarray) -> RowFile:
        """Return the file with only these rows, in this order."""
        raw = None if self.raw is None else self.raw.take(pa.array(rows, pa.int64()))
        return replace(self, table=self.table.take(pa.array(rows, pa.int64())), raw=raw)

    def as_written(self) -> bytes | None:
        """Return the content with its rows as they were written; None where that says something else than the table."""
        if self.raw is None:
            return None
        content = (self.head + "".join(self.raw.to_pylist())).encode(self.encoding)
        try:
            same = (
                _lines(content)
                if self.form == "jsonl"
                else _cells(content, self.dialect or Dialect(","), self.encoding)
            )
        except (pa.ArrowException, UnicodeError):
            return None
        return content if same.equals(self.table) else None


def require_other(file: str | Path, out: str | Path, form: Form) -> None:
    """Refuse to write a version over its file, or in another format."""
    if "://" in os.fspath(file):
        raise InputError(f"{file} is at an address", hint="Copy the file here first")
    if Path(out).exists() and Path(file).exists() and Path(out).samefile(file):
        raise InputError(f"{out} is the file itself", hint="Name another file: a version is never overwritten")
    if form_of(out, form.format) != form_of(file, form.format):
        raise InputError(f"{out} has another format than {file}", hint="Name the new file with the same ending")


def load(path: str | Path, *, written: Form = Form(), wanted: Sequence[str] = ()) -> RowFile:  # noqa: B008 - frozen
    """Read a whole file of this machine; columns that are ``wanted`` tell what parts them.

    Raises
    ------
    InputError
        If it is missing or broken, or two of its columns have the same name.
    """
    form, dialect, content = form_of(path, written.format), None, b""
    named, compression = kind(os.fspath(path), written.format)
    try:
        if form == "parquet":
            from pyarrow import parquet

            table = parquet.read_table(path, partitioning=None)
        else:
            with pa.input_stream(os.fspath(path), compression=compression) as stream:
                content = stream.read()
            if form == "jsonl":
                if named == "json" and is_document(partial(pa.BufferReader, content)):
                    raise InputError(f"{path} is one JSON document", hint="Write one object a line, as .jsonl")
                table = _lines(content)
            else:
                opened = partial(pa.BufferReader, content)
                dialect = dialect_of(opened, written, DELIMITED[form], wanted)
                table = _cells(content, dialect, written.encoding)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}", hint="Check the path") from None
    except (pa.ArrowException, UnicodeError, LookupError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error_text(error)})", hint="Mend the file") from None
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise InputError(f"Columns of {path} have the same name", ids=twice, hint="Rename them")
    made = RowFile(form, table, dialect, written.encoding if dialect else "utf-8")
    return made if form == "parquet" else _with_raw(made, content.decode(made.encoding))


def save(rows: RowFile, path: Path) -> None:
    """Write a file in the form that it has; compressed where the name says so."""
    _, compression = kind(path.name, rows.form)
    if rows.form == "parquet":
        from pyarrow import parquet

        parquet.write_table(rows.table, path, compression="zstd")
        return
    content = rows.as_written()
    with pa.output_stream(os.fspath(path), compression=compression) as stream:
        encoder = codecs.getincrementalencoder(rows.encoding)()  # a byte order mark stands once
        for part in _written(rows) if content is None else ():
            stream.write(encoder.encode(part))
        stream.write(content or b"")


def _with_raw(rows: RowFile, content: str) -> RowFile:
    """Add the rows as they are written, where as many are found as the table has."""
    dialect = rows.dialect or Dialect("")
    before = 0 if rows.form == "jsonl" else dialect.skipped + (not dialect.header)
    raw = rows_as_written(content, quotes=rows.form != "jsonl" and dialect.quotes)
    if len(raw) != before + len(rows.table):
        return rows
    return replace(rows, head="".join(raw[:before]), raw=pa.chunked_array([pa.array(raw[before:], pa.string())]))


def _lines(content: bytes) -> pa.Table:
    lines = (line.decode().rstrip("\r\n") for line in io.BytesIO(content))
    return pa.table({LINE: pa.chunked_array([pa.array([line for line in lines if line.strip()], pa.string())])})


def _cells(content: bytes, dialect: Dialect, encoding: str) -> pa.Table:
    from pyarrow import csv

    options = csv_options(encoding, dialect)
    with csv.open_csv(pa.BufferReader(content), **options) as reader:
        names = reader.schema.names
    converting = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return csv.read_csv(pa.BufferReader(content), **options, convert_options=converting)


def _written(rows: RowFile) -> Iterator[str]:
    if rows.form == "jsonl":
        for batch in rows.table.to_batches(max_chunksize=8192):
            yield "".join(f"{line}\n" for line in batch.column(0).to_pylist())
        return
    dialect = rows.dialect or Dialect(DELIMITED[rows.form])
    delimiter = dialect.delimiter
    yield f"sep={delimiter}\n" * dialect.skipped
    cell = partial(quoted, delimiter=delimiter, quotes=dialect.quotes)
    if not dialect.header:
        yield delimiter.join(map(cell, rows.table.column_names)) + "\n"
    for batch in rows.table.to_batches(max_chunksize=8192):
        columns = [map(cell, column.to_pylist()) for column in batch.columns]
        yield "".join((delimiter.join(cells) or '""') + "\n" for cells in zip(*columns, strict=True))


def _with(line: str, column: str, value: str | None) -> str:
    """Return a line of jsonl with one value replaced; a number or a truth value stays one."""
    body = line.removeprefix(BOM)
    row = json.loads(body)
    old = row.get(column)
    new: object = value
    if value is not None and isinstance(old, (bool, int, float)):
        with_type = json.loads(value) if re.fullmatch(r"true|false|-?\d+(\.\d+)?", value) else value
        new = float(with_type) if isinstance(old, float) and isinstance(with_type, int) else with_type
    if (changed := with_value(line, column, new)) is not None:
        return changed
    row[column] = new
    return line[: len(line) - len(body)] + json.dumps(row, ensure_ascii=body.isascii())


def _replaced(column: pa.ChunkedArray, rows: Sequence[int], values: Sequence[str | None]) -> pa.ChunkedArray:
    kept = column.type
    inner = kept.value_type if pa.types.is_dictionary(kept) else kept
    new = pa.array(values, pa.string()).cast(inner)
    mask = np.zeros(len(column), dtype=bool)
    mask[rows] = True
    following = pc.replace_with_mask(column.cast(inner), pa.array(mask), new)
    return following.dictionary_encode().cast(kept) if pa.types.is_dictionary(kept) else following
