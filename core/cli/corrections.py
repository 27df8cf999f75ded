"""Commands on recorded corrections: verify, audit, correct, undo, queue, probes, forget, reproduce."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import click

from ..corrections.audit import audit_rows, write_audit
from ..corrections.erase import forget as forget_samples
from ..corrections.file_versions import correct as correct_file
from ..corrections.file_versions import undo as undo_file
from ..corrections.probe_estimates import probed
from ..corrections.progress import queue as queue_rows
from ..corrections.reproduce import reproduce as reproduce_run
from ..corrections.verify import verify as verify_store
from ..data.adjudication import Policy
from ..data.formatting import visible
from ..review.rounds import share_of
from ..store.base import LATEST
from ..store.store import Store
from .options import (
    FORM,
    ReadOptions,
    json_option,
    only_dataset_option,
    parted,
    policy_option,
    read_options,
    store_option,
    yes_option,
)
from .output import show, table_format, write_json, write_table
from .print_tables import print_audit, print_erased, print_probed, print_queue, print_verification, print_version

GATE_FAILED = 1


@click.command()
@click.option("--expect", metavar="HASH", help="A last hash noted earlier: the record must still contain it.")
@store_option
@json_option
def verify(expect: str | None, store: str, as_json: bool) -> None:
    """Check offline that the record of corrections is whole and the samples of the runs are unchanged.

    Ends with 1 and names the first broken record where something was changed, cut or moved.
    """
    result = verify_store(store=store, expect=expect)
    show(result, print_verification, as_json=as_json)
    if result.problems:
        raise click.exceptions.Exit(GATE_FAILED)


@click.command()
@only_dataset_option
@click.option("--since", type=click.DateTime(), help="Only from this moment on (UTC).")
@click.option("--csv", "csv_", type=click.Path(dir_okay=False), help="Write the table here; no cell is a formula.")
@store_option
@json_option
def audit(dataset: str | None, since: datetime | None, csv_: str | None, store: str, as_json: bool) -> None:
    """Show who changed what, when and why."""
    kept = Store(store)
    kept.runs()  # refuses what is no store
    rows = audit_rows(kept.ledger.records(), dataset=dataset, since=since.replace(tzinfo=UTC) if since else None)
    if csv_:
        write_audit(rows, csv_)
    if as_json or not csv_:
        show(rows, print_audit, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The next version, in the same format.")
@read_options(
    "text",
    "label",
    "id",
    "missing",
    "keep_ids",
    *FORM,
    help={
        "text": "Column of the texts, as it was scanned.",
        "label": "Column of the labels.",
    },
)
@click.option("--dataset", help="Whose corrections; by default those of the data set called like FILE.")
@policy_option("Where people differ.")
@click.option("--experts", help="Whose word counts most, parted by commas, for the policy expert.")
@click.option("--new-labels", is_flag=True, help="Allow labels that the data does not have yet.")
@click.option(
    "--taxonomy",
    type=click.Path(exists=True, dir_okay=False),
    help="Changes of the classes; the newest run's if unsaid.",
)
@store_option
@json_option
def correct(
    file: str,
    out: str,
    reading: ReadOptions,
    dataset: str | None,
    policy: Policy,
    experts: str | None,
    new_labels: bool,
    taxonomy: str | None,
    store: str,
    as_json: bool,
) -> None:
    """Apply the recorded corrections to FILE and write its next version; conflicts are listed and left alone."""
    version = correct_file(
        file,
        out,
        text=reading.text,
        label=reading.label,
        id=reading.id,
        missing=reading.absent,
        keep_ids=reading.keep_ids,
        form=reading.form,
        dataset=dataset,
        policy=policy,
        experts=parted(experts),
        new_labels=new_labels,
        taxonomy=taxonomy,
        store=store,
    )
    if not as_json:
        print_version(out, version)
        return
    conflicts = {
        sample: [
            {"action": action, "value": json.loads(value), "people": people}
            for (action, value), people in votes.items()
        ]
        for sample, votes in version.conflicts.items()
    }
    write_json(asdict(replace(version, conflicts={})) | {"out": out, "conflicts": conflicts})


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The version before, in the same format.")
@read_options(*FORM)
@store_option
def undo(file: str, out: str, reading: ReadOptions, store: str) -> None:
    """Write the version before FILE, as it was when `labelsift correct` made FILE of it."""
    version = undo_file(file, out, form=reading.form, store=store)
    click.echo(f"{out} is {version.dataset} as before, fingerprint {version.fingerprint[:12]}")


@click.command()
@only_dataset_option
@click.option(
    "--stop-below",
    default="20%",
    show_default=True,
    metavar="SHARE",
    help="Time to stop where fewer of the next labels are wrong.",
)
@store_option
@json_option
def queue(dataset: str | None, stop_below: str, store: str, as_json: bool) -> None:
    """Show what of each round is open and decided, how many wrong labels are left, and when it is time to stop."""
    rows = queue_rows(store=store, dataset=dataset, level=share_of(stop_below))
    show(rows, print_queue, as_json=as_json)


@click.command()
@click.argument("run", default=LATEST)
@store_option
@json_option
def probes(run: str, store: str, as_json: bool) -> None:
    """Estimate from a round with probes how many labels are wrong, and how good the flags of RUN are."""
    show(probed(run, store=store), print_probed, as_json=as_json)


@click.command()
@click.argument("ids", nargs=-1, required=True)
@click.option("--reason", default="", help="Kept in the record, for example the number of a request.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@yes_option
@store_option
@json_option
def forget(ids: tuple[str, ...], reason: str, dry_run: bool, yes: bool, store: str, as_json: bool) -> None:
    """Erase the samples IDS from every run, version and pool of the store, and from labelsift's copies on platforms.

    Ends with 1 where something could not be reached; the same command again tries that again.
    """
    kept = Store(store)  # one instance, which verifies the decision log once
    if not (dry_run or yes):
        plan = forget_samples(ids, store=kept, dry_run=True)
        print_erased(plan, to_stderr=as_json)
        click.confirm(f"Erase {len(plan.ids):,} samples for good?", abort=True, err=as_json)
    erased = forget_samples(ids, store=kept, reason=reason, dry_run=dry_run)
    show(erased, print_erased, as_json=as_json)
    if erased.unreachable:
        raise click.exceptions.Exit(GATE_FAILED)


@click.command()
@click.argument("run", default="latest")
@click.option("--out", type=click.Path(dir_okay=False), help="Write the rows here (.parquet or .csv).")
@store_option
@json_option
def reproduce(run: str, out: str | None, store: str, as_json: bool) -> None:
    """Restore the exact rows of RUN, and say by their hash whether they are what was scanned; ends with 1 if not."""
    if out:
        table_format(out)
    result = reproduce_run(run, store=store)
    if out:
        write_table(result.table, out)
    if as_json:
        fields = {name: getattr(result, name) for name in ("run", "dataset", "rows", "erased", "fingerprint", "found")}
        write_json(fields | {"identical": result.identical, "out": out})
    else:
        click.echo(visible(f"{result.run} ({result.dataset}, {result.rows:,} rows): {result}"))
        if out:
            click.echo(f"Wrote {out}")
    if not result.identical:
        raise click.exceptions.Exit(GATE_FAILED)
