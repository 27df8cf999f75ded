"""What training dynamics add to the label score: average precision with and without them.

``python -m benchmarks.dynamics --data FOLDER --label given_pair10`` reads texts, true and given labels of
``data.csv.gz``, trains a classifier on the given labels, and scans with and without its logits, for three fold seeds.
``--injected`` does the same with errors of its own in the true labels (seeds 100 to 102), for several weights: the
settings were chosen on those.

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
import pyarrow as pa
from labelsift.models.embedding import embed, embedder
from labelsift.report import Report
from labelsift.signals.dynamics_statistics import trajectories
from labelsift.signals.training_dynamics import combine
from sklearn.metrics import average_precision_score

EPOCHS, HIDDEN, BATCH, RATE = 15, 128, 64, 0.002
NETWORKS = {"softmax regression": 0, "hidden layer": HIDDEN}
SEEDS, INJECTED = (0, 1, 2), (100, 101, 102)
WEIGHTS = (0.25, 0.5, 1.0)


def main() -> None:
    """Print one line for each set, network and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--label", default="given_label")
    parser.add_argument("--injected", action="store_true")
    asked = parser.parse_args()
    samples = ls.read(asked.data / "data.csv.gz", text="text", label="true_label", id="id", name=asked.data.name)
    truth, vectors = samples.codes(samples.classes), embed(samples.texts, embedder())
    if asked.injected:
        injected(samples, truth, vectors)
    else:
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


def injected(samples: ls.Samples, truth: np.ndarray, vectors: np.ndarray) -> None:
    """Compare weights on errors of three kinds that are injected into the true labels."""
    clean = scanned(samples, vectors, 0).pred_probs
    assert clean is not None
    clean = np.nan_to_num(clean)
    classes = clean.shape[1]
    gains: list[list[float]] = []
    for seed in INJECTED:
        for kind, labels in noises(clean, truth, seed).items():
            names = pa.chunked_array([np.array(samples.classes, dtype=object)[labels]])
            at = samples.table.column_names.index("label")
            noisy = ls.Samples(samples.table.set_column(at, "label", names), samples.metadata, samples.name)
            score = scanned(noisy, vectors, seed).scores["label_score"].to_numpy()
            wrong, base = labels != truth, average_precision_score(labels != truth, 1 - score)
            for network, hidden in NETWORKS.items():
                epochs = list(training(vectors, labels, classes=classes, hidden=hidden, seed=seed))
                told = trajectories(epochs, labels)
                found = [
                    average_precision_score(wrong, 1 - combine(score, told.margins, weight=one)) for one in WEIGHTS
                ]
                gains.append([one - base for one in found])
                said = ", ".join(f"{weight}: {one - base:+.4f}" for weight, one in zip(WEIGHTS, found, strict=True))
                aum = average_precision_score(wrong, -told.aum)
                print(f"{samples.name} {kind} seed {seed} {network}: without {base:.4f}, AUM {aum:.4f}; {said}")
    for weight, gain, worst in zip(WEIGHTS, np.mean(gains, axis=0), np.min(gains, axis=0), strict=True):
        print(f"{samples.name}, weight {weight}: mean gain {gain:+.4f}, worst {worst:+.4f}")


def noises(clean: np.ndarray, truth: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return labels with uniform errors, confusions of near classes, and errors where samples are ambiguous."""
    rng, n, classes = np.random.default_rng(seed), len(truth), clean.shape[1]
    mean = np.array([clean[truth == code].mean(axis=0) for code in range(classes)])
    np.fill_diagonal(mean, -1)
    near = np.argsort(-mean, axis=1)[:, : min(3, classes - 1)]
    wrong, made = rng.permutation(n)[: n // 10], {}
    other = rng.integers(0, classes - 1, len(wrong))
    made["uniform"] = replaced(truth, wrong, other + (other >= truth[wrong]))
    made["near"] = replaced(truth, wrong, near[truth[wrong], rng.integers(0, near.shape[1], len(wrong))])
    rest = clean.copy()
    rest[np.arange(n), truth] = -1
    doubt = (rest.max(axis=1) / (clean[np.arange(n), truth] + rest.max(axis=1) + 1e-9)) ** 1.5
    wrong = rng.choice(n, int(0.15 * n), replace=False, p=doubt / doubt.sum())
    return made | {"ambiguous": replaced(truth, wrong, rest.argmax(axis=1)[wrong])}


def replaced(truth: np.ndarray, wrong: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the true labels with some of them replaced."""
    made = truth.copy()
    made[wrong] = labels
    return made


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
