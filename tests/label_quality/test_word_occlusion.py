"""Words that pull a model towards a class: planted ones are told, others not, and none of noise."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.label_quality.word_occlusion import (
    LEAST,
    WORDS,
    WordOcclusion,
    log_odds,
    telling,
    without,
    word_places,
)

CLASSES = ("lost", "refund")
FILLER = "please tell me what the bank can do for us today and by which way it may come here".split()


def texts_with(word: str, n: int = 20, *, seed: int = 0) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join([*draw.permutation(FILLER)[:9], word, *draw.permutation(FILLER)[:4]]) for _ in range(n)]


def by_words(**weights: float):
    """Make a model whose log odds of refund are the sum of its words', and a little of each text's length."""

    def predict(texts):
        odds = [sum(weights.get(word, 0.02) for word in re.findall(r"\w+", text.lower())) - 1 for text in texts]
        right = 1 / (1 + np.exp(-np.array(odds)))
        return np.stack([1 - right, right], axis=1)

    return predict


def told(text, words):
    return [text[slice(*word.places[0])] for word in words]


def test_the_planted_word_is_named_with_the_log_odds_that_it_brings():
    texts = texts_with("Money")
    found = WordOcclusion(by_words(money=2.0), CLASSES)(texts, ["refund"] * len(texts))
    assert [told(text, words) for text, words in zip(texts, found, strict=True)] == [["Money"]] * len(texts)
    assert [words[0].weight for words in found] == pytest.approx([2.0] * len(texts), abs=1e-6)


def test_what_speaks_against_the_class_is_not_told():
    texts = texts_with("money")
    assert not any(WordOcclusion(by_words(money=2.0), CLASSES)(texts, ["lost"] * len(texts)))


def test_of_a_text_of_which_another_class_is_said_nothing_is_told():
    texts = texts_with("money")
    asked = by_words(money=2.0)
    weak = WordOcclusion(lambda texts: asked(texts) * [9, 1] / (asked(texts) * [9, 1]).sum(1, keepdims=True), CLASSES)
    assert (weak.predict(texts)[:, 1] < 0.5).all()
    assert not any(weak(texts, ["refund"] * len(texts)))


def test_of_several_labels_those_above_a_half_are_said():
    texts = texts_with("money")

    def predict(texts):
        return np.stack([np.full(len(texts), 0.9), by_words(money=2.0)(texts)[:, 1]], axis=1)

    found = WordOcclusion(predict, CLASSES, several=True)(texts, ["refund"] * len(texts))
    assert [words[0].weight for words in found] == pytest.approx([2.0] * len(texts), abs=1e-6)
    assert not any(WordOcclusion(predict, CLASSES)(texts, ["refund"] * len(texts)))


def test_all_places_of_a_word_are_one_word():
    texts = ["MONEY back, money! " + text for text in texts_with("card")]
    found = WordOcclusion(by_words(money=1.0), CLASSES)(texts, ["refund"] * len(texts))
    assert all(len(words) == 1 and words[0].places == ((0, 5), (12, 17)) for words in found)
    assert found[0][0].weight == pytest.approx(2.0, abs=1e-6)


def test_a_model_of_noise_has_hardly_a_word_and_a_weak_one_none():
    draw = np.random.default_rng(0)
    words = {word: draw.normal() for word in [*FILLER, "money"]}  # as large as they are arbitrary
    texts = texts_with("money", 200)
    asked = sum(len(word_places(text)) for text in texts)
    found = WordOcclusion(by_words(**words), CLASSES)(texts, ["refund"] * len(texts))
    assert sum(map(len, found)) <= 0.02 * asked
    weak = {word: weight / 10 for word, weight in words.items()}
    assert not any(WordOcclusion(by_words(**weak), CLASSES)(texts, ["refund"] * len(texts)))


def test_of_few_words_nothing_is_told():
    assert WordOcclusion(by_words(money=5.0), CLASSES)(["money back", "", "my card"], ["refund"] * 3) == [[], [], []]


def test_blank_texts_and_such_without_spaces():
    assert [word_places(text) for text in ("", " \n", "...", "👍👍")] == [[], [], [], []]
    assert word_places("我想知道我的银行卡什么时候能到") == []  # one run: nobody knows where its words end
    text = "新しいカードを紛失しました"
    assert [text[slice(*places[0])] for places in word_places(text)] == ["新", "カード", "紛失"]
    assert [places for (places,) in word_places("कार्ड खो गया")] == [(0, 5), (6, 8), (9, 12)]  # vowel signs are inside


def test_a_model_that_predicts_another_shape_is_refused():
    with pytest.raises(InputError, match="predicted"):
        WordOcclusion(lambda texts: np.ones((len(texts), 3)), CLASSES)(["money"], ["refund"])
    with pytest.raises(InputError, match="no such classes: top_up"):
        WordOcclusion(by_words(), CLASSES)(["money"], ["top_up"])


def test_log_odds_are_exact_where_a_model_is_sure():
    odds = log_odds(np.array([[1e-6, 1 - 1e-6], [0.5, 0.5]], dtype=np.float32), 1)
    np.testing.assert_allclose(odds, [-np.log(1e-6), 0], rtol=1e-4)
    np.testing.assert_allclose(log_odds(np.array([[0.5, 0.9]]), 1, several=True), [np.log(9)], rtol=1e-6)


@given(st.text(max_size=80))
def test_words_are_within_the_text_apart_and_each_is_one(text):
    places = word_places(text)
    every = sorted(place for word in places for place in word)
    assert all(0 <= start < end <= len(text) for start, end in every)
    assert all(end <= start for (_, end), (start, _) in pairwise(every))
    forms = [{text[start:end].casefold() for start, end in word} for word in places]
    assert all(len(some) == 1 for some in forms)
    assert len({next(iter(some)) for some in forms}) == len(forms)
    for word in places:
        assert len(without(text, word)) == len(text) - sum(end - start for start, end in word)


@given(st.lists(st.lists(st.floats(-9, 9), max_size=20), max_size=12))
def test_what_is_told_is_little_strong_and_in_order(weights):
    places = [[((number, number + 1),) for number in range(len(some))] for some in weights]
    for some, own in zip(telling(places, [np.array(some, dtype=float) for some in weights]), weights, strict=True):
        assert len(some) <= WORDS
        assert all(word.weight >= LEAST and word.weight in own for word in some)
        assert [word.weight for word in some] == sorted((word.weight for word in some), reverse=True)
        assert len({word.places for word in some}) == len(some)
