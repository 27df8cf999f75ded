"""Linear models for unseen texts: fitted from a run or on verified labels, stored as npz without pickle.

<store>/backend/models/<run>.npz          of the run itself, made when it is first served
<store>/backend/models/<run>+<n>.npz      fitted on verified labels, the n-th of this run
"""

from __future__ import annotations

import contextlib
import os
import secrets
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from labelsift.models.cross_validation import choose_penalty, max_training_rows
from labelsift.models.logistic_regression import LogisticRegression
from labelsift.store.backend_state import MODELS
from labelsift.store.run import Run

_FORMAT = 1
_SETS_PENALTY = 0.003  # relative to the spread, as for single labels the last but one that is tried
_HELD_OUT = 10  # one row in so many chooses the penalty
_SPREAD_ROWS = 20_000


@dataclass(frozen=True)
class Model:
    """A linear model with what it takes to use it.

    Parameters
    ----------
    version
        The run, or ``<run>+<n>``.
    classes
        Of the columns.
    linear
        Weights and intercepts.
    penalty
        What it was fitted with, of the squared norm.
    learned
        From how many rows.
    project, digest
        For a model of verified labels: whose they are, and a hash of them.
    """

    version: str
    classes: tuple[str, ...]
    linear: LogisticRegression
    penalty: float
    learned: int
    project: int | None = None
    digest: str = ""


def fit_run(report: Run, *, seed: int = 0) -> Model | None:
    """Fit the model of a run on its labeled rows, without those that the scan flagged.

    None where there is nothing to learn: no vectors, spans, or fewer than two classes.
    """
    vectors, samples = report.embeddings, report.samples
    classes = tuple(report.classes) or samples.classes
    if vectors is None or samples.task == "spans" or len(classes) < 2:
        return None
    multilabel = samples.task == "multilabel"
    targets = samples.members(classes) if multilabel else samples.codes(classes)
    labeled = (targets >= 0).all(axis=1) if multilabel else targets >= 0
    if "is_label_issue" in report.scores.column_names:
        sound = ~report.scores["is_label_issue"].fill_null(False).to_numpy().astype(bool)
        labeled = labeled & sound if (labeled & sound).any() else labeled
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(labeled & (vectors != 0).any(axis=1)))[: max_training_rows(len(classes))]
    if len(rows) < 2 or (not multilabel and len(np.unique(targets[rows])) < 2):
        return None
    training, spread = vectors[rows], spread_of(vectors[rows])
    if multilabel:
        penalty = _SETS_PENALTY
        codes = targets[rows].astype(np.float32)
    else:
        codes, held_out = targets[rows], max(len(rows) // _HELD_OUT, 1)
        judged = _known(training[:held_out], codes[:held_out], codes)
        penalty = choose_penalty(training[held_out:], codes[held_out:], *judged, spread=spread)
    linear = LogisticRegression.fit(training, codes, classes=len(classes), penalty=penalty * spread, max_iterations=50)
    return Model(report.run, classes, linear, penalty * spread, len(rows))


def _known(vectors: np.ndarray, codes: np.ndarray, all_codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out held-out rows of a class beyond those that the rest may hold: they cannot be judged."""
    fine = codes <= all_codes[len(codes) :].max(initial=-1)
    return vectors[fine], codes[fine]


def spread_of(vectors: np.ndarray) -> float:
    """Return the mean variance of a dimension; 1 where all vectors are equal."""
    return float(vectors[:_SPREAD_ROWS].var(axis=0).mean() or 1.0)


def refit(base: Model, vectors: np.ndarray, codes: np.ndarray, *, steps: int = 300) -> LogisticRegression:
    """Fit anew on verified labels only, where a ridge holds the weights to those of ``base``.

    A class, or a direction, of which no verified label says anything keeps what the run has learned. The objective
    is the mean cross-entropy over the verified rows plus ``penalty / 2`` times the squared distance from ``base``,
    minimised by Nesterov's accelerated gradient.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions), rows of unit length.
    codes
        int, shape (n,): positions in ``base.classes``.
    """
    start = np.vstack([base.linear.weights, base.linear.intercepts[None, :]]).astype(np.float64)
    rows = np.hstack([vectors, np.ones((len(vectors), 1), dtype=np.float32)]).astype(np.float64)
    n = len(rows)
    step = 1.0 / (0.5 * float((rows * rows).sum(axis=1).max()) + base.penalty)
    solution, ahead, momentum = start, start.copy(), 1.0
    for _ in range(steps):
        scores = rows @ ahead
        scores -= scores.max(axis=1, keepdims=True)
        residuals = np.exp(scores)
        residuals /= residuals.sum(axis=1, keepdims=True)
        residuals[np.arange(n), codes] -= 1
        moved = ahead - step * (rows.T @ residuals / n + base.penalty * (ahead - start))
        following = (1 + np.sqrt(1 + 4 * momentum * momentum)) / 2
        ahead = moved + (momentum - 1) / following * (moved - solution)
        solution, momentum = moved, following
    return LogisticRegression(solution[:-1].astype(np.float32), solution[-1].astype(np.float32))


class Models:
    """The models that are kept in a folder, mode 0700, its files 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / MODELS

    def keep(self, model: Model) -> None:
        """Write a model whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = self.folder / f".{secrets.token_hex(6)}.npz"
        try:
            descriptor = os.open(half, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                np.savez(
                    file,
                    format=_FORMAT,
                    classes=np.array(model.classes, dtype=np.str_),
                    weights=model.linear.weights,
                    intercepts=model.linear.intercepts,
                    apart=model.linear.multilabel,
                    penalty=model.penalty,
                    learned=model.learned,
                    project=-1 if model.project is None else model.project,
                    digest=model.digest,
                )
                file.flush()
                os.fsync(file.fileno())
            half.replace(self.folder / f"{model.version}.npz")
        finally:
            half.unlink(missing_ok=True)

    def read(self, version: str) -> Model | None:
        """Return a model that is kept; None where there is none that can be read."""
        with contextlib.suppress(OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            with np.load(self.folder / f"{version}.npz", allow_pickle=False) as arrays:
                if int(arrays["format"]) != _FORMAT:
                    return None
                project = int(arrays["project"])
                return Model(
                    version=version,
                    classes=tuple(arrays["classes"].tolist()),
                    linear=LogisticRegression(arrays["weights"], arrays["intercepts"], bool(arrays["apart"])),
                    penalty=float(arrays["penalty"]),
                    learned=int(arrays["learned"]),
                    project=None if project < 0 else project,
                    digest=str(arrays["digest"]),
                )
        return None

    def trained(self, run: str) -> list[Model]:
        """Return the models that were fitted on verified labels of a run, oldest first."""
        numbers = sorted(
            int(number)
            for path in self.folder.glob(f"{run}+*.npz")
            if (number := path.stem.removeprefix(f"{run}+")).isdigit()
        )
        models = [self.read(f"{run}+{number}") for number in numbers]
        return [model for model in models if model is not None]

    def next_version(self, run: str) -> str:
        """Return the name of the next model of verified labels."""
        taken = [int(path.stem.rpartition("+")[2]) for path in self.folder.glob(f"{run}+*.npz")]
        return f"{run}+{max(taken, default=0) + 1}"
