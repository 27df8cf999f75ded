"""Recalibration between two runs: flags that came or went because people's answers moved the claims (accept rates).

A scan keeps by how much earlier answers moved the log odds of each claim
(:mod:`labelsift.label_quality.accept_rates`). With the newer run's shifts taken out and the older run's put in, it says
what it would have said without the answers in between. A flag of an unchanged sample that would then be as it was has
been recalibrated: nobody mended the label, and no evidence on the sample itself is new.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..label_quality.accept_rates import FACT, AcceptRates, shifted
from ..label_quality.score_labels import worst
from ..label_quality.wrong_labels import WRONG
from ..store.run import Run
from .alignment import MatchedRows
from .slice_metrics import score_column

_SEVERAL_ANNOTATORS = "annotators"  # the fact of runs whose flags several annotators decide as well


@dataclass(frozen=True)
class ClaimsBefore:
    """What the newer run would say of the shared samples with the answers that the older run knew.

    Parameters
    ----------
    flagged
        bool, shape (shared,).
    score
        Probability that the label is right: float64, shape (shared,), NaN where it was not judged.
    """

    flagged: np.ndarray
    score: np.ndarray


def claims_before(old: Run, new: Run, matched: MatchedRows) -> ClaimsBefore | None:
    """Return the newer run's claims under the older run's answers; None where both were moved by the same.

    Parameters
    ----------
    old
        With its labels as it was made, also where the taxonomy was changed since.
    """
    if old.facts.get(FACT) == new.facts.get(FACT) or new.samples.task != "classification":
        return None
    score, flags = score_column(new, "label_score"), score_column(new, "is_label_issue")
    if score is None or flags is None or _SEVERAL_ANNOTATORS in new.facts:
        return None
    claimed, flagged = 1 - score.to_numpy().astype(np.float64), flags.to_numpy().astype(bool)
    rows_old, rows_new = matched.old.to_numpy(), matched.new.to_numpy()
    earlier = np.full(len(claimed), _rates(old).shift.value)
    earlier[rows_new] = _shifts(old)[rows_old]
    wrong = shifted(claimed, earlier - _shifts(new))
    lowest = claimed[flagged].min(initial=WRONG)
    verified = ~flagged & (claimed > lowest)  # likelier than what is flagged, and not flagged: a person has looked
    asked = np.where(verified, np.nan, wrong)
    budget = new.settings.get("budget")
    with np.errstate(invalid="ignore"):
        before = asked >= WRONG if budget is None else worst(-asked, budget)
    return ClaimsBefore(before[rows_new], 1 - wrong[rows_new])


def _rates(run: Run) -> AcceptRates:
    kept = run.facts.get(FACT)
    return AcceptRates.of(kept) if kept else AcceptRates()


def _shifts(run: Run) -> np.ndarray:
    """Return by how much the answers that a run knew moved each of its claims: float64, shape (n,)."""
    suggested, given = score_column(run, "suggested_label"), run.samples.given
    if FACT not in run.facts or suggested is None or given is None:
        return np.zeros(len(run.samples))
    pairs = zip(given.to_pylist(), suggested.to_pylist(), strict=True)
    return _rates(run).shifts([(label or "", other or "") for label, other in pairs])
