"""How often the 95 % intervals of slices hold the truth, and what all slices of a table cost: ``--help`` tells how.

``coverage`` draws slices of 30 to 3,000 samples from known models of labels and predictions, one after the other as
the cells of one partition, so that what is measured is what the package does. ``noise`` counts the tables of 200 slices
of pure noise in which any simultaneous interval of a difference leaves out 0. ``speed`` takes every one- and two-way
slice of 200,000 rows through every metric.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.data.schemas import findings_table
from labelsift.metrics.estimates import Estimates, difference, simultaneous_differences
from labelsift.metrics.label_outcomes import FALSE, HIT, MISSED, LabelOutcomes
from labelsift.metrics.slice_metrics import METRICS, ScoredLabels, estimates, rest
from labelsift.report import Report

SIZES = (100, 300, 1_000, 3_000)
RATES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)


def single(joint: np.ndarray, n: int, draws: int, rng: np.random.Generator) -> tuple[ScoredLabels, np.ndarray]:
    """Draw slices of single labels from shares of (given, predicted); return them with the slice of each sample."""
    pairs = rng.choice(joint.size, size=n * draws, p=joint.ravel())
    given, predicted = np.divmod(pairs, len(joint))
    names = tuple(map(str, range(len(joint))))
    return _scored(names, given, predicted), np.repeat(np.arange(draws), n)


def _scored(names: tuple[str, ...], given: np.ndarray, predicted: np.ndarray) -> ScoredLabels:
    nothing = np.zeros(len(given), dtype=bool)
    return ScoredLabels(names, given.astype(np.int64), predicted.astype(np.int64), nothing, nothing, "simulated")


def confused(classes: int, balance: str, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """Return the shares of (given, predicted) of a model that is better at some classes than at others."""
    shares = np.ones(classes) if balance == "balanced" else 1 / np.arange(1, classes + 1)
    right = np.clip(accuracy + (1 - accuracy) * rng.uniform(-0.8, 0.8, classes), 0.02, 0.995)
    rows = np.zeros((classes, classes))
    for name in range(classes):
        others = np.arange(classes) != name
        rows[name, name], rows[name, others] = right[name], (1 - right[name]) * rng.dirichlet(np.ones(classes - 1))
    return (shares / shares.sum())[:, None] * rows


def several(
    task: str, n: int, draws: int, rng: np.random.Generator, *, many: float, hit: float, extra: float, alike: float
) -> tuple[ScoredLabels, np.ndarray, float]:
    """Draw slices whose samples have several labels or entities; return them, their slices and the true micro F1.

    Parameters
    ----------
    many
        Labels a sample, on average.
    hit, extra
        The share that is predicted right, and false ones for each given, on average over samples.
    alike
        How much the labels of one sample are right or wrong together, 0 to 1.
    """
    spread = max(1 / max(alike, 1e-6) - 1, 1e-3)
    skill = rng.beta(hit * spread, (1 - hit) * spread, n * draws)
    given = rng.poisson(many, n * draws)
    hits = rng.binomial(given, skill)
    false = rng.poisson(many * extra * (1 - skill) / (1 - hit))
    rows, kinds = [], []
    for kind, counts in ((HIT, hits), (MISSED, given - hits), (FALSE, false)):
        rows.append(np.repeat(np.arange(n * draws), counts))
        kinds.append(np.full(len(rows[-1]), kind))
    row, kind = np.concatenate(rows), np.concatenate(kinds)
    everything = np.ones(n * draws, dtype=bool)
    outcomes = LabelOutcomes(row, np.zeros(len(row), dtype=np.int64), kind, everything)
    none = np.full(n * draws, -1)
    data = ScoredLabels(
        ("entity",), none, none, ~everything, ~everything, "simulated", everything, task=task, several=outcomes
    )
    return data, np.repeat(np.arange(draws), n), 2 * hit / (2 * hit + (1 - hit) + extra)


class Tally:
    """How often intervals held the truth: one entry a point of the grid."""

    def __init__(self) -> None:
        self.shares: dict[str, list[float]] = {}
        self.with_interval: dict[str, list[float]] = {}

    def add(self, kind: str, low: np.ndarray, high: np.ndarray, truth: float | np.ndarray) -> None:
        """Count a point; where less than a tenth of the slices has an interval, only that is counted."""
        known = np.isfinite(low) & np.isfinite(high)
        self.with_interval.setdefault(kind, []).append(float(known.mean()))
        if known.mean() >= 0.1:
            holds = (low - 1e-12 <= truth) & (truth <= high + 1e-12)
            self.shares.setdefault(kind, []).append(float(holds[known].mean()))

    def show(self) -> None:
        """Print mean and least coverage, and how many slices had an interval."""
        everything = [share for shares in self.shares.values() for share in shares]
        for kind, shares in (self.shares | {"all": everything}).items():
            all_known = [value for values in self.with_interval.values() for value in values]
            known = np.mean(self.with_interval.get(kind, all_known))
            print(
                f"{kind:44s} {len(shares):4d} points: mean {np.mean(shares):.3f}, least {min(shares):.3f}, "
                f"below .93: {np.mean(np.array(shares) < 0.93):.2f}; {known:.0%} of the slices have an interval"
            )


def coverage(draws: int, seed: int) -> None:
    """Print how often intervals of each kind hold the truth."""
    tally, rng = Tally(), np.random.default_rng(seed)
    for part in (_rates, _of_one_class, _of_all_classes, _of_several, _gaps, _differences):
        part(tally, draws, rng)
    tally.show()


def _rates(tally: Tally, draws: int, rng: np.random.Generator) -> None:
    for n in (30, *SIZES):
        for rate in RATES:
            wrong = rng.binomial(n, rate, draws)
            given = np.zeros(n * draws, dtype=np.int64)
            predicted = (np.arange(n * draws) % n < np.repeat(wrong, n)).astype(np.int64)
            cells = np.repeat(np.arange(draws), n)
            drawn = estimates(_scored(("right", "wrong"), given, predicted), "error_rate", cells, draws)
            tally.add(f"rate, n = {n:,}", *drawn.interval(), rate)


def _of_one_class(tally: Tally, draws: int, rng: np.random.Generator) -> None:
    for n in SIZES:
        for share in (0.05, 0.1, 0.2, 0.5):
            for recall, precision in ((0.3, 0.9), (0.5, 0.5), (0.8, 0.7), (0.95, 0.9), (0.98, 0.98)):
                hits = share * recall
                false = hits * (1 - precision) / precision
                if false > 1 - share:
                    continue
                joint = np.array([[1 - share - false, false], [share - hits, hits]])
                data, cells = single(joint, n, draws, rng)
                truths = {"f1": 2 * hits / (2 * hits + false + share - hits), "precision": precision, "recall": recall}
                for metric, truth in truths.items():
                    interval = estimates(data, metric, cells, draws, label="1").interval()
                    tally.add(f"{metric} of one class", *interval, truth)


def _of_all_classes(tally: Tally, draws: int, rng: np.random.Generator) -> None:
    for n in SIZES:
        for classes in (2, 5, 20):
            for balance in ("balanced", "skewed"):
                for accuracy in (0.6, 0.75, 0.9):
                    joint = confused(classes, balance, accuracy, rng)
                    data, cells = single(joint, n, draws, rng)
                    given, named, hits = joint.sum(axis=1), joint.sum(axis=0), np.diag(joint)
                    f1 = 2 * hits / (given + named)
                    truths = {
                        "f1": f1.mean(),
                        "precision": (hits / named).mean(),
                        "recall": (hits / given).mean(),
                        "weighted_f1": (f1 * given).sum(),
                    }
                    for metric, truth in truths.items():
                        name = metric.removeprefix("weighted_")
                        kind = f"{'weighted' if name != metric else 'macro'} {name}, {classes} classes, {balance}"
                        tally.add(kind, *estimates(data, metric, cells, draws).interval(), float(truth))


def _of_several(tally: Tally, draws: int, rng: np.random.Generator) -> None:
    for task, many in (("multilabel", 1.5), ("spans", 0.5), ("spans", 2.0), ("spans", 6.0)):
        for n in SIZES[:3]:
            for hit, extra in ((0.4, 0.5), (0.7, 0.3), (0.9, 0.1), (0.97, 0.03)):
                for alike in (0.02, 0.2, 0.5):
                    some = max(draws // 2, 200)
                    data, cells, truth = several(task, n, some, rng, many=many, hit=hit, extra=extra, alike=alike)
                    kind = "micro F1 of sets" if task == "multilabel" else f"entity F1, {many:g} a text"
                    tally.add(kind, *estimates(data, "micro_f1", cells, some).interval(), truth)


def _gaps(tally: Tally, draws: int, rng: np.random.Generator) -> None:
    for n in (30, *SIZES):
        for accuracy in (0.55, 0.75, 0.9, 0.97):
            for shift in (-0.05, 0.0, 0.08):
                sure = rng.beta(accuracy * 10, (1 - accuracy) * 10, n * draws)
                right = rng.random(n * draws) < sure
                many = rng.beta(accuracy * 10, (1 - accuracy) * 10, 1_000_000)
                data = _scored(("0", "1"), np.zeros(n * draws), (~right).astype(np.int64))
                data = replace(data, gaps=np.clip(sure + shift, 0.01, 1) - right)
                interval = estimates(data, "calibration_gap", np.repeat(np.arange(draws), n), draws).interval()
                tally.add("calibration gap", *interval, float(np.clip(many + shift, 0.01, 1).mean() - accuracy))


def _differences(tally: Tally, draws: int, rng: np.random.Generator) -> None:
    for n, others in ((30, 100), (30, 3_000), (100, 300), (300, 3_000), (3_000, 3_000)):
        for first in RATES:
            for second in (0.02, 0.1, 0.4, 0.7, 0.95):
                sizes = [np.full(draws, float(size)) for size in (n, others)]
                hits = [rng.binomial(n, first, draws), rng.binomial(others, second, draws)]
                a, b = (Estimates(h.astype(float), size) for h, size in zip(hits, sizes, strict=True))
                _, low, high = difference(a, b)
                tally.add(f"difference of rates, n = {n:,}", low, high, first - second)
    for n in SIZES:
        for accuracy in (0.6, 0.9):
            joints = [confused(5, "balanced", accuracy + step, rng) for step in (0.0, 0.05)]
            means = [(2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))).mean() for joint in joints]
            drawn = [single(joint, size, draws, rng) for joint, size in zip(joints, (n, 1_000), strict=True)]
            a, b = (estimates(data, "f1", cells, draws) for data, cells in drawn)
            _, low, high = difference(a, b)
            tally.add("difference of macro F1", low, high, float(means[0] - means[1]))


def noise(tables: int, seed: int) -> None:
    """Print how many tables of 200 slices of pure noise have a difference whose simultaneous interval leaves out 0."""
    rng, slices = np.random.default_rng(seed), 200
    for base in (0.02, 0.1, 0.5, 0.9):
        for sizes in ((10, 40), (30, 300), (300, 1_000)):
            fails = 0
            for _ in range(tables):
                n = rng.integers(*sizes, slices)
                cells = np.repeat(np.arange(slices), n)
                wrong = (rng.random(len(cells)) < base).astype(np.int64)
                data = _scored(("right", "wrong"), np.zeros(len(cells)), wrong)
                own, others = (function(data, "error_rate", cells, slices) for function in (estimates, rest))
                _, low, high = simultaneous_differences(own, others)
                fails += bool(((low > 0) | (high < 0)).any())
            what = f"error rate {base:.2f}, {sizes[0]:,} to {sizes[1]:,} samples a slice"
            print(f"{what}: {fails / tables:.1%} of the tables")


def speed(rows: int, seed: int) -> None:
    """Print the cost of every one- and two-way slice of six columns of 50 values, by every metric with its interval."""
    rng, classes = np.random.default_rng(seed), 20
    given = rng.integers(0, classes, rows)
    predicted = np.where(rng.random(rows) < 0.85, given, rng.integers(0, classes, rows))
    names = pa.array([f"class {number}" for number in range(classes)])
    columns = {
        "id": pa.array(np.arange(rows)).cast(pa.string()),
        "text": pa.array(np.arange(rows)).cast(pa.string()),
        "label": names.take(pa.array(given)),
        "predicted": names.take(pa.array(predicted)),
    }
    values = pa.array([f"value {number}" for number in range(50)])
    metadata = {f"column {number}": values.take(pa.array(rng.integers(0, 50, rows))) for number in range(6)}
    samples = Samples(pa.table(columns), pa.table(metadata), "made")
    probabilities = rng.dirichlet(np.full(classes, 0.2), rows).astype(np.float32)
    scores = pa.table(
        {
            "id": columns["id"],
            "label_score": pa.array(rng.random(rows).astype(np.float32)),
            "is_label_issue": pa.array(rng.random(rows) < 0.05),
        }
    )
    report = Report(
        run="20261130-101500-4f2a",
        created=datetime(2026, 11, 30, tzinfo=UTC),
        samples=samples,
        scores=scores,
        findings=findings_table([]),
        classes=tuple(sorted(names.to_pylist())),
        settings={"pred_probs": "the user's model"},
        pred_probs=probabilities,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total, by = 0.0, list(metadata)
    for metric in METRICS:
        start = time.process_time()
        table = report.slices(by=by, metric=metric)
        seconds = time.process_time() - start
        total += seconds
        print(f"{metric:18s} {len(table):6,} slices, {seconds:5.2f} CPU seconds")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"all: {total:.1f} CPU seconds; at most {peak / 1e6:.2f} GB, {before / 1e6:.2f} GB before the first metric")


def main() -> None:
    """Run one of the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("coverage", "noise", "speed"))
    parser.add_argument("--draws", type=int, default=1_000, help="slices a point of the grid; tables of noise")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=100)
    asked = parser.parse_args()
    if asked.part == "coverage":
        coverage(asked.draws, asked.seed)
    elif asked.part == "noise":
        noise(asked.draws, asked.seed)
    else:
        speed(asked.rows, asked.seed)


if __name__ == "__main__":
    main()
