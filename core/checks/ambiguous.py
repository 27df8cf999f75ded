"""Ambiguous labels: rows whose label and another one are both common among samples like them.

The ranking of the label check doubts such a row, but the evidence does not tell an error from classes that overlap
(:mod:`labelsift.label_quality.wrong_labels`). So it is a question, and counts in no rate of wrong labels: the given
label may be right, the suggested one, both, or the guideline may not say.
"""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from ..label_quality.calibration import worth_a_look
from .context import Context, Result
from .registry import check

SHOWN = 10  # neighbours that a reason counts


@check(
    "ambiguous",
    needs=("labels", "pred_probs"),
    after=("label",),
    title="Ambiguous labels",
    one="ambiguous label",
    many="ambiguous labels",
    meaning="Another label may fit as well. A question, not an error.",
    rank=15,
)
def ambiguous(context: Context) -> Result:
    """Flag the rows that the label check doubts and does not call wrong; the score is the given label's probability."""
    n, labels = len(context), context.results.get("label")
    if labels is None or context.label_claims is None or context.suspicion is None:
        return Result(np.full(n, np.nan, dtype=np.float32), np.zeros(n, dtype=bool), [])
    score = np.where(np.isfinite(labels.score), context.label_claims.given, np.nan).astype(np.float32)
    claims = context.label_claims
    is_issue = worth_a_look(context.suspicion) & ~claims.expected & ~labels.is_issue & np.isfinite(score)
    findings = [_finding(context, labels, row, float(score[row])) for row in np.flatnonzero(is_issue).tolist()]
    return Result(score, is_issue, findings)


def _finding(context: Context, labels: Result, row: int, score: float) -> Finding:
    given = context.label(row)
    other = context.classes[labels.suggested[row]] if labels.suggested is not None else ""
    near = context.labeled_neighbors(row)[:SHOWN]
    alike = int((context.codes[near] == context.codes[row]).sum())
    swapped = int((context.codes[near] == labels.suggested[row]).sum()) if labels.suggested is not None else 0
    if len(near):
        verb = "are" if alike > 1 else "is"
        seen = f"Of its {len(near)} nearest samples {alike or 'none'} {verb} labeled {given}, and {swapped or 'none'} {other}"
    else:
        seen = f"The model gives {given} {score:.2f}"
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="ambiguous",
        score=score,
        given=given,
        suggested=other,
        confidence=float(labels.confidence[row]) if labels.confidence is not None else None,
        reason=f"{seen}: the data do not tell which fits, or whether both do.",
        related_ids=context.ids(near),
        evidence={"neighbors": len(near), "neighbors_given": alike, "neighbors_suggested": swapped},
    )
