"""spaCy: watch a text categorizer in a loop of one's own.

    python examples/spacy_textcat.py [--store DIR]

The tickets are invented, and every tenth label is wrong on purpose. For ``spacy train`` see docs/capture.md: two blocks
of its config do the same.
"""

from __future__ import annotations

import argparse
import random

import labelsift as ls
import spacy
from invented_tickets import NAMES, tickets
from spacy.training import Example


def main() -> None:
    """Train, watch, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=".labelsift", help="the folder that keeps the recording and the run")
    samples = ls.read(tickets(150), label="label", id="ticket", name="tickets")
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in NAMES}})
        for text, label in zip(samples.texts.to_pylist(), samples.labels.to_pylist(), strict=True)
    ]
    optimizer = nlp.initialize(lambda: examples)

    with ls.watch(nlp, samples, store=parser.parse_args().store) as capture:
        for _ in range(4):
            random.shuffle(examples)
            for batch in spacy.util.minibatch(examples, size=16):
                nlp.update(batch, sgd=optimizer)
            capture.end_epoch()

    print(capture.report)


if __name__ == "__main__":
    main()
