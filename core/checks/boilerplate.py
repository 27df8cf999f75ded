"""Boilerplate: lines, sentences, beginnings and ends that many different texts of a data set share, by counting.

A signature, a disclaimer, an opening that a form writes. What is shared counts where enough different texts have it,
and each text is measured by how much of it is shared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SHORTEST_UNIT, SHORTEST_WIDE = 40, 20  # characters of a line or sentence; of one in Han or kana
SHORTEST_END = 80  # characters of a shared beginning or end that is no whole sentence: people repeat phrases, too
_READ = 20_000  # characters of a text
_ENDS = r"[\r\n]+|[.!?]+[\s]+|[。！？]+"
_WIDE = r"[\p{Han}\p{Hiragana}\p{Katakana}]"


@dataclass(frozen=True)
class Shared:
    """What each text shares with many others.

    Parameters
    ----------
    share
        float32, shape (n,): the part of the text's characters that is shared, 0..1.
    texts
        int64, shape (n,): the number of different texts that share the longest of these parts; 0 where none is shared.
    """

    share: np.ndarray
    texts: np.ndarray


def shared_parts(texts: pa.ChunkedArray, same_text: np.ndarray, *, fewest: int) -> Shared:
    """Measure what is shared by at least ``fewest`` different texts.

    Parameters
    ----------
    same_text
        int64, shape (n,): the number of each text; equal texts have the same.
    """
    read = pc.utf8_slice_codeunits(texts, 0, _READ)
    lengths = np.maximum(pc.utf8_length(read).to_numpy(), 1)
    share, sharing = _units(read, lengths, same_text, fewest)
    for end in (slice(0, SHORTEST_END), slice(-SHORTEST_END, None)):
        shared, numbers = _ends(read, lengths, same_text, end, fewest)
        longer = shared > share
        share[longer], sharing[longer] = shared[longer], numbers[longer]
    return Shared(share, sharing)


def _units(
    texts: pa.ChunkedArray, lengths: np.ndarray, same_text: np.ndarray, fewest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (share of each text that is in shared lines or sentences, how many texts share the longest)."""
    parts = pc.split_pattern_regex(texts, _ENDS).combine_chunks()
    rows = np.repeat(np.arange(len(texts)), pc.list_value_length(parts).to_numpy())
    units = pc.utf8_lower(pc.utf8_trim_whitespace(parts.flatten()))
    sizes = pc.utf8_length(units).to_numpy()
    long = sizes >= SHORTEST_WIDE
    long &= (sizes >= SHORTEST_UNIT) | pc.match_substring_regex(units, _WIDE).to_numpy(zero_copy_only=False)
    share, sharing = np.zeros(len(texts), dtype=np.float32), np.zeros(len(texts), dtype=np.int64)
    if not long.any():
        return share, sharing
    codes = units.filter(pa.array(long)).dictionary_encode().indices.to_numpy()
    counts = _different(codes, same_text[rows[long]])
    often = counts[codes] >= fewest
    mine, size = rows[long][often], sizes[long][often]
    np.add.at(share, mine, size / lengths[mine])
    longest = np.argsort(size, kind="stable")
    sharing[mine[longest]] = counts[codes[often]][longest]
    return np.minimum(share, 1), sharing


def _ends(
    texts: pa.ChunkedArray, lengths: np.ndarray, same_text: np.ndarray, end: slice, fewest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (share of each text that is its shared beginning or end, how many texts share it)."""
    share, sharing = np.zeros(len(texts), dtype=np.float32), np.zeros(len(texts), dtype=np.int64)
    rows = np.flatnonzero(lengths > SHORTEST_END)
    if not len(rows):
        return share, sharing
    ends = pc.utf8_slice_codeunits(texts.take(pa.array(rows)), end.start, end.stop)
    codes = ends.combine_chunks().dictionary_encode().indices.to_numpy()
    counts = _different(codes, same_text[rows])
    often = counts[codes] >= fewest
    sharing[rows[often]] = counts[codes[often]]
    share[rows[often]] = SHORTEST_END / lengths[rows[often]]
    return share, sharing


def _different(codes: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Count for each code the different texts that have it."""
    pairs = np.unique(np.stack([codes.astype(np.int64), texts]), axis=1)
    return np.bincount(pairs[0], minlength=int(codes.max(initial=0)) + 1)
