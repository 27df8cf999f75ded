"""Samples whose texts are almost the same: a typo, a dropped or swapped word, another ending.

Measured by the Jaccard similarity of the character 4-grams of the folded texts; see
:mod:`labelsift.checks.lookalikes` for how the pairs are found.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..data.normalize import folded
from ..data.schemas import Finding
from ..store.cache import versions_of
from .lookalikes import MAKER, lookalikes
from .registry import ANY_TASK, Context, Result, check

THRESHOLD = 0.7  # Jaccard similarity of the 4-grams: about three typos in 60 characters


@check("near_duplicate", needs=("text",), tasks=ANY_TASK)
def near_duplicate(context: Context) -> Result:
    """Flag the members of pairs with a similarity from THRESHOLD up; the score is 1 − the highest similarity."""
    pairs, similarities = near_pairs(context)
    score = np.ones(len(context), dtype=np.float32)
    np.minimum.at(score, pairs.ravel(), np.repeat(1 - similarities, 2))
    is_issue = np.zeros(len(context), dtype=bool)
    is_issue[pairs.ravel()] = True
    group = _components(len(context), pairs)
    partners: dict[int, list[tuple[float, int]]] = {}
    for (one, other), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        partners.setdefault(one, []).append((-similarity, other))
        partners.setdefault(other, []).append((-similarity, one))
    findings = []
    for row in np.flatnonzero(is_issue):
        nearest = sorted(partners[int(row)])
        ids = context.ids(np.array([other for _, other in nearest]))
        findings.append(
            Finding(
                id=context.ids(np.array([row]))[0],
                issue="near_duplicate",
                score=float(score[row]),
                given=context.label(int(row)),
                reason=f"Almost the same text ({1 - score[row]:.0%}) as {ids[0]}"
                + (f" and {len(ids) - 1} more." if len(ids) > 1 else "."),
                related_ids=ids[:10],
                group_id=f"near:{context.ids(group[row : row + 1])[0]}",
                evidence={"similarity": round(float(1 - score[row]), 4), "partners": len(ids)},
            )
        )
    return Result(score, is_issue, findings)


def near_pairs(context: Context) -> tuple[np.ndarray, np.ndarray]:
    """Return (pairs of rows, int64, shape (m, 2)) and their similarities; kept for the other checks.

    Of each group of equal texts only the first member is compared.
    """
    if context.near_pairs is None:
        maker = f"{versions_of('rensa')} {MAKER} from {THRESHOLD}"
        table = context.cache.whole("near", maker, context.texts_digest, lambda: _found(context))
        pairs = np.stack([table["one"].to_numpy(), table["other"].to_numpy()], axis=1)
        context.near_pairs = pairs, table["similarity"].to_numpy()
    return context.near_pairs


def _found(context: Context) -> pa.Table:
    _, first = np.unique(context.same_text, return_index=True)
    rows = np.sort(first[~context.blank[first]])
    pairs, similarities = lookalikes(folded(context.samples.texts.take(rows)), threshold=THRESHOLD)
    one, other = rows[pairs].T
    return pa.table({"one": one, "other": other, "similarity": similarities})


def _components(n: int, pairs: np.ndarray) -> np.ndarray:
    """Return for each row the first row of its connected component: int64, shape (n,)."""
    parent = np.arange(n)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for one, other in pairs.tolist():
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    for row in np.unique(pairs):
        parent[row] = root(int(row))
    return parent
