"""Keras: watch a training, and read which labels it could not learn.

    python examples/keras_tickets.py [--store DIR]

The tickets are invented, and every tenth label is wrong on purpose.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # or tensorflow, jax: the lines below stay the same

import keras
import labelsift as ls
import numpy as np
import pyarrow as pa

WORDS = {
    "billing": ["invoice", "refund", "charge"],
    "app": ["crash", "login", "freeze"],
    "parcel": ["courier", "delay"],
}
NAMES = sorted(WORDS)


def tickets(n: int = 300) -> pa.Table:
    """Invent n tickets with an id, a text and a label."""
    draw = np.random.default_rng(0)
    rows = []
    for number in range(n):
        topic = NAMES[number % 3]
        text = f"My {draw.choice(WORDS[topic])} since day {draw.integers(1000)}, the {draw.choice(WORDS[topic])} again"
        label = NAMES[(number + 1) % 3] if number % 10 == 0 else topic
        rows.append({"ticket": f"T{number}", "text": text, "label": label})
    return pa.Table.from_pylist(rows)


def main() -> None:
    """Train, watch, and print the worst labels."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=".labelsift", help="the folder that keeps the recording and the run")
    samples = ls.read(tickets(), label="label", id="ticket", name="tickets")

    vocabulary = sorted({word for words in WORDS.values() for word in words})
    x = np.array([[float(word in text) for word in vocabulary] for text in samples.texts.to_pylist()])
    y = np.array([NAMES.index(label) for label in samples.labels.to_pylist()])
    model = keras.Sequential([keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

    with ls.watch(model, samples, data=(x, y), store=parser.parse_args().store) as capture:
        model.fit(x, y, epochs=6, batch_size=16, verbose=0, callbacks=[capture.callback])

    print(capture.report)


if __name__ == "__main__":
    main()
