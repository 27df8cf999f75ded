"""Texts in capitals, by the share of their letters that are upper case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from labelsift.checks import Context, Result, check
from labelsift.data.schemas import Finding


@dataclass(frozen=True)
class Shouting:
    """Settings, in labelsift.toml under ``[checks.shouting]``.

    Parameters
    ----------
    share
        Of the letters that have a case, from which a text shouts.
    letters
        A text with fewer of them is not judged: "OK" and "USB-C" are no shouting.
    """

    share: float = 0.8
    letters: int = 20

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if not 0 < self.share <= 1:
            raise ValueError(f"share is {self.share}, and goes from 0 to 1")


@check(
    "shouting",
    needs=("text",),
    tasks=("classification", "multilabel", "spans"),
    settings=Shouting,
    title="In capitals",
    one="text in capitals",
    many="texts in capitals",
    meaning="Written in capitals from beginning to end.",
    rank=135,
    actions=("edit", "remove"),
)
def shouting(context: Context) -> Result:
    """Flag the texts whose share of capitals reaches the threshold; the score is one minus that share."""
    settings = context.settings(Shouting)
    score = np.full(len(context), np.nan, dtype=np.float32)
    for row, text in enumerate(context.samples.texts.to_pylist()):
        upper, lower = sum(map(str.isupper, text)), sum(map(str.islower, text))
        if upper + lower >= settings.letters:
            score[row] = 1 - upper / (upper + lower)
    judged = np.isfinite(score)
    flagged = judged & (np.nan_to_num(score, nan=1.0) <= 1 - settings.share)
    rows = np.flatnonzero(flagged)
    findings = [
        Finding(
            id=sample,
            issue="shouting",
            score=float(score[row]),
            given=context.label(int(row)),
            reason=f"{1 - score[row]:.0%} of its letters are capitals.",
            evidence={"share": round(float(1 - score[row]), 4)},
        )
        for row, sample in zip(rows, context.ids(rows), strict=True)
    ]
    verdict = f"{len(rows):,} of {int(judged.sum()):,} texts are written in capitals." if len(rows) else ""
    return Result(score, flagged, findings, verdict=verdict)
