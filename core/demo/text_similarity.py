"""Jaccard similarity of two texts by words, word trigrams and character 5-grams.

A check for near duplicates may use any of the three, so planted pairs are at least .8 alike by all of them, and other
pairs by none.
"""

from __future__ import annotations

import re


def normalized(text: str) -> str:
    """Fold case and white space: exact duplicates are equal after this.

    >>> normalized("  Where IS it? ")
    'where is it?'
    """
    return " ".join(text.lower().split())


def _jaccard(grams: set[str], other: set[str]) -> float:
    return len(grams & other) / len(grams | other) if grams or other else 1.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def word_similarity(text: str, other: str) -> float:
    """Return the Jaccard similarity of the sets of words, 0..1."""
    return _jaccard(set(_words(text)), set(_words(other)))


def trigram_similarity(text: str, other: str) -> float:
    """Return the Jaccard similarity of the sets of three words in a row, 0..1."""
    return _jaccard(*(_grams(_words(part), 3, " ") for part in (text, other)))


def character_similarity(text: str, other: str) -> float:
    """Return the Jaccard similarity of the sets of five characters in a row, 0..1."""
    return _jaccard(*(_grams(list(normalized(part)), 5, "") for part in (text, other)))


def _grams(parts: list[str], size: int, glue: str) -> set[str]:
    return {glue.join(parts[start : start + size]) for start in range(max(1, len(parts) - size + 1))}


def lowest_similarity(text: str, other: str) -> float:
    """Return the lowest of the three measures."""
    return min(word_similarity(text, other), trigram_similarity(text, other), character_similarity(text, other))


def highest_similarity(text: str, other: str) -> float:
    """Return the highest of the three measures."""
    return max(word_similarity(text, other), trigram_similarity(text, other), character_similarity(text, other))
