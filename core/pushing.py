"""Pushing a report: what people verified stays out, probes go along, and where it went is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import platforms, probing
from .errors import InputError
from .memory import JUDGED
from .platforms import Mode, Receipt, Repeater

if TYPE_CHECKING:
    from .report import Report


def push(
    report: Report,
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
    dry_run: bool,
) -> Receipt:
    """Bring the flagged samples of a report into a project; see :meth:`labelsift.report.Report.push`."""
    labeler = platforms.labeler(platform)
    if probe is not None:
        probing.require_blind(mode=mode, match=match, only=only)
    if repeat is not None:
        _require_repeats(labeler, probe=probe)
    verified, changed = _verified(report)
    if probe is not None:
        queue, repeats = probing.round_queue(
            report,
            platform=platform,
            project=project,
            share=probe,
            budget=budget,
            without=[one for one, issues in verified.items() if JUDGED in issues],
            dry_run=dry_run,
            repeat=repeat,
        )
        known, budget = 0, None  # it chose the flagged samples; the probes come on top
    else:
        queue, known = _unverified(report, verified)
        queue, repeats = _beside_rounds(queue, platform, project, mode=mode)
    if report.store is not None and not dry_run:  # before, so that what a killed push sent is known, too
        report.store.sent(report.run, platform=platform, target=project, match=match)
    if repeats and not match and isinstance(labeler, Repeater):
        receipt = labeler.push_repeats(
            queue, project=project, repeats=repeats, only=only, budget=budget, dry_run=dry_run
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


def _require_repeats(labeler: platforms.Labeler, *, probe: float | None) -> None:
    if probe is None:
        raise InputError("Repeats are a part of a round with probes", cure="Add --probe 10%")
    if not isinstance(labeler, Repeater):
        raise InputError(f"{labeler.name} cannot ask about a sample twice", cure="Leave out --repeat")


def _beside_rounds(queue: Report, platform: str, project: str, *, mode: Mode) -> tuple[Report, Mapping[str, float]]:
    """Leave out what rounds with probes ask, and return the second tasks that stand in the same blind project."""
    store = queue.store
    if store is None:
        return queue, {}
    repeats = store.repeats(queue.run, platform=platform, target=project) if mode == "blind" else {}
    return probing.without_planned(queue, store.planned(queue.run)), repeats


def _keep_links(report: Report, receipt: Receipt) -> None:
    for sample, link in receipt.sample_links.items():
        if "://" in link or sample not in report.sample_links:  # a workbook's name does not replace an address
            report.sample_links[sample] = link
    if report.store is not None and receipt.sample_links:
        report.store.save_links(report.run, report.sample_links)


def _verified(report: Report) -> tuple[dict[str, frozenset[str]], int]:
    """Return which issues of which samples people settled, and how many labels are open again by new evidence."""
    if report.store is None:
        return {}, 0
    known = report.store.verified(report.samples, but=report.run)
    again = known.keys() & report.store.reopened(report.samples, report.scores, but=report.run)
    return {one: issues - {JUDGED} if one in again else issues for one, issues in known.items()}, len(again)


def _unverified(report: Report, known: Mapping[str, frozenset[str]]) -> tuple[Report, int]:
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
