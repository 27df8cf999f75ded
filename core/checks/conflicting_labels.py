"""Conflicting labels: the same or almost the same text under different labels.

At least one of them is wrong, or the guideline is unclear.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..data.schemas import Finding
from .context import Context, Result
from .exact_duplicate import members
from .near_duplicate import near_pairs
from .registry import check

NEAR = 0.85  # Jaccard similarity from which a near duplicate should carry the same label


@check(
    "conflicting_labels",
    group="labels",
    needs=("text", "labels"),
    after=("near_duplicate", "label"),
    title="Conflicting labels",
    one="sample with conflicting labels",
    many="samples with conflicting labels",
    meaning="The same text, but different labels.",
    rank=60,
)
def conflicting_labels(context: Context) -> Result:
    """Flag the labeled rows whose text stands elsewhere under another label.

    The score is 0 for equal texts (kind ``exact``) and 1 − similarity for near duplicates (kind ``near``).
    """
    n = len(context)
    score = np.where(context.codes >= 0, np.float32(1), np.float32(np.nan))
    findings: dict[int, Finding] = {}
    for rows in members(np.where(context.blank | (context.codes < 0), -1, context.same_text)):
        if len(np.unique(context.codes[rows])) > 1:
            _add(context, findings, rows, score=0.0, kind="exact")
    pairs, similarities = near_pairs(context)
    for rows, similarity in zip(_first_labeled(context)[pairs], similarities, strict=True):
        codes = context.codes[rows]
        if similarity >= NEAR and (codes >= 0).all() and codes[0] != codes[1]:
            _add(context, findings, rows, score=float(1 - similarity), kind="near")
    is_issue = np.zeros(n, dtype=bool)
    for row, finding in findings.items():
        is_issue[row] = True
        score[row] = finding.score
    return Result(score.astype(np.float32), is_issue, list(findings.values()))


def _first_labeled(context: Context) -> np.ndarray:
    """Return for each row the first labeled row of the same text, else the row itself: int64, shape (n,)."""
    first = np.arange(len(context))
    labeled = np.flatnonzero(context.codes >= 0)
    of_text = np.full(int(context.same_text.max(initial=-1)) + 1, -1)
    of_text[context.same_text[labeled[::-1]]] = labeled[::-1]
    labeled_row = of_text[context.same_text]
    return np.where(labeled_row >= 0, labeled_row, first)


def _add(context: Context, findings: dict[int, Finding], rows: np.ndarray, *, score: float, kind: str) -> None:
    counts = Counter(context.classes[code] for code in context.codes[rows])
    labels = " and ".join(f"{name} ({count})" if count > 1 else name for name, count in counts.most_common())
    winner, confidence = _better(context, rows)
    ids = context.ids(rows)
    same = "The same text" if kind == "exact" else f"Almost the same text ({1 - score:.0%})"
    for position, row in enumerate(rows.tolist()):
        given = context.label(row)
        earlier = findings.get(row)
        if earlier is not None and earlier.score <= score:
            continue
        findings[row] = Finding(
            id=ids[position],
            issue="conflicting_labels",
            kind=kind,
            score=score,
            given=given,
            suggested=winner if winner != given else None,
            confidence=confidence if winner is not None and winner != given else None,
            reason=f"{same} is labeled {labels}.",
            related_ids=(ids[:position] + ids[position + 1 :])[:10],
            group_id=f"conflict:{ids[0]}",
            evidence={"labels": dict(counts)},
        )


def _better(context: Context, rows: np.ndarray) -> tuple[str | None, float | None]:
    """Choose among the labels of the rows: by out-of-sample probability, else by majority, else none.

    The probabilities are there when the label check ran before, or the user brought them.
    """
    codes, counts = np.unique(context.codes[rows], return_counts=True)
    if context.pred_probs is not None and (context.brought_pred_probs or context.readable[rows].all()):
        mean = context.pred_probs[rows][:, codes].mean(axis=0)
        if np.isfinite(mean).all() and mean.sum() > 0:
            return context.classes[codes[mean.argmax()]], float(mean.max() / mean.sum())
    most = counts.max()
    if (counts == most).sum() > 1:
        return None, None
    return context.classes[codes[counts.argmax()]], float(most / counts.sum())
