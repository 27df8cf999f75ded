"""Rounds in the decision log: who is asked blind, again, or as a probe, recorded before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..data.schemas import Finding, findings_table
from ..errors import InputError
from ..store.ledger import Ledger
from ..store.run import Run
from .assignment import ASSIGNED, Assignment, assignment_of
from .rounds import ROUND, Plan, planned, round_of


def planned_ids(records: Iterable[Mapping[str, Any]], run: str, *, but: tuple[str, str] | None = None) -> set[str]:
    """Return the samples of a run that are asked about blind, in rounds with probes or by an assignment.

    Parameters
    ----------
    records
        Of a ledger.
    but
        A platform and its project, whose assignment does not count.
    """
    mine = [record for record in records if record.get("run") == run]
    rounds = {sample for record in mine if record.get("kind") == ROUND for sample in record["scores"]}
    elsewhere = [
        record for record in mine if record.get("kind") == ASSIGNED and (record["platform"], record["target"]) != but
    ]
    return rounds | {sample for record in elsewhere for sample in record["blind"]}


def keep_plan(
    ledger: Ledger, run: str, *, platform: str, target: str, make: Callable[[], Plan], keep: bool = True
) -> Plan:
    """Return the plan of a run's round with probes in a project; made, and recorded, if there is none yet."""
    standing = round_of(ledger.records(), run=run, platform=platform, target=target)
    if standing is not None or not keep:
        return standing or make()
    plan, time = make(), datetime.now(UTC).isoformat(timespec="microseconds")
    entry = plan.record(run=run, platform=platform, target=target) | {"time": time}
    ledger.append(lambda records: [] if round_of(records, run=run, platform=platform, target=target) else [entry])
    return round_of(ledger.records(), run=run, platform=platform, target=target) or plan


def keep_assignment(
    ledger: Ledger,
    run: str,
    *,
    platform: str,
    target: str,
    make: Callable[[], Assignment] | None = None,
    keep: bool = True,
) -> Assignment:
    """Return who is asked blind in a project's round in mode choose; made, and recorded, if it is not yet."""
    standing = assignment_of(ledger.records(), run=run, platform=platform, target=target)
    if standing is not None or make is None or not keep:
        return standing or (make() if make else Assignment())
    made, time = make(), datetime.now(UTC).isoformat(timespec="microseconds")
    entry = made.record(run=run, platform=platform, target=target) | {"time": time}
    ledger.append(lambda records: [] if assignment_of(records, run=run, platform=platform, target=target) else [entry])
    return assignment_of(ledger.records(), run=run, platform=platform, target=target) or made


def round_queue(
    report: Run,
    *,
    platform: str,
    project: str,
    share: float,
    budget: int | None,
    without: Collection[str],
    dry_run: bool,
    repeat: float | None = None,
) -> tuple[Run, Mapping[str, float]]:
    """Return the report with the items of a round as its only findings, all of one kind, and the repeats.

    A run has one round with probes a project: pushed again it is the same one.
    """
    if report.store is None:
        raise InputError(
            "Without a run store nobody would know which samples are probes", cure="Scan into a store, and push that"
        )

    keeper = report.store

    def make() -> Plan:
        if keeper.decided(report.run):
            raise InputError(
                "People have decided on this run with the suggestions before them",
                cure="Push the round with probes first, then the rest; or scan again, and push that",
            )
        return planned(report, share=share, budget=budget, seed=secrets.randbits(32), without=without, repeat=repeat)

    plan = keep_plan(keeper.ledger, report.run, platform=platform, target=project, make=make, keep=not dry_run)
    there = set(report.samples.ids.to_pylist())  # without those that were erased since
    items = [Finding(id, "label", score, "A label to check.") for id, score in plan.scores.items() if id in there]
    return replace(report, findings=findings_table(items)), plan.repeats
