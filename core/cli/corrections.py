"""The commands about corrections: ``labelsift verify``, ``audit``, ``correct``, ``undo``, ``queue``."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import click

from ..data.adjudication import POLICIES, Policy
from ..store.base import LATEST
from ..store.store import Store
from .options import json_option, store_option, write_json

GATE_FAILED = 1


@click.command()
@click.option("--expect", metavar="HASH", help="A last hash noted earlier: the record must still contain it.")
@store_option
@json_option
def verify(expect: str | None, store: str, as_json: bool) -> None:
    """Check offline that the record of corrections is whole and the samples of the runs are unchanged.

    Ends with 1 and names the first broken record where something was changed, cut or moved.
    """
    from ..corrections.verify import verify as verify_store

    found = verify_store(store=store, expect=expect)
    if as_json:
        write_json(asdict(found))
    else:
        from .print_tables import print_verification

        print_verification(found.problems, found.notes, records=found.records, runs=found.runs, last=found.last_hash)
    if found.problems:
        raise click.exceptions.Exit(GATE_FAILED)


@click.command()
@click.option("--dataset", help="Only this data set's.")
@click.option("--since", type=click.DateTime(), help="Only from this moment on (UTC).")
@click.option("--csv", "csv_", type=click.Path(dir_okay=False), help="Write the table here; no cell is a formula.")
@store_option
@json_option
def audit(dataset: str | None, since: datetime | None, csv_: str | None, store: str, as_json: bool) -> None:
    """Show who changed what, when and why."""
    from ..corrections.audit import audit_rows, write_audit

    kept = Store(store)
    kept.runs()  # refuses what is no store
    rows = audit_rows(kept.ledger.records(), dataset=dataset, since=since.replace(tzinfo=UTC) if since else None)
    if csv_:
        write_audit(rows, csv_)
    if as_json:
        write_json(rows)
    elif not csv_:
        from .print_tables import print_audit

        print_audit(rows)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The next version, in the same format.")
@click.option("--text", default="text", show_default=True, help="Column of the texts, as it was scanned.")
@click.option("--label", help="Column of the labels.")
@click.option("--id", "id_", help="Column of the ids; without it a sample is known by a hash of its text.")
@click.option("--encoding", default="utf-8", show_default=True, help="Of csv and tsv files; written is UTF-8.")
@click.option("--dataset", help="Whose corrections; by default those of the data set called like FILE.")
@click.option(
    "--policy", type=click.Choice(POLICIES), default="majority", show_default=True, help="Where people differ."
)
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
    text: str,
    label: str | None,
    id_: str | None,
    encoding: str,
    dataset: str | None,
    policy: Policy,
    experts: str | None,
    new_labels: bool,
    taxonomy: str | None,
    store: str,
    as_json: bool,
) -> None:
    """Apply the recorded corrections to FILE and write its next version; conflicts are listed and left alone."""
    from ..corrections.file_versions import correct as correct_file
    from .print_tables import print_version

    version = correct_file(
        file,
        out,
        text=text,
        label=label,
        id=id_,
        encoding=encoding,
        dataset=dataset,
        policy=policy,
        experts=[name.strip() for name in experts.split(",")] if experts else (),
        new_labels=new_labels,
        taxonomy=taxonomy,
        store=store,
    )
    conflicts = {
        sample: [
            {"action": action, "value": json.loads(value), "people": people}
            for (action, value), people in votes.items()
        ]
        for sample, votes in version.conflicts.items()
    }
    if as_json:
        write_json(asdict(replace(version, conflicts={})) | {"out": out, "conflicts": conflicts})
    else:
        print_version(out, version.applied, conflicts, changed=version.changed, fingerprint=version.fingerprint)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="The version before, in the same format.")
@store_option
def undo(file: str, out: str, store: str) -> None:
    """Write the version before FILE, as it was when `labelsift correct` made FILE of it."""
    from ..corrections.file_versions import undo as undo_file

    version = undo_file(file, out, store=store)
    click.echo(f"{out} is {version.dataset} as before, fingerprint {version.fingerprint[:12]}")


@click.command()
@click.option("--dataset", help="Only this data set's.")
@store_option
@json_option
def queue(dataset: str | None, store: str, as_json: bool) -> None:
    """Show what of each round is open, decided and skipped, and what the decisions were."""
    from ..corrections.progress import queue as queue_rows

    rows = queue_rows(store=store, dataset=dataset)
    if as_json:
        write_json(rows)
        return
    from .print_tables import print_queue

    print_queue(rows)


@click.command()
@click.argument("run", default=LATEST)
@store_option
@json_option
def probes(run: str, store: str, as_json: bool) -> None:
    """Estimate from a round with probes how many labels are wrong, and how good the flags of RUN are."""
    from ..corrections.probe_estimates import probed
    from .print_tables import print_probed

    found = probed(run, store=store)
    if as_json:
        write_json(found.as_dict())
    else:
        print_probed(found)
