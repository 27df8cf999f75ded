"""Words that a watched Trainer's model reads: asked by one argument, refused before a training where they cannot be."""

from __future__ import annotations

import json
import random

import frameworks
import labelsift as ls
import pyarrow as pa
import pytest
import tiny_transformers as tiny
from labelsift.errors import InputError

frameworks.require("torch", "transformers", "accelerate", "datasets", "captum")
pytestmark = [
    pytest.mark.xdist_group("torch"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # of PyTorch and transformers
]
TOPICS = {
    "billing": ["invoice", "refund", "charged", "receipt"],
    "delivery": ["parcel", "courier", "tracking", "damaged"],
    "login": ["password", "locked", "account", "reset"],
}
AROUND = ["please", "help", "again", "today", "since", "monday", "still"]


def tickets(n=480):
    """Every fourth is held out; of those every fifth has the label of another topic."""
    draw, names, rows = random.Random(0), list(TOPICS), []
    for number in range(n):
        topic = names[number % 3]
        words = draw.sample(TOPICS[topic], 2) + draw.sample(AROUND, 4)
        draw.shuffle(words)
        held_out = number % 4 == 0
        label = names[(number + 1) % 3] if held_out and number % 20 == 0 else topic
        split = "eval" if held_out else "train"
        rows.append({"id": f"t{number:03d}", "text": " ".join(words), "label": label, "topic": topic, "split": split})
    return rows


def tokenizer_of(rows):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = sorted({word for row in rows for word in row["text"].split()})
    made = Tokenizer(models.WordLevel({w: n for n, w in enumerate(["[PAD]", "[UNK]", *words])}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]")


@pytest.fixture
def make(tmp_path):
    import datasets
    import transformers

    def make(rows, *, tokenizer, model=None):
        names = list(TOPICS)
        given = [
            {"id": row["id"], "input_ids": tokenizer(row["text"])["input_ids"], "label": names.index(row["label"])}
            for row in rows
        ]
        sets = {
            split: datasets.Dataset.from_list(
                [own for own, row in zip(given, rows, strict=True) if row["split"] == split]
            )
            for split in ("train", "eval")
        }
        return transformers.Trainer(
            model or tiny.bert(tuple(names)),
            tiny.arguments(tmp_path / "out", num_train_epochs=4, learning_rate=2e-3, eval_strategy="epoch"),
            train_dataset=sets["train"],
            eval_dataset=sets["eval"],
            data_collator=tiny.padded,
            processing_class=tokenizer,
        )

    return make


def samples_of(rows):
    table = pa.Table.from_pylist(rows).drop_columns(["topic"])
    return ls.read(table, id="id", label="label", metadata=["split"], name="tickets")


def test_of_flagged_tickets_the_models_own_words_are_those_of_the_topic(make, tmp_path):
    rows = tickets()
    trainer = make(rows, tokenizer=tokenizer_of(rows))
    with ls.watch(trainer, samples_of(rows), explain=True, store=tmp_path / "store") as capture:
        trainer.train()
    texts = {row["id"]: row["text"] for row in rows}
    explained = 0
    for finding in capture.report.findings.to_pylist():
        evidence = json.loads(finding["evidence"])
        if "words" in evidence:
            quoted = {texts[finding["id"]][start:end] for start, end, _ in evidence["words"]}
            assert evidence["words_of"] == "the user's model"
            assert quoted <= set(TOPICS[json.loads(finding["suggested"])])
            explained += 1
    assert explained >= 6  # of 24 wrong labels


@pytest.mark.parametrize("lacking", ["tokenizer", "classifier"])
def test_what_cannot_be_asked_is_refused_before_the_training(make, tmp_path, lacking):
    rows = tickets(24)
    trainer = make(rows, tokenizer=tokenizer_of(rows))
    if lacking == "tokenizer":
        trainer.processing_class = None
    else:
        import torch

        trainer.model = torch.nn.Sequential(trainer.model)
    with pytest.raises(InputError, match="no tokenizer" if lacking == "tokenizer" else "A Sequential is no classifier"):
        ls.watch(trainer, samples_of(rows), explain=True, store=tmp_path / "store").__enter__()
    assert not list((tmp_path / "store").glob("captures/*"))
