"""Label errors of multilabel data, extra and missing ones: a noise model per label over out-of-fold probabilities.

Each cell of samples and labels is judged on its own: out-of-sample probabilities of one logistic regression a label;
a second cross-validation that learned nothing from suspect cells; and the votes of the nearest neighbours, where
suspect cells vote with their likelier state. :mod:`labelsift.label_quality.multilabel_noise`
weighs them and estimates how likely a cell is wrong. With ``pred_probs`` that the user brought, those alone are used,
as sure as the given labels bear out; of labels that they do not tell nothing is claimed
(:mod:`labelsift.label_quality.informative_labels`).

The score of a sample is the probability that none of its cells is wrong, ∏ (1 − P(wrong)). A sample is flagged where
it is more likely wrong than right, and the cells that are, each make a finding, ``extra`` or ``missing``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..data.formatting import listed, shortened
from ..data.issues import TOO_FEW
from ..data.label_sets import canonical
from ..data.schemas import Finding
from ..label_quality.informative_labels import informative_labels
from ..label_quality.multilabel_noise import fit_noise
from ..label_quality.score_labels import worst
from .context import Context, Result
from .label import SHOWN
from .label_words import LabelWords
from .registry import check
from .unlearnable import FEWEST, NAME_LENGTH

VOTERS = 50
MOST_NAMED = 8  # labels in a note
PRIOR = 2.0  # votes of an average sample, beside those of the neighbours
_ROWS_AT_ONCE = 8_192


@check(
    "label",
    group="labels",
    needs=("labels", "pred_probs"),
    tasks=("multilabel",),
    after=("language", "near_duplicate"),
    settings=LabelWords,
)
def label_sets(context: Context) -> Result:
    """Score the set of labels of every row that can be judged, and flag those where a label is likely wrong.

    A row without a score has no suggestion either. A label that stands on one row only, on all or on none says
    nothing, and is passed over; so is one that the user's probabilities do not tell.
    """
    given = context.members
    judged = _judged(context)
    probabilities, nothing_told = np.asarray(context.pred_probs), []
    if context.brought_pred_probs:
        brought = informative_labels(probabilities, given, judged)
        nothing_told = _nothing_told(context, judged, brought.informative)
        judged &= brought.informative[None, :]
        probabilities = brought.scaled(probabilities)
    wrong = np.zeros(given.shape, dtype=np.float32)
    if judged.any():
        _fill(wrong, context, judged, probabilities)
        wrong[~judged] = 0
    scored = np.asarray(judged.any(axis=1))
    score = np.where(scored, np.exp(np.log1p(-np.minimum(wrong, 1 - 1e-6)).sum(axis=1)), np.nan).astype(np.float32)
    is_issue = scored & (score < 0.5)
    if context.budget is not None:
        is_issue = worst(score, context.budget)
    flips = wrong > 0.5  # what a suggestion changes: the likeliest cell at least
    if wrong.shape[1]:
        flips[np.arange(len(wrong)), wrong.argmax(axis=1)] = True
    flips &= scored[:, None]
    confidence = np.where(scored, np.exp(np.log(np.where(flips, wrong, 1 - wrong).clip(1e-6)).sum(axis=1)), np.nan)
    findings = [
        finding for row in np.flatnonzero(is_issue).tolist() for finding in _findings(context, row, wrong, flips)
    ]
    patterns, pattern_of = np.unique((given == 1) ^ flips, axis=0, return_inverse=True)
    texts = [canonical(context.classes[code] for code in np.flatnonzero(row)) for row in patterns]
    suggested = pa.array(texts, pa.string()).take(pa.array(pattern_of.ravel(), mask=~scored))
    return Result(score, is_issue, [*nothing_told, *findings], None, confidence.astype(np.float32), suggested)


def _nothing_told(context: Context, judged: np.ndarray, told: np.ndarray) -> list[Finding]:
    """Note the labels that brought probabilities do not tell, and return the finding of it."""
    asked = judged.any(axis=0)
    names = [shortened(context.classes[code], NAME_LENGTH) for code in np.flatnonzero(asked & ~told)]
    if not names:
        return []
    rows = int(judged.any(axis=1).sum())
    what = _not_told(names, rows=rows, every=not told.any())
    if told.any():
        context.notes.append(what)
        return []
    context.notes.insert(0, what)
    kind = TOO_FEW if rows < FEWEST else ""
    name = context.samples.name
    return [Finding(id=name, issue="unlearnable", kind=kind, scope="dataset", score=0.0, reason=what)]


def _not_told(names: list[str], *, rows: int, every: bool) -> str:
    """Say that nothing is claimed of some labels.

    >>> _not_told(["a", "b"], rows=300, every=True)[:64]
    'The samples do not tell these labels: by your probabilities a an'
    """
    if every and rows < FEWEST:
        sets = "1 judged set of labels is" if rows == 1 else f"{rows} judged sets of labels are"
        return f"{sets} too few for your probabilities to show that they tell them. No label can be called wrong."
    which = f"{listed(names, most=MOST_NAMED)} {'is' if len(names) == 1 else 'are'}"
    what = f"The samples do not tell these labels: by your probabilities {which} foreseen no better than by how often"
    if every:
        return f"{what} each is given. No label can be called wrong, or missing."
    return f"{what} each is given, or on too few rows to tell. Nothing is said of them; the other labels are judged."


def _judged(context: Context) -> np.ndarray:
    """Tell the cells that can be judged: bool, shape (n, classes)."""
    given, pred_probs = context.members, context.pred_probs
    if pred_probs is None:
        raise ValueError("the label check needs pred_probs")
    known = given >= 0
    if not context.brought_pred_probs:
        known &= (context.readable & ~context.blank)[:, None]
    have, lack = (given == 1).sum(axis=0), (given == 0).sum(axis=0)
    return known & np.isfinite(pred_probs) & ((have > 1) & (lack > 1))[None, :]


def _fill(wrong: np.ndarray, context: Context, judged: np.ndarray, probabilities: np.ndarray) -> None:
    """Write how likely each cell is wrong."""
    given, sources = context.members, [probabilities]
    noise = fit_noise(sources, given, judged)
    if context.fold_of is not None and context.vectors is not None and context.graph is not None:
        for rows in _blocks(len(given)):
            wrong[rows] = noise.wrong([sources[0][rows]], given[rows])
        suspects = judged & (wrong > 0.5)
        if context.verified is not None:
            suspects &= ~context.verified[:, None]  # a person has looked
        sources += _second_round(context, suspects)
        noise = fit_noise(sources, given, judged, trusted=~suspects)
    for rows in _blocks(len(given)):
        wrong[rows] = noise.wrong([source[rows] for source in sources], given[rows])


def _second_round(context: Context, suspects: np.ndarray) -> list[np.ndarray]:
    """Return the probabilities of a second fit without the suspects, and the neighbours' votes: float32, (n, classes).

    Where leaving out the suspects would cost a label most of its rows, they stay.
    """
    given = context.members
    total, lost = (given == 1).sum(axis=0), (suspects & (given == 1)).sum(axis=0)
    left_out = suspects & (2 * lost <= total)[None, :]
    targets = np.where(left_out | (given < 0), np.nan, given).astype(np.float32)
    second = context.predict(targets, start=context.predictions).pred_probs
    likelier = np.where(suspects, np.nan_to_num(second) > 0.5, given).astype(np.float32)
    return [second, _votes(context, likelier)]


def _votes(context: Context, members: np.ndarray) -> np.ndarray:
    """Let labeled neighbours vote on each label with the fourth power of their cosine: float32, shape (n, classes)."""
    assert context.graph is not None  # noqa: S101 - the caller asked
    counts = np.ones(len(members), dtype=np.float32) if context.weights is None else context.weights
    counts = np.where((members >= 0).all(axis=1), counts, 0).astype(np.float32)
    known = counts > 0
    usual = (members[known] == 1).mean(axis=0) if known.any() else np.zeros(members.shape[1])
    votes = np.empty(members.shape, dtype=np.float32)
    for rows in _blocks(len(members)):
        near = context.graph.rows[rows, :VOTERS]
        weights = np.maximum(context.graph.similarities[rows, :VOTERS], 0) ** 4
        weights = np.where(near >= 0, weights * counts[near], 0).astype(np.float32)
        total = weights.sum(axis=1, keepdims=True)
        prior = PRIOR * np.where(total > 0, total, 1) / max(near.shape[1], 1)
        given = sum(weights[:, [place]] * (members[near[:, place]] == 1) for place in range(near.shape[1]))
        votes[rows] = (given + prior * usual) / (total + prior)
    return votes


def _findings(context: Context, row: int, wrong: np.ndarray, flips: np.ndarray) -> list[Finding]:
    """Return one finding for each cell of a row that is suggested to change, the surest first."""
    given = context.members[row] == 1
    names = context.classes
    had, right = ([names[code] for code in np.flatnonzero(marks)] for marks in (given, given ^ flips[row]))
    near = context.graph.rows[row] if context.graph is not None and context.readable[row] else np.empty(0, np.int32)
    near = near[near >= 0]
    near = near[(context.members[near] >= 0).all(axis=1)][:SHOWN]
    cells = np.flatnonzero(flips[row])
    findings = []
    for code in cells[np.argsort(-wrong[row, cells], kind="stable")].tolist():
        have = int((context.members[near, code] == 1).sum())
        model = float(np.asarray(context.pred_probs)[row, code])
        missing = not given[code]
        agree = have if missing else len(near) - have
        findings.append(
            Finding(
                id=context.ids(np.array([row]))[0],
                issue="label",
                kind="missing" if missing else "extra",
                score=float(1 - wrong[row, code]),
                given=had,
                suggested=right,
                confidence=float(wrong[row, code]),
                reason=_reason(names[code], missing=missing, model=model, have=have, near=len(near)),
                related_ids=() if findings else context.ids(near),  # once a sample is enough
                evidence={
                    "label": names[code],
                    "wrong": round(float(wrong[row, code]), 4),
                    "model": round(model if missing else 1 - model, 4),
                    "given_prob": round(1 - model if missing else model, 4),
                    "neighbors": len(near),
                    "neighbors_suggested": agree,
                    "neighbors_given": len(near) - agree,
                },
            )
        )
    return findings


def _reason(name: str, *, missing: bool, model: float, have: int, near: int) -> str:
    if missing:
        neighbors = f", and {have} of its {near} nearest samples have it" if near else ""
        return f"The label {name} seems to be missing: the model gives it {model:.2f}{neighbors}."
    neighbors = f", and {have or 'none'} of its {near} nearest samples {'has' if have < 2 else 'have'} it"
    return f"The label {name} does not seem to fit: the model gives it {model:.2f}{neighbors if near else ''}."


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + _ROWS_AT_ONCE, n)) for start in range(0, n, _ROWS_AT_ONCE)]
