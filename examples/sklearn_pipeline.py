"""scikit-learn: fit a pipeline as ever, and have every label judged by a model that has not seen it.

    python examples/sklearn_pipeline.py [--store DIR]

The tickets are invented, and every tenth label is wrong on purpose.
"""

from __future__ import annotations

import argparse

import labelsift as ls
import numpy as np
import pyarrow as pa
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

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
    """Fit, watch, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=".labelsift", help="the folder that keeps the run")
    samples = ls.read(tickets(), label="label", id="ticket", name="tickets")
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())

    with ls.watch(pipeline, samples, store=parser.parse_args().store) as capture:
        capture.fit()  # the samples' texts and labels; or capture.fit(X, y)

    print(capture.report)
    print("The pipeline is fitted:", pipeline.predict(["the courier is late again"])[0])


if __name__ == "__main__":
    main()
