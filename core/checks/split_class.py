"""Split classes: samples whose class was split; a person must say which of the new classes they belong to."""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from .context import Context, Result
from .registry import check


@check(
    "taxonomy",
    group="labels",
    needs=("undecided",),
    after=("outlier",),
    title="Split classes",
    one="sample of a split class",
    many="samples of a split class",
    meaning="Its class was split: choose the new one.",
    rank=70,
)
def taxonomy(context: Context) -> Result:
    """Flag the rows whose class was split; the score is 0 for them and 1 for all others. Nothing is suggested."""
    samples, is_issue = context.samples, np.zeros(len(context), dtype=bool)
    findings = []
    if samples.undecided is not None and samples.taxonomy is not None:
        rows = samples.positions(samples.undecided["id"].to_pylist())
        is_issue[rows] = True
        options = {name: samples.taxonomy.fate(name).options for name in samples.undecided["was"].unique().to_pylist()}
        findings = [
            Finding(
                id=row["id"],
                issue="taxonomy",
                kind="split",
                score=0.0,
                reason=f"The class {row['was']} was split: choose among {', '.join(options[row['was']])}.",
                evidence={"was": row["was"], "classes": list(options[row["was"]])},
            )
            for row in samples.undecided.to_pylist()
        ]
    return Result(np.where(is_issue, 0, 1).astype(np.float32), is_issue, findings)
