"""Rounds in the decision log: who is asked blind, again, or as a probe, recorded before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from ..data.requests import PushRequest
from ..data.schemas import Finding, findings_table
from ..errors import InputError
from ..store.base import RunTarget
from ..store.hash_chain import now
from ..store.ledger import Ledger
from ..store.run import Run
from .assignment import ASSIGNED, Assignment, assigned
from .rounds import ROUND, Plan, planned

Records = Iterable[Mapping[str, Any]]
Kept = TypeVar("Kept", Plan, Assignment)


def recorded(records: Records, where: RunTarget, kind: type[Kept]) -> Kept | None:
    """Return the plan or the assignment that was recorded for a run and a project."""
    wanted = {"kind": kind.KIND, **asdict(where)}
    return next((kind.of(record) for record in records if wanted.items() <= record.items()), None)


def keep(ledger: Ledger, where: RunTarget, made: Kept) -> Kept:
    """Record a plan or an assignment; return it, or the one of a faster push."""
    kind = type(made)
    entry = made.record(where) | {"time": now()}
    if ledger.append(lambda records: [] if recorded(records, where, kind) else [entry]):
        return made
    return recorded(ledger.records(), where, kind) or made


def planned_ids(records: Records, run: str, *, but: RunTarget | None = None) -> set[str]:
    """Return the samples of a run that are asked about blind, in rounds with probes or by an assignment.

    Parameters
    ----------
    records
        Of a ledger.
    but
        Whose assignment does not count.
    """
    own = asdict(but).items() if but else None
    ids: set[str] = set()
    for record in records:
        if record.get("run") == run and record.get("kind") == ROUND:
            ids |= record["scores"].keys()
        elif record.get("run") == run and record.get("kind") == ASSIGNED and not (own and own <= record.items()):
            ids.update(record["blind"])
    return ids


def round_of(run: Run, where: RunTarget, request: PushRequest, *, records: Records, without: Collection[str]) -> Plan:
    """Return the plan of the run's round with probes in a project; drawn, and recorded, if there is none yet."""
    if run.store is None:
        raise InputError(
            "Without a run store nobody would know which samples are probes", hint="Scan into a store, and push that"
        )
    if standing := recorded(records, where, Plan):
        return standing
    _require_undecided(
        records, run.run, hint="Push the round with probes first, then the rest; or scan again, and push that"
    )
    plan = planned(
        run,
        share=request.probe or 0,
        budget=request.budget,
        seed=secrets.randbits(32),
        without=without,
        repeat=request.repeat,
    )
    return plan if request.dry_run else keep(run.store.ledger, where, plan)


def round_findings(run: Run, plan: Plan) -> list[dict[str, Any]]:
    """Return the items of a round as findings that are all of one kind, without samples that were erased since."""
    there = set(run.samples.ids.to_pylist())
    items = [Finding(id, "label", score, "A label to check.") for id, score in plan.scores.items() if id in there]
    return findings_table(items).to_pylist()


def assignment_of(
    run: Run, where: RunTarget, request: PushRequest, *, records: Records, findings: Sequence[Mapping[str, Any]]
) -> Assignment:
    """Return who is asked blind in a project's round in mode choose; drawn, and recorded, if a share is asked for."""
    standing = recorded(records, where, Assignment)
    if standing or not request.blind_share or run.store is None:
        return standing or Assignment()
    _require_undecided(records, run.run, hint="Scan again, and push that with --blind-share")
    made = assigned(findings, share=request.blind_share, seed=secrets.randbits(32))
    return made if request.dry_run else keep(run.store.ledger, where, made)


def _require_undecided(records: Records, run: str, *, hint: str) -> None:
    if any(record.get("kind") == "decision" and record["run"] == run for record in records):
        raise InputError("People have decided on this run with the suggestions before them", hint=hint)
