"""Confusions that recur: named where they were planted, and where they were not.

``python -m benchmarks.systematic --data FOLDER --labels given_pair10 given_unif10`` reads texts and labels of
``data.csv.gz``. It counts the pairs that a scan names for each of these columns and for ``true_label``; then with 5, 10
and 20 % of the true labels replaced by any other; and with 12 % of each of eight classes relabeled as one other class.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.models.embedding import embed, embedder

SEEDS, SHARES, PLANTED, SLIPS = (100, 101), (0.05, 0.1, 0.2), 8, 0.12


def main() -> None:
    """Print one line for each scan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", nargs="*", default=[])
    asked = parser.parse_args()
    file = asked.data / "data.csv.gz"
    samples = ls.read(file, text="text", label="true_label", id="id", name=asked.data.name)
    truth, vectors = samples.codes(samples.classes), embed(samples.texts, embedder())
    for column in ("true_label", *asked.labels):
        given = ls.read(file, text="text", label=column, id="id", name=asked.data.name).codes(samples.classes)
        report = scanned(samples, given, vectors)
        _show(column, named(report))
        members = [one for row in report.confusions()["members"].to_pylist() for one in row]
        if members:
            rows = samples.positions(members)
            print(f"  {len(rows)} members, {(given[rows] != truth[rows]).mean():.3f} of them wrong", flush=True)
    for seed in SEEDS:
        rng, classes = np.random.default_rng(seed), len(samples.classes)
        for share in SHARES:
            labels, wrong = truth.copy(), rng.permutation(len(truth))[: int(share * len(truth))]
            other = rng.integers(0, classes - 1, len(wrong))
            labels[wrong] = other + (other >= truth[wrong])
            _show(f"seed {seed}: {share:.0%} uniform", named(scanned(samples, labels, vectors)))
        labels, planted = truth.copy(), set()
        for code in rng.permutation(classes)[:PLANTED].tolist():
            other = int((code + rng.integers(1, classes)) % classes)
            rows = np.flatnonzero(truth == code)
            labels[rng.choice(rows, int(SLIPS * len(rows)), replace=False)] = other
            planted.add((samples.classes[other], samples.classes[code]))
        found = named(scanned(samples, labels, vectors))
        _show(f"seed {seed}: {len(planted)} planted, {len(planted & found.keys())} of them named", found)


def scanned(samples: ls.Samples, labels: np.ndarray, vectors: np.ndarray) -> ls.Report:
    """Scan the samples with other labels."""
    at = samples.table.column_names.index("label")
    names = pa.chunked_array([np.array(samples.classes, dtype=object)[labels]])
    noisy = ls.Samples(samples.table.set_column(at, "label", names), samples.metadata, samples.name)
    return ls.scan(noisy, signals=ls.Signals(embeddings=vectors), only=["label"], store=None)


def named(report: ls.Report) -> dict[tuple[str, str], str]:
    """Return the pairs that a scan names, with their verdicts."""
    return {(row["given"], row["suggested"]): row["verdict"] for row in report.confusions().to_pylist()}


def _show(what: str, found: dict[tuple[str, str], str]) -> None:
    unclear = sum(verdict != "slip" for verdict in found.values())
    print(f"{what}: {len(found)} named, {unclear} as unclear guideline", flush=True)


if __name__ == "__main__":
    main()
