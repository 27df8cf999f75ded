"""Near duplicates by the Jaccard similarity of character 4-grams: MinHash, locality-sensitive hashing, exact check.

A typo, a dropped or swapped word, another ending. In short texts two such edits change half of the 4-grams, so that
less similar pairs count, too, where word by word at most three small edits lie between them
(:mod:`labelsift.checks.small_edits`). The pairs are found without comparing all with all: MinHash (Broder
1997; the package rensa) over the 4-grams of the folded texts, locality-sensitive hashing in bands, an estimate from
the sketches that throws most candidates away, and the exact similarity of the rest. The bands are sorted in numpy
rather than kept in a hash table of objects: 200,000 texts of one small vocabulary took 4 GB and five minutes of
comparing there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from ..data.normalize import folded
from ..data.schemas import Finding
from ..store.cache import versions_of
from .context import Context, Result
from .registry import ANY_TASK, check
from .small_edits import LONGEST as LONGEST_EDITED
from .small_edits import another_text, few_edits

THRESHOLD = 0.7  # Jaccard similarity of the 4-grams: about three typos in 60 characters
LONGEST = 20_000  # characters of a text that are compared
BANDS, ROWS = 31, 4  # finds 86 % of the pairs at a similarity of .5, 98.6 % at .6, and nearly all from .7 up
WINDOW = 16  # candidates in a band on either side: bounds the work in a pile of thousands of look-alikes
SLACK = 0.1  # an estimate from 124 values at .5 is this far off at most three times in a hundred
_SEED, _BATCH, _PAIRS_AT_ONCE = 1, 4096, 1 << 20
_GRAMS_AT_ONCE = 1 << 22  # 4-grams of a part of the pairs
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SETTINGS = f"2: 4-grams of {LONGEST} characters, {BANDS} x {ROWS}, window {WINDOW}, slack {SLACK}, seed {_SEED}"


@dataclass(frozen=True)
class NearDuplicate:
    """Settings of the check.

    Parameters
    ----------
    threshold
        Jaccard similarity of the 4-grams from which two texts are near duplicates.
    edits
        Small edits between two less similar texts that are near duplicates, too; 0 for none.
    edited_threshold, edited_length
        Similarity and characters of both texts below which edits are not counted: in five words three are too many.
    another_text
        A text of up to 300 characters with another number, or with a negation more, is another text.
    """

    threshold: float = THRESHOLD
    edits: int = 3
    edited_threshold: float = 0.5
    edited_length: int = 40
    another_text: bool = True

    def __post_init__(self) -> None:
        for name in ("threshold", "edited_threshold"):
            if not 0.4 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and goes from 0.4 to 1")
        for name in ("edits", "edited_length"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, and must be 0 or more")


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
    settings=NearDuplicate,
)
def near_duplicate(context: Context) -> Result:
    """Flag the members of near pairs; the score is 1 − the highest similarity."""
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
        settings = context.settings(NearDuplicate)
        maker = f"{versions_of('rensa')} {_SETTINGS}, {settings}"
        table = context.cache.whole("near", maker, context.texts_digest, lambda: _pairs_table(context, settings))
        pairs = np.stack([table["one"].to_numpy(), table["other"].to_numpy()], axis=1)
        context.near_pairs = pairs, table["similarity"].to_numpy()
    return context.near_pairs


def _pairs_table(context: Context, settings: NearDuplicate) -> pa.Table:
    _, first = np.unique(context.same_text, return_index=True)
    rows = np.sort(first[~context.blank[first]])
    texts = folded(context.samples.texts.take(rows))
    least = min(settings.threshold, settings.edited_threshold if settings.edits else 1.0)
    pairs, similarities = similar_pairs(texts, threshold=least)
    near = _near(texts, pairs, similarities, settings)
    one, other = rows[pairs[near]].T
    return pa.table({"one": one, "other": other, "similarity": similarities[near]})


def _near(texts: pa.ChunkedArray, pairs: np.ndarray, similarities: np.ndarray, settings: NearDuplicate) -> np.ndarray:
    """Tell which similar pairs are near duplicates: bool, shape (m,)."""
    near = similarities >= settings.threshold
    lengths = pc.utf8_length(texts).to_numpy()[pairs]
    short = (lengths <= LONGEST_EDITED).all(axis=1)
    edited = short & (lengths >= settings.edited_length).all(axis=1) & (settings.edits > 0)
    looked_at = np.flatnonzero(np.where(near, short & settings.another_text, edited))
    for start in range(0, len(looked_at), _PAIRS_AT_ONCE):
        block = looked_at[start : start + _PAIRS_AT_ONCE]
        firsts, others = (texts.take(pa.array(side)).to_pylist() for side in pairs[block].T)
        for number, first, other in zip(block.tolist(), firsts, others, strict=True):
            like = bool(near[number]) or few_edits(first, other, most=settings.edits)
            near[number] = like and not (settings.another_text and another_text(first, other))
    return near


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
    """Return the Jaccard similarity of each pair: float32, shape (m,); exact but for 31-bit hashes of the 4-grams."""
    similarities = np.empty(len(pairs), dtype=np.float32)
    for block in _blocks(texts, pairs):
        rows, places = np.unique(pairs[block], return_inverse=True)
        first, other = places.reshape(-1, 2).T
        grams = _gram_matrix(texts.take(pa.array(rows)))
        sizes = np.diff(grams.indptr)
        shared = grams[first].multiply(grams[other]).sum(axis=1)
        similarities[block] = shared / (sizes[first] + sizes[other] - shared)
    return similarities


def _blocks(texts: pa.ChunkedArray, pairs: np.ndarray) -> Iterator[slice]:
    """Part the pairs so that the 4-grams of a part fit into memory."""
    lengths = np.minimum(pc.utf8_length(texts).to_numpy(), LONGEST) + 1
    ends = np.cumsum(lengths[pairs].sum(axis=1))
    start = 0
    while start < len(pairs):
        before = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, before + _GRAMS_AT_ONCE, side="right")), start + 1)
        yield slice(start, end)
        start = end


def _gram_matrix(texts: pa.ChunkedArray) -> csr_array:
    """Return which 4-grams each text has, int32 ones, shape (n, 2^31); a shorter text has itself."""
    padded = pc.utf8_rpad(pc.utf8_slice_codeunits(texts, 0, LONGEST), 4, "\0")
    lengths = pc.utf8_length(padded).to_numpy().astype(np.int64)
    letters = np.frombuffer("".join(padded.to_pylist()).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    hashes = np.zeros(max(len(letters) - 3, 0), dtype=np.uint64)
    for place in range(4):
        hashes = hashes * _FACTOR + letters[place : place + len(hashes)]
    hashes = (hashes * _FACTOR) >> np.uint64(33)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    within = rows[: len(hashes)] == rows[3:]
    keys = np.unique((rows[: len(hashes)][within] << 31) | hashes[within].astype(np.int64))
    columns = np.minimum(keys & ((1 << 31) - 1), 2**31 - 2).astype(np.int32)
    ends = np.searchsorted(keys, np.arange(len(lengths) + 1) << 31)
    return csr_array((np.ones(len(columns), dtype=np.int32), columns, ends), shape=(len(lengths), 2**31 - 1))
