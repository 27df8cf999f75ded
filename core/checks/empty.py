"""Empty texts: nothing, white space or invisible characters."""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from .context import Context, Result
from .registry import ANY_TASK, check


@check(
    "empty",
    needs=("text",),
    tasks=ANY_TASK,
    title="Empty texts",
    one="empty text",
    many="empty texts",
    meaning="Nothing to read, nothing to learn.",
    rank=120,
    actions=("remove",),
)
def empty(context: Context) -> Result:
    """Flag the rows without a visible text; the score is 0 for them and 1 for all others."""
    blank = context.blank
    findings = [
        Finding(
            id=sample_id,
            issue="empty",
            score=0.0,
            given=context.label(row),
            reason="The text is empty: there is nothing to label or to learn from.",
        )
        for row, sample_id in zip(np.flatnonzero(blank), context.ids(np.flatnonzero(blank)), strict=True)
    ]
    return Result(np.where(blank, 0, 1).astype(np.float32), blank, findings)
