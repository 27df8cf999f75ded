"""Pairs of texts that are almost the same, found without comparing all with all.

MinHash (Broder 1997; the package rensa) over the character 4-grams, locality-sensitive hashing in bands, an
estimate from the sketches that throws most candidates away, and the exact Jaccard similarity of the rest.
The bands are sorted in numpy rather than kept in a hash table of objects: 200,000 texts of one small
vocabulary took 4 GB and five minutes of comparing there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

LONGEST = 20_000  # characters of a text that are compared
BANDS, ROWS = 25, 5  # finds 99 % of the pairs at a similarity of .7, and nearly all above
WINDOW = 16  # candidates in a band on either side: bounds the work in a pile of thousands of look-alikes
SLACK = 0.15  # an estimate from 125 values is this far off at most three times in a thousand
_SEED, _BATCH, _PAIRS_AT_ONCE = 1, 4096, 1 << 20
MAKER = (
    f"4-grams of {LONGEST} characters, {BANDS} x {ROWS}, window {WINDOW}, slack {SLACK}, seed {_SEED}"  # for a cache
)


def lookalikes(texts: pa.ChunkedArray, *, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs with a similarity of at least ``threshold``.

    Returns
    -------
    pairs
        Positions in ``texts``, int64, shape (m, 2), the smaller first, in ascending order.
    similarities
        float32, shape (m,): the exact Jaccard similarity of the 4-grams.
    """
    sketches, bands = _sketch(texts)
    candidates = [_alike(bands[band], sketches, threshold - SLACK) for band in range(BANDS)]
    keys = np.unique(np.concatenate(candidates)) if candidates else np.empty(0, dtype=np.int64)
    pairs = np.stack(np.divmod(keys, max(len(texts), 1)), axis=1)
    return _verified(texts, pairs, threshold)


def shingles(text: str) -> set[str]:
    """Return the character 4-grams of a text; a shorter text is its own.

    >>> sorted(shingles("abcde"))
    ['abcd', 'bcde']
    """
    text = text[:LONGEST]
    return {text[at : at + 4] for at in range(max(len(text) - 3, 1))}


def _sketch(texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
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


def _alike(hashes: np.ndarray, sketches: np.ndarray, least: float) -> np.ndarray:
    """Return the pairs that share a hash and whose sketches agree enough, as keys ``first * n + second``."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    found: list[np.ndarray] = [np.empty(0, dtype=np.int64)]
    for step in range(1, min(WINDOW, len(order) - 1) + 1):
        same = np.flatnonzero(ordered[step:] == ordered[:-step])
        if not len(same):
            break
        for some in np.array_split(same, len(same) // _PAIRS_AT_ONCE + 1):
            one, other = order[some], order[some + step]
            close = (sketches[one] == sketches[other]).mean(axis=1) >= least
            low, high = np.minimum(one, other)[close], np.maximum(one, other)[close]
            found.append(low.astype(np.int64) * len(hashes) + high)
    return np.concatenate(found)


def _verified(texts: pa.ChunkedArray, pairs: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    similarities = np.empty(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _BATCH):
        some = pairs[start : start + _BATCH]
        rows = np.unique(some)
        sets = dict(zip(rows.tolist(), map(shingles, texts.take(pa.array(rows)).to_pylist()), strict=True))
        for at, similarity in enumerate(_exact(some, sets), start):
            similarities[at] = similarity
    kept = similarities >= threshold
    return pairs[kept], similarities[kept]


def _exact(pairs: np.ndarray, sets: dict[int, set[str]]) -> Iterator[float]:
    for one, other in pairs.tolist():
        shared = len(sets[one] & sets[other])
        yield shared / (len(sets[one]) + len(sets[other]) - shared)
