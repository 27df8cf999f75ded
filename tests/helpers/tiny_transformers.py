"""Tiny transformers models, made from a configuration, and rows of invented text for them; nothing is downloaded."""

from __future__ import annotations

import numpy as np

CLASSES = ("billing", "delivery", "login")
WORDS = 60


def rows(n=48, seed=0, classes=CLASSES, first=0):
    """Rows of numbers for words: those of each class prefer words of their own."""
    rng = np.random.default_rng(seed)
    made = []
    for row in range(n):
        label = int(rng.integers(len(classes)))
        size = int(rng.integers(4, 12))
        words = np.where(
            rng.random(size) < 0.7, rng.integers(5 + 8 * label, 13 + 8 * label, size), rng.integers(5, WORDS, size)
        )
        made.append({"id": f"t{first + row:03d}", "input_ids": [2, *words.tolist()], "label": label})
    return made


def texts(listed, classes=CLASSES):
    """The same rows as a person reads them."""
    return [
        {"id": row["id"], "text": " ".join(f"word{word}" for word in row["input_ids"]), "label": classes[row["label"]]}
        for row in listed
    ]


def padded(features):
    """Collate rows of several lengths, as DataCollatorWithPadding does."""
    import torch

    width = max(len(feature["input_ids"]) for feature in features)
    batch = {
        "input_ids": [[*feature["input_ids"], *[0] * (width - len(feature["input_ids"]))] for feature in features],
        "attention_mask": [[1] * len(f["input_ids"]) + [0] * (width - len(f["input_ids"])) for f in features],
    }
    if "label" in features[0]:
        batch["labels"] = [feature["label"] for feature in features]
    return {name: torch.tensor(values) for name, values in batch.items()}


def bert(classes=CLASSES, kind="SequenceClassification", *, named=True, **config):
    """A BERT of one layer with a random start."""
    import torch
    import transformers

    torch.manual_seed(0)
    names = {"id2label": dict(enumerate(classes)), "label2id": {name: code for code, name in enumerate(classes)}}
    settings = transformers.BertConfig(
        vocab_size=WORDS,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        **(names if named else {"num_labels": len(classes)}),
        **config,
    )
    return getattr(transformers, f"BertFor{kind}")(settings)


def arguments(folder, **further):
    """Arguments of a short training on one CPU that writes nothing but what it is told to."""
    import transformers

    defaults = {
        "per_device_train_batch_size": 8,
        "per_device_eval_batch_size": 8,
        "num_train_epochs": 2,
        "learning_rate": 1e-3,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        "logging_strategy": "no",
        "use_cpu": True,
        "dataloader_pin_memory": False,
    }
    return transformers.TrainingArguments(output_dir=str(folder), **{**defaults, **further})


def saved(folder, texts, kind="Model", *, names=None, **config):
    """Keep a BERT with a tokenizer of the words of some texts in a folder; return it as models are named."""
    import tokenizers
    import torch
    import transformers

    words = sorted({word for text in texts for word in text.lower().split()})
    vocabulary = {word: code for code, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **special).save_pretrained(
        folder
    )
    torch.manual_seed(0)
    settings = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
        **({"id2label": dict(enumerate(names))} if names else {}),
        **config,
    )
    getattr(transformers, f"Bert{kind}")(settings).save_pretrained(folder)
    return str(folder)
