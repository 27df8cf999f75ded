"""Commands on kept runs: ``runs`` and its verbs, ``note``, ``compare`` and ``value``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..corrections.annotate import model as keep_model
from ..corrections.annotate import note as keep_note
from ..corrections.annotate import tag as tag_run
from ..corrections.progress import labeling_time, rounds_between
from ..data.formatting import visible
from ..errors import InputError
from ..report import load
from ..store.run_info import RunInfo
from ..store.run_notes import Annotations, annotated
from ..store.store import Store
from .options import by_option, json_option, parted, store_option, yes_option
from .output import write_json, write_table
from .print_comparison import print_comparison, print_influences, print_label_value, print_trend
from .print_summary import print_summary
from .print_tables import print_annotations, print_runs

if TYPE_CHECKING:
    import pyarrow as pa

    from ..metrics.compare import Comparison
    from ..metrics.trend import Trend


@click.group(invoke_without_command=True)
@store_option
@json_option
@click.pass_context
def runs(context: click.Context, store: str, as_json: bool) -> None:
    """List, show, tag, remove or export the runs that are kept."""
    if context.invoked_subcommand is None:
        context.invoke(list_, store=store, as_json=as_json)


@runs.command("list")
@store_option
@json_option
def list_(store: str, as_json: bool) -> None:
    """List the runs, newest first."""
    kept = Store(store)
    infos = kept.runs()
    for error in kept.broken():
        click.echo(f"labelsift: {visible(str(error))}", err=True)
    notes = annotated(kept.ledger.records())
    if as_json:
        write_json([_info(info) | asdict(notes.get(info.run, Annotations())) for info in infos])
        return
    print_runs(infos, notes)


def _info(info: RunInfo) -> dict[str, Any]:
    taxonomy = info.taxonomy.plain if info.taxonomy else None
    return {**vars(info), "created": info.created.isoformat(), "taxonomy": taxonomy}


@runs.command()
@click.argument("run")
@store_option
@json_option
def show(run: str, store: str, as_json: bool) -> None:
    """Summarise RUN again, as its scan did, with its tags, its model and people's notes."""
    kept = Store(store)  # one instance, which verifies the decision log once
    report = load(run, store=kept)
    notes = kept.annotations(report.run)
    if as_json:
        write_json(report.summary() | asdict(notes))
        return
    print_summary(report, store=store)
    print_annotations(notes, parent=report.settings.get("parent"))


@runs.command()
@click.argument("run")
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the tags away.")
@by_option
@store_option
def tag(run: str, tags: tuple[str, ...], remove: bool, by: str | None, store: str) -> None:
    """Give RUN tags; later --run tag:NAME finds the newest run that has one."""
    changed = tag_run(run, tags, remove=remove, by=by, store=store)
    click.echo(f"Tags: {', '.join(changed.tags) or 'none'}")


@runs.command()
@click.argument("run")
@click.argument("model")
@by_option
@store_option
def model(run: str, model: str, by: str | None, store: str) -> None:
    """Note that RUN led to the registered MODEL, such as mlflow:models:/tickets/3."""
    keep_model(run, model, by=by, store=store)
    click.echo(f"Model: {visible(model)}")


@click.command()
@click.argument("run")
@click.argument("text")
@click.option("--slice", "slice_", help="About this slice of the run, by its slug: state:CA__gender:f")
@click.option("--sample", help="About this sample of the run, by its id.")
@click.option("--by", required=True, help="Who wrote it.")
@store_option
def note(run: str, text: str, slice_: str | None, sample: str | None, by: str, store: str) -> None:
    """Keep the note TEXT on RUN, or on one of its slices or samples."""
    noted = keep_note(text, by=by, run=run, slice=slice_, sample=sample, store=store)
    click.echo(f"{len(noted.notes):,} notes on this run; labelsift runs show {run}")


@runs.command()
@click.argument("run")
@yes_option
@store_option
def rm(run: str, yes: bool, store: str) -> None:
    """Remove RUN with its texts, vectors and results."""
    kept = Store(store)
    name = kept.find(run)
    if not yes:
        click.confirm(f"Remove {name} for good?", abort=True)
    kept.remove(name)
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
        raise InputError(f"{folder} is not empty", hint="Name a new folder")
    place.mkdir(parents=True, exist_ok=True)
    for name, table in (("samples", report.samples.table), ("scores", report.scores), ("findings", report.findings)):
        write_table(table, str(place / f"{name}.parquet"))
    if report.samples.metadata.num_columns:
        write_table(report.samples.metadata, str(place / "metadata.parquet"))
    click.echo(f"Wrote {report.run} into {folder}")


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="OLD [NEW]...")
@click.option("--by", help="Slice by these metadata columns and their pairs, parted by commas.")
@click.option("--why", metavar="SLICE", help="Also rank the relabels that push this slice down: state:CA__gender:f.")
@click.option("--html", type=click.Path(dir_okay=False), help="Also write one page, which holds no text of samples.")
@click.option("--with-text", is_flag=True, help="Show texts of samples and people's notes on the page.")
@store_option
@json_option
def compare(
    runs: tuple[str, ...],
    by: str | None,
    why: str | None,
    html: str | None,
    with_text: bool,
    store: str,
    as_json: bool,
) -> None:
    """Say what changed from the run OLD to the run NEW (else the latest): rows, labels, metrics, slices, issues.

    Three runs or more, the oldest first, are also shown run by run.
    """
    from ..metrics.compare import compare as compare_reports
    from ..metrics.trend import trend

    columns = parted(by) or None
    kept = Store(store)
    reports = [load(run, store=kept) for run in (runs if len(runs) > 1 else (*runs, "latest"))]
    comparison = trend(reports, by=columns) if len(reports) > 2 else compare_reports(*reports, by=columns)
    ranked: dict[str, pa.Table] = {}
    if why is not None:
        from ..metrics.slice_influence import influence_ranking

        ranked = {why: influence_ranking(reports[0], reports[-1], why)}
    if html is not None:
        from ..render import comparison_page

        comparison_page.write(comparison, html, with_text=with_text, why=ranked)
    if as_json:
        write_json(comparison.as_dict() | ({"why": ranked[why].to_pylist()} if why in ranked else {}))
        return
    _print(comparison, ranked)


def _print(comparison: Comparison | Trend, ranked: dict[str, pa.Table]) -> None:
    from ..metrics.compare import Comparison

    if isinstance(comparison, Comparison):
        print_comparison(comparison)
    else:
        print_trend(comparison)
    for slug, table in ranked.items():
        print_influences(table, slug)


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
    from ..metrics.label_value import label_value

    columns = parted(by)
    kept = Store(store)
    before, after = kept.load(old), kept.load(new)
    result = label_value(before, after, seeds=seeds, evaluation=evaluation, by=columns)
    runs_ = rounds_between(kept.runs(), old=before.run, new=after.run)
    hours = labeling_time(kept.ledger.records(), runs=runs_, until=after.created)
    if as_json:
        write_json(result.as_dict() | {"spent": vars(hours)})
        return
    print_label_value(result)
    if hours.decisions:
        click.echo(f"People's work between the runs: {hours}.")
