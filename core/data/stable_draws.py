"""Stable draws: sampling by hash (bottom-k sampling; Cohen & Kaplan 2007) of each row's text and id, not its position.

What is drawn of a data set stays drawn in any order of its rows, and mostly when rows come or go: a row is in because
its own hash is small. Each purpose and each seed has hashes of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from .hashing import repeats, text_digest

_GOLDEN, _FIRST, _SECOND = map(np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Draw(Protocol):
    """Draws rows of one data set with one seed: :func:`drawn` with keys and seed filled in."""

    def __call__(self, rows: np.ndarray, limit: int, *, purpose: str) -> np.ndarray: ...  # noqa: D102


def row_keys(ids: Sequence[str], text_hashes: pa.FixedSizeBinaryArray | None) -> np.ndarray:
    """Return a number for each row that its text decides, and among equal texts its id: uint64, shape (n,).

    Of the rows with the same text one has the text's own number, as if it stood alone; where there are no texts, ids
    decide.

    Parameters
    ----------
    ids
        Of n rows, all different.
    text_hashes
        Of their texts, at least 8 bytes each, or None.
    """
    if text_hashes is None:
        return np.array([_id_key(id) for id in ids], dtype=np.uint64)
    if not len(text_hashes):
        return np.empty(0, dtype=np.uint64)
    width = text_hashes.type.byte_width
    content = np.frombuffer(text_hashes.buffers()[1], dtype=np.uint8)[text_hashes.offset * width :]
    keys = content[: len(text_hashes) * width].reshape(-1, width)[:, :8].copy().view(np.uint64)[:, 0]
    copies = repeats(keys)
    own = np.array([_id_key(ids[int(row)]) for row in copies], dtype=np.uint64)
    order = np.lexsort((own, keys[copies]))
    later = np.zeros(len(copies), dtype=bool)
    later[order[1:]] = keys[copies][order[1:]] == keys[copies][order[:-1]]
    keys[copies[later]] ^= own[later]
    return keys


def _id_key(id: str) -> int:
    return int.from_bytes(text_digest(id, size=8), "little")


def mixed(keys: np.ndarray, *, seed: int, purpose: str) -> np.ndarray:
    """Return other numbers for the same rows, as if drawn at random (SplitMix64: Steele, Lea & Flood 2014).

    Parameters
    ----------
    keys
        uint64, shape (n,).
    purpose
        What is drawn: two purposes draw apart from each other.
    """
    salt = np.array([int.from_bytes(text_digest(f"{seed} {purpose}", size=8), "little")], dtype=np.uint64)
    values = keys ^ salt
    values += _GOLDEN
    values ^= values >> np.uint64(30)
    values *= _FIRST
    values ^= values >> np.uint64(27)
    values *= _SECOND
    return values ^ (values >> np.uint64(31))


def drawn(rows: np.ndarray, limit: int, *, keys: np.ndarray | None, seed: int, purpose: str) -> np.ndarray:
    """Draw rows without replacement: int64, shape (at most ``limit``,), in the order of ``rows``.

    Parameters
    ----------
    rows
        Positions to draw from, each once.
    keys
        uint64, shape (n,): of every row of the data set, as :func:`row_keys` makes them; by default their positions.
    """
    if len(rows) <= limit:
        return rows
    own = rows.astype(np.uint64) if keys is None else keys[rows]
    return rows[np.sort(np.argsort(mixed(own, seed=seed, purpose=purpose), kind="stable")[:limit])]
