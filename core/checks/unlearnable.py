"""Unlearnable classes: labels that the samples do not tell, by permutation tests of out-of-fold probabilities.

What cannot be learned cannot be called wrong: such rows are neither flagged nor counted. The finding is about the
class, or about the data set (:mod:`labelsift.label_quality.learnability`).
"""

from __future__ import annotations

import math

import numpy as np

from ..data.formatting import percent, shortened
from ..data.issues import MOSTLY_WRONG, TOO_FEW
from ..data.schemas import Finding
from ..label_quality.learnability import LEAST_RECALL
from .context import Context, Result
from .registry import check

NAME_LENGTH = 60
MOST_NOTES = 3  # about classes
CERTAINTY = 3.0  # standard errors above guessing from which a model has learned something
FEWEST = 50  # judged labels from which a test that finds nothing says something


@check(
    "unlearnable",
    group="labels",
    needs=("labels", "pred_probs"),
    after=("label",),
    title="Labels that cannot be learned",
    one="class that cannot be learned",
    many="classes that cannot be learned",
    meaning="The samples do not tell these labels.",
    rank=5,
    advice=True,
)
def unlearnable(context: Context) -> Result:
    """Name the classes that the model does not find, or the whole data set; no sample is flagged."""
    n, claims = len(context), context.label_claims
    result = Result(np.full(n, np.nan, dtype=np.float32), np.zeros(n, dtype=bool), [])
    if claims is None or context.pred_probs is None:
        return result
    judged = np.isfinite(claims.given)
    if not claims.learnable:
        rows = np.flatnonzero(judged)
        agrees = float((context.pred_probs[rows].argmax(axis=1) == context.codes[rows]).mean()) if len(rows) else 0.0
        guess = float(np.bincount(context.codes[rows]).max() / len(rows)) if len(rows) else 0.0
        result.findings.append(
            Finding(
                id=context.samples.name,
                issue="unlearnable",
                kind=TOO_FEW if len(rows) < FEWEST else "",
                scope="dataset",
                score=0.0,
                reason=(what := _of_all(len(rows), agrees, guess)),
                evidence={"agreement": round(agrees, 4), "guessing": round(guess, 4), "judged": len(rows)},
            )
        )
        context.notes.insert(0, what)
        return result
    sizes = np.bincount(context.codes[judged], minlength=len(context.classes)).tolist()
    for code, share in claims.unlearnable.items():
        what = (
            f"The model finds {percent(share)} of the {_rows(sizes[code])} of class "
            f"{shortened(context.classes[code], NAME_LENGTH)}, too few to call any of its labels wrong: they are not "
            "flagged, and count in no rate."
        )
        evidence = {"recall": share, "size": sizes[code]}
        result.findings.append(_of_class(context.classes[code], what, share, evidence))
    context.notes += _noted([finding.reason for finding in result.findings], list(claims.unlearnable), context.classes)
    by_size = sorted(claims.mostly_wrong, key=lambda code: -sizes[code])
    for code in by_size:
        share = claims.mostly_wrong[code]
        name = shortened(context.classes[code], NAME_LENGTH)
        what = (
            f"Most of the {_rows(sizes[code])} labeled {name} are probably wrong: look at the class as a whole "
            "before its rows. Its labels may have been swapped, or it may have served as a dump."
        )
        evidence = {"flagged": round(share, 4), "size": sizes[code]}
        result.findings.append(_of_class(context.classes[code], what, 1 - share, evidence, kind=MOSTLY_WRONG))
        context.notes += [what] if code in by_size[:MOST_NOTES] else []
    return result


def _of_class(name: str, reason: str, score: float, evidence: dict[str, float], *, kind: str = "") -> Finding:
    return Finding(
        id=name,
        issue="unlearnable",
        kind=kind,
        scope="class",
        score=score,
        given=name,
        reason=reason,
        evidence=evidence,
    )


def _noted(reasons: list[str], codes: list[int], classes: tuple[str, ...]) -> list[str]:
    """Return one note a class, or a single one where they would hide what else is noted."""
    if len(reasons) <= MOST_NOTES:
        return reasons
    names = ", ".join(shortened(classes[code], NAME_LENGTH) for code in codes[:MOST_NOTES])
    return [
        f"Of each of {len(codes):,} classes the model finds less than {percent(LEAST_RECALL)} of the rows, too few to "
        f"call any of their labels wrong: they are not flagged, and count in no rate. Among them: {names}."
    ]


def _rows(number: int) -> str:
    return f"{number:,} rows" if number != 1 else "1 row"


def _of_all(judged: int, agrees: float, guess: float) -> str:
    if judged < FEWEST:
        labels = "1 judged label is" if judged == 1 else f"{judged} judged labels are"
        return f"{labels} too few to learn from. No label can be called wrong."
    by_chance = CERTAINTY * math.sqrt(guess * (1 - guess) / judged)
    tell = "hardly tell" if agrees > guess + by_chance else "do not tell"
    return (
        f"The samples {tell} these labels: the model agrees with {percent(agrees)} of them, and always guessing "
        f"the commonest would with {percent(guess)}. No label can be called wrong."
    )
