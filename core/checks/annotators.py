"""CROWDLAB consensus of several annotators: refines the label check, and rates each annotator.

The label check's own score says how well the given label fits the sample; CROWDLAB's says how likely it is right by
everybody who labeled it, each weighed by their reliability, and by the model. Neither has seen all that the other has:
the score is the mean of their log odds. A label is flagged where either of them is against it.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pyarrow as pa

from ..data.annotator_labels import AnnotatorLabels
from ..data.formatting import listed
from ..data.schemas import Finding
from ..label_quality.crowdlab import CROWDLAB, EXTRA, Consensus, by_crowdlab, by_majority
from ..label_quality.multilabel_noise import logit
from ..label_quality.score_labels import worst
from .context import Context, Result
from .registry import check

FACT = "annotators"  # in the facts of a report: one entry an annotator
NAMED = 6  # annotators that a reason names


@check("annotators", group="labels", refines="label", needs=("labels", "annotations"), after=("label",))
def annotators(context: Context) -> Result:
    """Return the label check's result with what the annotators say, and note each annotator's quality.

    Adds the columns ``consensus_label``, ``consensus_quality``, ``opinions`` and ``another_opinion_score`` (ActiveLab:
    the lower, the more one more opinion would teach).
    """
    result, column = context.results["label"], context.samples.column("annotations")
    if column is None or result.suggested is None or result.confidence is None:
        return result
    labels = AnnotatorLabels.read(column, context.classes)
    consensus = _consensus(context, labels)
    context.facts[FACT] = _ratings(labels, consensus)
    other = (consensus.codes >= 0) & (consensus.codes != context.codes) & np.isfinite(result.score)
    suggested = np.where(other, consensus.codes, result.suggested).astype(np.int32)
    confidence = np.where(other, consensus.quality, result.confidence).astype(np.float32)
    score = _score(context, result.score, labels, consensus)
    is_issue = result.is_issue | other
    if context.budget is not None:
        is_issue = worst(score, context.budget)
    rows = np.flatnonzero(is_issue & (other | ~result.is_issue))
    row_of = {sample_id: row for row, sample_id in enumerate(context.ids(np.arange(len(context))))}
    kept = [finding for finding in result.findings if is_issue[row_of[finding.id]] and not other[row_of[finding.id]]]
    for finding in kept:
        finding.score = float(score[row_of[finding.id]])
    findings = kept + [
        _finding(context, row, labels, consensus, score, int(suggested[row]), confidence) for row in rows.tolist()
    ]
    names = pa.array(context.classes, pa.string())
    columns = {
        "consensus_label": names.take(pa.array(consensus.codes, mask=consensus.codes < 0)),
        "consensus_quality": pa.array(consensus.quality.astype(np.float32), from_pandas=True),
        "opinions": pa.array(labels.counts.astype(np.int32)),
        "another_opinion_score": pa.array(consensus.worth.astype(np.float32), from_pandas=True),
    }
    return Result(score, is_issue, findings, suggested, confidence, more=columns)


def _consensus(context: Context, labels: AnnotatorLabels) -> Consensus:
    if context.pred_probs is None:
        return by_majority(labels, len(context.classes))
    try:
        return by_crowdlab(labels, np.asarray(context.pred_probs))
    except ImportError:
        context.notes.append(
            "Annotators are weighed alike, each with one vote, since cleanlab is not installed. CROWDLAB weighs them "
            f"by their reliability: {EXTRA}."
        )
        return by_majority(labels, len(context.classes))


def _ratings(labels: AnnotatorLabels, consensus: Consensus) -> list[dict[str, object]]:
    """Return name, number of labels, agreement with the consensus and quality of each annotator, the weakest first."""
    counts = (labels.codes >= 0).sum(axis=0)
    weakest = np.argsort(np.nan_to_num(consensus.skill, nan=2.0), kind="stable").tolist()
    return [
        {
            "annotator": labels.annotators[position],
            "labels": int(counts[position]),
            "agreement": _rounded(float(consensus.agreement[position])),
            "quality": _rounded(float(consensus.skill[position])),
            "method": consensus.method,
        }
        for position in weakest
    ]


def _rounded(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _score(context: Context, score: np.ndarray, labels: AnnotatorLabels, consensus: Consensus) -> np.ndarray:
    """Return the mean of the log odds of the label check's score and of the quality of the given label."""
    given = context.codes
    disputed = (consensus.codes >= 0) & (consensus.codes != given)
    against = np.minimum(1 - consensus.quality, 0.5)  # of a label that nobody gave
    if consensus.method != CROWDLAB:
        return np.where(disputed, np.minimum(score, against), score).astype(np.float32)
    gave = (labels.codes == given[:, None]) & (labels.codes >= 0)
    theirs = np.where(gave, np.nan_to_num(consensus.own_quality), 0).max(axis=1, initial=0)
    quality = np.where(gave.any(axis=1), theirs, np.where(disputed, against, consensus.quality))
    mixed = 1 / (1 + np.exp(-(logit(score) + logit(quality)) / 2))
    return np.where(np.isfinite(score) & np.isfinite(consensus.quality), mixed, score).astype(np.float32)


def _finding(
    context: Context,
    row: int,
    labels: AnnotatorLabels,
    consensus: Consensus,
    score: np.ndarray,
    suggested: int,
    confidence: np.ndarray,
) -> Finding:
    name = context.classes[suggested]
    near = context.graph.rows[row][:10] if context.graph is not None else np.empty(0, dtype=np.int32)
    votes = _votes(context, row, labels)
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="label",
        kind="consensus" if consensus.codes[row] == suggested else "",
        score=float(score[row]),
        given=context.label(row),
        suggested=name,
        confidence=float(confidence[row]),
        reason=_reason(context, row, votes, consensus, name, float(confidence[row])),
        related_ids=context.ids(near),
        evidence={
            "opinions": votes,
            "consensus": context.classes[consensus.codes[row]] if consensus.codes[row] >= 0 else None,
            "consensus_quality": _rounded(float(consensus.quality[row])),
            "another_opinion_score": _rounded(float(consensus.worth[row])),
        },
    )


def _votes(context: Context, row: int, labels: AnnotatorLabels) -> dict[str, list[str]]:
    """Return who gave each label: label → annotators."""
    votes: dict[str, list[str]] = defaultdict(list)
    for position in np.flatnonzero(labels.codes[row] >= 0).tolist():
        votes[context.classes[labels.codes[row, position]]].append(labels.annotators[position])
    return dict(votes)


def _reason(
    context: Context, row: int, votes: dict[str, list[str]], consensus: Consensus, suggested: str, confidence: float
) -> str:
    spoken = ", ".join(f"{_listed(who)} {'says' if len(who) == 1 else 'say'} {label}" for label, who in votes.items())
    given = context.label(row)
    if consensus.codes[row] < 0 or context.classes[consensus.codes[row]] != suggested:
        spoken = spoken or "no annotator is named"
        return f"Labeled {given}: {spoken}; the likeliest other label is {suggested} ({confidence:.2f})."
    crowdlab = consensus.method == CROWDLAB
    weighed = "weighed by how reliable each is, and by the model" if crowdlab else "by most voices"
    return f"Labeled {given}: {spoken}; {weighed}, {suggested} is likelier ({confidence:.2f})."


def _listed(names: list[str]) -> str:
    return f"{len(names)} annotators" if len(names) > NAMED else listed(names)
