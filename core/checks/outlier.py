"""Outliers by k-nearest-neighbour distance, beyond Tukey's far fence.

The mean cosine distance to the ten nearest neighbours (Kuan & Mueller 2022 found such averages to be a
strong out-of-distribution score). The fence is that of the data set's own distances.
"""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from .context import Context, Result
from .registry import ANY_TASK, check

NEIGHBORS = 10
FENCE = 3.0  # interquartile ranges above the third quartile


@check(
    "outlier",
    needs=("vectors",),
    tasks=ANY_TASK,
    after=("language", "conflicting_labels"),
    title="Outliers",
    one="outlier",
    many="outliers",
    meaning="Unlike every other sample.",
    rank=30,
)
def outlier(context: Context) -> Result:
    """Flag the rows beyond the fence; the score is 1 / (1 + (distance / fence)²), so .5 at the fence."""
    n = len(context)
    score = np.full(n, np.nan, dtype=np.float32)
    is_issue = np.zeros(n, dtype=bool)
    if context.graph is None or context.vectors is None:
        return Result(score, is_issue, [])
    judged = context.readable & ~context.blank & context.vectors.any(axis=1) & (context.graph.rows[:, 0] >= 0)
    if judged.sum() <= NEIGHBORS:
        return Result(score, is_issue, [])
    nearest = context.graph.similarities[:, :NEIGHBORS]
    distance = 1 - nearest.mean(axis=1)
    lower, upper = np.quantile(distance[judged], [0.25, 0.75])
    fence = max(upper + FENCE * (upper - lower), 1e-6)
    score[judged] = 1 / (1 + (np.maximum(distance[judged], 0) / fence) ** 2)
    is_issue = judged & (distance > fence)
    rows = np.flatnonzero(is_issue)
    typical = float(np.median(nearest[judged].mean(axis=1)))
    findings = [
        Finding(
            id=sample_id,
            issue="outlier",
            score=float(score[row]),
            given=context.label(row),
            reason=f"Unlike everything else: its nearest samples are only {nearest[row].mean():.2f} similar "
            f"(typical here: {typical:.2f}).",
            related_ids=context.ids(context.graph.rows[row, :NEIGHBORS]),
            evidence={"similarity": round(float(nearest[row].mean()), 4), "typical": round(typical, 4)},
        )
        for row, sample_id in zip(rows, context.ids(rows), strict=True)
    ]
    return Result(score, is_issue, findings)
