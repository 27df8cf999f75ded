"""Sending of a run to a tracker, and of what became of a gate; the store keeps where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import platforms
from ...data.requests import GateNote, LogRequest
from ...data.textless import require_texts
from ...metrics.gates.results import without_few
from ...store.base import RunTarget
from ...store.erasures import unerased
from ...store.gate_status import conditions_key, keep_status, last_status
from ..gate_markdown import gate_markdown

if TYPE_CHECKING:
    from ...data.requests import Receipt
    from ...metrics.gates.results import GateResult
    from ...store.run import Run


def log(
    run: Run,
    platform: str,
    *,
    target: str | None = None,
    with_text: bool = False,
    every: bool = False,
    model: str | None = None,
    share: bool = False,
) -> Receipt:
    """Write this run's panels into a run of a tracker; twice in a row changes nothing.

    See :class:`labelsift.platforms.LogRequest` for the parameters. What a tracker does not declare is refused.
    """
    request = LogRequest(target=target, with_text=with_text, every=every, model=model, share=share)
    if with_text:
        require_texts(run.samples, "A log with texts", run=run.run, hint="Leave out --with-text")
    tracker = platforms.tracker(platform)
    for ability in request.needs:
        tracker.require(ability)
    with unerased(run) as whole:
        receipt = tracker.log(whole, request)
        if run.store is not None:
            run.store.sent(RunTarget(run.run, platform, receipt.target), with_text=with_text)
    return receipt


def log_gate(run: Run, platform: str, result: GateResult, *, target: str | None = None) -> Receipt:
    """Note in a tracker's run of this scan what became of a gate.

    Rows of fewer than ten samples are not told. The store keeps the status, so that the tracker can tell a gate that
    changed: the last one of the same conditions on the same data set.
    """
    tracker = platforms.tracker(platform)
    tracker.require("gate")
    sent, dataset = without_few(result), run.samples.name
    plain = sent.as_dict()
    conditions = conditions_key(plain)
    before = None if run.store is None else last_status(run.store, dataset, platform, conditions)
    receipt = tracker.gate(run, GateNote(plain, gate_markdown(sent), target, before))
    if run.store is not None:
        keep_status(run.store, dataset, RunTarget(run.run, platform, receipt.target), conditions, result.status)
    return receipt
