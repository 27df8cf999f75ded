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
from invented_tickets import NAMES, WORDS, tickets


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
