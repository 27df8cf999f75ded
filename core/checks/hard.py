"""Samples that are difficult to learn although their label looks right: worth keeping, and worth more like them.

A model that learns a sample late or not at all may be telling of a wrong label, or of a hard sample. Which of the
two is asked of opinions that never saw the label: a sample is flagged as hard only where the label check scored its
label above one half and does not flag it, so that nobody throws away the samples that a model learns most from
(Swayamdipta et al. 2020). What to do about them is to keep them and collect more; there is nothing to correct, so they
are not pushed for review unless asked for.
"""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from ..signals.dynamics_statistics import SUBSETS, Trajectories
from .registry import Context, Result, check

RIGHT = 0.5  # label score from which on the opinions that did not see the label are for it


@check("hard", needs=("labels", "dynamics"))
def hard(context: Context) -> Result:
    """Flag the hard and the ambiguous rows (the kinds) whose label looks right; the score is 1 − difficulty."""
    told = context.dynamics
    if told is None:
        raise ValueError("the check hard needs dynamics")
    context.facts["dynamics"] = told.counts()
    context.notes.append(_note(told, unknown=int(((context.codes >= 0) & ~told.known).sum())))
    score = (1 - told.difficulty).astype(np.float32)
    is_issue = told.subset > SUBSETS.index("easy")
    right = context.labeled
    if right is not None:
        with np.errstate(invalid="ignore"):
            is_issue &= (right.score > RIGHT) & ~right.is_issue
    subset = told.subset
    findings = [
        _finding(context, told, row, float(score[row]), SUBSETS[subset[row]])
        for row in np.flatnonzero(is_issue).tolist()
    ]
    return Result(score, is_issue, findings)


def _note(told: Trajectories, *, unknown: int) -> str:
    counts = told.counts()
    rest = f" It says nothing of {unknown:,} labeled samples." if unknown else ""
    return (
        f"Over {counts['epochs']} epochs of your training {counts['easy']:,} samples were easy, "
        f"{counts['ambiguous']:,} ambiguous and {counts['hard']:,} hard; "
        f"{counts['never_learned']:,} were never learned.{rest}"
    )


def _finding(context: Context, told: Trajectories, row: int, score: float, subset: str) -> Finding:
    times, right = int(told.shown[row]), round(float(told.correctness[row] * told.shown[row]))
    forgotten = int(told.forgetting[row])
    learned = f"Learned in {right} of {times} epochs" if right else f"Never learned in {times} epochs"
    again = "" if not forgotten else ", and forgotten again" if forgotten == 1 else f", and forgotten {forgotten} times"
    if context.labeled is None:
        advice = "whether its label is right was not checked"
    else:
        advice = f"but the label looks right: {'a hard' if subset == 'hard' else 'an ambiguous'} sample, worth keeping"
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="hard",
        kind=subset,
        score=score,
        given=context.label(row),
        reason=f"{learned}{again}, {advice}.",
        evidence={
            "aum": round(float(told.aum[row]), 4),
            "confidence": round(float(told.confidence[row]), 4),
            "variability": round(float(told.variability[row]), 4),
            "forgetting": forgotten,
            "first_learned": int(told.first_learned[row]) or None,
            "epochs": times,
        },
    )
