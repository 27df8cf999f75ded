"""spaCy: watch the training of a named entity recognizer, and read how sure it was of each token, epoch by epoch.

    python examples/spacy_ner.py [--store DIR]

The sentences are invented, and in every eighth the city was not marked, on purpose.
"""

from __future__ import annotations

import argparse
import json
import random

import labelsift as ls
import numpy as np
import pyarrow as pa
import spacy
from labelsift.capture.token_files import read_tokens
from spacy.training import Example

CITIES = ["Paris", "Oslo", "Kyoto", "Lima"]


def trips(n: int = 48) -> pa.Table:
    """Invent n sentences with their spans."""
    rows = []
    for number in range(n):
        city = CITIES[number % 4]
        start = len("We fly to ")
        marks = [] if number % 8 == 0 else [[start, start + len(city), "city"]]
        rows.append({"id": f"S{number}", "text": f"We fly to {city} on day {number}", "spans": json.dumps(marks)})
    return pa.Table.from_pylist(rows)


def main() -> None:
    """Train, watch, and print the sentences whose city the model sees and the data does not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=".labelsift", help="the folder that keeps the recording and the run")
    samples = ls.read(trips(), spans="spans", id="id", name="trips")
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = [
        Example.from_dict(nlp.make_doc(text), {"entities": [tuple(mark) for mark in json.loads(marks)]})
        for text, marks in zip(samples.texts.to_pylist(), samples.column("spans").to_pylist(), strict=True)
    ]
    optimizer = nlp.initialize(lambda: examples)

    with ls.watch(nlp, samples, store=parser.parse_args().store) as capture:
        for _ in range(6):
            random.shuffle(examples)
            for batch in spacy.util.minibatch(examples, size=8):
                nlp.update(batch, sgd=optimizer, drop=0.2)
            capture.end_epoch()

    columns = capture.recording.classes  # O, and the types
    epochs = read_tokens(capture.folder / "train" / "tokens", len(columns))
    for row in range(0, len(samples), 8):
        sure = [np.exp(epoch[row])[:, columns.index("city")].max() for epoch in epochs]
        print(f"P(city) in '{samples.texts[row]}':", " ".join(f"{value:.2f}" for value in sure))
    print(capture.report)


if __name__ == "__main__":
    main()
