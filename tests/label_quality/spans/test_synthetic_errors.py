"""Planted errors of spans: of every kind, where nothing is marked, and bound to texts instead of their places."""

from __future__ import annotations

from collections import Counter

import numpy as np
from labelsift.data.stable_draws import row_keys
from labelsift.label_quality.spans.synthetic_errors import GHOST, SHIFTED, WRONG_TAG, synthetic_errors

TYPES = 3


def made(texts: int = 200) -> tuple[list[str], list[list[str]], list[list[tuple[int, int, int]]]]:
    """Return ids, words and spans of texts of 3 to 40 words, some of which are no words that people mark."""
    rng = np.random.default_rng(0)
    forms = [
        [f"word{rng.integers(500)}" if rng.random() < 0.8 else "12" for _ in range(rng.integers(3, 41))]
        for _ in range(texts)
    ]
    spans = [[(1, 1 + int(rng.integers(2)), int(rng.integers(TYPES)))] for _ in range(texts)]
    return [f"t{number}" for number in range(texts)], forms, spans


def planted(ids: list[str], forms: list[list[str]], spans: list[list[tuple[int, int, int]]], *, seed: int = 0) -> set:
    errors = synthetic_errors(forms, spans, types=TYPES, seed=seed, keys=row_keys(ids, None))
    return {(ids[text], span, kind) for text, span, kind in errors}


def test_each_span_gives_an_error_of_each_kind_and_ghosts_meet_no_span():
    ids, forms, spans = made()
    errors = list(synthetic_errors(forms, spans, types=TYPES, seed=0, keys=row_keys(ids, None)))
    assert Counter(kind for *_, kind in errors) == {GHOST: 200, WRONG_TAG: 200, SHIFTED: 200}
    for text, (first, last, kind), error in errors:
        ((start, end, given),) = spans[text]
        if error == WRONG_TAG:
            assert (first, last) == (start, end) and kind != given
        elif error == SHIFTED:
            assert kind == given and abs(first - start) + abs(last - end) == 1 and 0 <= first <= last < len(forms[text])
        else:
            assert first > end or last < start
            assert "12" not in forms[text][first : last + 1]
    ghosts = [(text, first, last) for text, (first, last, _), error in errors if error == GHOST]
    assert 10 < sum(last > first for _, first, last in ghosts) < 60  # a fifth may be longer than a word
    length = {text: len(forms[text]) for text in range(200)}
    long_ones = np.mean([length[text] for text, *_ in ghosts])
    assert abs(long_ones - np.mean(list(length.values()))) < 4  # a long text is no likelier than a short one


def test_the_order_of_texts_changes_nothing_and_a_seed_does():
    ids, forms, spans = made()
    order = np.random.default_rng(1).permutation(len(ids))
    again = planted([ids[row] for row in order], [forms[row] for row in order], [spans[row] for row in order])
    assert planted(ids, forms, spans) == again
    assert len(planted(ids, forms, spans, seed=1) & again) < 400


def test_a_text_that_goes_takes_its_own_errors_along_and_few_others():
    ids, forms, spans = made()
    everything, fewer = planted(ids, forms, spans), planted(ids[1:], forms[1:], spans[1:])
    rest = {error for error in everything if error[0] != "t0"}
    assert len(rest ^ fewer) <= 4


def test_where_everything_is_marked_or_nothing_there_are_no_ghosts():
    assert planted(["a"], [["word", "next"]], [[(0, 1, 0)]]) == planted(["a"], [["word", "next"]], [[(0, 1, 0)]])
    assert not [error for error in planted(["a"], [["word", "next"]], [[(0, 1, 0)]]) if error[2] == GHOST]
    assert planted(["a", "b"], [["word"], []], [[], []]) == set()
