"""Latent semantic analysis of character n-grams."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models import character_lsa
from labelsift.models.character_lsa import CharacterLSA
from labelsift.models.embedding import normalize

TOPICS = ("天気 気温 降雨 台風", "試合 選手 得点 野球", "株価 市場 投資 銀行")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    draw = np.random.default_rng(0)
    return [" ".join(draw.choice(TOPICS[row % 3].split(), 3)) + "です" for row in range(90)]


def keys(n: int) -> np.ndarray:
    return np.arange(n, dtype=np.uint64) * np.uint64(2_654_435_761)


def test_texts_of_one_topic_are_near(texts):
    vectors = normalize(CharacterLSA.fit(texts, keys=keys(90)).embed(texts))
    similar = vectors @ vectors.T
    topic = np.arange(90) % 3
    same = topic[:, None] == topic
    assert similar[same].mean() > similar[~same].mean() + 0.2


def test_the_order_of_the_texts_changes_nothing(texts, monkeypatch):
    monkeypatch.setattr(character_lsa, "FITTED_ON", 60)  # some are drawn
    order = np.random.default_rng(1).permutation(90)
    first = CharacterLSA.fit(texts, keys=keys(90))
    other = CharacterLSA.fit([texts[row] for row in order], keys=keys(90)[order])
    assert np.array_equal(first.buckets, other.buckets)
    one, two = (normalize(model.embed(texts)) for model in (first, other))
    assert np.allclose(one @ one.T, two @ two.T, atol=0.01)


def test_a_kept_projection_gives_the_same_vectors(texts):
    fitted = CharacterLSA.fit(texts, keys=keys(90))
    again = CharacterLSA.of(fitted.table())
    assert again.maker == fitted.maker
    assert np.array_equal(again.embed(["野球 試合", "全然"]), fitted.embed(["野球 試合", "全然"]))


def test_a_text_that_shares_nothing_has_no_vector(texts):
    fitted = CharacterLSA.fit(texts, keys=keys(90))
    assert not fitted.embed(["XYZ", ""]).any()
    assert fitted.embed([]).shape == (0, fitted.dimensions)


@pytest.mark.parametrize("few", [["один", "дуб"], ["да"], ["", ""], []])
def test_too_little_to_learn_from_gives_no_vector(few):
    fitted = CharacterLSA.fit(few, keys=keys(len(few)))
    again = CharacterLSA.of(fitted.table())
    assert fitted.empty == again.empty == (few != ["один", "дуб"])
    vectors = again.embed(["один", "x"])
    assert vectors.shape == (2, fitted.dimensions)
    assert np.isfinite(vectors).all()
    assert vectors.any(axis=1).tolist() == [not fitted.empty, False]
