"""Does ``labelsift value`` show a gain where there is one, and none where there is not? On noisyag.

``python -m benchmarks.value``: the worst 15 % of the labels by score are corrected to the truth; against that, the
same number of labels is shuffled among their rows. Five seeds each, as the command does it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.metrics.label_value import LabelValue, label_value
from labelsift.report import Report

DATA = Path(__file__).parents[2] / "shared" / "data" / "noisyag" / "data.csv.gz"


def relabeled(report: Report, rows: np.ndarray, labels: np.ndarray) -> Report:
    """Return the report with other labels in some rows."""
    table = report.samples.table
    given = np.array(report.samples.labels.to_pylist(), dtype=object)
    given[rows] = labels
    table = table.set_column(table.column_names.index("label"), "label", pa.array(given.tolist(), pa.string()))
    samples = ls.Samples(table, report.samples.metadata, report.samples.name)
    return Report("new", report.created, samples, report.scores, report.findings, embeddings=report.embeddings)


def told(name: str, found: LabelValue) -> str:
    """Write one line."""
    cells = ", ".join(f"{a}/{b} {np.mean(values):.3f}" for (a, b), values in found.accuracy.items())
    return f"{name:34s} gain {found.gain:+.4f} ({found.low:+.4f} … {found.high:+.4f}); trained/judged: {cells}"


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--share", type=float, default=0.15)
    parser.add_argument("--shuffles", type=int, default=3)
    asked = parser.parse_args()
    samples = ls.read(asked.data, id="id", label="given_label", metadata=["true_label"])
    report = ls.scan(samples, only=["label"], store=None)
    count = round(asked.share * len(samples))
    worst = np.argsort(report.scores["label_score"].to_numpy(), kind="stable")[:count]
    truth = np.array(samples.metadata["true_label"].to_pylist(), dtype=object)
    given = np.array(samples.labels.to_pylist(), dtype=object)
    print(
        f"{len(samples):,} samples; {count:,} worst labels, {(given[worst] != truth[worst]).mean():.1%} of them wrong"
    )
    print(told("corrected to the truth", label_value(report, relabeled(report, worst, truth[worst]))))
    for seed in range(asked.shuffles):
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(samples), count, replace=False)
        found = label_value(report, relabeled(report, rows, rng.permutation(given[rows])))
        print(told(f"as many labels shuffled (seed {seed})", found))


if __name__ == "__main__":
    main()
