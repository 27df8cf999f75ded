"""Push of a run: verified samples stay out, control items go along, and where it went is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import platforms
from ..data.formatting import listed
from ..data.requests import PushRequest, Receipt
from ..data.textless import require_texts
from ..errors import InputError
from ..label_quality.accept_rates import AcceptRates
from ..search.slice_batch import SLICE
from ..store.base import RunTarget
from ..store.erasures import unerased
from ..store.run import Run
from .items import findings_of, queue_of
from .judged_labels import decided_on, learned
from .open_rounds import open_before, require_unseen
from .reopen import reopened
from .round_ledger import assignment_of, planned_ids, recorded, round_findings, round_of
from .rounds import Plan
from .verified import JUDGED, verified

_TEXTS = "Scan the file again; of a run without texts only the report that ls.scan returned can be pushed, in Python"
Records = Sequence[Mapping[str, Any]]


def push(run: Run, platform: str, request: PushRequest) -> Receipt:
    """Bring the flagged samples of a run into a project; see :meth:`labelsift.report.Report.push`."""
    adapter = platforms.labeler(platform)
    _require(adapter, run, request)
    with unerased(run) as whole:
        return _pushed(whole, adapter, RunTarget(run.run, platform, request.project), request)


def _pushed(run: Run, adapter: platforms.LabelingPlatform, where: RunTarget, request: PushRequest) -> Receipt:
    records: Records = run.store.ledger.records() if run.store else []
    settled, evidence_changed = _settled(run, records)
    rates: AcceptRates | None = None
    repeats: Mapping[str, float] = {}
    blind: frozenset[str] = frozenset()
    verified_before: set[str] = set()
    waiting: Mapping[str, str] = {}
    unasked: set[str] = set()
    budget = request.budget
    require_unseen(run, where, request, records=records)
    if request.probe is not None:
        judged = [id for id, issues in settled.items() if JUDGED in issues]
        plan = round_of(run, where, request, records=records, without=judged)
        findings, repeats = round_findings(run, plan), plan.repeats
        budget = None  # the plan chose the flagged samples; the probes come on top
    else:
        advice = request.only is not None or request.ids is not None
        findings = _chosen(run, findings_of(run, advice=advice), request.ids)
        verified_before = {row["id"] for row in findings if _is_settled(row, settled)}
        findings = [row for row in findings if not _is_settled(row, settled)]
        mode = None if request.match else request.mode
        # Who saw the suggestion elsewhere would not judge blind any more.
        asked_blind = planned_ids(records, run.run, but=where if mode == "choose" else None)
        unasked = {row["id"] for row in findings if row["id"] in asked_blind}
        if mode is not None and not request.anyway:
            waiting = open_before(run, where, {row["id"] for row in findings}, records=records)
        findings = [row for row in findings if row["id"] not in asked_blind and row["id"] not in waiting]
        if mode == "blind" and (standing := recorded(records, where, Plan)):
            repeats = standing.repeats
        if mode is not None and not repeats:  # in a project of our own; a repeat's score places it among the others
            rates = learned(records, run=run.run)
        if mode == "choose":
            blind = assignment_of(run, where, request, records=records, findings=findings).blind
    decided = decided_on(records, run.run) if rates else ()
    queue = queue_of(
        run,
        findings,
        only=request.only,
        budget=budget,
        repeats=repeats,
        blind=blind,
        learned=rates,
        decided=decided,
        alone=request.mode == "blind",
        mask=request.mask,
    )
    if run.store is not None and not request.dry_run:  # before, so that what a killed push sent is known, too
        run.store.sent(where, match=request.match, mode=request.mode)
    receipt = adapter.push(queue, request)
    # That evidence changed is said here only: in a task it would tell what a colleague answered.
    counts = {"verified_before": len(verified_before), "evidence_changed": evidence_changed}
    receipt.details |= {name: count for name, count in counts.items() if count}
    if unasked:
        receipt.details["asked_blind_elsewhere"] = (
            f"{len(unasked):,} samples, left out here: {listed(sorted(unasked), most=5)}"
        )
    if waiting:
        runs = listed(sorted(set(waiting.values())))
        receipt.details["open_in_earlier_rounds"] = (
            f"{len(waiting):,} samples wait for an answer in the round of {runs}, and are not asked again"
            f" (--anyway asks): {listed(sorted(waiting), most=5)}"
        )
    _keep_links(run, receipt)
    return receipt


def _require(adapter: platforms.LabelingPlatform, run: Run, request: PushRequest) -> None:
    """Refuse what the platform cannot ask people about, and what the run cannot give."""
    adapter.require_push(request)
    if run.samples.task == "multilabel":
        adapter.require("multilabel")
    if run.samples.task == "spans" and (request.only is None or "span" in request.only):
        adapter.require("spans")
    if not run.samples.has_texts and request.match is None and not adapter.capabilities & {"image", "audio"}:
        raise adapter.refusal("media")
    require_texts(run.samples, "A push", run=run.run, hint=_TEXTS)
    if request.mask and run.samples.task == "spans":
        raise InputError(
            "Spans have their places in the text as it is, so it cannot be masked on its task",
            hint="Push without --mask, or mask the data first: labelsift redact",
        )
    labels = {*run.samples.classes, *run.classes, *(run.samples.taxonomy.classes if run.samples.taxonomy else ())}
    if unknown := sorted(request.definitions.keys() - labels):
        raise InputError("Definitions name labels that the run does not have", ids=unknown, hint="Correct their names")
    if request.blind_share is not None and run.store is None:
        raise InputError("Without a run store nobody would know what was asked blind", hint="Scan into a store")


def _chosen(run: Run, findings: list[dict[str, Any]], ids: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the findings about chosen samples; all where none are chosen. Each must be there, and be flagged."""
    if ids is None:
        return findings
    run.samples.positions(ids)  # refuses unknown ones
    wanted = set(ids)
    chosen = [row for row in findings if row["id"] in wanted]
    missing = sorted(wanted - {row["id"] for row in chosen})
    if missing:
        raise InputError("These samples are not flagged: there is nothing to ask", ids=missing, hint="Leave them out")
    return chosen


def _settled(run: Run, records: Records) -> tuple[dict[str, frozenset[str]], int]:
    """Return which issues of which samples people settled, and how many labels are open again by new evidence."""
    if not records:
        return {}, 0
    settled = verified(run.samples, records, but=run.run)
    again = settled.keys() & reopened(run.samples, run.scores, records, but=run.run)
    return {id: issues - {JUDGED} if id in again else issues for id, issues in settled.items()}, len(again)


def _is_settled(finding: Mapping[str, Any], settled: Mapping[str, frozenset[str]]) -> bool:
    """Tell whether people said already what a finding asks: of a slice's samples, whether the label is right."""
    issues = settled.get(finding["id"], frozenset())
    return finding["issue"] in issues or (finding["issue"] == SLICE and JUDGED in issues)


def _keep_links(run: Run, receipt: Receipt) -> None:
    for sample, link in receipt.sample_links.items():
        if "://" in link or sample not in run.sample_links:  # a workbook's name does not replace an address
            run.sample_links[sample] = link
    if run.store is not None and receipt.sample_links:
        run.store.save_links(run.run, run.sample_links)
