"""Training dynamics of plain networks: statistics beside their definition, hard samples, AUM as a score.

``python -m benchmarks.dynamics --data FOLDER --label given_pair10`` reads texts, true and given labels of
``data.csv.gz``, trains a classifier on the given labels, and scans with its logits, for three fold seeds. Nothing is
held out, so the label score is that of a scan without them; what a training with held-out rows adds is measured by
:mod:`benchmarks.captured_dynamics`.

The classifiers, in numpy: a softmax regression, and one hidden layer of 128 rectified units that learns nearly every
label by heart; Adam, batches of 64, 15 epochs; logits as the training loop sees them, before the step of the batch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import labelsift as ls
import numpy as np
from labelsift.models.embedding import embed, embedder
from labelsift.report import Report
from sklearn.metrics import average_precision_score

EPOCHS, HIDDEN, BATCH, RATE = 15, 128, 64, 0.002
NETWORKS = {"softmax regression": 0, "hidden layer": HIDDEN}
SEEDS = (0, 1, 2)


def main() -> None:
    """Print one line for each set, network and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--label", default="given_label")
    asked = parser.parse_args()
    samples = ls.read(asked.data / "data.csv.gz", text="text", label="true_label", id="id", name=asked.data.name)
    truth, vectors = samples.codes(samples.classes), embed(samples.texts, embedder())
    given = ls.read(asked.data / "data.csv.gz", text="text", label=asked.label, id="id", name=asked.data.name)
    reported(given, given.codes(samples.classes), truth, vectors)


def reported(samples: ls.Samples, given: np.ndarray, truth: np.ndarray, vectors: np.ndarray) -> None:
    """Scan with and without dynamics under three fold seeds."""
    wrong = given != truth
    for network, hidden in NETWORKS.items():
        gains, alone = [], []
        for seed in SEEDS:
            epochs = list(training(vectors, given, classes=int(truth.max()) + 1, hidden=hidden, seed=seed))
            without = scanned(samples, vectors, seed)
            started = time.process_time()
            told = scanned(samples, vectors, seed, epochs)
            spent = time.process_time() - started
            gap = np.abs(told.scores["aum"].to_numpy() - reference_aum(np.stack(epochs), given)).max()
            figures = [
                average_precision_score(wrong, 1 - one.scores["label_score"].to_numpy()) for one in (without, told)
            ]
            aum = average_precision_score(wrong, -told.scores["aum"].to_numpy())
            gains.append(figures[1] - figures[0])
            alone.append(aum)
            hard = told.scores["is_hard_issue"].to_numpy(zero_copy_only=False)
            print(
                f"{samples.name} {network} seed {seed}: without {figures[0]:.4f}, with {figures[1]:.4f}, AUM alone "
                f"{aum:.4f} (from the reference by {gap:.1e}); hard {hard.sum()}, of these wrong "
                f"{wrong[hard].mean():.3f}; scan {spent:.1f} CPU s"
            )
        print(f"{samples.name} {network}: gain {np.mean(gains):+.4f} ± {np.std(gains):.4f}, AUM {np.mean(alone):.4f}")


def scanned(samples: ls.Samples, vectors: np.ndarray, seed: int, epochs: list[np.ndarray] | None = None) -> Report:
    """Scan with the label check, and the hard one where there are epochs."""
    told = ls.Dynamics(epochs, classes=samples.classes) if epochs is not None else None
    return ls.scan(
        samples,
        signals=ls.Signals(embeddings=vectors, dynamics=told),
        only=["label"] if epochs is None else ["label", "hard"],
        seed=seed,
        store=None,
    )


def reference_aum(logits: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Compute the area under the margin from (epochs, n, classes) as the paper defines it: shape (n,)."""
    rows = np.arange(len(codes))
    others = logits.astype(np.float64)
    others[:, rows, codes] = -np.inf
    return (logits[:, rows, codes] - others.max(axis=2)).mean(axis=0)


def training(vectors: np.ndarray, codes: np.ndarray, *, classes: int, hidden: int, seed: int) -> Iterator[np.ndarray]:
    """Train on the codes, and return the logits of each epoch: float32, shape (n, classes)."""
    rng = np.random.default_rng(seed)
    inputs = (vectors / vectors.std()).astype(np.float32)
    sizes = [inputs.shape[1], *([hidden] if hidden else []), classes]
    layers = [
        rng.normal(0, np.sqrt(2 / wide) if hidden else 0, (wide, narrow)).astype(np.float32)
        for wide, narrow in pairwise(sizes)
    ]
    weights = [one for layer in layers for one in (layer, np.zeros(layer.shape[1], dtype=np.float32))]
    adam = Adam(weights)
    for _ in range(EPOCHS):
        logits = np.empty((len(codes), classes), dtype=np.float32)
        for rows in np.array_split(rng.permutation(len(codes)), -(-len(codes) // BATCH)):
            shown = inputs[rows]
            inner = np.maximum(shown @ weights[0] + weights[1], 0) if hidden else shown
            logits[rows] = inner @ weights[-2] + weights[-1]
            powers = np.exp(logits[rows] - logits[rows].max(axis=1, keepdims=True))
            error = powers / powers.sum(axis=1, keepdims=True)
            error[np.arange(len(rows)), codes[rows]] -= 1
            error /= len(rows)
            slopes = [inner.T @ error, error.sum(axis=0)]
            if hidden:
                back = (error @ weights[2].T) * (inner > 0)
                slopes = [shown.T @ back, back.sum(axis=0), *slopes]
            adam.step(slopes)
        yield logits


class Adam:
    """The optimiser of Kingma & Ba 2015, with its usual settings."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        self.weights, self.steps = weights, 0
        self.first = [np.zeros_like(one) for one in weights]
        self.second = [np.zeros_like(one) for one in weights]

    def step(self, slopes: list[np.ndarray]) -> None:
        """Move the weights against their slopes."""
        self.steps += 1
        for weight, first, second, slope in zip(self.weights, self.first, self.second, slopes, strict=True):
            first += 0.1 * (slope - first)
            second += 0.001 * (slope**2 - second)
            unbiased = np.sqrt(second / (1 - 0.999**self.steps)) + 1e-8
            weight -= RATE * (first / (1 - 0.9**self.steps)) / unbiased


if __name__ == "__main__":
    main()
