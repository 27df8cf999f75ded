"""Errors that are made on purpose, to learn from what the evidence of an error looks like in this very data.

They are never put into the data, only judged: a span of another type, one with other bounds, one where nothing is
marked. The tagger has not seen the text's own spans, so that its beliefs are those that it would have of a real error.
What a missed span looks like needs no planting: it is a likely span where one is given, as if nobody had marked it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .tokens import Marked

RIGHT, GHOST, WRONG_TAG, SHIFTED = range(4)
ONE_WORD = 0.8  # of the planted ghosts; the others are as long as the given spans
TRIES = 20  # a ghost
Planted = tuple[int, Marked, int]  # text, span, kind


def planted(
    forms: Sequence[Sequence[str]], given: Sequence[Sequence[Marked]], *, types: int, seed: int
) -> Iterator[Planted]:
    """Make about one error of each kind for each given span.

    Parameters
    ----------
    forms
        The normal forms of each text's words.
    """
    rng = np.random.default_rng(seed)
    for text, spans in enumerate(given):
        for span in spans:
            yield from _changed(rng, text, span, spans, count=len(forms[text]), types=types)
    yield from _ghosts(rng, forms, given, types=types)


def _changed(
    rng: np.random.Generator, text: int, span: Marked, spans: Sequence[Marked], *, count: int, types: int
) -> Iterator[Planted]:
    first, last, kind = span
    if types > 1:
        yield text, (first, last, (kind + 1 + int(rng.integers(types - 1))) % types), WRONG_TAG
    others = [one for one in spans if one != span]
    moved = [
        (one, end)
        for one, end in ((first, last + 1), (first, last - 1), (first - 1, last), (first + 1, last))
        if 0 <= one <= end < count and not any(one <= other and this <= end for this, other, _ in others)
    ]
    if moved:
        one, end = moved[int(rng.integers(len(moved)))]
        yield text, (one, end, kind), SHIFTED


def _ghosts(
    rng: np.random.Generator, forms: Sequence[Sequence[str]], given: Sequence[Sequence[Marked]], *, types: int
) -> Iterator[Planted]:
    """Mark words where nothing is marked."""
    lengths = [last - first for spans in given for first, last, _ in spans]
    texts = np.array([at for at, some in enumerate(forms) if some])
    wanted = len(lengths)
    for _ in range(TRIES * wanted):
        if not wanted:
            return
        text = int(texts[rng.integers(len(texts))])
        more = 0 if rng.random() < ONE_WORD else lengths[int(rng.integers(len(lengths)))]
        if len(forms[text]) <= more:
            continue
        first = int(rng.integers(len(forms[text]) - more))
        if any(first <= other and this <= first + more for this, other, _ in given[text]):
            continue
        if all(_is_word(form) for form in forms[text][first : first + more + 1]):
            wanted -= 1
            yield text, (first, first + more, int(rng.integers(types))), GHOST


def _is_word(form: str) -> bool:
    """Tell what people mark: no sign, no number, no @name, no tag and no address; of short words only unusual ones."""
    return any(one.isalpha() for one in form) and form[0] not in "@#" and form != "http" and (
        len(form) > 2 or not form.isascii()
    )  # fmt: skip
