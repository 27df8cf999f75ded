"""How alike two texts are, by three plain measures; the demo keeps to both sides of .8 with them.

A check for near duplicates may count words, word triples or character 5-grams, so planted pairs are
near duplicates by all three and other pairs by none.
"""

from __future__ import annotations

import re


def normal(text: str) -> str:
    """Fold case and white space: exact duplicates are equal after this.

    >>> normal("  Where IS it? ")
    'where is it?'
    """
    return " ".join(text.lower().split())


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def words(one: str, other: str) -> float:
    """Return the Jaccard similarity of the sets of words, 0..1."""
    return _jaccard(set(_words(one)), set(_words(other)))


def triples(one: str, other: str) -> float:
    """Return the Jaccard similarity of the sets of three words in a row, 0..1."""
    return _jaccard(*(_grams(_words(text), 3, " ") for text in (one, other)))


def characters(one: str, other: str) -> float:
    """Return the Jaccard similarity of the sets of five characters in a row, 0..1."""
    return _jaccard(*(_grams(list(normal(text)), 5, "") for text in (one, other)))


def _grams(parts: list[str], size: int, glue: str) -> set[str]:
    return {glue.join(parts[at : at + size]) for at in range(max(1, len(parts) - size + 1))}


def least(one: str, other: str) -> float:
    """Return the lowest of the three measures."""
    return min(words(one, other), triples(one, other), characters(one, other))


def most(one: str, other: str) -> float:
    """Return the highest of the three measures."""
    return max(words(one, other), triples(one, other), characters(one, other))
