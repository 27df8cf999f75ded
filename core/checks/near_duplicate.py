"""Near duplicates by the Jaccard similarity of character 4-grams: MinHash, locality-sensitive hashing, exact check.

A typo, a dropped or swapped word, another ending. The pairs are found without comparing all with all: MinHash (Broder
1997; the package rensa) over the 4-grams of the folded texts, locality-sensitive hashing in bands, an estimate from
the sketches that throws most candidates away, and the exact similarity of the rest. The bands are sorted in numpy
rather than kept in a hash table of objects: 200,000 texts of one small vocabulary took 4 GB and five minutes of
comparing there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from ..data.normalize import folded
from ..data.schemas import Finding
from ..store.cache import versions_of
from .context import Context, Result
from .registry import ANY_TASK, check

THRESHOLD = 0.7  # Jaccard similarity of the 4-grams: about three typos in 60 characters
LONGEST = 20_000  # characters of a text that are compared
BANDS, ROWS = 25, 5  # finds 99 % of the pairs at a similarity of .7, and nearly all above
WINDOW = 16  # candidates in a band on either side: bounds the work in a pile of thousands of look-alikes
SLACK = 0.15  # an estimate from 125 values is this far off at most three times in a thousand
_SEED, _BATCH, _PAIRS_AT_ONCE = 1, 4096, 1 << 20
_SETTINGS = f"4-grams of {LONGEST} characters, {BANDS} x {ROWS}, window {WINDOW}, slack {SLACK}, seed {_SEED}"


@check(
    "near_duplicate",
    needs=("text",),
    tasks=ANY_TASK,
    after=("exact_duplicate",),
    title="Near duplicates",
    one="near duplicate",
    many="near duplicates",
    meaning="Almost the same text as another.",
    rank=40,
)
def near_duplicate(context: Context) -> Result:
    """Flag the members of pairs with a similarity from THRESHOLD up; the score is 1 − the highest similarity."""
    pairs, similarities = near_pairs(context)
    score = np.ones(len(context), dtype=np.float32)
    np.minimum.at(score, pairs.ravel(), np.repeat(1 - similarities, 2))
    is_issue = np.zeros(len(context), dtype=bool)
    is_issue[pairs.ravel()] = True
    group = _components(len(context), pairs)
    partners: dict[int, list[tuple[float, int]]] = {}
    for (first, second), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        partners.setdefault(first, []).append((-similarity, second))
        partners.setdefault(second, []).append((-similarity, first))
    findings = []
    for row in np.flatnonzero(is_issue):
        nearest = sorted(partners[int(row)])
        ids = context.ids(np.array([partner for _, partner in nearest]))
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
        maker = f"{versions_of('rensa')} {_SETTINGS} from {THRESHOLD}"
        table = context.cache.whole("near", maker, context.texts_digest, lambda: _pairs_table(context))
        pairs = np.stack([table["one"].to_numpy(), table["other"].to_numpy()], axis=1)
        context.near_pairs = pairs, table["similarity"].to_numpy()
    return context.near_pairs


def _pairs_table(context: Context) -> pa.Table:
    _, first = np.unique(context.same_text, return_index=True)
    rows = np.sort(first[~context.blank[first]])
    pairs, similarities = similar_pairs(folded(context.samples.texts.take(rows)), threshold=THRESHOLD)
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

    for first, second in pairs.tolist():
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    for row in np.unique(pairs):
        parent[row] = root(int(row))
    return parent


def similar_pairs(texts: pa.ChunkedArray, *, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs with a similarity of at least ``threshold``.

    Returns
    -------
    pairs
        Positions in ``texts``, int64, shape (m, 2), the smaller first, in ascending order.
    similarities
        float32, shape (m,): the exact Jaccard similarity of the 4-grams.
    """
    sketches, bands = _minhash(texts)
    candidates = [_candidates(bands[band], sketches, threshold - SLACK) for band in range(BANDS)]
    keys = np.unique(np.concatenate(candidates)) if candidates else np.empty(0, dtype=np.int64)
    pairs = np.stack(np.divmod(keys, max(len(texts), 1)), axis=1)
    similarities = _jaccard(texts, pairs)
    kept = similarities >= threshold
    return pairs[kept], similarities[kept]


def shingles(text: str) -> set[str]:
    """Return the character 4-grams of a text; a shorter text is its own.

    >>> sorted(shingles("abcde"))
    ['abcd', 'bcde']
    """
    text = text[:LONGEST]
    return {text[start : start + 4] for start in range(max(len(text) - 3, 1))}


def _minhash(texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return (sketches uint16, shape (n, 125); one hash a band, uint64, shape (BANDS, n))."""
    import rensa

    package: Any = rensa  # compiled, without types
    n, width = len(texts), BANDS * ROWS
    sketches = np.empty((n, width), dtype=np.uint16)
    bands = np.empty((BANDS, n), dtype=np.uint64)
    factors = np.random.default_rng(_SEED).integers(1, 2**63, (BANDS, ROWS), dtype=np.uint64) | np.uint64(1)
    for start in range(0, n, _BATCH):
        sets = [shingles(text) for text in texts.slice(start, _BATCH).to_pylist()]
        rows = slice(start, start + len(sets))
        matrix = package.RMinHash.digest_matrix_from_token_sets(sets, width, _SEED)
        digests = np.array(matrix.to_rows(), dtype=np.uint64)
        sketches[rows] = digests & np.uint64(0xFFFF)
        mixed = (digests.reshape(-1, BANDS, ROWS) * factors).sum(axis=2, dtype=np.uint64)
        bands[:, rows] = (mixed ^ (mixed >> np.uint64(29))).T
    return sketches, bands


def _candidates(hashes: np.ndarray, sketches: np.ndarray, least: float) -> np.ndarray:
    """Return the pairs that share a hash and whose sketches agree enough, as keys ``first * n + second``."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    keys: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
    for step in range(1, min(WINDOW, len(order) - 1) + 1):
        equal = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not len(equal):
            break
        for block in np.array_split(equal, len(equal) // _PAIRS_AT_ONCE + 1):
            first, second = order[block], order[block + step]
            close = (sketches[first] == sketches[second]).mean(axis=1) >= least
            low, high = np.minimum(first, second)[close], np.maximum(first, second)[close]
            keys.append(low.astype(np.int64) * len(hashes) + high)
    return np.concatenate(keys)


def _jaccard(texts: pa.ChunkedArray, pairs: np.ndarray) -> np.ndarray:
    """Return the exact Jaccard similarity of each pair: float32, shape (m,)."""
    similarities = np.empty(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _BATCH):
        block = pairs[start : start + _BATCH]
        rows = np.unique(block)
        sets = dict(zip(rows.tolist(), map(shingles, texts.take(pa.array(rows)).to_pylist()), strict=True))
        for number, (first, second) in enumerate(block.tolist(), start=start):
            shared = len(sets[first] & sets[second])
            similarities[number] = shared / (len(sets[first]) + len(sets[second]) - shared)
    return similarities
