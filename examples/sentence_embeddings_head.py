"""A scikit-learn head on sentence embeddings: watch the head, and give its vectors.

    python examples/sentence_embeddings_head.py [--store DIR]

Here the vectors are of labelsift's own small embedder, which needs no download; with sentence-transformers they are
``SentenceTransformer(name).encode(texts)``. The tickets are invented, and every tenth label is wrong on purpose.
"""

from __future__ import annotations

import argparse

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.models.embedding import embedder
from sklearn.linear_model import LogisticRegression

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
    """Embed, fit the head, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=".labelsift", help="the folder that keeps the run")
    samples = ls.read(tickets(), label="label", id="ticket", name="tickets")
    vectors = embedder("wordllama").embed(samples.texts.to_pylist())
    head = LogisticRegression(C=10, max_iter=1000)

    with ls.watch(head, samples, store=parser.parse_args().store) as capture:
        capture.fit(vectors, samples.labels.to_pylist())  # rows in the order of the samples

    print(capture.report)


if __name__ == "__main__":
    main()
