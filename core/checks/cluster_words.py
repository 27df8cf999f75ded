"""Distinctive words of a group of texts, by log-odds with an informative prior (Monroe et al. 2008).

Only words that stand in three rows or more, without digits, signs of addresses or marks: a title that quotes nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

LEAST_ROWS = 3
WORDS = 4
SURE = 2.0  # standard errors of a word's log-odds
COMMON = 0.02  # share of the other rows, from which a word says nothing of a group
LONG = 4  # letters: shorter words are mostly articles and the like, but in scripts that write a word with few signs
LATIN = "\u024f"
_READ = 2_000  # characters of a text
_WORD = re.compile(r"[^\W\d_]{2,30}(?:['’][^\W\d_]+)?")
_PRIVATE = re.compile(r"\S*[@\d/\\]\S*")


def distinctive_words(inside: Iterable[str], outside: Iterable[str]) -> list[str]:
    """Return up to ``WORDS`` words that tell a group of texts from others, the most telling first.

    >>> distinctive_words(["bake the cake"] * 5, ["lost the card", "card of the bank"] * 9)
    ['bake', 'cake']
    """
    others = list(outside)
    here, there = _rows_with(inside), _rows_with(others)
    most = max(COMMON * len(others), 1)
    words = sorted(word for word, count in here.items() if count >= LEAST_ROWS and there[word] <= most and _says(word))
    if not words:
        return []
    a, b = (np.array([counts[word] for word in words], dtype=float) for counts in (here, there))
    total_a, total_b = sum(here.values()), max(sum(there.values()), 1)
    prior = (a + b) / (total_a + total_b) * 100 + 1e-9  # as strong as a hundred words
    odds = np.log((a + prior) / (total_a + 100 - a - prior)) - np.log((b + prior) / (total_b + 100 - b - prior))
    score = odds / np.sqrt(1 / (a + prior) + 1 / (b + prior))
    order = np.lexsort((np.arange(len(words)), -score))
    return [words[place] for place in order[:WORDS].tolist() if score[place] >= SURE]


def _says(word: str) -> bool:
    return len(word) >= LONG or max(word) > LATIN


def _rows_with(texts: Iterable[str]) -> Counter[str]:
    """Count the rows that hold each word."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(_WORD.findall(_PRIVATE.sub(" ", text[:_READ]).lower())))
    return counts
