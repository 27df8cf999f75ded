"""scikit-learn: fit a pipeline as ever, and have every label judged by a model that has not seen it.

    python examples/sklearn_pipeline.py [--store DIR]

The tickets are invented, and every tenth label is wrong on purpose.
"""

from __future__ import annotations

import argparse

import labelsift as ls
from invented_tickets import tickets
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


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
