"""Languages of the parts of a text: its lines, sentences and bracketed or slashed halves, each told by itself.

Only parts of which the detector is sure count. They must be long: a name, a title or a loan word is a part of its
sentence, and a short part looks like any language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from ..data.english_words import english_share
from .languages import detect

SURE_PART = 0.85  # probability of a part's language
_SHORTEST = 30  # characters of a part
_SHORTEST_UNCASED, _FIRST_UNCASED = 20, "\u0590"  # letters of scripts without small ones, from Hebrew on
_SHORTEST_WIDE, _FIRST_WIDE = 12, "\u2e80"  # letters of Han, kana and Hangul
_FEWEST_SMALL = 3  # words of a part that begin with a small letter
_PARTS, _READ = 12, 3_000  # parts and characters of a text that are looked at
_BORDER = re.compile(r"[.!?…]+[\s\"'”)]+|[。！？；\r\n]+|\s[|/]\s|[()]|\s[-–—]\s")
_ENGLISH = 0.25  # share of common English words, from which a part is English
_TOLD = pa.list_(pa.struct([("language", pa.string()), ("characters", pa.int32())]))


def encode_parts(texts: Iterable[str]) -> pa.ListArray:
    """Return for each text the languages of its parts with their characters, where there are two at least."""
    return pa.array(list(parts_of(texts)), _TOLD)


def parts_of(texts: Iterable[str]) -> Iterator[list[dict[str, object]]]:
    """Yield language and characters of each part of a text that the detector is sure of; [] where all are alike.

    >>> english, spanish = "I have been waiting for my parcel since Monday", "Mi pedido no ha llegado todavía a mi casa"
    >>> [part["language"] for part in next(parts_of([f"{english}. {spanish}."]))]
    ['en', 'es']
    """
    for text in texts:
        parts = [part for part in _BORDER.split(text[:_READ]) if part and _long(part)][:_PARTS]
        english = [_english(part) for part in parts]
        if len(parts) < 2 or all(english):
            yield []
            continue
        sure_parts = []
        for part, plain in zip(parts, english, strict=True):
            likely = {"en": 1.0} if plain else next(detect([part]))
            language, probability = max(likely.items(), key=lambda item: item[1], default=("", 0.0))
            if probability >= SURE_PART:
                sure_parts.append({"language": language, "characters": len(part)})
        yield sure_parts if len({part["language"] for part in sure_parts}) > 1 else []


def _long(part: str) -> bool:
    """Tell whether a part says enough: some words in small letters, for a name or a title has none."""
    if len(part) < _SHORTEST_WIDE:
        return False
    if not part.isascii():
        if sum(letter > _FIRST_WIDE for letter in part) >= _SHORTEST_WIDE:
            return True
        if sum(letter > _FIRST_UNCASED for letter in part) >= _SHORTEST_UNCASED:
            return True
    small = sum(len(word) > 1 and word[0].islower() for word in part.split())
    return len(part) >= _SHORTEST and small >= _FEWEST_SMALL


def _english(part: str) -> bool:
    return part.isascii() and english_share([word.strip(".,;:'\"") for word in part.lower().split()]) >= _ENGLISH


def part_shares(encoded: pa.ListArray, expected: frozenset[str]) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Compare the parts of each text with the expected languages.

    Returns
    -------
    tuple
        (characters in parts of an expected language, int64, shape (n,); the foreign language with the most characters
        of each text, "" where there is none; its characters, int64, shape (n,)).
    """
    own, foreign = np.zeros(len(encoded), dtype=np.int64), np.zeros(len(encoded), dtype=np.int64)
    names = [""] * len(encoded)
    for row in np.flatnonzero(np.diff(encoded.offsets.to_numpy())).tolist():
        counts: dict[str, int] = {}
        for part in encoded[row].as_py():
            counts[part["language"]] = counts.get(part["language"], 0) + part["characters"]
        own[row] = sum(count for name, count in counts.items() if name in expected)
        others = {name: count for name, count in counts.items() if name not in expected}
        if others:
            names[row] = max(others, key=lambda name: others[name])
            foreign[row] = others[names[row]]
    return own, names, foreign
