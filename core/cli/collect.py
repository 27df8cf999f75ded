"""The command ``labelsift collect``: what to ask those for who bring the data."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import InputError
from .options import RunRef, json_option, run_options
from .output import write_json, write_table, write_text


@click.command()
@run_options
@click.option("--out", type=click.Path(dir_okay=False), help="Write it here: .md, .csv or .parquet; shown otherwise.")
@click.option("--examples", type=click.IntRange(min=0), default=3, show_default=True, help="Ids for each line.")
@click.option("--with-texts", is_flag=True, help="With the examples' texts, personal data and secrets masked.")
@json_option
def collect(ref: RunRef, *, out: str | None, examples: int, with_texts: bool, as_json: bool) -> None:
    """Say what rows to ask for: classes, groups and pairs of which there are too few, and how many."""
    form = Path(out).suffix.lower() if out else ""
    if out and form not in (".md", ".csv", ".parquet"):
        raise InputError(f"labelsift cannot tell the format of {out}", hint="Name it .md, .csv or .parquet")
    request = ref.load().collection_request(examples=examples, with_texts=with_texts)
    if out and form == ".md":
        write_text(request.markdown(), out)
    elif out:
        write_table(request.table, out)
    if as_json:
        write_json(request.table.to_pylist())
    elif out:
        asked = sum(line.ask for line in request.wanted)
        lines = "1 line" if len(request.wanted) == 1 else f"{len(request.wanted):,} lines"
        click.echo(f"Wrote {out}: {lines}, {asked:,} rows asked for")
    else:
        click.echo(request.markdown(), nl=False)
