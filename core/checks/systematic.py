"""Systematic label confusions: pairs of classes that flagged labels fall into more often than errors without a pattern.

Where 312 samples of "chargeback" are labeled "billing", people should decide once and mend many.

**Which pairs recur** is told by :mod:`labelsift.label_quality.recurring_confusions`, by how likely each flagged label
is right after all. The ranking's suspicion tells that where it is the surer one: the label score makes room for hard
samples row by row, and would put down to the model what many rows show together.

**What it is.** A **slip** goes one way, and the samples nearest to its members carry the suggested label. A
**guideline is unclear** where labels are doubted both ways, and the nearest samples (or the annotators of the members,
where they are known) carry both labels.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from ..data.issues import SYSTEMATIC
from ..data.schemas import Finding, to_json
from ..label_quality.recurring_confusions import Recurring, recurring
from .context import Context, Result
from .registry import check

SLIP, UNCLEAR = "slip", "unclear guideline"
CONTRASTS = 10
RIGHT = 0.5  # label score from which on the evidence is for the label
NEAR = 10  # labeled neighbours of a member that are asked
BACK = 0.25  # as many as this share go the other way: labels are doubted both ways
MIXED = 0.3  # of the neighbours that carry either label, or of the members by annotators; chosen on seeds 100–104


@check("systematic", group="labels", refines="label", needs=("labels",), after=("label", "annotators"))
def systematic(context: Context) -> Result:
    """Add one finding of scope class for each pair of classes whose confusion recurs, the most frequent first.

    ``id`` is the pair as a JSON list in sorted order, the same in every run. ``related_ids`` are the members, worst
    first; their own findings name the pair in ``evidence["systematic"]``. ``evidence["contrast"]`` holds up to ten
    triples of ids: a member, and the samples of the suggested and of the given class nearest to it whose label looks
    right.
    """
    labels = context.results["label"]
    if labels.suggested is None:
        return labels
    flagged = np.flatnonzero(labels.is_issue & (labels.suggested >= 0) & (context.codes >= 0))
    given, suggested = context.codes[flagged], labels.suggested[flagged]
    judged = np.isfinite(labels.score) & (context.codes >= 0)
    sizes = np.bincount(context.codes[judged], minlength=len(context.classes))
    looks_right = judged & ~labels.is_issue & (np.nan_to_num(labels.score) > RIGHT)
    pairs = recurring(
        given,
        suggested,
        _right(context, labels, flagged),
        sizes=sizes,
        taken_for=_taken_for(context, looks_right, np.unique(given)),
    )
    findings: dict[frozenset[int], Finding] = {}  # one for both ways, by the more frequent one
    for pair in pairs:
        classes = frozenset((pair.given, pair.suggested))
        if classes not in findings:
            there = flagged[(given == pair.given) & (suggested == pair.suggested)]
            back = flagged[(given == pair.suggested) & (suggested == pair.given)]
            findings[classes] = _finding(context, labels, pair, there, back, sizes)
    return replace(labels, findings=[*labels.findings, *findings.values()])


def _right(context: Context, labels: Result, flagged: np.ndarray) -> np.ndarray:
    """Return how likely each flagged label is right after all, 0..1: float64, shape (m,)."""
    right = np.clip(labels.score[flagged].astype(np.float64), 0, 1)
    return right if context.suspicion is None else np.fmin(right, 1 - context.suspicion[flagged])


def _taken_for(context: Context, right: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return what the model takes each class for that has flagged rows: float64, shape (classes, classes)."""
    count = len(context.classes)
    taken = np.zeros((count, count))
    if context.pred_probs is None:
        return taken
    for code in classes.tolist():
        rows = np.flatnonzero(right & (context.codes == code))
        if len(rows):
            taken[code] = np.nan_to_num(context.pred_probs[rows]).mean(axis=0)
            taken[code, code] = 0
            taken[code] /= max(taken[code].sum(), 1e-9)
    return taken


def _finding(
    context: Context, labels: Result, pair: Recurring, there: np.ndarray, back: np.ndarray, sizes: np.ndarray
) -> Finding:
    both_ways = len(back) >= max(BACK * len(there), 2)
    members = np.concatenate([there, back]) if both_ways else there
    members = members[np.argsort(labels.score[members], kind="stable")]
    neighbors, annotators = _given_nearby(context, labels, members), _split_annotators(context, members, pair)
    unclear = both_ways and max(neighbors or 0.0, annotators or 0.0) >= MIXED
    names = context.classes[pair.given], context.classes[pair.suggested]
    pair_id = to_json(sorted(names))
    ids = context.ids(members)
    of_sample = {finding.id: finding for finding in labels.findings if finding.scope == "sample"}
    for sample_id in ids:
        if sample_id in of_sample:
            of_sample[sample_id].evidence["systematic"] = pair_id
    confidence = labels.confidence[members] if labels.confidence is not None else np.empty(0)
    worst = there[np.argsort(labels.score[there], kind="stable")][:CONTRASTS]
    return Finding(
        id=pair_id,
        scope="class",
        issue="label",
        kind=SYSTEMATIC,
        score=float(np.mean(labels.score[members])),
        given=names[0],
        suggested=names[1],
        confidence=float(np.mean(confidence)),
        reason=_reason(pair, names, sizes, back=len(back), unclear=unclear),
        related_ids=ids,
        group_id=pair_id,
        evidence={
            "verdict": UNCLEAR if unclear else SLIP,
            "count": pair.count,
            "back": len(back),
            "size_given": int(sizes[pair.given]),
            "size_suggested": int(sizes[pair.suggested]),
            "expected": round(pair.expected, 4),
            "p_value": pair.p_value,
            "neighbors_given": None if neighbors is None else round(neighbors, 4),
            "annotators_split": None if annotators is None else round(annotators, 4),
            "contrast": _contrast(context, labels, pair, worst),
        },
    )


def _reason(pair: Recurring, names: tuple[str, str], sizes: np.ndarray, *, back: int, unclear: bool) -> str:
    look = f"{pair.count:,} of {sizes[pair.given]:,} labeled {names[0]} look like {names[1]}"
    if unclear:
        return (
            f"{look} and {back:,} of {sizes[pair.suggested]:,} the other way, and samples like them carry both labels: "
            "the guideline does not tell these classes apart."
        )
    other = f"{back:,} the other way" if back else "none the other way"
    return f"{look}, {other}: the same mistake again and again, to be decided once."


def _given_nearby(context: Context, labels: Result, members: np.ndarray) -> float | None:
    """Return, of the members' neighbours that carry the given or the suggested label, the share with the given one."""
    if context.graph is None or labels.suggested is None:
        return None
    near = context.graph.rows[members][:, :NEAR]
    codes = np.where(near >= 0, context.codes[near], -1)
    given = (codes == context.codes[members][:, None]).sum()
    suggested = (codes == labels.suggested[members][:, None]).sum()
    return float(given / (given + suggested)) if given + suggested else None


def _split_annotators(context: Context, members: np.ndarray, pair: Recurring) -> float | None:
    """Return the share of members whose annotators chose both classes; None where no two of them spoke."""
    column = context.samples.column("annotations")
    if column is None:
        return None
    both = {context.classes[pair.given], context.classes[pair.suggested]}
    rows = [list(json.loads(column[row].as_py() or "{}").values()) for row in members.tolist()]
    split = [both <= set(given) for given in rows if len(given) > 1]
    return float(np.mean(split)) if split else None


def _contrast(context: Context, labels: Result, pair: Recurring, suspects: np.ndarray) -> list[list[str]]:
    """Return triples of ids: a suspect, and the samples most like it of the suggested and the given class."""
    right = ~labels.is_issue & (np.nan_to_num(labels.score) > RIGHT)
    sides = [np.flatnonzero(right & (context.codes == code)) for code in (pair.suggested, pair.given)]
    if not all(map(len, sides)):
        return []
    nearest = [_nearest(context, labels, suspects, side) for side in sides]
    columns = [context.ids(rows) for rows in (suspects, *nearest)]
    return [list(triple) for triple in zip(*columns, strict=True)]


def _nearest(context: Context, labels: Result, suspects: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the row most like each suspect, else (without vectors) the surest ones in their order."""
    if context.vectors is not None:
        return among[(context.vectors[suspects] @ context.vectors[among].T).argmax(axis=1)]
    surest = among[np.argsort(-labels.score[among], kind="stable")]
    return np.resize(surest, len(suspects))
