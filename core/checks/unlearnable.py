"""Unlearnable classes: labels that the samples do not tell, by permutation tests of out-of-fold probabilities.

What cannot be learned cannot be called wrong: such rows are neither flagged nor counted. The finding is about the
class, or about the data set (:mod:`labelsift.label_quality.learnability`).
"""

from __future__ import annotations

import numpy as np

from ..data.formatting import percent, shortened
from ..data.schemas import Finding
from .context import Context, Result
from .registry import check

NAME_LENGTH = 60
FEWEST = 50  # judged labels from which a test that finds nothing says something


@check(
    "unlearnable",
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
    if not claims.learnable:
        rows = np.flatnonzero(np.isfinite(claims.given))
        agrees = float((context.pred_probs[rows].argmax(axis=1) == context.codes[rows]).mean())
        guess = float(np.bincount(context.codes[rows]).max() / len(rows))
        result.findings.append(
            Finding(
                id=context.samples.name,
                issue="unlearnable",
                scope="dataset",
                score=0.0,
                reason=(what := _of_all(len(rows), agrees, guess)),
                evidence={"agreement": round(agrees, 4), "guessing": round(guess, 4)},
            )
        )
        context.notes.insert(0, what)
        return result
    for code, share in claims.unlearnable.items():
        name = shortened(context.classes[code], NAME_LENGTH)
        size = int((context.codes == code).sum())
        what = (
            f"The model finds {percent(share)} of the {size:,} rows of class {name}, too few to call any of its labels "
            "wrong: they are not flagged, and count in no rate."
        )
        result.findings.append(
            Finding(
                id=context.classes[code],
                issue="unlearnable",
                scope="class",
                score=share,
                given=context.classes[code],
                reason=what,
                evidence={"recall": share, "size": size},
            )
        )
        context.notes.append(what)
    for code, share in claims.mostly_wrong.items():
        name = shortened(context.classes[code], NAME_LENGTH)
        size = int((context.codes == code).sum())
        what = (
            f"{percent(share)} of the {size:,} labels {name} look wrong: look at the class as a whole before its rows. "
            "Its labels may have been swapped, or it may have served as a dump."
        )
        result.findings.append(
            Finding(
                id=context.classes[code],
                issue="unlearnable",
                kind="mostly_wrong",
                scope="class",
                score=1 - share,
                given=context.classes[code],
                reason=what,
                evidence={"flagged": round(share, 4), "size": size},
            )
        )
        context.notes.append(what)
    return result


def _of_all(judged: int, agrees: float, guess: float) -> str:
    if judged < FEWEST:
        return f"{judged} judged labels are too few to learn from. No label can be called wrong."
    return (
        f"The samples do not tell these labels: the model agrees with {percent(agrees)} of them, and always guessing "
        f"the commonest would with {percent(guess)}. No label can be called wrong."
    )
