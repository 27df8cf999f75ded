"""Several annotators' labels weighed by CROWDLAB (Goh et al. 2022) and ActiveLab (Goh & Mueller 2023), of cleanlab.

CROWDLAB takes the model and each annotator for voters, weighs each by how often it agrees with the others, and so gets
the likelier label of a sample and how sure that is. ActiveLab says of which samples one more opinion would teach most.
cleanlab is asked for only here, and only where samples have several annotators; without it the majority decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.annotator_labels import AnnotatorLabels

EXTRA = "pip install labelsift[annotators]"
MAJORITY, CROWDLAB = "majority vote", "CROWDLAB"


@dataclass(frozen=True)
class Consensus:
    """What several annotators say together.

    Parameters
    ----------
    codes
        int32, shape (n,): the consensus, -1 where nobody said anything.
    quality
        float32, shape (n,): how likely the consensus is right; NaN where nobody said anything.
    own_quality
        float32, shape (n, annotators): how likely each annotator's own label is right; NaN where one said nothing.
    worth
        float32, shape (n,): ActiveLab's score, the lower the more one more opinion would teach; NaN where unknown.
    agreement, skill
        float64, shape (annotators,): how often each agrees with the consensus where somebody else spoke, and how good
        their labels are.
    method
        ``CROWDLAB`` or ``majority vote``.
    """

    codes: np.ndarray
    quality: np.ndarray
    own_quality: np.ndarray
    worth: np.ndarray
    agreement: np.ndarray
    skill: np.ndarray
    method: str


def by_majority(said: AnnotatorLabels, classes: int) -> Consensus:
    """Return the label of most annotators; its quality is the share of those who gave it."""
    codes = said.majority_vote(classes)
    spoke, agrees = said.codes >= 0, (said.codes == codes[:, None]) & (said.codes >= 0)
    with np.errstate(invalid="ignore"):
        quality = (agrees.sum(axis=1) / spoke.sum(axis=1)).astype(np.float32)
    agreement = _agreement(said, codes)
    # One opinion more teaches most where few agree and few have spoken.
    worth = quality - (1 / np.maximum(spoke.sum(axis=1), 1)).astype(np.float32)
    own = np.full(said.codes.shape, np.nan, dtype=np.float32)
    for at in range(len(said.annotators)):
        rows = spoke[:, at]
        own[rows, at] = (said.codes[rows] == said.codes[rows, at : at + 1]).sum(axis=1) / spoke[rows].sum(axis=1)
    return Consensus(codes, quality, own, worth, agreement, agreement, MAJORITY)


def by_crowdlab(said: AnnotatorLabels, pred_probs: np.ndarray) -> Consensus:
    """Return CROWDLAB's consensus and ActiveLab's scores.

    Parameters
    ----------
    pred_probs
        float, shape (n, classes), out of sample. Rows that hold NaN are left to the majority.

    Raises
    ------
    ImportError
        Without cleanlab.
    """
    judge, active = _cleanlab()
    plain = by_majority(said, pred_probs.shape[1])
    rows = np.flatnonzero((said.counts > 0) & np.isfinite(pred_probs).all(axis=1))
    people = np.flatnonzero((said.codes[rows] >= 0).any(axis=0))
    if len(people) < 2 or not len(rows):
        return plain
    codes = said.codes[np.ix_(rows, people)]
    table = np.where(codes < 0, np.nan, codes).astype(np.float64)
    probabilities = np.asarray(pred_probs[rows], dtype=np.float64)
    found = judge(table, probabilities, verbose=False)
    quality, stats = found["label_quality"], found["annotator_stats"].sort_index()
    worth, _ = active(table, probabilities)
    whole = {name: getattr(plain, name).copy() for name in ("codes", "quality", "own_quality", "worth")}
    whole["worth"][:] = np.nan
    whole["codes"][rows] = quality["consensus_label"].to_numpy()
    whole["quality"][rows] = quality["consensus_quality_score"].to_numpy()
    whole["own_quality"][np.ix_(rows, people)] = found["detailed_label_quality"].to_numpy()
    whole["worth"][rows] = worth
    agreement, skill = (np.full(len(said.annotators), np.nan) for _ in range(2))
    agreement[people] = stats["agreement_with_consensus"].to_numpy()
    skill[people] = stats["annotator_quality"].to_numpy()
    return Consensus(**whole, agreement=agreement, skill=skill, method=CROWDLAB)


def _agreement(said: AnnotatorLabels, codes: np.ndarray) -> np.ndarray:
    """Return how often each annotator agrees with the consensus of samples that others labeled, too: NaN for never."""
    several = said.counts > 1
    spoke = (said.codes >= 0) & several[:, None]
    agrees = (said.codes == codes[:, None]) & spoke
    with np.errstate(invalid="ignore"):
        return agrees.sum(axis=0) / spoke.sum(axis=0)


def _cleanlab() -> tuple[Any, Any]:
    """Import cleanlab's module: half a second, and pandas with it."""
    from cleanlab.multiannotator import get_active_learning_scores, get_label_quality_multiannotator

    return get_label_quality_multiannotator, get_active_learning_scores
