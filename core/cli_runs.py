"""The commands about kept runs: ``labelsift runs`` and ``labelsift compare``."""

from __future__ import annotations

from pathlib import Path

import click

from .cli_shared import json_option, store_option, write_json, written
from .errors import InputError
from .store import Store, load
from .wording import visible


@click.group(invoke_without_command=True)
@store_option
@json_option
@click.pass_context
def runs(context: click.Context, store: str, as_json: bool) -> None:
    """List, show, remove or export the runs that are kept."""
    if context.invoked_subcommand is None:
        context.invoke(list_, store=store, as_json=as_json)


@runs.command("list")
@store_option
@json_option
def list_(store: str, as_json: bool) -> None:
    """List the runs, newest first."""
    kept = Store(store).runs()
    for error in Store(store).broken():
        click.echo(f"labelsift: {visible(str(error))}", err=True)
    if as_json:
        write_json(
            [
                {
                    **vars(one),
                    "created": one.created.isoformat(),
                    "taxonomy": one.taxonomy.plain if one.taxonomy else None,
                }
                for one in kept
            ]
        )
        return
    from .listings import print_runs

    print_runs(kept)


@runs.command()
@click.argument("run")
@store_option
@json_option
def show(run: str, store: str, as_json: bool) -> None:
    """Summarise RUN again, as its scan did."""
    report = load(run, store=store)
    if as_json:
        write_json(report.summary())
        return
    from .terminal import print_summary

    print_summary(report, store=store)


@runs.command()
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
def rm(run: str, yes: bool, store: str) -> None:
    """Remove RUN with its texts, vectors and results."""
    name = Store(store).find(run)
    if not yes:
        click.confirm(f"Remove {name} for good?", abort=True)
    Store(store).remove(name)
    click.echo(f"Removed {name}")


@runs.command()
@click.argument("run")
@click.argument("folder", type=click.Path(file_okay=False))
@store_option
def export(run: str, folder: str, store: str) -> None:
    """Write the tables of RUN into FOLDER as parquet: samples, scores and findings."""
    report = load(run, store=store)
    place = Path(folder)
    if place.exists() and any(place.iterdir()):
        raise InputError(f"{folder} is not empty", cure="Name a new folder")
    place.mkdir(parents=True, exist_ok=True)
    for name, table in (("samples", report.samples.table), ("scores", report.scores), ("findings", report.findings)):
        written(table, str(place / f"{name}.parquet"))
    if report.samples.metadata.num_columns:
        written(report.samples.metadata, str(place / "metadata.parquet"))
    click.echo(f"Wrote {report.run} into {folder}")


@click.command()
@click.argument("old")
@click.argument("new", default="latest")
@click.option("--by", help="Slice by these metadata columns and their pairs, parted by commas.")
@store_option
@json_option
def compare(old: str, new: str, by: str | None, store: str, as_json: bool) -> None:
    """Say what changed from the run OLD to the run NEW: rows, labels, metrics, slices, issues."""
    from .comparison import compare as compare_reports

    columns = [name.strip() for name in by.split(",")] if by else None
    found = compare_reports(load(old, store=store), load(new, store=store), by=columns)
    if as_json:
        write_json(found.as_dict())
        return
    from .comparison_text import print_comparison

    print_comparison(found)


@click.command()
@click.argument("old")
@click.argument("new", default="latest")
@click.option("--seeds", type=int, default=5, show_default=True, help="How often to train and judge anew.")
@click.option("--evaluation", help="The value of the split column whose rows are for evaluation.")
@click.option("--by", help="Show slices of these metadata columns, parted by commas.")
@store_option
@json_option
def value(old: str, new: str, seeds: int, evaluation: str | None, by: str | None, store: str, as_json: bool) -> None:
    """Measure what the labels of the run NEW are worth: train on old and new labels, judge by both."""
    from .spent import rounds_between, spent
    from .worth import worth

    columns = [name.strip() for name in by.split(",")] if by else []
    kept = Store(store)
    before, after = kept.load(old), kept.load(new)
    found = worth(before, after, seeds=seeds, evaluation=evaluation, by=columns)
    runs_ = rounds_between(kept.runs(), old=before.run, new=after.run)
    hours = spent(kept.ledger.records(), runs=runs_)
    if as_json:
        write_json(found.as_dict() | {"spent": vars(hours)})
        return
    from .comparison_text import print_worth

    print_worth(found)
    if hours.decisions:
        click.echo(f"People's work between the runs: {hours}.")
