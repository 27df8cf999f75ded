"""A scikit-learn head on sentence embeddings: watch the head, and give its vectors.

    python examples/sentence_embeddings_head.py [--store DIR]

Here the vectors are of labelsift's own small embedder, which needs no download; with sentence-transformers they are
``SentenceTransformer(name).encode(texts)``. The tickets are invented, and every tenth label is wrong on purpose.
"""

from __future__ import annotations

import argparse

import labelsift as ls
from invented_tickets import tickets
from labelsift.models.embedding import embedder
from sklearn.linear_model import LogisticRegression


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
