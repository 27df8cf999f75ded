"""Consensus of annotator labels: CROWDLAB (Goh et al. 2022), ActiveLab (Goh & Mueller 2023) of cleanlab, or majority.

CROWDLAB takes the model and each annotator for voters, weighs each by how often it agrees with the others, and so gets
the likelier label of a sample and how sure that is. ActiveLab says of which samples one more opinion would teach most.
cleanlab is asked for only here, and only where samples have several annotators; without it the majority decides.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

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


def by_majority(annotations: AnnotatorLabels, classes: int) -> Consensus:
    """Return the label of most annotators; its quality is the share of those who gave it."""
    codes = annotations.majority_vote(classes)
    spoke, agrees = annotations.codes >= 0, (annotations.codes == codes[:, None]) & (annotations.codes >= 0)
    with np.errstate(invalid="ignore"):
        quality = (agrees.sum(axis=1) / spoke.sum(axis=1)).astype(np.float32)
    agreement = _agreement(annotations, codes)
    # One opinion more teaches most where few agree and few have spoken.
    worth = quality - (1 / np.maximum(spoke.sum(axis=1), 1)).astype(np.float32)
    own = np.full(annotations.codes.shape, np.nan, dtype=np.float32)
    for annotator in range(len(annotations.annotators)):
        rows = spoke[:, annotator]
        same = annotations.codes[rows] == annotations.codes[rows, annotator : annotator + 1]
        own[rows, annotator] = same.sum(axis=1) / spoke[rows].sum(axis=1)
    return Consensus(codes, quality, own, worth, agreement, agreement, MAJORITY)


def by_crowdlab(annotations: AnnotatorLabels, pred_probs: np.ndarray) -> Consensus:
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
    # Half a second to import, and pandas with it.
    from cleanlab.multiannotator import get_active_learning_scores, get_label_quality_multiannotator

    by_vote = by_majority(annotations, pred_probs.shape[1])
    rows = np.flatnonzero((annotations.counts > 0) & np.isfinite(pred_probs).all(axis=1))
    people = np.flatnonzero((annotations.codes[rows] >= 0).any(axis=0))
    if len(people) < 2 or not len(rows):
        return by_vote
    codes = annotations.codes[np.ix_(rows, people)]
    table = np.where(codes < 0, np.nan, codes).astype(np.float64)
    probabilities = np.asarray(pred_probs[rows], dtype=np.float64)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a caution where a class is in no consensus
        result = get_label_quality_multiannotator(table, probabilities, verbose=False)
        worth, _ = get_active_learning_scores(table, probabilities)
    quality, stats = result["label_quality"], result["annotator_stats"].sort_index()
    columns = {name: getattr(by_vote, name).copy() for name in ("codes", "quality", "own_quality", "worth")}
    columns["worth"][:] = np.nan
    columns["codes"][rows] = quality["consensus_label"].to_numpy()
    columns["quality"][rows] = quality["consensus_quality_score"].to_numpy()
    columns["own_quality"][np.ix_(rows, people)] = result["detailed_label_quality"].to_numpy()
    columns["worth"][rows] = worth
    agreement, skill = (np.full(len(annotations.annotators), np.nan) for _ in range(2))
    agreement[people] = stats["agreement_with_consensus"].to_numpy()
    skill[people] = stats["annotator_quality"].to_numpy()
    return Consensus(**columns, agreement=agreement, skill=skill, method=CROWDLAB)


def _agreement(annotations: AnnotatorLabels, codes: np.ndarray) -> np.ndarray:
    """Return how often each annotator agrees with the consensus of samples that others labeled, too: NaN for never."""
    several = annotations.counts > 1
    spoke = (annotations.codes >= 0) & several[:, None]
    agrees = (annotations.codes == codes[:, None]) & spoke
    with np.errstate(invalid="ignore"):
        return agrees.sum(axis=0) / spoke.sum(axis=0)
