"""What is embedded by characters, what is not judged, and what is said of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from labelsift.checks.other_languages import other_languages
from labelsift.models.embedding import normalize

ENGLISH = [f"My new card number {row} has not arrived yet, and I would like to know why" for row in range(20)]
GERMAN = "Meine Bestellung {} ist noch nicht angekommen und ich warte seit zwei Wochen darauf"
RUSSIAN = "заказ {} не пришёл"
BETTER = "A multilingual model may read more: --embedder multilingual (16 languages) or transformers:<name or folder>."


@dataclass
class Reader:
    """An embedder whose vectors are plain to see."""

    languages: frozenset[str] | None = frozenset({"en"})
    name = "wordllama"
    dimensions = 3
    maker = None

    def embed(self, texts):
        return normalize(np.ones((len(texts), 3), dtype=np.float32))


@pytest.mark.parametrize(
    ("judging", "left_out"),
    [
        (["language", "label", "outlier"], "no label was judged and no outlier was looked for"),
        (["label"], "no label was judged"),
        (["outlier"], "no outlier was looked for"),
    ],
)
def test_a_few_texts_that_nothing_can_be_learned_from_are_not_judged(make_context, judging, left_out):
    context = make_context([*ENGLISH, GERMAN.format(1)])
    assert other_languages(context, Reader(), judging=judging) is None
    assert context.readable.tolist() == [True] * 20 + [False]
    assert context.notes == [
        f"1 text is in a language that the default embedder cannot read (German): {left_out} there. {BETTER}"
    ]


def test_enough_of_them_are_embedded_by_their_characters_beside_the_others(make_context):
    context = make_context([*ENGLISH, *(GERMAN.format(row) for row in range(60))])
    vectors = other_languages(context, Reader(), judging=["label", "outlier"])
    assert vectors[:20, :3].all() and not vectors[:20, 3:].any()
    assert not vectors[20:, :3].any() and vectors[20:, 3:].any(axis=1).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert context.readable.all() and context.projection is not None
    assert context.notes == [
        "60 texts are in languages that the default embedder cannot read (German): labels and outliers there are"
        f" judged by the characters that texts share. {BETTER}"
    ]


def test_a_file_of_short_texts_in_another_script_is_unreadable_as_a_whole(make_context):
    texts = [RUSSIAN.format(row) for row in range(30)]
    context = make_context([*texts, "ok", "", "Привет"])
    vectors = other_languages(context, Reader(), judging=["label"])
    assert vectors.shape[0] == 33 and vectors[:30].any(axis=1).all()
    assert context.readable.tolist() == [*[True] * 30, False, True, context.readable[32]]
    assert context.notes[0].startswith(
        "31 texts are in languages that the default embedder cannot read (Russian): labels of all texts are"
        " judged by the characters that texts share."
    )
    assert context.notes[1].endswith("no part of a word with another text: no label was judged there.")


@pytest.mark.parametrize("texts", [["привет"], ["да", "нет"], ["好", "日本", "ok"]])
def test_next_to_no_text_leaves_nothing_to_learn_from(make_context, texts):
    context = make_context(texts)
    assert other_languages(context, Reader(), judging=["label"]) is None
    assert context.readable.tolist() == [text == "ok" for text in texts]


def test_an_embedder_without_limits_reads_everything(make_context):
    context = make_context([*ENGLISH, GERMAN.format(1)])
    assert other_languages(context, Reader(languages=None), judging=["label"]) is None
    assert context.readable.all() and context.notes == [] and context.detected is None


def test_english_alone_is_left_to_the_embedder(make_context):
    context = make_context([*ENGLISH, "ok", "lol :-)", "@anna 😂😂", ""])
    assert other_languages(context, Reader(), judging=["label"]) is None
    assert context.readable.all() and context.notes == []


def test_an_embedder_of_several_languages_helps_with_others_in_its_script(make_context):
    texts = [f"Zákazník dnes zaplatil fakturu číslo {row} a čeká na zboží" for row in range(60)]
    hindi = [f"ग्राहक ने आज बिल संख्या {row} का भुगतान किया" for row in range(60)]
    context = make_context([*ENGLISH, *texts, *hindi])
    vectors = other_languages(context, Reader(languages=frozenset({"en", "de"})), judging=["label"])
    assert np.allclose(np.linalg.norm(vectors[20:80, :3], axis=1), 0.5**0.5, atol=1e-3)
    assert not vectors[80:, :3].any() and vectors[80:].any(axis=1).all()
