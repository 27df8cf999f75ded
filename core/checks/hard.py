"""Hard-to-learn and ambiguous samples of Dataset Cartography, among those whose label looks right.

A model learns a sample late or not at all because its label is wrong, or because it is hard. The label check tells the
two apart, whose probabilities never saw the label: a sample is flagged as hard only where its label scores above one
half and is not flagged (Swayamdipta et al. 2020). Keep such samples, and collect more like them: a model learns most
from them. There is nothing to correct, so they are not pushed for review unless asked for.
"""

from __future__ import annotations

import numpy as np

from ..data.schemas import Finding
from ..signals.dynamics_statistics import SUBSETS, Trajectories
from .context import Context, Result
from .registry import check

RIGHT = 0.5  # label score above which a label looks right


@check(
    "hard",
    group="training",
    needs=("labels", "dynamics"),
    after=("label", "taxonomy"),
    title="Hard samples",
    one="hard sample",
    many="hard samples",
    meaning="Right, but difficult to learn.",
    rank=170,
    advice=True,
)
def hard(context: Context) -> Result:
    """Flag the hard and the ambiguous rows (the kinds) whose label looks right; the score is 1 − difficulty."""
    dynamics = context.dynamics
    if dynamics is None:
        raise ValueError("the check hard needs dynamics")
    counts, unknown = dynamics.counts(), int(((context.codes >= 0) & ~dynamics.known).sum())
    context.facts["dynamics"] = counts
    context.notes.append(
        f"Over {counts['epochs']} recorded epochs of your training {counts['easy']:,} samples were easy, "
        f"{counts['ambiguous']:,} ambiguous and {counts['hard']:,} hard; "
        f"{counts['never_learned']:,} were never learned."
        + (f" It says nothing of {unknown:,} labeled samples." if unknown else "")
    )
    score = (1 - dynamics.difficulty).astype(np.float32)
    is_issue = dynamics.subset > SUBSETS.index("easy")
    if (labels := context.results.get("label")) is not None:
        with np.errstate(invalid="ignore"):
            is_issue &= (labels.score > RIGHT) & ~labels.is_issue
    subset = dynamics.subset
    findings = [
        _finding(context, dynamics, row, float(score[row]), SUBSETS[subset[row]])
        for row in np.flatnonzero(is_issue).tolist()
    ]
    return Result(score, is_issue, findings)


def _finding(context: Context, dynamics: Trajectories, row: int, score: float, subset: str) -> Finding:
    epochs = int(dynamics.shown[row])
    learned_in = round(float(dynamics.correctness[row] * epochs))
    forgotten = int(dynamics.forgetting[row])
    learned = f"Learned in {learned_in} of {epochs}" if learned_in else f"Never learned in {epochs}"
    learned += " recorded epochs"
    again = "" if not forgotten else ", and forgotten again" if forgotten == 1 else f", and forgotten {forgotten} times"
    if "label" not in context.results:
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
            "aum": round(float(dynamics.aum[row]), 4),
            "confidence": round(float(dynamics.confidence[row]), 4),
            "variability": round(float(dynamics.variability[row]), 4),
            "forgetting": forgotten,
            "first_learned": int(dynamics.first_learned[row]) or None,
            "epochs": epochs,
        },
    )
