"""Synthetic span errors, from which a classifier learns what an error looks like in this very data.

They are never put into the data, only judged: a span of another type, one with other bounds, one where nothing is
marked. The tagger has not seen the text's own spans, so that its marginals are those of a real error. What a missed
span looks like needs no synthesis: it is a likely span where one is given, as if nobody had marked it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .tokens import TokenSpan

RIGHT, GHOST, WRONG_TAG, SHIFTED = range(4)
ONE_WORD = 0.8  # of the planted ghosts; the others are as long as the given spans
TRIES = 20  # a ghost
SyntheticError = tuple[int, TokenSpan, int]  # text, span, kind


def synthetic_errors(
    forms: Sequence[Sequence[str]], given: Sequence[Sequence[TokenSpan]], *, types: int, seed: int
) -> Iterator[SyntheticError]:
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
    rng: np.random.Generator, text: int, span: TokenSpan, spans: Sequence[TokenSpan], *, count: int, types: int
) -> Iterator[SyntheticError]:
    first, last, kind = span
    if types > 1:
        yield text, (first, last, (kind + 1 + int(rng.integers(types - 1))) % types), WRONG_TAG
    others = [start for start in spans if start != span]
    moved = [
        (start, end)
        for start, end in ((first, last + 1), (first, last - 1), (first - 1, last), (first + 1, last))
        if 0 <= start <= end < count and not any(start <= other and this <= end for this, other, _ in others)
    ]
    if moved:
        start, end = moved[int(rng.integers(len(moved)))]
        yield text, (start, end, kind), SHIFTED


def _ghosts(
    rng: np.random.Generator, forms: Sequence[Sequence[str]], given: Sequence[Sequence[TokenSpan]], *, types: int
) -> Iterator[SyntheticError]:
    """Mark words where nothing is marked."""
    lengths = [last - first for spans in given for first, last, _ in spans]
    texts = np.array([number for number, some in enumerate(forms) if some])
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
    return any(character.isalpha() for character in form) and form[0] not in "@#" and form != "http" and (
        len(form) > 2 or not form.isascii()
    )  # fmt: skip
