"""Tokenisation: texts in words, and spans in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data.spans import Span, spaced

ALIGNED = 0.98  # from this share of spans on that begin and end with words between white space, those are the words
# Addresses, @names and #tags stay whole; scripts without spaces are cut into characters.
_CHARACTERS = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"https?://\S+|[{_CHARACTERS}]|[@#]?[^\W{_CHARACTERS}]+(?:['’][^\W{_CHARACTERS}]+)*|[^\w\s]")

TokenSpan = tuple[int, int, int]  # first word, last word, type


def cut(text: str) -> list[tuple[int, int]]:
    """Return where the words and the signs between them stand.

    >>> cut("Ann's @home (now)")
    [(0, 5), (6, 11), (12, 13), (13, 16), (16, 17)]
    """
    return [match.span() for match in _WORD.finditer(text)]


@dataclass(frozen=True)
class Tokens:
    """The words of n texts.

    Parameters
    ----------
    places
        Of each text: where its words stand.
    forms
        Of each text: its words.
    starts
        int64, shape (n + 1,): the number of each text's first word among all T words.
    """

    places: Sequence[Sequence[tuple[int, int]]]
    forms: Sequence[Sequence[str]]
    starts: np.ndarray

    @classmethod
    def at(cls, texts: Sequence[str], places: Sequence[Sequence[tuple[int, int]]]) -> Tokens:
        """Return the words that stand at some places."""
        forms = [[text[start:end] for start, end in some] for text, some in zip(texts, places, strict=True)]
        return cls(places, forms, np.concatenate([[0], np.cumsum([len(some) for some in places])]).astype(np.int64))

    @classmethod
    def of(cls, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> Tokens:
        """Cut at white space if the spans keep to it, and at signs, too, if they do not."""
        places = [spaced(text) for text in texts]
        whole = total = 0
        for some, marked in zip(places, spans, strict=True):
            firsts, lasts = {start for start, _ in some}, {end for _, end in some}
            total += len(marked)
            whole += sum(start in firsts and end in lasts for start, end, _ in marked)
        if whole < ALIGNED * total:
            places = [cut(text) for text in texts]
        return cls.at(texts, places)


def token_spans(
    spans: Sequence[Span], places: Sequence[tuple[int, int]], types: dict[str, int]
) -> list[TokenSpan | None]:
    """Return the words that each span covers, in its order: None where it covers none."""
    result: list[TokenSpan | None] = []
    for start, end, name in spans:
        inside = [number for number, (first, last) in enumerate(places) if first < end and start < last]
        result.append((inside[0], inside[-1], types[name]) if inside else None)
    return result


def tags(marked: Sequence[TokenSpan | None], count: int) -> np.ndarray:
    """Return the part of each word in the spans: int32; 0 = none, 1 + 2t = first of type t, 2 + 2t = inside.

    Of spans that share words the first counts.
    """
    numbers = np.zeros(count, dtype=np.int32)
    for span in sorted(span for span in marked if span is not None):
        first, last, kind = span
        if not numbers[first : last + 1].any():
            numbers[first] = 1 + 2 * kind
            numbers[first + 1 : last + 1] = 2 + 2 * kind
    return numbers
