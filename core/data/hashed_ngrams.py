"""Character n-grams within words by hash bucket (feature hashing; Weinberger et al. 2009).

One to four characters in a row, the spaces around a word included. No n-gram is kept, only the number of its bucket,
which many n-grams share: what texts said cannot be read out of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONGEST = 4  # characters of an n-gram
READ = 2_000  # characters of a text
BUCKETS = 1 << 20
_AT_ONCE = 2_000  # texts
_FACTOR, _GOLDEN = np.uint64(1_000_003), np.uint64(0x9E3779B97F4A7C15)
_SPACE, _END = 32, 10


def bucket_counts(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count the n-grams of each text: (starts, buckets, counts), as a sparse matrix of compressed rows has them.

    Returns
    -------
    starts
        int64, shape (n + 1,): the buckets of text i stand from ``starts[i]`` to ``starts[i + 1]``.
    buckets
        int32, ascending within a text.
    counts
        float32: how often an n-gram of each bucket stands in the text.
    """
    starts: list[np.ndarray] = [np.zeros(1, dtype=np.int64)]
    buckets: list[np.ndarray] = [np.empty(0, dtype=np.int32)]
    counts: list[np.ndarray] = [np.empty(0, dtype=np.float32)]
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        rows, grams = _ngrams(some)
        keys, times = np.unique(rows * BUCKETS + grams, return_counts=True)
        rows, grams = np.divmod(keys, BUCKETS)
        starts.append(starts[-1][-1] + np.searchsorted(rows, np.arange(1, len(some) + 1)))
        buckets.append(grams.astype(np.int32))
        counts.append(times.astype(np.float32))
    return np.concatenate(starts), np.concatenate(buckets), np.concatenate(counts)


def buckets_in(texts: Sequence[str]) -> np.ndarray:
    """Return the buckets that texts fill: int32, ascending.

    >>> len(buckets_in(["a"])), len(buckets_in(["ab", "AB  ab"])), len(buckets_in(["", " "]))
    (4, 8, 0)
    """
    return np.unique(bucket_counts(texts)[1])


def _ngrams(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (row of each n-gram, its bucket), both int64: of all texts at once, length by length."""
    lines = "\n".join(f" {' '.join(text[:READ].casefold().split())} " for text in texts)
    characters = np.frombuffer(lines.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    row = np.cumsum(characters == _END)
    inside, space = characters != _END, characters == _SPACE
    valid, hashes = inside & ~space, characters
    rows, buckets = [row[valid]], [_bucket(hashes[valid], 1)]
    valid = inside
    for length in range(2, LONGEST + 1):
        size = max(len(characters) - length + 1, 0)
        ends = slice(length - 1, length - 1 + size)
        valid = valid[:size] & inside[ends]
        # A space stands at the borders only, and not at both with nothing between.
        valid &= ~space[length - 2 : length - 2 + size] if length > 2 else ~(space[:size] & space[ends])
        hashes = (hashes[:size] * _FACTOR + characters[ends]) * _GOLDEN
        hashes ^= hashes >> np.uint64(29)
        rows.append(row[:size][valid])
        buckets.append(_bucket(hashes[valid], length))
    return np.concatenate(rows), np.concatenate(buckets)


def _bucket(hashes: np.ndarray, length: int) -> np.ndarray:
    spread = hashes * _GOLDEN + np.uint64(length)
    spread ^= spread >> np.uint64(32)
    return (spread * _GOLDEN >> np.uint64(64 - (BUCKETS - 1).bit_length())).astype(np.int64)
