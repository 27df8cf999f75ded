"""Invented tickets of two or three topics with a few wrong labels, for trainings of any framework."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples

_WORDS = {
    "invoice": ("invoice", "refund", "charge", "receipt"),
    "crash": ("crash", "freeze", "error", "reboot"),
    "parcel": ("parcel", "courier", "delivery", "tracking"),
}


def tickets(n: int = 60, *, classes: int = 3, wrong: int = 3, split: bool = False, seed: int = 0) -> Samples:
    """Return n tickets, the labels of the first few wrong; with ``split`` every fifth is held out for validation."""
    rng = np.random.default_rng(seed)
    names = list(_WORDS)[:classes]
    rows = []
    for row in range(n):
        topic = names[row % classes]
        word, day = rng.choice(_WORDS[topic]), rng.choice(("monday", "today"))
        text = f"Please help with the {word} number {rng.integers(10_000)} since {day}"
        label = names[(row + 1) % classes] if row < wrong else topic
        rows.append({"ticket": f"T{row}", "text": text, "label": label})
        if split:
            rows[-1]["split"] = "validation" if row % 5 == 4 else "train"
    return ls.read(pa.Table.from_pylist(rows), label="label", id="ticket", split="split" if split else None)


def vectors(samples: Samples, *, dimensions: int = 32, seed: int = 1) -> np.ndarray:
    """Return float32 of shape (n, dimensions): a vector of each text's topic word, and noise."""
    rng = np.random.default_rng(seed)
    own = {word: rng.normal(size=dimensions) for words in _WORDS.values() for word in words}
    rows = [next(own[word] for word in text.split() if word in own) for text in samples.texts.to_pylist()]
    return (np.array(rows) + 0.1 * rng.normal(size=(len(rows), dimensions))).astype(np.float32)
