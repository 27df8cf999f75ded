"""A small untrained model with a tokenizer of the words of some texts, so that the examples download nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tokenizers
import transformers


def tiny_model(folder: str | Path, texts: Sequence[str]) -> str:
    """Keep it in a folder; return the name that models are loaded by."""
    words = sorted({word for text in texts for word in text.lower().split()})
    codes = {word: code for code, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    own = tokenizers.Tokenizer(tokenizers.models.WordLevel(codes, unk_token="[UNK]"))  # noqa: S106
    own.normalizer = tokenizers.normalizers.Lowercase()
    own.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    own.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=own, model_max_length=64, **marks).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(codes),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    transformers.set_seed(0)
    transformers.BertModel(config).save_pretrained(folder)
    return str(folder)
