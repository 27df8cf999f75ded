"""Support of texts by letter trigrams: how many of a text's trigrams other texts of the same data set have, too.

What stands in no language of a data set, such as keys hit at random, is made of trigrams that nobody else writes. The
model is the data set itself, so that no language is a stranger to it: document frequencies, of which each text's own
part is taken off. Latin, Greek and Cyrillic texts are judged: others do not write their vowels, or have too many
letters. Nor is a script judged in which few texts are written, or in which ordinary texts share too little.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

READ = 200  # characters of a text
FEWEST_TRIGRAMS = 10  # different ones of a text, from which it is judged
FEWEST_OTHERS, OTHERS = 2, 0.002  # texts that must have a trigram, too, and their share of all
FEWEST_TEXTS = 200  # of a script, with as many trigrams
ORDINARY, PERCENTILE = 0.8, 25  # support that all but so many per cent of a script's texts have
_BITS = 22  # of a hash: 4 million counts, against some ten thousand trigrams of a language
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
# What is no word: addresses, handles, tags, codes, and abbreviations in capitals.
_NO_WORDS = r"\S*[0-9@#/_\\<>&]\S*|\S+\.\w\S*|\b\p{Lu}{2,}\b"
_BLOCK = 20_000  # texts at once
# Ends of the writing systems that are judged, and what they are: Latin, Greek, Cyrillic, Latin and Greek once more.
_ENDS = np.array([0x370, 0x400, 0x530, 0x1E00, 0x1F00, 0x2000])
_SCRIPTS = np.array([0, 1, 2, -1, 0, 1, -1], dtype=np.int8)


def trigram_support(texts: pa.ChunkedArray) -> np.ndarray:
    """Return the share of each text's trigrams that enough others have, float32, shape (n,).

    Enough are two, or one in 500: among many texts of much to read every trigram occurs. NaN where a text has too few
    trigrams, or its script too few texts to learn from.
    """
    others = max(FEWEST_OTHERS, int(OTHERS * len(texts)))
    grams = [_distinct(block, start) for start, block in _blocks(texts)]
    rows = np.concatenate([part[0] for part in grams]) if grams else np.empty(0, dtype=np.int64)
    hashes = np.concatenate([part[1] for part in grams]) if grams else np.empty(0, dtype=np.int32)
    scripts = np.concatenate([part[2] for part in grams]) if grams else np.empty(0, dtype=np.int8)
    frequency = np.bincount(hashes, minlength=1 << _BITS)
    support = _supported(rows, hashes, frequency, len(texts), others)
    odd = np.flatnonzero(support < ORDINARY)  # what is odd itself does not speak for others that are
    if len(odd):
        mine = np.isin(rows, odd)
        frequency = frequency - np.bincount(hashes[mine], minlength=1 << _BITS)
        support[odd] = _supported(rows[mine], hashes[mine], frequency + 1, len(texts), others)[odd]
    for script in np.unique(scripts):
        judged = (scripts == script) & ~np.isnan(support)
        known = script >= 0 and judged.sum() >= FEWEST_TEXTS
        if not known or np.percentile(support[judged], PERCENTILE) < ORDINARY:
            support[scripts == script] = np.nan
    return support


def _supported(rows: np.ndarray, hashes: np.ndarray, frequency: np.ndarray, n: int, others: int) -> np.ndarray:
    known = np.bincount(rows, weights=frequency[hashes] > others, minlength=n)
    counts = np.bincount(rows, minlength=n)
    share = np.full(n, np.nan, dtype=np.float32)
    judged = counts >= FEWEST_TRIGRAMS
    share[judged] = known[judged] / counts[judged]
    return share


def _blocks(texts: pa.ChunkedArray) -> Iterator[tuple[int, pa.ChunkedArray]]:
    for start in range(0, len(texts), _BLOCK):
        yield start, texts.slice(start, _BLOCK)


def _distinct(texts: pa.ChunkedArray, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (rows, hashes of their different trigrams; script of each text, -1 = not judged)."""
    words = pc.replace_substring_regex(pc.utf8_slice_codeunits(texts, 0, READ), _NO_WORDS, " ")
    words = pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.utf8_lower(words), r"[^\p{L}\p{M}]+", " "))
    lengths = pc.utf8_length(words).to_numpy().astype(np.int64) + 2  # a space on either side
    joined = " " + "  ".join(words.to_pylist()) + " "
    letters = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32)
    ends = np.cumsum(lengths)
    scripts = _script(letters[np.minimum(ends - lengths + 1, len(letters) - 1)], lengths)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    hashed = letters[:-2] * _FACTORS[0] ^ letters[1:-1] * _FACTORS[1] ^ letters[2:] * _FACTORS[2]
    within = (rows[:-2] == rows[2:]) & (letters[1:-1] != 32)
    keys = (rows[:-2].astype(np.int64) << _BITS) | ((hashed * _FACTORS[0]) >> np.uint64(64 - _BITS)).astype(np.int64)
    keys = np.unique(keys[within])
    return (keys >> _BITS) + start, (keys & ((1 << _BITS) - 1)).astype(np.int32), scripts


def _script(first: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the writing system of each text by its first letter: int8, -1 = none that is judged."""
    return np.where(lengths < 3, np.int8(-1), _SCRIPTS[np.searchsorted(_ENDS, first, side="right")])
