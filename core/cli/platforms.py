"""Commands that reach a platform, ``labelsift VERB PLATFORM [TARGET]``: push, pull, log, doctor."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import platforms
from ..corrections.progress import UNKNOWN, Agreement, agreement
from ..corrections.record import record
from ..data.adjudication import EMPTIED, UNDECIDED
from ..data.formatting import listed, visible
from ..data.toml_files import read_definitions
from ..errors import InputError
from ..platforms import MODES, Mode
from ..review.answers import drafts_in
from ..review.rounds import share_of
from ..store.pull_state import forget_pulled
from ..store.store import Store
from .options import RunRef, dry_run_option, ids_in, ids_option, json_option, parted, run_options, store_option
from .output import show_receipt, write_json, write_table
from .settings import declared_slices

if TYPE_CHECKING:
    import pyarrow as pa


@click.command()
@click.argument("platform")
@click.argument("project")
@click.option("--mode", type=click.Choice(MODES), default="choose", show_default=True, help="How much people are led.")
@click.option(
    "--match", help="Push into the existing project, matching by data.FIELD of a task, external_id of a record …"
)
@click.option("--create", is_flag=True, help="With --match: create the tasks that the project does not have.")
@click.option("--only", help="Push only these issues, parted by commas.")
@click.option("--budget", type=int, help="Push at most this many samples, worst first.")
@ids_option("Push only the samples whose ids this file names, one a line, as the report page saves them.")
@click.option("--slice", "part", metavar="NAME", help="Push all samples of this slice (a name, or like state:CA).")
@click.option("--where", metavar="SQL", help="Push all samples that fulfil this: \"state = 'CA' AND gender = 'f'\".")
@click.option("--probe", metavar="SHARE", help="Mode blind: add unflagged samples, so many a flagged one, like 10%.")
@click.option("--repeat", metavar="SHARE", help="With --probe: ask this share of the items twice, like 5%.")
@click.option("--blind-share", metavar="SHARE", help="Mode choose: ask this share of the labels blind, like 20%.")
@click.option("--lanes", type=int, default=0, help="Deal the queue out into so many tabs, one a person.")
@click.option("--twice", metavar="SHARE", help="Let two people answer this share of the items, like 10%, untold.")
@click.option("--link", metavar="FIELD", help="Link each task to its sample's task in the existing project PROJECT.")
@click.option(
    "--definitions",
    type=click.Path(exists=True, dir_okay=False),
    help="What the labels mean, shown to people: a TOML file of LABEL = MEANING.",
)
@click.option("--mask", is_flag=True, help="Mask personal data and secrets in the samples' own texts and fields, too.")
@click.option(
    "--anyway", is_flag=True, help="Write thousands of tasks (--match), ask what is open in an earlier round."
)
@dry_run_option
@run_options
@json_option
def push(
    platform: str,
    project: str,
    mode: Mode,
    match: str | None,
    create: bool,
    only: str | None,
    budget: int | None,
    ids: str | None,
    part: str | None,
    where: str | None,
    probe: str | None,
    repeat: str | None,
    blind_share: str | None,
    lanes: int,
    twice: str | None,
    link: str | None,
    anyway: bool,
    definitions: str | None,
    mask: bool,
    dry_run: bool,
    ref: RunRef,
    as_json: bool,
) -> None:
    """Bring the flagged samples of a run into PROJECT on PLATFORM, worst first; twice changes nothing.

    With --slice or --where all samples of a slice, also those that are not flagged.

    choose: given label, suggestion and reason are shown, nothing is pre-filled. prefill: the suggestion is
    the draft. blind: neither is on the page.
    """
    report = ref.load()
    if part is not None or where is not None:
        if only:
            raise InputError("A batch of a slice has one issue alone", hint="Leave out --only")
        report = report.batch(slice=part, where=where, slices=declared_slices())
    receipt = report.push(
        platform,
        project=project,
        mode=mode,
        match=match,
        create=create,
        only=parted(only) or None,
        budget=budget,
        ids=ids_in(ids),
        probe=share_of(probe) if probe else None,
        repeat=share_of(repeat) if repeat else None,
        blind_share=share_of(blind_share) if blind_share else None,
        lanes=lanes,
        twice=share_of(twice) if twice else 0.0,
        link=link,
        anyway=anyway,
        definitions=read_definitions(definitions) if definitions else None,
        mask=mask,
        dry_run=dry_run,
    )
    show_receipt(receipt, as_json=as_json)
    if receipt.links and not dry_run and not as_json:
        target = shlex.join([platform, project])
        click.echo(f"Next: have people decide there, then bring it back: labelsift pull {target}", err=True)


@click.command()
@click.argument("platform")
@click.argument("project")
@click.option("--to", type=click.Path(dir_okay=False), help="Write the corrections here (.parquet or .csv).")
@store_option
@click.option("--no-store", is_flag=True, help="Do not add them to the store's record of corrections.")
@click.option("--run", help="The run of decisions that name none, as in your own spreadsheet; latest is one, too.")
@click.option("--all", "anew", is_flag=True, help="Read everything anew, not only what changed since the last pull.")
@json_option
def pull(
    platform: str, project: str, to: str | None, store: str, no_store: bool, run: str | None, anew: bool, as_json: bool
) -> None:
    """Bring back what people decided in PROJECT on PLATFORM, and add what is new to the record of corrections."""
    kept = Store(store)  # one instance, which verifies the decision log once
    if anew:
        forget_pulled(kept)
    corrections = platforms.pull(platform, project=project, store=kept)
    if to and not corrections.num_rows and Path(to).exists():
        click.echo(f"{to} stays as it was: there are no decisions to write", err=True)
    elif to:
        write_table(corrections, to)
    recorded = None if no_store else record(corrections, store=kept, run=run)
    rows = corrections.to_pylist()
    if as_json:
        write_json(rows)
        return
    counts = sorted(Counter(row["verdict"] for row in rows).items())
    verdicts = "".join(f", {count:,} {verdict.replace('_', ' ')}" for verdict, count in counts)
    click.echo(f"{len(rows):,} decisions{verdicts}" + (f"; {recorded.new:,} new" if recorded else ""))
    _warn(corrections, rows, to=to)
    if any(row["verdict"] not in UNDECIDED for row in rows) and recorded:
        own = "apply" in platforms.get(platform).capabilities
        into = f"; if they are on {platform}: labelsift apply {shlex.join([platform, project])}" if own else ""
        click.echo(f"Next, if your samples are a file: labelsift correct FILE --out NEW_FILE{into}", err=True)
    agreed = [
        _agreed(issue) for issue in agreement(corrections, store=kept) if issue.decided and issue.issue != UNKNOWN
    ]
    if agreed:
        click.echo(f"Suggestions taken: {'; '.join(agreed)}")
    if recorded and recorded.unknown_runs:
        unknown = ", ".join(recorded.unknown_runs)
        click.echo(f"{store} has no run {unknown}: what was shown there is not in the record", err=True)


def _warn(corrections: pa.Table, rows: Sequence[Mapping[str, Any]], *, to: str | None) -> None:
    """Say which answers decide nothing, and that there are none."""
    emptied = [f"{row['id']} ({json.loads(row['value'])})" for row in rows if row["verdict"] == EMPTIED]
    if emptied:
        click.echo(
            f"WARNING: the labels of {len(emptied):,} samples were taken off, and none was put in their place:"
            f" {visible(listed(emptied, most=20))}. Open them there, choose a label and press Update, then pull again",
            err=True,
        )
    if drafts := drafts_in(corrections):
        many = "1 answer is a draft" if drafts == 1 else f"{drafts:,} answers are drafts"
        click.echo(f"{many} there: a draft counts once it is submitted", err=True)
    if not rows and not to:
        click.echo("Nobody has decided anything there yet", err=True)


def _agreed(issue: Agreement) -> str:
    """Write how often people took the suggestions for an issue.

    >>> _agreed(Agreement("label", accepted=3, changed=1, refused=2, seconds=7.5))
    'label 50 % of 6, 7.5 s each'
    """
    seconds = "" if issue.seconds is None else f", {issue.seconds:g} s each"
    return f"{issue.issue} {issue.share or 0:.0%} of {issue.decided:,}{seconds}".replace("%", " %")


@click.command()
@click.argument("tracker")
@click.argument("target", required=False)
@click.option("--with-text", is_flag=True, help="Send the texts as well; nothing finds every name in them.")
@click.option("--all", "every", is_flag=True, help="Every slice as a metric, every finding in the table.")
@click.option("--model", metavar="NAME/VERSION", help="Link the run with this registered model version (MLflow).")
@click.option("--share", is_flag=True, help="Make a page there that can be shared, too (a W&B report).")
@run_options
@json_option
def log(
    tracker: str,
    target: str | None,
    with_text: bool,
    every: bool,
    model: str | None,
    share: bool,
    ref: RunRef,
    as_json: bool,
) -> None:
    """Write the figures, tables and report of a run into TRACKER (TARGET: its experiment or project)."""
    receipt = ref.load().log(tracker, target=target, with_text=with_text, every=every, model=model, share=share)
    show_receipt(receipt, as_json=as_json)


@click.command()
@click.argument("platform")
@click.argument("project", required=False)
@json_option
def doctor(platform: str, project: str | None, as_json: bool) -> None:
    """Say what is wrong with the connection to PLATFORM, or with a PROJECT on it, and how to mend it.

    Notes are no problems: they do not change the exit code, and stay out of --json.
    """
    adapter = platforms.get(platform)
    if project:
        adapter.require("examine")
    health = adapter.examine(project=project)
    if as_json:
        write_json(health.problems)
    elif not health.problems:
        click.echo(f"{platform}: all is well")
    for problem, hint in health.problems.items() if not as_json else ():
        click.echo(f"{platform}: {problem}. {hint}")
    for note, detail in health.notes.items():
        click.echo(f"{platform}: note: {note}. {detail}", err=as_json)
    if health.problems:
        raise click.exceptions.Exit(InputError.exit_code)
