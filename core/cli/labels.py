"""The command ``labelsift labels``: the labels of a file, and the mapping that mends their spellings."""

from __future__ import annotations

import click
import pyarrow.compute as pc
from rich.console import Console

from ..data.label_sets import parsed
from ..data.label_variants import mapping_toml, misspellings, spelling_groups
from ..data.samples import Samples
from ..errors import InputError
from .options import FORM, ReadOptions, json_option, read_options
from .output import write_json, write_text
from .terminal import new_table, plain


@click.command()
@click.argument("file")
@read_options("text", "no_text", "label", "labels", "labels_separator", "id", "missing", *FORM)
@click.option("--out", type=click.Path(dir_okay=False), help="Write the mapping (TOML) for scan --taxonomy here.")
@json_option
def labels(file: str, *, reading: ReadOptions, out: str | None, as_json: bool) -> None:
    """Count the labels of FILE, and name those that are spellings of one."""
    samples = reading.read(file, name=None)
    counts = _counts(samples)
    if not counts:
        raise InputError("No row has a label", hint="Name the label column: --label")
    groups, perhaps = spelling_groups(counts), misspellings(counts)
    if out:
        write_text(mapping_toml(counts), out)
    if as_json:
        write_json({"labels": counts, "spellings": groups, "perhaps_misspelled": perhaps, "out": out})
        return
    same = {label: group[0] for group in groups for label in group[1:]}
    slips = {seldom: common for seldom, common in perhaps}
    table = new_table()
    for title in ("label", "rows", "spelling of"):
        table.add_column(title, overflow="fold")
    for label, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        of = f"“{same[label]}”" if label in same else f"“{slips[label]}”, perhaps" if label in slips else ""
        table.add_row(plain(f"“{label}”"), f"{count:,}", plain(of))
    Console(highlight=False).print(table)
    if not groups and not perhaps:
        click.echo("No two labels differ only in spelling.")
    elif out:
        click.echo(f"Wrote {out}. Look through it, then: labelsift scan {file} … --taxonomy {out}")
    else:
        click.echo("--out mapping.toml writes what makes them one.")


def _counts(samples: Samples) -> dict[str, int]:
    """Return label → rows, in the order of the classes."""
    if samples.task == "spans":
        raise InputError("Spans have types, and no labels", hint="Name the label column: --label")
    counts = dict.fromkeys(samples.classes, 0)
    column = samples.given
    for entry in pc.value_counts(column.drop_null()).to_pylist() if column is not None else ():
        values = [entry["values"]] if samples.task == "classification" else parsed(entry["values"]) or []
        for value in values:
            counts[value] += entry["counts"]
    return counts
