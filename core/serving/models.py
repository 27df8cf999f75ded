"""Linear models for unseen texts: fitted from a run or on verified labels, stored as npz without pickle.

<store>/backend/models/<run>.npz          of the run itself, made when it is first served
<store>/backend/models/<run>+<n>.npz      fitted on verified labels, the n-th of this run
"""

from __future__ import annotations

import contextlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.stable_draws import mixed
from ..models.cross_validation import choose_penalty, max_training_rows, spread_of
from ..models.logistic_regression import LogisticRegression
from ..store.backend_state import MODELS
from ..store.cache import sample_keys
from ..store.location import Folder
from ..store.run import Run

_FORMAT = 1
_SETS_PENALTY = 0.003  # relative to the spread, as for single labels the last but one that is tried
_HELD_OUT = 10  # one row in so many chooses the penalty


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


def fit_run(report: Run) -> Model | None:
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
    rows = np.flatnonzero(labeled & (vectors != 0).any(axis=1))
    # The same rows in any order of the samples.
    hashes = mixed(sample_keys(samples)[rows], seed=0, purpose="backend")
    rows = rows[np.argsort(hashes, kind="stable")][: max_training_rows(len(classes))]
    if len(rows) < 2 or (not multilabel and len(np.unique(targets[rows])) < 2):
        return None
    training, spread = vectors[rows], spread_of(vectors, rows)
    if multilabel:
        penalty = _SETS_PENALTY
        codes = targets[rows].astype(np.float32)
    else:
        codes, held_out = targets[rows], max(len(rows) // _HELD_OUT, 1)
        # A class beyond those that the rest holds cannot be judged.
        judged = np.flatnonzero(codes[:held_out] <= codes[held_out:].max(initial=-1))
        penalty = choose_penalty(training[held_out:], codes[held_out:], training[judged], codes[judged], spread=spread)
    linear = LogisticRegression.fit(training, codes, classes=len(classes), penalty=penalty * spread, max_iterations=50)
    return Model(report.run, classes, linear, penalty * spread, len(rows))


def refit(base: Model, vectors: np.ndarray, codes: np.ndarray) -> LogisticRegression:
    """Fit anew on verified labels only, where a ridge holds the weights to those of ``base``.

    A class, or a direction, of which no verified label says anything keeps what the run has learned.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions), rows of unit length.
    codes
        int, shape (n,): positions in ``base.classes``.
    """
    return LogisticRegression.fit(
        vectors, codes, classes=len(base.classes), penalty=base.penalty, near=base.linear, max_iterations=300
    )


class Models:
    """The models that are kept in a folder, mode 0700, its files 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / MODELS

    def keep(self, model: Model) -> None:
        """Write a model whole or not at all."""
        content = io.BytesIO()
        np.savez(
            content,
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
        Folder(self.folder).replace(f"{model.version}.npz", content.getvalue())

    def read(self, version: str) -> Model | None:
        """Return a model that is kept; None where there is none that can be read."""
        with contextlib.suppress(OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
            path = self.folder / f"{version}.npz"
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
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
        models = [self.read(f"{run}+{number}") for number in self._numbers(run)]
        return [model for model in models if model is not None]

    def next_version(self, run: str) -> str:
        """Return the name of the next model of verified labels."""
        return f"{run}+{max(self._numbers(run), default=0) + 1}"

    def _numbers(self, run: str) -> list[int]:
        numbers = [path.stem.removeprefix(f"{run}+") for path in self.folder.glob(f"{run}+*.npz")]
        return sorted(int(number) for number in numbers if number.isdigit())
