"""Files of rows: csv, tsv, jsonl and parquet, plain or compressed, here or at a URL, as Arrow tables."""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa

from .errors import InputError

if TYPE_CHECKING:
    from pyarrow import fs

    Opened = Callable[[], pa.NativeFile]

BLOCK = 16 << 20  # bytes parsed at once: also the longest row that can be read

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
            cure=f"Name it with one of {', '.join(FORMATS)}, with {', '.join(COMPRESSIONS)} where compressed",
        )
    return FORMATS[suffix], compression


def read_columns(source: str, wanted: Sequence[str], *, as_text: frozenset[str], encoding: str) -> pa.Table:
    """Read only the wanted columns of a file.

    Parameters
    ----------
    as_text
        Columns whose values are taken as they stand in a csv file: the id ``007`` stays ``007``.

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
            table = _parquet(system, path, wanted)
        elif form == "jsonl":
            table = _jsonl(opened, wanted)
        else:
            table = _csv(opened, wanted, as_text, encoding, delimiter="\t" if form == "tsv" else ",")
        table.validate(full=True)  # only csv was checked for bytes that are no UTF-8 while it was read
        return table
    except FileNotFoundError:
        raise InputError(f"There is no file {source}", cure="Check the path") from None
    except (pa.ArrowInvalid, UnicodeError, OSError) as error:
        raise _broken(source, error, opened, encoding if form in ("csv", "tsv") else "utf-8") from None


def require(present: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse columns that are missing or stand twice, with the nearest name."""
    twice = [column for column in wanted if list(present).count(column) > 1]
    if twice:
        raise InputError("These columns stand more than once in the header", ids=twice, cure="Rename one of each")
    missing = [column for column in wanted if column not in present]
    if not missing:
        return
    near = {column: difflib.get_close_matches(column, present, n=1, cutoff=0.5) for column in missing}
    hints = [f"Did you mean {match[0]} instead of {column}?" for column, match in near.items() if match]
    columns = ", ".join(present[:20]) + (" …" if len(present) > 20 else "")
    raise InputError("The data has no such column", ids=missing, cure=" ".join([*hints, f"It has: {columns}"]))


def _locate(source: str) -> tuple[fs.FileSystem, str]:
    from pyarrow import fs

    if "://" in source:
        try:
            return fs.FileSystem.from_uri(source)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(
                f"The address {source} cannot be opened ({error})", cure="Give file://, s3:// or a path"
            ) from None
    return fs.LocalFileSystem(), source


def _parquet(system: fs.FileSystem, path: str, wanted: Sequence[str]) -> pa.Table:
    from pyarrow import parquet

    # Opened as a plain file with buffered reading: pre-buffering would hold the compressed columns as well.
    with parquet.ParquetFile(system.open_input_file(path), pre_buffer=False) as file:
        require(file.schema_arrow.names, wanted)
        return file.read(columns=list(wanted), use_threads=True)


def _jsonl(opened: Opened, wanted: Sequence[str]) -> pa.Table:
    from pyarrow import json

    with opened() as stream:
        table = json.read_json(stream, read_options=json.ReadOptions(block_size=BLOCK))
    require(table.column_names, wanted)
    return table.select(list(wanted))


def _csv(opened: Opened, wanted: Sequence[str], as_text: frozenset[str], encoding: str, *, delimiter: str) -> pa.Table:
    from pyarrow import csv

    reading = csv.ReadOptions(block_size=BLOCK, encoding=encoding)
    parsing = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with opened() as stream, csv.open_csv(stream, read_options=reading, parse_options=parsing) as reader:
        require(reader.schema.names, wanted)
    converting = csv.ConvertOptions(
        include_columns=list(wanted), column_types=dict.fromkeys(as_text, pa.string()), strings_can_be_null=False
    )
    with opened() as stream:
        table = csv.read_csv(stream, read_options=reading, parse_options=parsing, convert_options=converting)
    undecodable = [field.name for field in table.schema if pa.types.is_binary(field.type)]
    if undecodable:  # how a column whose type was inferred shows bytes that are no UTF-8
        raise UnicodeError(", ".join(undecodable))
    return table


def _broken(source: str, error: Exception, opened: Opened, encoding: str) -> InputError:
    """Say why a file cannot be read, with the first row that cannot be decoded."""
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "mpty" in message or "0 bytes" in message:
        return InputError(f"{source} is empty", cure="Give a file with a header and rows")
    if isinstance(error, UnicodeError) or "UTF8" in message or "UTF-8" in message:
        line = _first_undecodable(opened, encoding)
        if line is not None:
            number, detail = line
            return InputError(
                f"{source} is not {encoding} in line {number} ({detail})",
                cure="Save it as UTF-8, or name its encoding (for example encoding='cp1252', --encoding cp1252)",
            )
    return InputError(f"{source} cannot be read ({message})", cure="Mend the file, or save it as parquet")


def _first_undecodable(opened: Opened, encoding: str) -> tuple[int, str] | None:
    with opened() as stream:
        for number, line in enumerate(io.BufferedReader(stream), start=1):  # type: ignore[arg-type]
            try:
                line.decode(encoding)
            except UnicodeError as error:
                return number, f"{error.reason}: 0x{line[error.start]:02x}" if isinstance(
                    error, UnicodeDecodeError
                ) else str(error)
    return None
