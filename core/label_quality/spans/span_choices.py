"""Calibrated choices of type and bounds: how likely a given span's type and bounds are, if something is marked there.

Two conditional logits over what is known of each alternative, learned from the given spans of other texts, errors
included: so they say how common a choice is among its like. The tagger's marginals are one feature among several, which
calibrates them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...models.conditional_logit import out_of_part_choices
from .span_features import REACH, SpanFeatures
from .tokens import TokenSpan

MOST_RIVALS = 4  # other bounds that the tagger finds likely, besides those of one word more or less
UNLIKELY, IMPOSSIBLE = 1e-3, 1e-5  # probabilities: of a rival that is not looked at; of one that the tagger rules out
Given = Sequence[tuple[int, TokenSpan]]  # (text, span) each


def type_choices(features: SpanFeatures, given: Given, parts: np.ndarray) -> np.ndarray:
    """Return the probability of each type for some given spans: float64, shape (G, types).

    Parameters
    ----------
    parts
        int64, shape (G,): each part is judged by what was learned from the others.
    """
    alternatives = np.zeros((len(given), features.types, 3))
    for number, (text, (first, last, _)) in enumerate(given):
        alternatives[number, :, 0] = np.log(features.by_type(text, first, last) + 1e-4)
        alternatives[number, :, 1] = np.log(features.marked_elsewhere(text, first, last) + 0.3)
    alternatives[:, :, 2] = np.log(features.shares)
    chosen = np.array([kind for _, (_, _, kind) in given], dtype=np.int64)
    return out_of_part_choices(alternatives, np.ones(alternatives.shape[:2], dtype=bool), chosen, parts)


def bounds_choices(features: SpanFeatures, given: Given, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of the given bounds, and of the likeliest others: float64, shape (G,) each.

    Alternatives have one word more or less at either end, or are likely for the tagger; none overlaps another given
    span.
    """
    most = 5 + MOST_RIVALS
    alternatives, there = np.zeros((len(given), most, 6)), np.zeros((len(given), most), dtype=bool)
    for number, (text, span) in enumerate(given):
        places = [span[:2], *_other_bounds(features, text, span)]
        alternatives[number, : len(places)] = [_described(features, text, place, span) for place in places]
        there[number, : len(places)] = True
    chances = out_of_part_choices(alternatives, there, np.zeros(len(given), dtype=np.int64), parts)
    return chances[:, 0], chances[:, 1:].max(axis=1, initial=0.0)


def _other_bounds(features: SpanFeatures, text: int, span: TokenSpan) -> list[tuple[int, int]]:
    first, last, _ = span
    count = len(features.forms[text])
    others = [other for other in features.given[text] if other != span]
    near = [(first, last + 1), (first, last - 1), (first - 1, last), (first + 1, last)]
    likely = [place for _, place in features.overlapping(text, first, last, least=UNLIKELY) if place not in near]
    return [
        (start, end)
        for start, end in sorted([*near, *likely[:MOST_RIVALS]])
        if 0 <= start <= end < count and not any(start <= other and this <= end for this, other, _ in others)
    ]


def _described(features: SpanFeatures, text: int, place: tuple[int, int], span: TokenSpan) -> list[float]:
    """Return what speaks for some bounds: the tagger, the same words elsewhere, the words at both ends and outside."""
    start, end = place
    outside = [word for word in (start - 1, end + 1) if span[0] - REACH <= word <= span[1] + REACH]
    rates = [features.rate_inside(text, word) for word in outside if 0 <= word < len(features.forms[text])]
    return [
        float(np.log(features.any_type(text, start, end) + IMPOSSIBLE)),
        float(np.log(features.marked_elsewhere(text, start, end).sum() + 0.3)),
        features.rate_inside(text, start),
        features.rate_inside(text, end),
        float(np.log(end - start + 1)),
        max(rates, default=-3.0),
    ]
