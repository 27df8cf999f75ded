"""Integrated gradients: exact for a linear model, complete for a small BERT, and a fallback that says so."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import frameworks
import numpy as np
import pytest
from labelsift.errors import InputError

frameworks.require("torch", "transformers", "captum")
pytestmark = [pytest.mark.xdist_group("torch"), pytest.mark.slow]

WORDS = "money back please my card is lost the a ##s refund".split()
TEXT = "Money back, my cards please: MONEY"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """Cut words into pieces, by a vocabulary of its own."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {name: number for number, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", ",", ":", *WORDS])}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


@pytest.fixture(scope="module")
def linear(tokenizer) -> Any:
    """Make a sum of embeddings times weights: two classes, padding without weight."""
    import torch

    class Bag(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embedding = torch.nn.Embedding(len(tokenizer), 4, padding_idx=0)
            self.head = torch.nn.Linear(4, 2, bias=False)
            self.config = SimpleNamespace(id2label={0: "refund", 1: "lost"})

        def get_input_embeddings(self) -> Any:
            return self.embedding

        def forward(self, input_ids, attention_mask=None, **_) -> Any:
            return SimpleNamespace(logits=self.head(self.embedding(input_ids).sum(dim=1)))

    return Bag()


@pytest.fixture(scope="module")
def bert(tokenizer) -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    names = {0: "refund", 1: "lost", 2: "new"}
    config = BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=64, id2label=names, initializer_range=0.5, **sizes
    )
    return BertForSequenceClassification(config).eval()


def explainer(model, tokenizer, **more):
    from labelsift.integrations.transformers.attributions import IntegratedGradients

    return IntegratedGradients(model, tokenizer, **more)


def test_of_a_linear_model_each_word_has_its_weight_times_embedding(linear, tokenizer):
    (found,) = explainer(linear, tokenizer).attributions([TEXT], ["refund"])
    table, head = (weights.detach().numpy() for weights in (linear.embedding.weight, linear.head.weight))
    by_token = table @ (head[0] - head[1])
    number = tokenizer.convert_tokens_to_ids
    expected = {"Money": 2, "back": 1, "my": 1, "please": 1}
    by_hand = {word: times * by_token[number(word.lower())] for word, times in expected.items()}
    by_hand["cards"] = by_token[number("card")] + by_token[number("##s")]  # two pieces, one word
    told = {
        TEXT[places[0][0] : places[0][1]]: weight for places, weight in zip(found.places, found.weights, strict=True)
    }
    assert found.complete
    assert told == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("label", ["refund", "lost", "new"])
def test_of_a_bert_all_tokens_sum_to_the_difference_from_padding(bert, tokenizer, label):
    made = explainer(bert, tokenizer)
    tokens, _, missed, difference = made._integrated(TEXT, made.classes.index(label), 128)
    assert abs(difference) > 0.1
    assert abs(missed) < 0.02 * abs(difference) + 0.02
    (found,) = made.attributions([TEXT], [label])
    assert found.complete
    assert np.isfinite(found.weights).all()
    special = tokens[[0, -1]]  # the same in both texts
    np.testing.assert_allclose(special, 0, atol=1e-9)


def test_the_model_is_left_as_it_was(bert, tokenizer):
    bert.train()
    bert.bert.eval()  # a frozen body beside a head that is trained
    modes = [module.training for module in bert.modules()]
    explainer(bert, tokenizer).attributions([TEXT, ""], ["lost", "new"])
    assert [module.training for module in bert.modules()] == modes
    assert len(set(modes)) == 2
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in bert.modules())
    assert all(weight.grad is None for weight in bert.parameters())
    bert.eval()


def test_of_a_text_of_which_the_model_says_another_class_nothing_is_told(linear, tokenizer, monkeypatch):
    made = explainer(linear, tokenizer)
    texts = ["money", "back", "please", "my card is lost"] * 20
    odds = np.array([made._probabilities([text])[0] for text in texts])
    assert len(set(odds.argmax(axis=1))) == 2  # either is said of some
    monkeypatch.setattr(f"{type(made).__module__}.telling", lambda places, weights: [["told"] for _ in places])
    told = made(texts, ["refund"] * len(texts))
    assert [bool(one) for one in told] == (odds[:, 0] > odds[:, 1]).tolist()
    with pytest.raises(InputError, match="2 outputs for 3 classes"):
        explainer(linear, tokenizer, classes=["a", "b", "c"])(["money"], ["a"])


def test_what_does_not_add_up_is_found_by_leaving_words_out_and_that_is_said(linear, tokenizer, monkeypatch, caplog):
    made = explainer(linear, tokenizer)
    (exact,) = made.attributions([TEXT], ["refund"])
    integrated = made._integrated

    def wrong(*asked: Any) -> Any:
        tokens, offsets, _, difference = integrated(*asked)
        return tokens, offsets, 9.0, difference

    monkeypatch.setattr(made, "_integrated", wrong)
    with caplog.at_level(logging.WARNING, "labelsift"):
        (found,) = made.attributions([TEXT], ["refund"])
    assert not found.complete
    assert "1 of 1 texts do not add up" in caplog.text
    assert TEXT.split()[0] not in caplog.text  # no words of texts in logs
    np.testing.assert_allclose(found.weights, exact.weights, atol=1e-4)  # the same where a model is linear


def test_words_that_the_model_does_not_read_have_no_weight(bert, tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "model_max_length", 5)
    (found,) = explainer(bert, tokenizer).attributions([TEXT], ["lost"])
    assert np.isfinite(found.weights[0])
    assert np.isnan(found.weights[-1])


def test_an_unknown_class_and_a_model_without_classes_are_refused(linear, tokenizer):
    with pytest.raises(InputError, match="has no such classes: top_up"):
        explainer(linear, tokenizer).attributions(["money"], ["top_up"])
    with pytest.raises(InputError, match="does not say its classes"):
        explainer(SimpleNamespace(config=None), tokenizer)
