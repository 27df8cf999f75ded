"""Reading of csv, tsv, txt, jsonl, parquet, Arrow and xlsx files and saved folders into Arrow tables."""

from __future__ import annotations

import codecs
import io
import json
import re
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import error_text
from ..errors import InputError
from .binary_files import read_arrow, read_parquet, read_workbook
from .column_roles import ColumnRoles
from .columns import EXACT, require_utf8, with_paths
from .dialect import DELIMITERS, Dialect, Form, dialect_of, looks_like_data, swallowed
from .json_documents import is_odd
from .json_lines import read_by_line
from .opening import DELIMITED, SAVED, Opened, kind, opener, stem

__all__ = ["csv_options", "kind", "read_columns", "stem"]

BLOCK = 16 << 20  # bytes parsed at once: also the longest row that can be read


def read_columns(source: str, columns: ColumnRoles, *, form: Form) -> tuple[pa.Table, str]:
    """Read only the columns of a file that are named.

    Columns of single values are taken as they stand in a csv file: the id ``007`` stays ``007``. Columns of lists and
    objects come from jsonl as JSON texts: Arrow takes lists of texts that look like dates for times, and knows no list
    of numbers and texts.

    Returns
    -------
    tuple
        The columns, and what was recognized that the file's name does not tell; empty where nothing was.

    Raises
    ------
    InputError
        If the file is missing, empty or broken, or has no such column.
    """
    name, opened = opener(source, form.format)
    dialect, note = Dialect(","), ""
    try:
        if name == "parquet":
            table = read_parquet(opened, columns)
        elif name in ("arrow", SAVED):
            table = read_arrow(opened, source, columns)
        elif name == "xlsx":
            table = read_workbook(opened, columns)
        elif name in DELIMITED:
            dialect = dialect_of(opened, form, DELIMITED[name], columns.names)
            table = _csv(opened, columns, form, dialect, source)
            note = _recognized(dialect, DELIMITED[name], form)
        elif name in ("jsonl", "json"):
            table = _jsonl(opened, columns, source)
        else:
            opened()  # which says so where there is no file
            raise InputError(f"{source} is read as {name} for spans only", hint="Leave out label=… and annotators=…")
        if name in ("parquet", "arrow", SAVED):
            require_utf8(table, source)
        table.validate(full=True)  # of the text formats only csv was checked for bytes that are no UTF-8
        return table, note
    except FileNotFoundError:
        raise InputError(f"There is no file {source}", hint="Check the path") from None
    except (pa.ArrowException, UnicodeError, OSError, EOFError, ArithmeticError) as error:
        text = form.encoding if name in DELIMITED else "utf-8" if "json" in name else None
        raise _broken(source, error, opened, text, dialect) from None


def _recognized(dialect: Dialect, default: str, form: Form) -> str:
    """Say what was told from the file and not from its name."""
    sign = DELIMITERS.get(dialect.delimiter, repr(dialect.delimiter))
    parts = [f"a {sign} between the columns"] if not form.delimiter and dialect.delimiter != default else []
    if form.quotes is None and not dialect.quotes:
        parts.append("quotation marks as a part of the texts, for not every value that begins with one is quoted")
    return f"The file was read with {' and '.join(parts)}." if parts else ""


def _jsonl(opened: Opened, columns: ColumnRoles, source: str) -> pa.Table:
    from pyarrow import json as arrow_json

    try:
        if columns.as_json or is_odd(opened):  # Arrow knows no list of numbers and texts
            raise pa.ArrowInvalid("changed from text")
        with opened() as stream:
            table = arrow_json.read_json(stream, read_options=arrow_json.ReadOptions(block_size=BLOCK))
        table = with_paths(table, columns.names)
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


def csv_options(encoding: str, dialect: Dialect, *, use_threads: bool = True) -> dict[str, Any]:
    """Return how Arrow's csv reader is to read and parse: in large blocks, with line breaks in quoted values."""
    from pyarrow import csv

    return {
        "read_options": csv.ReadOptions(
            block_size=BLOCK,
            encoding=encoding,
            use_threads=use_threads,
            skip_rows=dialect.skipped,
            column_names=list(dialect.header) or None,
        ),
        "parse_options": csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char='"' if dialect.quotes else False,
            newlines_in_values=dialect.quotes,
        ),
    }


def _csv(opened: Opened, columns: ColumnRoles, form: Form, dialect: Dialect, source: str) -> pa.Table:
    from pyarrow import csv

    options = csv_options(form.encoding, dialect)
    with opened() as stream, csv.open_csv(stream, **options) as reader:
        names = reader.schema.names
    try:
        present = columns.present(names)
    except InputError as error:
        if dialect.header or not (looks_like_data(names) or len(names) == 1):
            raise
        raise InputError(
            error.what, ids=error.ids,
            hint="Does the first line hold data, and no header? Then name the columns in their order: "
            f"columns=['text', 'label'], --columns text,label. {error.hint}",
        ) from None  # fmt: skip
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
    if form.quotes is None and dialect.quotes and _line_ends(opened) > len(table) + 1:
        value = swallowed(opened, form.encoding, dialect)
        if value is not None:
            line, ends = value
            raise InputError(
                f"In {source} a value that begins with a quotation mark in line {line} swallows {ends} line ends",
                hint="If quotation marks are a part of the texts, say quotes=False, --no-quotes; if it is one value, "
                "quotes=True, --quotes; else close it",
            )
    return table


def _line_ends(opened: Opened) -> int:
    with opened() as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(BLOCK), b""))


def _ragged(opened: Opened, encoding: str, dialect: Dialect) -> str | None:
    """Say which row has another number of columns than the header; only the slow reader knows."""
    from pyarrow import csv

    try:
        with opened() as stream:
            csv.read_csv(stream, **csv_options(encoding, dialect, use_threads=False))
    except pa.ArrowInvalid as error:
        match = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", str(error))
        if match:
            row, expected, got = match.groups()
            head = "are named" if dialect.header else "the header has"
            number = f"{expected} {head}" if dialect.header else f"{head} {expected}"
            return f"row {row} has {got} columns and {number}, counting the header and no empty lines"
    return None


def _broken(source: str, error: Exception, opened: Opened, encoding: str | None, dialect: Dialect) -> InputError:
    """Say why a file cannot be read, with the first line that cannot be decoded."""
    message = error_text(error)
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
        place = _ragged(opened, encoding, dialect)
        if place:
            sign = DELIMITERS.get(dialect.delimiter, repr(dialect.delimiter))
            return InputError(
                f"{source} cannot be read with a {sign} between the columns ({place})",
                hint=f"Quote values that hold a {sign} or a line break; or name what parts the columns (delimiter=';', "
                "--delimiter ';'), or say that nothing is quoted (quotes=False, --no-quotes)",
            )
    return InputError(f"{source} cannot be read ({message})", hint="Mend the file, or save it as parquet")


def _first_undecodable(opened: Opened, encoding: str) -> tuple[int, str] | None:
    decoder = codecs.getincrementaldecoder(encoding)()  # a line end's bytes may be within a letter of UTF-16
    with opened() as stream:
        for number, line in enumerate(io.BufferedReader(stream), start=1):  # type: ignore[arg-type]
            try:
                decoder.decode(line)
            except UnicodeDecodeError as error:
                return number, f"{error.reason}: 0x{error.object[error.start]:02x}"
            except UnicodeError as error:
                return number, str(error)
    return None


def head(source: str, form: Form, rows: int = 1_000) -> pa.Table:
    """Return the first rows of a file that was read, all columns; no columns where that takes reading all of it."""
    name, opened = opener(source, form.format)
    try:
        if name == "parquet":
            from pyarrow import parquet

            with parquet.ParquetFile(opened()) as file:
                return pa.Table.from_batches([next(file.iter_batches(batch_size=rows))])
        if name in DELIMITED:
            from pyarrow import csv

            dialect = dialect_of(opened, form, DELIMITED[name], ())
            with opened() as stream, csv.open_csv(stream, **csv_options(form.encoding, dialect)) as reader:
                return pa.Table.from_batches([reader.read_next_batch().slice(0, rows)])
        if name in ("jsonl", "json"):
            with opened() as stream:
                lines = list(islice(io.BufferedReader(stream), rows))  # type: ignore[arg-type]
            return pa.Table.from_pylist([json.loads(line) for line in lines if line.strip()])
    except (
        pa.ArrowException,
        ValueError,
        TypeError,
        AttributeError,
        OverflowError,
        OSError,
        StopIteration,
        RecursionError,
    ):
        pass  # a column that nobody asked for may be broken, or of mixed types; a line may be no object
    return pa.table({})
