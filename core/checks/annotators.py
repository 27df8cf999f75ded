"""What several annotators add to the label check: their consensus, its quality, and how good each of them is.

The label check's own score says how well the given label fits the sample; CROWDLAB's says how likely it is right by
everybody who labeled it, each weighed by their reliability, and by the model. Neither has seen all that the other has:
the score is the mean of their log odds. A label is flagged where either of them is against it.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pyarrow as pa

from ..data.annotator_labels import Opinions, opinions
from ..data.schemas import Finding
from ..label_quality.crowdlab import CROWDLAB, EXTRA, Consensus, by_crowdlab, by_majority
from ..label_quality.multilabel_noise import logit
from .registry import Context, Result

FACT = "annotators"  # in the facts of a report: one entry an annotator
NAMED = 6  # annotators that a reason names


def with_opinions(context: Context, found: Result) -> Result:
    """Return the label check's result with what the annotators say, and note each annotator's quality.

    Adds the columns ``consensus_label``, ``consensus_quality``, ``opinions`` and ``another_opinion_score`` (ActiveLab:
    the lower, the more one more opinion would teach).
    """
    column = context.samples.column("annotations")
    if column is None or found.suggested is None or found.confidence is None:
        return found
    said = opinions(column, context.classes)
    told = _consensus(context, said)
    context.facts[FACT] = _people(said, told)
    other = (told.codes >= 0) & (told.codes != context.codes) & np.isfinite(found.score)
    suggested = np.where(other, told.codes, found.suggested).astype(np.int32)
    confidence = np.where(other, told.quality, found.confidence).astype(np.float32)
    score = _score(context, found.score, said, told)
    is_issue = found.is_issue | other
    if context.budget is not None:
        order = np.argsort(np.nan_to_num(score, nan=np.inf), kind="stable")[: context.budget]
        is_issue = np.zeros(len(score), dtype=bool)
        is_issue[order[np.isfinite(score[order])]] = True
    rows = np.flatnonzero(is_issue & (other | ~found.is_issue))
    place = {one: at for at, one in enumerate(context.ids(np.arange(len(context))))}
    kept = [one for one in found.findings if is_issue[place[one.id]] and not other[place[one.id]]]
    for one in kept:
        one.score = float(score[place[one.id]])
    findings = kept + [_finding(context, int(row), said, told, score, int(suggested[row]), confidence) for row in rows]
    return Result(score, is_issue, findings, suggested, confidence, more=_columns(context, said, told))


def _consensus(context: Context, said: Opinions) -> Consensus:
    if context.pred_probs is None:
        return by_majority(said, len(context.classes))
    try:
        return by_crowdlab(said, np.asarray(context.pred_probs))
    except ImportError:
        context.notes.append(
            "Annotators are weighed alike, each with one vote, since cleanlab is not installed. CROWDLAB weighs them "
            f"by their reliability: {EXTRA}."
        )
        return by_majority(said, len(context.classes))


def _people(said: Opinions, told: Consensus) -> list[dict[str, object]]:
    """Return name, number of labels, agreement with the consensus and quality of each annotator, the weakest first."""
    counts = (said.codes >= 0).sum(axis=0)
    rows: list[dict[str, object]] = [
        {
            "annotator": name,
            "labels": int(counts[at]),
            "agreement": _rounded(told.agreement[at]),
            "quality": _rounded(told.skill[at]),
            "method": told.method,
        }
        for at, name in enumerate(said.annotators)
    ]
    weakest = np.argsort(np.nan_to_num(told.skill, nan=2.0), kind="stable")
    return [rows[at] for at in weakest]


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _score(context: Context, score: np.ndarray, said: Opinions, told: Consensus) -> np.ndarray:
    """Return the mean of the log odds of the label check's score and of the quality of the given label."""
    given = context.codes
    disputed = (told.codes >= 0) & (told.codes != given)
    against = np.minimum(1 - told.quality, 0.5)  # of a label that nobody gave
    if told.method != CROWDLAB:
        return np.where(disputed, np.minimum(score, against), score).astype(np.float32)
    gave = (said.codes == given[:, None]) & (said.codes >= 0)
    theirs = np.where(gave, np.nan_to_num(told.own_quality), 0).max(axis=1, initial=0)
    quality = np.where(gave.any(axis=1), theirs, np.where(disputed, against, told.quality))
    mixed = 1 / (1 + np.exp(-(logit(score) + logit(quality)) / 2))
    return np.where(np.isfinite(score) & np.isfinite(told.quality), mixed, score).astype(np.float32)


def _columns(context: Context, said: Opinions, told: Consensus) -> dict[str, pa.Array]:
    names = pa.array(context.classes, pa.string())
    return {
        "consensus_label": names.take(pa.array(told.codes, mask=told.codes < 0)),
        "consensus_quality": pa.array(told.quality.astype(np.float32), from_pandas=True),
        "opinions": pa.array(said.counts.astype(np.int32)),
        "another_opinion_score": pa.array(told.worth.astype(np.float32), from_pandas=True),
    }


def _finding(
    context: Context,
    row: int,
    said: Opinions,
    told: Consensus,
    score: np.ndarray,
    suggested: int,
    confidence: np.ndarray,
) -> Finding:
    name = context.classes[suggested]
    near = context.graph.rows[row][:10] if context.graph is not None else np.empty(0, dtype=np.int32)
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="label",
        kind="consensus" if told.codes[row] == suggested else "",
        score=float(score[row]),
        given=context.label(row),
        suggested=name,
        confidence=float(confidence[row]),
        reason=_reason(context, row, said, told, name, float(confidence[row])),
        related_ids=context.ids(near),
        evidence={
            "opinions": _votes(context, row, said),
            "consensus": context.classes[told.codes[row]] if told.codes[row] >= 0 else None,
            "consensus_quality": _rounded(float(told.quality[row])),
            "another_opinion_score": _rounded(float(told.worth[row])),
        },
    )


def _votes(context: Context, row: int, said: Opinions) -> dict[str, list[str]]:
    """Return who gave each label: label → annotators."""
    votes: dict[str, list[str]] = defaultdict(list)
    for at in np.flatnonzero(said.codes[row] >= 0).tolist():
        votes[context.classes[said.codes[row, at]]].append(said.annotators[at])
    return dict(votes)


def _reason(context: Context, row: int, said: Opinions, told: Consensus, name: str, sure: float) -> str:
    votes = _votes(context, row, said)
    spoken = ", ".join(f"{_listed(who)} {'says' if len(who) == 1 else 'say'} {label}" for label, who in votes.items())
    given = context.label(row)
    if told.codes[row] < 0 or context.classes[told.codes[row]] != name:
        return (
            f"Labeled {given}: {spoken or 'no annotator is named'}; the likeliest other label is {name} ({sure:.2f})."
        )
    weighed = "weighed by how reliable each is, and by the model" if told.method == CROWDLAB else "by most voices"
    return f"Labeled {given}: {spoken}; {weighed}, {name} is likelier ({sure:.2f})."


def _listed(people: list[str]) -> str:
    if len(people) > NAMED:
        return f"{len(people)} annotators"
    return people[0] if len(people) == 1 else f"{', '.join(people[:-1])} and {people[-1]}"
