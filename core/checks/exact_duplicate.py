"""Exact duplicates: samples whose texts are the same but for case, white space and Unicode form."""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from .context import Context, Result
from .registry import ANY_TASK, check

SHOWN = 10  # other members that a finding names


@check(
    "exact_duplicate",
    needs=("text",),
    tasks=ANY_TASK,
    after=("language",),
    title="Exact duplicates",
    one="exact duplicate",
    many="exact duplicates",
    meaning="The same text as another.",
    rank=50,
)
def exact_duplicate(context: Context) -> Result:
    """Flag every member of a group of equal texts; the score is 0 for them and 1 for all others."""
    groups = np.where(context.blank, -1, context.same_text)
    findings: list[Finding] = []
    is_issue = np.zeros(len(context), dtype=bool)
    for rows in members(groups):
        is_issue[rows] = True
        ids = context.ids(rows)
        for position, row in enumerate(rows):
            others = ids[:position] + ids[position + 1 :]
            findings.append(
                Finding(
                    id=ids[position],
                    issue="exact_duplicate",
                    score=0.0,
                    given=context.label(row),
                    reason=f"The same text stands in {_others(others)}.",
                    related_ids=others[:SHOWN],
                    group_id=f"same:{ids[0]}",
                    evidence={"members": len(ids)},
                )
            )
    return Result(np.where(is_issue, 0, 1).astype(np.float32), is_issue, findings)


def members(groups: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each group with two members or more, in order of first appearance.

    >>> [rows.tolist() for rows in members(np.array([7, -1, 5, 7, -1]))]
    [[0, 3]]
    """
    counts = np.bincount(groups[groups >= 0], minlength=1)
    rows = np.flatnonzero((groups >= 0) & (counts[groups] > 1))
    order = rows[np.argsort(groups[rows], kind="stable")]
    if not len(order):
        return []
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return sorted(parts, key=lambda part: int(part[0]))


def _others(ids: list[str]) -> str:
    if len(ids) <= 3:
        return "sample " + " and ".join(ids) if len(ids) == 1 else "samples " + ", ".join(ids)
    return f"{len(ids):,} other samples, first {ids[0]}"
