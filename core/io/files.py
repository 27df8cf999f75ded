"""Reading of csv, tsv, jsonl and parquet files, plain or compressed, local or at a URL, into Arrow tables."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from .column_roles import ColumnRoles
from .columns import EXACT, plain, require_utf8
from .json_lines import read_by_line

if TYPE_CHECKING:
    from pyarrow import fs

    Opened = Callable[[], pa.NativeFile]

BLOCK = 16 << 20  # bytes parsed at once: also the longest row that can be read
PARQUET_ROWS = 131_072  # decoded at once

FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}


def stem(source: str) -> str:
    """Return the file's name without format and compression.

    >>> stem("s3://bucket/tickets.csv.gz")
    'tickets'
    """
    path = PurePosixPath(source)
    return path.with_suffix("").stem if path.suffix in COMPRESSIONS else path.stem


def kind(source: str) -> tuple[str, str | None]:
    """Tell format and compression from the name's endings.

    >>> kind("tickets.jsonl.zst")
    ('jsonl', 'zstd')
    """
    path = PurePosixPath(source)
    compression = COMPRESSIONS.get(path.suffix.lower())
    suffix = (path.with_suffix("").suffix if compression else path.suffix).lower()
    if suffix not in FORMATS:
        raise InputError(
            f"labelsift cannot tell the format of {source}",
            hint=f"Name it with one of {', '.join(FORMATS)}, with {', '.join(COMPRESSIONS)} where compressed",
        )
    return FORMATS[suffix], compression


def read_columns(source: str, columns: ColumnRoles, *, encoding: str) -> pa.Table:
    """Read only the columns of a file that are named.

    Columns of single values are taken as they stand in a csv file: the id ``007`` stays ``007``. Columns of lists and
    objects come from jsonl as JSON texts: Arrow takes lists of texts that look like dates for times, and knows no list
    of numbers and texts.

    Raises
    ------
    InputError
        If the file is missing, empty or broken, or has no such column.
    """
    form, compression = kind(source)
    system, path = _locate(source)
    opened = partial(system.open_input_stream, path, compression=compression)
    try:
        if form == "parquet":
            table = _parquet(system, path, columns)
            require_utf8(table, source)
        elif form == "jsonl":
            table = _jsonl(opened, columns, source)
        else:
            delimiter = "\t" if form == "tsv" else ","
            table = _csv(opened, columns, encoding, delimiter=delimiter)
        table.validate(full=True)  # of the text formats only csv was checked for bytes that are no UTF-8
        return table
    except FileNotFoundError:
        raise InputError(f"There is no file {source}", hint="Check the path") from None
    except LookupError:
        raise InputError(f"There is no encoding called {encoding}", hint="Name one such as utf-8 or cp1252") from None
    except (pa.ArrowInvalid, UnicodeError, OSError) as error:
        text = None if form == "parquet" else "utf-8" if form == "jsonl" else encoding
        raise _broken(source, error, opened, text) from None


def _locate(source: str) -> tuple[fs.FileSystem, str]:
    from pyarrow import fs

    if "://" in source:
        try:
            return fs.FileSystem.from_uri(source)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(
                f"The address {source} cannot be opened ({error})", hint="Give file://, s3:// or a path"
            ) from None
    return fs.LocalFileSystem(), source


def _parquet(system: fs.FileSystem, path: str, columns: ColumnRoles) -> pa.Table:
    """Read batch by batch and give freed memory back each time: the peak stays near the table's own size.

    Pre-buffering, or decoding whole column chunks, would hold the data twice.
    """
    from pyarrow import parquet

    pool = pa.default_memory_pool()
    parts: list[pa.Table] = []
    with parquet.ParquetFile(system.open_input_file(path), pre_buffer=False, buffer_size=1 << 20) as file:
        present = columns.present(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=present, use_threads=False):
            parts.append(plain(pa.Table.from_batches([batch])))
            pool.release_unused()
        empty = file.schema_arrow.empty_table().select(present)
    return pa.concat_tables(parts).unify_dictionaries() if parts else empty


def _jsonl(opened: Opened, columns: ColumnRoles, source: str) -> pa.Table:
    from pyarrow import json

    try:
        if columns.as_json:  # Arrow knows no list of numbers and texts
            raise pa.ArrowInvalid("changed from text")
        with opened() as stream:
            table = json.read_json(stream, read_options=json.ReadOptions(block_size=BLOCK))
        if any(_guessed_wrong(table[name]) for name in columns.as_text if name in table.column_names):
            raise pa.ArrowInvalid("changed from text")
    except pa.ArrowInvalid as error:
        if "changed from" not in str(error):
            raise
        with opened() as stream:
            table = read_by_line(io.BufferedReader(stream), columns, source=source)  # type: ignore[arg-type]
    return table.select(columns.present(table.column_names))


def _guessed_wrong(column: pa.ChunkedArray) -> bool:
    """Tell whether Arrow took texts for times, or whole numbers for floats that cannot hold them."""
    if pa.types.is_temporal(column.type):
        return True
    return pa.types.is_floating(column.type) and pc.any(pc.greater_equal(pc.abs(column), EXACT)).as_py() is True


def csv_options(encoding: str, delimiter: str, *, use_threads: bool = True) -> dict[str, Any]:
    """Return how Arrow's csv reader is to read and parse: in large blocks, with line breaks in quoted values."""
    from pyarrow import csv

    return {
        "read_options": csv.ReadOptions(block_size=BLOCK, encoding=encoding, use_threads=use_threads),
        "parse_options": csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
    }


def _csv(opened: Opened, columns: ColumnRoles, encoding: str, *, delimiter: str) -> pa.Table:
    from pyarrow import csv

    options = csv_options(encoding, delimiter)
    with opened() as stream, csv.open_csv(stream, **options) as reader:
        present = columns.present(reader.schema.names)
    converting = csv.ConvertOptions(
        include_columns=present,
        column_types=dict.fromkeys(columns.as_text | columns.as_json, pa.string()),
        strings_can_be_null=False,
    )
    with opened() as stream:
        table = csv.read_csv(stream, **options, convert_options=converting)
    undecodable = [field.name for field in table.schema if pa.types.is_binary(field.type)]
    if undecodable:  # how a column whose type was inferred shows bytes that are no UTF-8
        raise UnicodeError(", ".join(undecodable))
    return table


def _ragged(opened: Opened, encoding: str, *, delimiter: str) -> str | None:
    """Say which row has another number of columns than the header; only the slow reader knows."""
    from pyarrow import csv

    try:
        with opened() as stream:
            csv.read_csv(stream, **csv_options(encoding, delimiter, use_threads=False))
    except pa.ArrowInvalid as error:
        match = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
        if match:
            row, expected, got = match.groups()
            return f"row {row} has {got} columns and the header has {expected}, counting the header and no empty lines"
    return None


def _broken(source: str, error: Exception, opened: Opened, encoding: str | None) -> InputError:
    """Say why a file cannot be read, with the first line that cannot be decoded."""
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if message.startswith("Empty ") or "size is 0 bytes" in message:
        return InputError(f"{source} is empty", hint="Give a file with a header and rows")
    line = _first_undecodable(opened, encoding) if encoding and not isinstance(error, OSError) else None
    if line is not None:
        number, detail = line
        return InputError(
            f"{source} is not {encoding} in line {number} ({detail})",
            hint="Save it as UTF-8, or name its encoding (for example encoding='cp1252', --encoding cp1252)",
        )
    if "columns, got" in message and encoding:
        place = _ragged(opened, encoding, delimiter="\t" if kind(source)[0] == "tsv" else ",")
        if place:
            return InputError(
                f"{source} cannot be read ({place})", hint="Quote values that hold a comma or a line break"
            )
    return InputError(f"{source} cannot be read ({message})", hint="Mend the file, or save it as parquet")


def _first_undecodable(opened: Opened, encoding: str) -> tuple[int, str] | None:
    with opened() as stream:
        for number, line in enumerate(io.BufferedReader(stream), start=1):  # type: ignore[arg-type]
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return number, f"{error.reason}: 0x{line[error.start]:02x}"
            except UnicodeError as error:
                return number, str(error)
    return None
