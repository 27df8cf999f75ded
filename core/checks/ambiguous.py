"""Ambiguous labels: rows whose label and another one are both common among samples like them.

The ranking of the label check doubts such a row, but the evidence does not tell an error from classes that overlap
(:mod:`labelsift.label_quality.wrong_labels`). So it is a question, and counts in no rate of wrong labels: the given
label may be right, the suggested one, both, or the guideline may not say.
"""

from __future__ import annotations

import numpy as np

from ..data.formatting import percent
from ..data.schemas import Finding
from ..label_quality.calibration import worth_a_look
from .context import Context, Result
from .registry import check

SHOWN = 10  # neighbours that a reason counts


@check(
    "ambiguous",
    group="labels",
    needs=("labels", "pred_probs"),
    after=("label",),
    title="Ambiguous labels",
    one="ambiguous label",
    many="ambiguous labels",
    meaning="Another label may fit as well. A question, not an error.",
    rank=15,
)
def ambiguous(context: Context) -> Result:
    """Flag the rows that the label check doubts and does not call wrong; the score is the given label's probability.

    That of a finding is ``label_score``: in this order people come upon errors sooner.
    """
    n, labels = len(context), context.results.get("label")
    if labels is None or context.label_claims is None or context.suspicion is None:
        return Result(np.full(n, np.nan, dtype=np.float32), np.zeros(n, dtype=bool), [])
    score = np.where(np.isfinite(labels.score), context.label_claims.given, np.nan).astype(np.float32)
    claims = context.label_claims
    is_issue = worth_a_look(context.suspicion) & ~claims.expected & ~labels.is_issue & np.isfinite(score)
    findings = [_finding(context, labels, row, float(score[row])) for row in np.flatnonzero(is_issue).tolist()]
    return Result(score, is_issue, findings)


def _finding(context: Context, labels: Result, row: int, share: float) -> Finding:
    given = context.label(row)
    other = context.classes[labels.suggested[row]] if labels.suggested is not None else ""
    near = context.labeled_neighbors(row)[:SHOWN]
    alike = int((context.codes[near] == context.codes[row]).sum())
    swapped = int((context.codes[near] == labels.suggested[row]).sum()) if labels.suggested is not None else 0
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="ambiguous",
        score=float(labels.score[row]),
        given=given,
        suggested=other,
        confidence=float(labels.confidence[row]) if labels.confidence is not None else None,
        reason=_reason(str(given), other, alike=alike, swapped=swapped, near=len(near), share=share),
        related_ids=context.ids(near),
        evidence={"neighbors": len(near), "neighbors_given": alike, "neighbors_suggested": swapped},
    )


def _reason(given: str, other: str, *, alike: int, swapped: int, near: int, share: float) -> str:
    """Say how common both labels are among samples like this one, and what that leaves open.

    >>> _reason("a", "b", alike=3, swapped=7, near=10, share=0.3)
    'Of its 10 nearest samples 3 are labeled a and 7 b: both labels may fit.'
    >>> _reason("a", "b", alike=0, swapped=9, near=10, share=0.02)
    'Of its 10 nearest samples none is labeled a and 9 b: a is rare here, which proves no error.'
    >>> _reason("a", "b", alike=0, swapped=0, near=0, share=0.2).replace(chr(160), " ")
    'Of samples like this one 20 % are expected to be labeled a: b may fit better, or both.'
    """
    if near < 2:
        expected = f"Of samples like this one {percent(share)} are expected to be labeled {given}"
        return f"{expected}: {other} may fit better, or both."
    counts = f"{alike or 'none'} {'are' if alike > 1 else 'is'} labeled {given} and {swapped or 'none'} {other}"
    seen = f"Of its {near} nearest samples {counts}"
    if alike and swapped:
        return f"{seen}: both labels may fit."
    if swapped:
        return f"{seen}: {given} is rare here, which proves no error."
    return f"{seen}, and the model doubts {given}: {other} may fit better, or both."
