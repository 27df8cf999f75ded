"""Synthetic span errors, from which a classifier learns what an error looks like in this very data.

They are never put into the data, only judged: a span of another type, one with other bounds, one where nothing is
marked. The tagger has not seen the text's own spans, so that its marginals are those of a real error. What a missed
span looks like needs no synthesis: it is a likely span where one is given, as if nobody had marked it.

What is made of a span, and where something is marked, is drawn by hashes of the text and of the place in it
(:mod:`labelsift.data.stable_draws`): in any order of the texts the errors are the same, and those of a text stay when
others come or go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...data.stable_draws import mixed
from .tokens import TokenSpan

RIGHT, GHOST, WRONG_TAG, SHIFTED = range(4)
ONE_WORD = 0.8  # of the planted ghosts; the others are as long as the given spans
LEAST = 1e-3  # weight of a type that the tagger rules out
_PLACES = np.uint64(1 << 20)  # words of a text that have a number of their own
SyntheticError = tuple[int, TokenSpan, int]  # text, span, kind


def synthetic_errors(
    forms: Sequence[Sequence[str]],
    given: Sequence[Sequence[TokenSpan]],
    *,
    types: int,
    seed: int,
    keys: np.ndarray | None = None,
    shares: Callable[[int, int, int], np.ndarray] | None = None,
) -> Iterator[SyntheticError]:
    """Make about one error of each kind for each given span.

    Parameters
    ----------
    forms
        The normal forms of each text's words.
    keys
        uint64, shape (texts,): as :func:`labelsift.data.stable_draws.row_keys` makes them; by default the texts'
        positions.
    shares
        How much a tagger gives each type over some words of a text (first, last): another type is drawn by the square
        roots, as people mix up what looks alike; without, all types are as likely.
    """
    keys = np.arange(len(forms), dtype=np.uint64) if keys is None else keys
    spans = [(text, span) for text, some in enumerate(given) for span in some]
    if not spans:
        return
    texts = np.array([text for text, _ in spans], dtype=np.int64)
    bounds = np.array([(first, last) for _, (first, last, _) in spans], dtype=np.uint64)
    places = _place_keys(keys[texts], bounds[:, 0] * _PLACES + bounds[:, 1])
    tags = _uniform(mixed(places, seed=seed, purpose="wrong tag")).tolist()
    moves = mixed(places, seed=seed, purpose="shift").tolist()
    for (text, span), tag, move in zip(spans, tags, moves, strict=True):
        first, last, kind = span
        if types > 1:
            likely = np.ones(types) if shares is None else np.sqrt(shares(text, first, last)) + LEAST
            likely[kind] = 0
            whole = np.cumsum(likely)
            yield text, (first, last, int(np.searchsorted(whole, tag * whole[-1]))), WRONG_TAG
        others = [(this, end) for this, end, _ in given[text] if (this, end) != (first, last)]
        moved = _moved(first, last, others, count=len(forms[text]))
        if moved:
            yield text, (*moved[move % len(moved)], kind), SHIFTED
    yield from _ghosts(keys, forms, given, types=types, seed=seed)


def _place_keys(keys: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return numbers for places in texts: uint64, shape (m,), from the keys of their texts."""
    return keys ^ mixed(places.astype(np.uint64), seed=0, purpose="place")


def _moved(first: int, last: int, others: Sequence[tuple[int, int]], *, count: int) -> list[tuple[int, int]]:
    """Return the bounds a word beside those of a span that meet no other span."""
    return [
        (start, end)
        for start, end in ((first, last + 1), (first, last - 1), (first - 1, last), (first + 1, last))
        if 0 <= start <= end < count and not any(start <= other and this <= end for this, other in others)
    ]


def _ghosts(
    keys: np.ndarray, forms: Sequence[Sequence[str]], given: Sequence[Sequence[TokenSpan]], *, types: int, seed: int
) -> Iterator[SyntheticError]:
    """Mark words where nothing is marked, as many times as there are spans.

    Each text has the same chance, however long it is: places are drawn without replacement, weighted by one over the
    words of their text (Efraimidis & Spirakis 2006).
    """
    lengths = sorted(last - first for spans in given for first, last, _ in spans)
    counts = np.array([len(some) for some in forms], dtype=np.int64)
    texts = np.repeat(np.arange(len(forms)), counts)
    firsts = np.arange(len(texts)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = _place_keys(keys[texts], firsts)
    order, longer, length, kinds = (
        mixed(places, seed=seed, purpose=f"ghost {what}") for what in ("place", "longer", "length", "kind")
    )
    wanted = len(lengths)
    for row in np.argsort(-np.log(_uniform(order)) * counts[texts], kind="stable").tolist():
        if not wanted:
            return
        text, first = int(texts[row]), int(firsts[row])
        is_long = _uniform(longer[row]) >= ONE_WORD
        more = lengths[min(int(_uniform(length[row]) * len(lengths)), len(lengths) - 1)] if is_long else 0
        if len(forms[text]) <= first + more:
            continue
        if any(first <= other and this <= first + more for this, other, _ in given[text]):
            continue
        if all(_is_word(form) for form in forms[text][first : first + more + 1]):
            wanted -= 1
            yield text, (first, first + more, int(kinds[row] % np.uint64(types))), GHOST


def _uniform(numbers: np.ndarray) -> np.ndarray:
    """Turn numbers of 64 bits into ones above 0 and up to 1: float64."""
    return (numbers.astype(np.float64) + 1.0) / 2.0**64


def _is_word(form: str) -> bool:
    """Tell what people mark: no sign, no number, no @name, no tag and no address; of short words only unusual ones."""
    return any(character.isalpha() for character in form) and form[0] not in "@#" and form != "http" and (
        len(form) > 2 or not form.isascii()
    )  # fmt: skip
