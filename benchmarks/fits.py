"""How far the scan's fits must go, and how much a verified label should count: average precision on injected errors.

``python -m benchmarks.fits --data FOLDER`` reads texts and true labels of ``data.csv.gz`` (columns text, true_label),
replaces labels by others (uniform) or by one of the three classes that are most often confused with theirs (near), and
ranks them by the label check.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.checks import Context
from labelsift.checks import context as scan_context
from labelsift.checks.label import label
from labelsift.models import cross_validation as prediction
from labelsift.models.embedding import embed, embedder
from labelsift.models.neighbors import NeighborIndex, neighbor_count
from labelsift.models.stable_folds import assign_folds
from sklearn.metrics import average_precision_score

STEPS = ((8, 5), (10, 6), (20, 12))  # first fit, second fit
WEIGHTS = (1, 2, 3, 5, 10)
NOISE, LOOKED_AT = 0.2, 0.15


def main() -> None:
    """Print a line for each noise, seed and setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 101])
    given = parser.parse_args()
    samples = ls.read(given.data / "data.csv.gz", text="text", label="true_label", name=given.data.name)
    truth = samples.codes(samples.classes)
    vectors = embed(samples.texts, embedder())
    graph = NeighborIndex(vectors).graph(vectors, neighbor_count(len(vectors)))
    clean = _context(samples, truth, vectors, graph)
    near = _confused(clean, truth)
    for seed in given.seeds:
        for noise in ("uniform", "near"):
            labels, looked_at = _noisy(truth, len(samples.classes), near if noise == "near" else None, seed)
            for first, further in STEPS:
                prediction.ITERATIONS, prediction.FURTHER = first, further
                found, spent = _precision(samples, labels, truth, vectors, graph, np.zeros(len(truth), dtype=bool))
                print(
                    f"{given.data.name} {noise} seed {seed}: {first} + {further} steps {found:.4f}, {spent:.1f} CPU s"
                )
            prediction.ITERATIONS, prediction.FURTHER = STEPS[1]
            verified = np.where(looked_at, truth, labels)
            for weight in WEIGHTS:
                scan_context.VERIFIED_WEIGHT = weight
                found, _ = _precision(samples, verified, truth, vectors, graph, looked_at)
                print(f"{given.data.name} {noise} seed {seed}: verified labels count {weight}: {found:.4f}")
            scan_context.VERIFIED_WEIGHT = 3


def _noisy(truth: np.ndarray, classes: int, near: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of which a share is wrong, and which rows a person has looked at."""
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(len(truth))[: int(NOISE * len(truth))]
    labels = truth.copy()
    if near is None:
        other = rng.integers(0, classes - 1, len(wrong))
        labels[wrong] = other + (other >= truth[wrong])
    else:
        labels[wrong] = near[truth[wrong], rng.integers(0, near.shape[1], len(wrong))]
    return labels, rng.random(len(truth)) < LOOKED_AT


def _context(samples: ls.Samples, labels: np.ndarray, vectors: np.ndarray, graph: object, **more: object) -> Context:
    folds = assign_folds(labels, np.arange(len(labels)), folds=5, seed=0)
    names = pa.chunked_array([np.array(samples.classes, dtype=object)[labels]])
    table = samples.table.set_column(samples.table.column_names.index("label"), "label", names)
    context = Context(
        samples=ls.Samples(table, samples.metadata),
        classes=samples.classes,
        codes=labels.astype(np.int32),
        readable=np.ones(len(labels), dtype=bool),
        vectors=vectors,
        graph=graph,  # pyright: ignore[reportArgumentType]
        fold_of=folds,
        **more,  # pyright: ignore[reportArgumentType]
    )
    context.predictions = prediction.out_of_fold(
        vectors, labels, classes=len(samples.classes), folds=folds, seed=0, weights=context.weights
    )
    context.pred_probs = context.predictions.pred_probs
    return context


def _confused(context: Context, truth: np.ndarray) -> np.ndarray:
    """Return the classes that are most often taken for each one: int64, shape (classes, up to 3)."""
    probabilities = np.nan_to_num(context.predictions.pred_probs) if context.predictions else np.zeros((0, 0))
    mean = np.array([probabilities[truth == code].mean(axis=0) for code in range(len(context.classes))])
    np.fill_diagonal(mean, -1)
    return np.argsort(-mean, axis=1)[:, : min(3, len(mean) - 1)]


def _precision(
    samples: ls.Samples,
    labels: np.ndarray,
    truth: np.ndarray,
    vectors: np.ndarray,
    graph: object,
    verified: np.ndarray,
) -> tuple[float, float]:
    """Return the average precision over the rows that nobody looked at, and CPU seconds."""
    started = time.process_time()
    context = _context(samples, labels, vectors, graph, verified=verified if scan_context.VERIFIED_WEIGHT > 1 else None)
    score = label(context).score
    spent = time.process_time() - started
    asked = ~verified & np.isfinite(score)
    return float(average_precision_score((labels != truth)[asked], 1 - score[asked])), spent


if __name__ == "__main__":
    main()
