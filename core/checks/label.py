"""Labels that look wrong.

Three opinions of each row's class are averaged, none of which has seen the row's own label: out-of-sample
probabilities; those of a second cross-validation that learned from no suspect (rows that confident
learning flags, Northcutt et al. 2021); and the similarity-weighted vote of the 50 nearest neighbours, where
suspects vote with their likelier class. Labels that people verified are never suspects, and count threefold
in both. With probabilities that the user brought, those alone are used.

With g the averaged probability of the given label and b that of the best other one, the score is
``((g − b) / (g + b) ** .75 + 1) / 2``: between the normalised margin (exponent 0), which ranks confusions
between near classes best, and the log ratio (exponent 1), which ranks random errors best. The exponent was
chosen on injected noise (seeds 100–102), not on the sets that figures are reported on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..dynamics import combine
from ..findings import Finding
from ..prediction import out_of_sample
from .registry import Context, Result, check

EXPONENT = 0.75
VOTERS = 50
SHOWN = 10  # neighbours that a reason counts
_ROWS_AT_ONCE = 16_384

Opinion = Callable[[slice], np.ndarray]


@check("label", needs=("labels", "pred_probs"))
def label(context: Context) -> Result:
    """Score the given label of every row that can be judged, and flag those that are likely wrong.

    A row without a score has no suggestion either.
    """
    n = len(context)
    opinion = _opinion(context)
    judged = (context.codes >= 0) & ~context.blank
    if not context.brought_pred_probs:
        judged &= context.readable  # a model that the user brought reads what our embedder cannot
    judged &= np.isfinite(context.pred_probs).all(axis=1) if context.pred_probs is not None else False
    score = np.full(n, np.nan, dtype=np.float32)
    suggested = np.full(n, -1, dtype=np.int32)
    confidence = np.full(n, np.nan, dtype=np.float32)
    thresholds = _thresholds(context, opinion, judged)
    is_issue = np.zeros(n, dtype=bool)
    if len(context.classes) > 1:
        for rows in _blocks(n):
            probabilities, codes = opinion(rows), context.codes[rows]
            given, best_other, other = _best_other(probabilities, codes)
            score[rows] = _score(given, best_other)
            suggested[rows], confidence[rows] = other, best_other
            is_issue[rows] = _confident(probabilities, thresholds, codes) & (best_other > given)
    score[~judged] = np.nan
    if context.dynamics is not None:
        score = combine(score, context.dynamics.margins)
    told = judged & np.isfinite(score)  # of what cannot be judged, no other class can be said to be better
    suggested[~told], confidence[~told] = -1, np.nan
    is_issue &= told
    if context.budget is not None:
        is_issue = _worst(score, context.budget)
    rows = np.flatnonzero(is_issue)
    findings = [_finding(context, row, score, suggested, confidence) for row in rows.tolist()]
    return Result(score, is_issue, findings, suggested, confidence)


def _opinion(context: Context) -> Opinion:
    """Return a function from a block of rows to its averaged class probabilities."""
    first = context.pred_probs
    if first is None:
        raise ValueError("the label check needs pred_probs")
    if context.fold_of is None or context.vectors is None or context.graph is None:
        return lambda rows: np.nan_to_num(first[rows])
    suspects = _suspects(context, first)
    if context.verified is not None:
        suspects &= ~context.verified  # a person has looked
    second = out_of_sample(
        context.vectors,
        context.codes,
        classes=len(context.classes),
        folds=context.fold_of,
        seed=context.seed,
        training=_without(suspects, context.codes, len(context.classes)) & context.readable & ~context.blank,
        weights=context.weights,
        start=context.predictions,
    ).pred_probs
    likelier = context.codes.copy()
    likelier[suspects] = np.nan_to_num(second[suspects]).argmax(axis=1)
    graph = context.graph

    def averaged(rows: slice) -> np.ndarray:
        votes = neighbor_votes(
            graph.rows[rows], graph.similarities[rows], likelier, len(context.classes), context.weights
        )
        return (np.nan_to_num(first[rows]) + np.nan_to_num(second[rows]) + votes) / 3

    return averaged


def _suspects(context: Context, first: np.ndarray) -> np.ndarray:
    """Flag rows by confident learning on the first opinion alone."""
    judged = (context.codes >= 0) & np.isfinite(first).all(axis=1)
    thresholds = _thresholds(context, lambda rows: np.nan_to_num(first[rows]), judged)
    flagged = [
        _confident(np.nan_to_num(first[rows]), thresholds, context.codes[rows]) for rows in _blocks(len(context))
    ]
    return np.concatenate(flagged) & judged if flagged else judged


def _without(suspects: np.ndarray, codes: np.ndarray, classes: int) -> np.ndarray:
    """Leave the suspects out of training, but keep classes whole that would lose most of their rows."""
    labeled = codes >= 0
    total = np.bincount(codes[labeled], minlength=classes)
    lost = np.bincount(codes[labeled & suspects], minlength=classes)
    return labeled & (~suspects | (2 * lost > total)[codes])


def neighbor_votes(
    rows: np.ndarray, similarities: np.ndarray, codes: np.ndarray, classes: int, counts: np.ndarray | None = None
) -> np.ndarray:
    """Let labeled neighbours vote with the fourth power of their cosine.

    Parameters
    ----------
    rows, similarities
        Neighbours of some rows, shape (m, k); -1 = none.
    codes
        Class of every row of the data set, -1 = no vote.
    counts
        How much the vote of each row of the data set counts; all the same by default.

    Returns
    -------
    numpy.ndarray
        float32, shape (m, classes), rows sum to one (uniform where nobody votes).
    """
    some, near = rows[:, :VOTERS], np.maximum(similarities[:, :VOTERS], 0)
    voted = np.where(some >= 0, codes[some], -1)
    weights = np.where(voted >= 0, near**4 if counts is None else near**4 * counts[some], 0)
    place = np.arange(len(some))[:, None] * classes + np.maximum(voted, 0)
    votes = np.bincount(place.ravel(), weights.ravel(), minlength=len(some) * classes).reshape(len(some), classes)
    votes += 1e-3 / classes
    return (votes / votes.sum(axis=1, keepdims=True)).astype(np.float32)


def _thresholds(context: Context, opinion: Opinion, judged: np.ndarray) -> np.ndarray:
    """Return each class's mean probability among the rows that carry it: its threshold of confidence."""
    sums, counts = np.zeros(len(context.classes)), np.zeros(len(context.classes))
    for rows in _blocks(len(context)):
        some, codes = judged[rows], context.codes[rows]
        given = opinion(rows)[np.flatnonzero(some), codes[some]]
        sums += np.bincount(codes[some], given, minlength=len(sums))
        counts += np.bincount(codes[some], minlength=len(sums))
    return np.divide(sums, counts, out=np.full(len(sums), 2.0), where=counts > 0)  # 2: nobody is that confident


def _confident(probabilities: np.ndarray, thresholds: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Tell the rows that confidently belong to another class than the given one."""
    above = np.where(probabilities >= thresholds, probabilities, -1)
    return (above.max(axis=1) > 0) & (above.argmax(axis=1) != codes)


def _best_other(probabilities: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (probability of the given class, of the best other one, the best other one)."""
    at = np.arange(len(codes))
    given = probabilities[at, codes]  # of an unlabeled row (-1) the last column: masked by the caller
    rest = probabilities.copy()
    rest[at, codes] = -1
    other = rest.argmax(axis=1)
    return given, rest[at, other], other


def _score(given: np.ndarray, best_other: np.ndarray) -> np.ndarray:
    return ((given - best_other) / np.maximum(given + best_other, 1e-9) ** EXPONENT + 1) / 2


def _worst(score: np.ndarray, budget: int) -> np.ndarray:
    chosen = np.zeros(len(score), dtype=bool)
    order = np.argsort(np.nan_to_num(score, nan=np.inf), kind="stable")[:budget]
    chosen[order[np.isfinite(score[order])]] = True
    return chosen


def _blocks(n: int) -> Iterator[slice]:
    for at in range(0, n, _ROWS_AT_ONCE):
        yield slice(at, min(at + _ROWS_AT_ONCE, n))


def _finding(context: Context, row: int, score: np.ndarray, suggested: np.ndarray, confidence: np.ndarray) -> Finding:
    given, other = context.label(row), context.classes[suggested[row]]
    # The vector of a text that the embedder cannot read has neighbours, but they say nothing.
    seen = context.graph is not None and context.readable[row]
    near = context.graph.rows[row] if context.graph is not None and seen else np.empty(0, dtype=np.int32)
    near = near[near >= 0]
    near = near[context.codes[near] >= 0][:SHOWN]
    agree = int((context.codes[near] == suggested[row]).sum())
    probability = float(context.pred_probs[row, suggested[row]]) if context.pred_probs is not None else 0.0
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="label",
        score=float(score[row]),
        given=given,
        suggested=other,
        confidence=float(confidence[row]),
        reason=_reason(given, other, agree=agree, near=len(near), probability=probability),
        related_ids=context.ids(near),
        evidence={
            "model": round(probability, 4),
            "given_prob": round(float(context.pred_probs[row, context.codes[row]]), 4)
            if context.pred_probs is not None
            else None,
            "neighbors": len(near),
            "neighbors_suggested": agree,
            "neighbors_given": int((context.codes[near] == context.codes[row]).sum()),
        },
    )


def _reason(given: str | None, other: str, *, agree: int, near: int, probability: float) -> str:
    neighbors = f"{agree} of its {near} nearest samples"
    if not near or not agree:
        return f"Labeled {given}; the model ({probability:.2f}) says {other}."
    if 2 * agree > near and probability >= 0.5:
        return f"Labeled {given}; {neighbors} and the model ({probability:.2f}) say {other}."
    return f"Labeled {given}; {neighbors} say {other}, the model gives it {probability:.2f}."
