"""Confusions that recur: named where they were planted, and where they were not.

``python -m benchmarks.systematic --data FOLDER --labels given_pair10 given_unif10`` reads texts and labels of
``data.csv.gz``. It counts the pairs that a scan names for each of these columns and for ``true_label``; then with 5, 10
and 20 % of the true labels replaced by any other; and with 12 % of each of eight classes relabeled as one other class.

``python -m benchmarks.systematic --made 310 311 --conditions "8 topics" "topics, 10 % near"`` scans conditions of
:mod:`benchmarks.made_labels` with these seeds, without ``--conditions`` all of them. It tells how many pairs a scan
names, how many of these hold five wrong labels, and which share of the members is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.label_quality.recurring_confusions import LEAST
from labelsift.models.embedding import embed, embedder

from .made_labels import CONDITIONS, Condition

SEEDS, SHARES, PLANTED, SLIPS = (100, 101), (0.05, 0.1, 0.2), 8, 0.12


def main() -> None:
    """Print one line for each scan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--labels", nargs="*", default=[])
    parser.add_argument("--made", type=int, nargs="*", default=[], metavar="SEED")
    parser.add_argument("--conditions", nargs="*", default=[])
    asked = parser.parse_args()
    for condition in CONDITIONS:
        if asked.made and (not asked.conditions or condition.name in asked.conditions):
            _show_made(condition, asked.made)
    if asked.data is None:
        return
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


def _show_made(condition: Condition, seeds: Sequence[int]) -> None:
    """Print a line on one condition: means over the seeds."""
    named_pairs, real, members, wrong = 0, 0, 0, 0
    for seed in seeds:
        drawn, given = condition.make(seed)
        table = {"id": [f"r{row}" for row in range(len(given))], "label": [f"c{code:03}" for code in given]}
        table |= {} if drawn.texts is None else {"text": drawn.texts}
        samples = ls.read(pa.table(table), id="id", label="label", text="text" if drawn.texts else None, name="made")
        signals = None if drawn.vectors is None else ls.Signals(embeddings=drawn.vectors)
        report = ls.scan(samples, signals=signals, only=["label"], store=None)
        for row in report.confusions().to_pylist():
            pair = {int(row["given"][1:]), int(row["suggested"][1:])}
            inside = (given != drawn.truth) & np.isin(given, list(pair)) & np.isin(drawn.truth, list(pair))
            rows = samples.positions(row["members"])
            named_pairs, real = named_pairs + 1, real + int(inside.sum() >= LEAST)
            members, wrong = members + len(rows), wrong + int((given[rows] != drawn.truth[rows]).sum())
    share = f", {wrong / members:.3f} of the members wrong" if members else ""
    each = (f"{count / len(seeds):.1f}" for count in (named_pairs, real))
    print(f"{condition.name}: {' named, of these with errors '.join(each)}{share}", flush=True)


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
