"""Pushing a report: what people verified stays out, probes go along, and where it went is recorded."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import platforms
from ..data.issues import advice_names
from ..data.textless import require_texts
from ..errors import InputError
from ..platforms import Mode, PushOptions, Receipt, Rounds
from . import rounds as probing
from .assignment import Assignment, assigned
from .reopen import reopened
from .round_ledger import keep_assignment, planned_ids, round_queue
from .rounds import round_of
from .verified import JUDGED, verified

if TYPE_CHECKING:
    from ..store.run import Run

_PUSH = "Scan the file again; of a run without texts only the report that ls.scan returned can be pushed, in Python"


def push(
    report: Run,
    platform: str,
    *,
    project: str,
    mode: Mode,
    match: str | None,
    create: bool,
    only: Sequence[str] | None,
    budget: int | None,
    probe: float | None,
    repeat: float | None,
    blind_share: float | None,
    dry_run: bool,
    options: PushOptions,
) -> Receipt:
    """Bring the flagged samples of a report into a project; see :meth:`labelsift.report.Report.push`."""
    labeler = platforms.adjusted(platforms.labeler(platform), options)
    _require_kind(report, labeler, match=match, only=only)
    require_texts(report.samples, "A push", run=report.run, cure=_PUSH)
    if probe is not None:
        probing.require_blind(mode=mode, match=match, only=only)
    if repeat is not None or blind_share is not None:
        _require_rounds(labeler, repeat=repeat, probe=probe, blind=blind_share, mode="match" if match else mode)
    if only is None:
        report = without_advice(report)
    settled, changed = _verified(report)
    if probe is not None:
        queue, repeats = round_queue(
            report,
            platform=platform,
            project=project,
            share=probe,
            budget=budget,
            without=[sample for sample, issues in settled.items() if JUDGED in issues],
            dry_run=dry_run,
            repeat=repeat,
        )
        known, budget, blind = 0, None, frozenset[str]()  # it chose the flagged samples; the probes come on top
    else:
        queue, known = _unverified(report, settled)
        where = {"platform": platform, "target": project}
        queue, repeats, blind = _beside(queue, where, mode=None if match else mode, share=blind_share, keep=not dry_run)
    if report.store is not None and not dry_run:  # before, so that what a killed push sent is known, too
        report.store.sent(report.run, platform=platform, target=project, match=match)
    if (repeats or blind) and isinstance(labeler, Rounds):
        receipt = labeler.push_round(
            queue,
            project=project,
            mode=mode,
            repeats=repeats,
            blind=blind,
            only=only,
            budget=budget,
            dry_run=dry_run,
        )
    else:
        receipt = labeler.push(
            queue, project=project, mode=mode, match=match, create=create, only=only, budget=budget, dry_run=dry_run
        )
    # That evidence changed is said here only: in a task it would tell what a colleague answered.
    counts = {"verified_before": known, "evidence_changed": changed}
    receipt.details |= {name: count for name, count in counts.items() if count}
    _keep_links(report, receipt)
    return receipt


def without_advice(report: Run) -> Run:
    """Return the report without the findings that ask nobody for a decision, if it has any."""
    advice = pc.is_in(report.findings["issue"], value_set=pa.array(sorted(advice_names()), pa.string()))
    return replace(report, findings=report.findings.filter(pc.invert(advice))) if pc.any(advice).as_py() else report


def _require_kind(report: Run, labeler: platforms.Labeler, *, match: str | None, only: Sequence[str] | None) -> None:
    """Refuse what this platform cannot ask people about."""
    able = platforms.asks_about(labeler)
    if report.samples.task == "multilabel" and "multilabel" not in able:
        raise InputError(
            f"{labeler.name} cannot ask about sets of labels",
            cure="Push to a platform that can, such as label-studio; or review the findings table "
            "(--findings findings.csv), and record what people decide: ls.record(…)",
        )
    if report.samples.task == "spans" and "spans" not in able and (only is None or "span" in only):
        raise InputError(
            f"{labeler.name} cannot ask about spans",
            cure="Push to a platform that can, such as label-studio; or name other issues (only=…, --only)",
        )
    if not report.samples.has_texts and match is None and not able & {"image", "audio"}:
        raise InputError(
            f"{labeler.name} can show texts only, and the samples have none",
            cure="Push to a platform that can show images and sounds, such as label-studio",
        )


def _require_rounds(
    labeler: platforms.Labeler, *, repeat: float | None, probe: float | None, blind: float | None, mode: str
) -> None:
    if repeat is not None and probe is None:
        raise InputError("Repeats are a part of a round with probes", cure="Add --probe 10%")
    if blind is not None and (mode != "choose" or probe is not None):
        raise InputError(
            "A blind share belongs to a review project in mode choose", cure="Leave out --probe and --match"
        )
    if not isinstance(labeler, Rounds):
        raise InputError(
            f"{labeler.name} cannot ask about single samples twice or blind",
            cure="Leave out --repeat and --blind-share",
        )


def _beside(
    queue: Run, where: dict[str, str], *, mode: Mode | None, share: float | None, keep: bool
) -> tuple[Run, Mapping[str, float], frozenset[str]]:
    """Leave out what is asked blind elsewhere; return the second tasks, and what is blind, in this very project."""
    store, run = queue.store, queue.run
    if store is None:
        if share is not None:
            raise InputError("Without a run store nobody would know what was asked blind", cure="Scan into a store")
        return queue, {}, frozenset()
    own = (where["platform"], where["target"]) if mode == "choose" else None
    queue = probing.without_planned(queue, planned_ids(store.ledger.records(), run, but=own))
    plan = round_of(store.ledger.records(), run=run, **where) if mode == "blind" else None
    repeats = plan.repeats if plan else {}

    def make() -> Assignment:
        if store.decided(run):
            raise InputError(
                "People have decided on this run with the suggestions before them",
                cure="Scan again, and push that with --blind-share",
            )
        return assigned(queue.findings, share=share or 0, seed=secrets.randbits(32))

    if own is None:
        return queue, repeats, frozenset()
    blind = keep_assignment(store.ledger, run, **where, make=make if share else None, keep=keep).blind
    return queue, repeats, blind


def _keep_links(report: Run, receipt: Receipt) -> None:
    for sample, link in receipt.sample_links.items():
        if "://" in link or sample not in report.sample_links:  # a workbook's name does not replace an address
            report.sample_links[sample] = link
    if report.store is not None and receipt.sample_links:
        report.store.save_links(report.run, report.sample_links)


def _verified(report: Run) -> tuple[dict[str, frozenset[str]], int]:
    """Return which issues of which samples people settled, and how many labels are open again by new evidence."""
    if report.store is None:
        return {}, 0
    records = report.store.ledger.records()
    known = verified(report.samples, records, but=report.run)
    again = known.keys() & reopened(report.samples, report.scores, records, but=report.run)
    return {one: issues - {JUDGED} if one in again else issues for one, issues in known.items()}, len(again)


def _unverified(report: Run, known: Mapping[str, frozenset[str]]) -> tuple[Run, int]:
    """Return the report without the findings that people settled, and how many samples these are of."""
    found = report.findings
    theirs = pc.and_(
        pc.equal(found["scope"], "sample"), pc.is_in(found["id"], value_set=pa.array(list(known), pa.string()))
    )
    rows = pc.indices_nonzero(theirs).to_numpy()
    pairs = zip(found["id"].take(rows).to_pylist(), found["issue"].take(rows).to_pylist(), strict=True)
    settled = {row: id for row, (id, issue) in zip(rows.tolist(), pairs, strict=True) if issue in known[id]}
    kept = np.delete(np.arange(len(found)), list(settled))
    return (replace(report, findings=found.take(kept)) if settled else report), len(set(settled.values()))
