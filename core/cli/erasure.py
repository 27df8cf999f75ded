"""The commands ``labelsift forget`` and ``labelsift reproduce``."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..data.formatting import visible
from .options import json_option, store_option, table_format, write_json, written

GATE_FAILED = 1


@click.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--reason", default="", help="Kept in the record, for example the number of a request.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@json_option
def forget(ids: tuple[str, ...], reason: str, dry_run: bool, yes: bool, store: str, as_json: bool) -> None:
    """Erase the samples IDS from every run, version and pool of the store, and from labelsift's copies on platforms.

    Ends with 1 where something could not be reached; the same command again tries that again.
    """
    from ..corrections.erase import forget as forget_samples
    from .print_tables import print_erased

    if not (dry_run or yes):
        plan = forget_samples(ids, store=store, dry_run=True)
        print_erased(plan, to_stderr=as_json)
        click.confirm(f"Erase {len(plan.ids):,} samples for good?", abort=True, err=as_json)
    found = forget_samples(ids, store=store, reason=reason, dry_run=dry_run)
    if as_json:
        write_json(asdict(found))
    else:
        print_erased(found)
    if found.unreachable:
        raise click.exceptions.Exit(GATE_FAILED)


@click.command()
@click.argument("run", default="latest")
@click.option("--out", type=click.Path(dir_okay=False), help="Write the rows here (.parquet or .csv).")
@store_option
@json_option
def reproduce(run: str, out: str | None, store: str, as_json: bool) -> None:
    """Restore the exact rows of RUN, and say by their hash whether they are what was scanned; ends with 1 if not."""
    from ..corrections.reproduce import reproduce as reproduce_run

    if out:
        table_format(out)
    found = reproduce_run(run, store=store)
    if out:
        written(found.table, out)
    if as_json:
        told = {name: getattr(found, name) for name in ("run", "dataset", "rows", "erased", "fingerprint", "found")}
        write_json(told | {"identical": found.identical, "out": out})
    else:
        click.echo(visible(f"{found.run} ({found.dataset}, {found.rows:,} rows): {found}"))
        if out:
            click.echo(f"Wrote {out}")
    if not found.identical:
        raise click.exceptions.Exit(GATE_FAILED)
