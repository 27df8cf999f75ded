"""The commands about corrections: ``labelsift verify``, ``audit``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from .cli_shared import json_option, store_option, write_json
from .store import Store

GATE_FAILED = 1


@click.command()
@click.option("--expect", metavar="HASH", help="A last hash noted earlier: the record must still contain it.")
@store_option
@json_option
def verify(expect: str | None, store: str, as_json: bool) -> None:
    """Check offline that the record of corrections is whole and the samples of the runs are unchanged.

    Ends with 1 and names the first broken record where something was changed, cut or moved.
    """
    from .verification import verify as verify_store

    found = verify_store(store=store, expect=expect)
    if as_json:
        write_json(asdict(found))
    else:
        from .listings import print_verification

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
    from .audit import audit_rows, write_audit

    kept = Store(store)
    kept.runs()  # refuses what is no store
    rows = audit_rows(kept.ledger.records(), dataset=dataset, since=since.replace(tzinfo=UTC) if since else None)
    if csv_:
        write_audit(rows, csv_)
    if as_json:
        write_json(rows)
    elif not csv_:
        from .listings import print_audit

        print_audit(rows)
