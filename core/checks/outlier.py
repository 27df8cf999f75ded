"""Outliers by k-nearest-neighbour distance, beyond Tukey's far fence of their class.

The mean cosine distance to the ten nearest neighbours (Kuan & Mueller 2022 found such averages to be a strong
out-of-distribution score). The fence is that of the class's own distances where the class is large enough, else that of
the data set's: what is far in a class of alike questions is near in one of free talk. A row must be beyond the usual
distances of the whole data set, too, or a wrong label would make an outlier of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.schemas import Finding
from .context import Context, Result
from .registry import ANY_TASK, check

NEIGHBORS = 10
USUAL = 1.0  # interquartile ranges above the data set's third quartile that a row must be beyond in any case


@dataclass(frozen=True)
class Outlier:
    """Settings of the check.

    Parameters
    ----------
    fence
        Interquartile ranges above the third quartile; 3 is Tukey's (1977) far fence.
    class_rows
        Judged rows from which a class has a fence of its own.
    """

    fence: float = 3.0
    class_rows: int = 50

    def __post_init__(self) -> None:
        if self.fence <= 0 or self.class_rows < NEIGHBORS:
            raise ValueError(f"fence is {self.fence} and class_rows {self.class_rows}; above 0, and from {NEIGHBORS}")


@check(
    "outlier",
    needs=("vectors",),
    tasks=ANY_TASK,
    after=("language", "conflicting_labels"),
    settings=Outlier,
    title="Outliers",
    one="outlier",
    many="outliers",
    meaning="Unlike every other sample.",
    rank=30,
    actions=("remove",),
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
    fence, typical, own = _fences(context, distance, judged)
    score[judged] = 1 / (1 + (np.maximum(distance[judged], 0) / fence[judged]) ** 2)
    is_issue = judged & (distance > fence)
    rows = np.flatnonzero(is_issue)
    findings = [
        Finding(
            id=sample_id,
            issue="outlier",
            score=float(score[row]),
            given=context.label(row),
            reason=f"Unlike everything else: its nearest samples are only {nearest[row].mean():.2f} similar "
            f"(typical {'of its label' if own[row] else 'here'}: {typical[row]:.2f}).",
            related_ids=context.ids(context.graph.rows[row, :NEIGHBORS]),
            evidence={"similarity": round(float(nearest[row].mean()), 4), "typical": round(float(typical[row]), 4)},
        )
        for row, sample_id in zip(rows, context.ids(rows), strict=True)
    ]
    return Result(score, is_issue, findings)


def _fences(context: Context, distance: np.ndarray, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each row its fence, the typical similarity beside it, and whether these are its class's own."""
    settings = context.settings(Outlier)
    lower, middle, upper = np.quantile(distance[judged], [0.25, 0.5, 0.75])
    usual = upper + USUAL * (upper - lower)
    fence = np.full(len(distance), max(upper + settings.fence * (upper - lower), 1e-6))
    typical, own = np.full(len(distance), 1 - middle), np.zeros(len(distance), dtype=bool)
    labeled = np.flatnonzero(judged & (context.codes >= 0))
    order = labeled[np.argsort(context.codes[labeled], kind="stable")]
    for rows in np.split(order, np.flatnonzero(np.diff(context.codes[order])) + 1):
        if len(rows) < settings.class_rows:
            continue
        low, within, high = np.quantile(distance[rows], [0.25, 0.5, 0.75])
        fence[rows] = max(high + settings.fence * (high - low), usual, 1e-6)
        typical[rows], own[rows] = 1 - within, True
    return fence, typical, own
