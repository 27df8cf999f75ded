"""N-gram features: rows are independent of their order, of unit length, and made for every script."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.models.ngrams import READ, ngram_features

WORDS = ("card", "Karte", "lost", "verloren", "カード", "紛失", "🚀", "naïve", "it's", "", "  ", "\n", "ß", "x")
texts_of = st.lists(st.one_of(st.none(), st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)), max_size=12)


def dense(texts: list[str | None]) -> np.ndarray:
    return ngram_features(texts).toarray()


def likeness(features: np.ndarray) -> np.ndarray:
    return features @ features.T


@given(texts_of, st.integers(0, 1_000))
@settings(max_examples=60, deadline=None)
def test_another_order_of_texts_only_reorders_the_rows(texts, seed):
    order = np.random.default_rng(seed).permutation(len(texts))
    first, second = dense(texts), dense([texts[row] for row in order])
    assert first.shape == second.shape
    # Columns are numbered as they occur: what must stay is the likeness of each two texts.
    np.testing.assert_allclose(likeness(first)[np.ix_(order, order)], likeness(second), atol=1e-5)


@given(texts_of)
@settings(max_examples=60, deadline=None)
def test_words_and_characters_have_length_one_or_none_and_the_last_column_is_one(texts):
    features = ngram_features(texts)
    assert features.dtype == np.float32 and features.shape[0] == len(texts)
    assert np.isfinite(features.data).all()
    rows = features.toarray()
    assert (rows[:, -1] == 1).all()
    squares = np.square(rows[:, :-1]).sum(axis=1)  # of words and pairs, and of characters: 1 each
    np.testing.assert_allclose(squares, np.round(squares), atol=1e-4)
    assert set(np.round(squares).tolist()) <= {0.0, 1.0, 2.0}


@pytest.mark.parametrize("nothing", [None, "", "   ", "\n\t", "🚀🚀", "!?", "…"])
def test_a_text_without_a_word_has_only_the_intercept(nothing):
    rows = dense(["my card is lost", "my card is here", "my card", nothing])
    assert not rows[3, :-1].any() and rows[3, -1] == 1
    assert rows[:3, :-1].any(axis=1).all()


@pytest.mark.parametrize("texts", [[], [None], ["", None, "  "], ["one word"], ["🚀", "🚀", "🚀"]])
def test_too_few_texts_leave_the_intercept(texts):
    rows = dense(texts)
    assert rows.shape == (len(texts), 1) and (rows == 1).all()


def test_scripts_without_spaces_are_compared_by_their_characters():
    rows = dense(
        [
            "カードを紛失しました",
            "カードを紛失した",
            "カードを紛失",
            "返金をお願いします",
            "返金をお願い",
            "返金をお願いできますか",
        ]
    )
    alike = likeness(rows[:, :-1])
    assert alike[:3, :3].min() > 0.3 > alike[:3, 3:].max()


def test_a_rare_ngram_is_dropped_and_no_other():
    common = ["my card is lost"] * 3
    with_rare = dense([*common, "my card is lost xylophone"])
    assert with_rare.shape[1] == dense([*common, "my card is lost"]).shape[1]
    # In two texts a word counts, and in three its characters do.
    twice = dense([*common, "lost xylophone", "xylophone"])
    assert twice.shape[1] == with_rare.shape[1] + 1
    thrice = dense([*common, "lost xylophone", "xylophone", "a xylophone"])
    assert thrice.shape[1] == twice.shape[1] + len(" xylophone ") - 2


def test_case_and_repetition_of_rows_count_as_they_should():
    rows = dense(["LOST card", "lost CARD", "lost card", "refund", "refund please", "refund"])
    np.testing.assert_allclose(rows[0], rows[1])
    np.testing.assert_allclose(rows[3], rows[5])
    assert likeness(rows[:, :-1])[0, 3] == 0


def test_the_rarer_of_two_words_weighs_more():
    texts = ["the card", "the refund", "the card", "the fee", "the fee", "the refund"]
    rows = dense(texts)
    by_word = rows[:, np.flatnonzero((rows[:, :-1] > 0).sum(axis=0) == len(texts))].max()
    rarer = rows[0, np.flatnonzero((rows[:, :-1] > 0).sum(axis=0) == 2)].max()
    assert rarer > by_word


def test_only_the_beginning_of_a_long_text_is_read():
    start = "card lost " * (READ // 10)
    rows = dense([start + "refund", start + "payment", start, "refund", "refund", "payment"])
    np.testing.assert_allclose(rows[0], rows[1])
    np.testing.assert_allclose(rows[0], rows[2])
