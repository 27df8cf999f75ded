"""Output that the commands share: JSON for machines, tables as files, receipts."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from ..data.schemas import plain_labels
from ..errors import InputError
from ..io.whole_file import whole_file

if TYPE_CHECKING:
    from ..platforms import Receipt


def write_json(value: object) -> None:
    """Print one JSON value on standard output; a dataclass as an object of its fields."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=_as_plain))


def _as_plain(value: object) -> object:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def show(result: Any, print_result: Callable[[Any], None], *, as_json: bool) -> None:  # noqa: ANN401 - what a command made
    """Print a result as JSON for machines, or as it is laid out for people."""
    if as_json:
        write_json(result)
    else:
        print_result(result)


def table_format(path: str) -> str:
    """Tell the format of a table from its name: ``parquet`` or ``csv``."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise InputError(f"labelsift cannot tell the format of {path}", hint="Name it .parquet or .csv")
    return suffix[1:]


def write_table(table: pa.Table, path: str) -> None:
    """Write a table as parquet or csv, by the path's ending, whole or not at all.

    In a csv file lists become JSON, and labels of findings and corrections stand as they are, not as JSON.
    """
    from pyarrow import csv, parquet

    form = table_format(path)
    with _writing(path) as half:
        if form == "parquet":
            parquet.write_table(table, str(half), compression="zstd")
            return
        table = plain_labels(table)
        for position, field in enumerate(table.schema):
            if pa.types.is_list(field.type):
                texts = [json.dumps(value, ensure_ascii=False) for value in table[field.name].to_pylist()]
                table = table.set_column(position, field.name, pa.array(texts, pa.string()))
        csv.write_csv(table, str(half))


def write_text(text: str, path: str) -> None:
    """Write a text as a file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    with _writing(path) as half:
        half.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _writing(path: str) -> Iterator[Path]:
    """Yield where a file is written that then takes its place, and say in one line why it cannot."""
    try:
        with whole_file(path) as half:
            yield half
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"{path} cannot be written ({why})", hint="Free some space, or name another file") from None


def show_receipt(receipt: Receipt, *, as_json: bool) -> None:
    """Print what a push, a log or their like did; samples that were not taken end with an exit code."""
    if as_json:
        write_json(receipt.as_dict())
    else:
        from .print_tables import print_receipt

        print_receipt(receipt)
    if receipt.failed:
        raise click.exceptions.Exit(InputError.exit_code)
