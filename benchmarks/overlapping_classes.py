"""What a scan expects of the worst labels, and what is true: classes that overlap, and errors of several kinds.

    python -m benchmarks.overlapping_classes [--seeds 3] [--rate 0.05]

Invented vectors: 3,000 rows in eight classes that stand in pairs. ``overlap`` is the share of rows that the best
possible classifier puts into the wrong class of a pair. Errors are "uniform" (any other class), "pair" (the other class
of the pair), "hard" (the other of the pair, the likelier the nearer a row lies to it), or none. Prints means over
the seeds: labels that are wrong, that are probably wrong, that are flagged, and the share of wrong ones among the
flagged, the 100 and the 500 worst, expected / true; of what is expected, over the seeds in which something is told.
"""

from __future__ import annotations

import argparse
from statistics import NormalDist

import labelsift as ls
import numpy as np
import pyarrow as pa

ROWS, CLASSES, DIMENSIONS, SPREAD = 3_000, 8, 32, 0.12
HALF_GAPS = (3.2, 2.0, 1.5)  # in standard deviations
KINDS = ("none", "uniform", "pair", "hard")
BUDGETS = (100, 500)


def main() -> None:
    """Print one line a setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.05)
    options = parser.parse_args()
    for half_gap in HALF_GAPS:
        for kind in KINDS:
            seeds = range(300, 300 + options.seeds)
            of_seeds = [_figures(seed, kind, options.rate, half_gap) for seed in seeds]
            figures = np.ma.masked_invalid(of_seeds).mean(axis=0)
            counts = " ".join(f"{name} {value:5.0f}" for name, value in zip(("wrong", "expected", "flagged"), figures))  # noqa: B905 - the counts come first
            shares = " ".join(" / ".join(map(_share, pair)) for pair in figures[3:].reshape(-1, 2))
            print(f"overlap {NormalDist().cdf(-half_gap):.2%}, {kind:8} {counts}  {shares}", flush=True)


def invented(seed: int, kind: str, rate: float, half_gap: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors, true and given classes."""
    rng = np.random.default_rng(seed)
    centers, ways = rng.normal(size=(CLASSES, DIMENSIONS)), rng.normal(size=(CLASSES // 2, DIMENSIONS))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    centers[1::2] = centers[::2] + 2 * half_gap * SPREAD * ways
    truth = rng.integers(0, CLASSES, ROWS)
    vectors = centers[truth] + SPREAD * rng.normal(size=(ROWS, DIMENSIONS))
    chance = np.full(ROWS, float(kind != "none"))
    if kind == "hard":
        way = (centers[truth ^ 1] - centers[truth]) / (2 * half_gap * SPREAD)
        chance = np.exp(((vectors - centers[truth]) * way).sum(axis=1) / SPREAD)
        chance /= chance.mean()
    wrong = rng.random(ROWS) < np.minimum(rate * chance, 0.9)
    other = (truth + rng.integers(1, CLASSES, ROWS)) % CLASSES if kind == "uniform" else truth ^ 1
    return vectors.astype(np.float32), truth, np.where(wrong, other, truth)


def _share(value: float) -> str:
    return "–" if value is np.ma.masked else f"{value:.2f}"


def _figures(seed: int, kind: str, rate: float, half_gap: float) -> list[float]:
    vectors, truth, given = invented(seed, kind, rate, half_gap)
    table = pa.table({"id": [f"r{row}" for row in range(ROWS)], "label": [f"c{code}" for code in given]})
    samples = ls.read(table, text=None, id="id", label="label")
    report = ls.scan(samples, signals=ls.Signals(embeddings=vectors), store=None, only=["label"])
    facts = report.facts["label_errors"]
    wrong = truth != given
    flagged = np.array([bool(flag) for flag in report.scores["is_label_issue"].to_pylist()])
    order = np.argsort(report.scores["label_score"].to_numpy(), kind="stable")
    nothing = float("nan")
    shares = [facts["expected_precision"] or nothing, float(wrong[flagged].mean()) if flagged.any() else nothing]
    for budget in BUDGETS:
        shares += [facts["expected_precision_at"].get(str(budget), nothing), float(wrong[order[:budget]].mean())]
    return [float(wrong.sum()), facts["number"], float(flagged.sum()), *shares]


if __name__ == "__main__":
    main()
