"""What the commands share: options, progress on a terminal, JSON for machines."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import pyarrow as pa

from ..errors import InputError
from ..store.base import DEFAULT, LATEST

if TYPE_CHECKING:
    from ..platforms import Receipt

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
store_option = click.option(
    "--store", default=DEFAULT, show_default=True, help="The folder, or s3://bucket/prefix, that keeps the runs."
)


def run_options(command: Command) -> Command:
    """Add the options that choose a run."""
    for option in (
        store_option,
        click.option("--dataset", help="Take the latest run of this data set."),
        click.option("--run", default=LATEST, show_default=True, help="A run's name, its beginning, or tag:NAME."),
    ):
        command = option(command)
    return command


@contextlib.contextmanager
def progress(quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show what is being done and for how long on a terminal; stay quiet elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading")
        yield lambda step: bar.update(task, description=step)


def write_json(value: object) -> None:
    """Print one JSON value on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def table_format(path: str) -> str:
    """Tell the format of a table from its name: ``parquet`` or ``csv``."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise InputError(f"labelsift cannot tell the format of {path}", cure="Name it .parquet or .csv")
    return suffix[1:]


def written(table: pa.Table, path: str) -> None:
    """Write a table as parquet or csv, by the path's ending, whole or not at all; in a csv file lists become JSON."""
    from pyarrow import csv, parquet

    form = table_format(path)
    try:
        with _beside(path) as half:
            if form == "parquet":
                parquet.write_table(table, half, compression="zstd")
                return
            for at, field in enumerate(table.schema):
                if pa.types.is_list(field.type):
                    texts = [json.dumps(value, ensure_ascii=False) for value in table[field.name].to_pylist()]
                    table = table.set_column(at, field.name, pa.array(texts, pa.string()))
            csv.write_csv(table, half)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"{path} cannot be written ({why})", cure="Free some space, or name another file") from None


@contextlib.contextmanager
def _beside(path: str) -> Iterator[str]:
    """Yield the name of a file that takes the place of ``path`` when it has been written without an error."""
    target = Path(os.path.realpath(path))  # a link stays one
    if target.exists() and not target.is_file():  # a pipe or a device; nothing can take its place
        yield str(target)
        return
    if target.exists():
        target.open("ab").close()  # refused here where the file itself may not be written
    half = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        yield str(half)
        if target.exists():
            shutil.copymode(target, half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def parted(names: str | None) -> list[str]:
    """Part names at commas.

    >>> parted("state, channel,"), parted(None)
    (['state', 'channel'], [])
    """
    return [name.strip() for name in (names or "").split(",") if name.strip()]


def array(path: str | None) -> Any:  # noqa: ANN401 - an array of any shape; Signals validates it
    """Map a .npy file into memory."""
    import numpy as np

    if path is None:
        return None
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError):
        raise InputError(f"{path} is no array of numpy", cure="Save it with numpy.save, as a plain array") from None


def lines(path: str | None) -> list[str] | None:
    """Read the lines of a text file."""
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} cannot be read ({error})", cure="Save it as UTF-8, one entry a line") from None


def show_receipt(receipt: Receipt, *, as_json: bool) -> None:
    """Print what a push, a log or their like did; samples that were not taken end with an exit code."""
    if as_json:
        write_json(receipt.as_dict())
    else:
        from .print_tables import print_receipt

        print_receipt(receipt)
    if receipt.failed:
        raise click.exceptions.Exit(InputError.exit_code)
