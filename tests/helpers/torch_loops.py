"""Invented tickets with a small torch classifier, for tests that watch a training; torch is imported when asked for."""

from __future__ import annotations

from collections import OrderedDict

import labelsift as ls
import numpy as np
import pyarrow as pa

CLASSES = ("billing", "delivery", "login")
WORDS = {"billing": "invoice refund card", "delivery": "parcel late driver", "login": "password locked code"}
DIMENSIONS = 8


def tickets(n=45):
    """Return samples whose last two rows are mislabeled."""
    rng = np.random.default_rng(0)
    rows = []
    for row in range(n):
        label = CLASSES[row % 3]
        words = rng.permutation(WORDS[label].split())
        rows.append({"id": f"t{row}", "text": f"{' '.join(words)} number {row}", "label": label})
    for row in rows[-2:]:
        row["label"] = CLASSES[(CLASSES.index(row["label"]) + 1) % 3]
    return ls.read(pa.Table.from_pylist(rows), label="label", id="id", name="tickets")


def rows_of(samples):
    """Return (id, x, y) of each sample: inputs of one dimension a class, with noise."""
    import torch

    noise = np.random.default_rng(1).normal(size=(len(samples), DIMENSIONS)).astype(np.float32)
    texts = samples.texts.to_pylist()
    for row, text in enumerate(texts):
        noise[row, next(k for k, name in enumerate(CLASSES) if WORDS[name].split()[0] in text)] += 2
    labels = samples.codes(list(CLASSES)).tolist()
    inputs = torch.from_numpy(noise)
    return [(name, inputs[row], labels[row]) for row, name in enumerate(samples.ids.to_pylist())]


def model(seed=0):
    """Return encoder (8 → 5) and head (5 → 3), with dropout between them."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers = {"encoder": nn.Linear(DIMENSIONS, 5), "drop": nn.Dropout(0.1), "head": nn.Linear(5, 3)}
    return nn.Sequential(OrderedDict(layers))


def hooks_of(module):
    """Count all hooks that any part of a module has."""
    return sum(
        len(kept)
        for part in module.modules()
        for kept in (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks, part._backward_pre_hooks)
    )
