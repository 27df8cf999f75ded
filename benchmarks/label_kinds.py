"""Sets of labels and several annotators: ours beside cleanlab's module for that kind, on errors that are planted here.

``python -m benchmarks.label_kinds --seeds 0 1 2 3 4`` makes all data itself; with ``--data FOLDER`` sets of labels are
also made of the texts of ``data.csv.gz`` (columns text, true_label), joined one to three at a time. Settings were
chosen on seeds 100 and 101.

Every line is a mean over the seeds, ± its standard deviation: average precision and AUROC of ranking the wrong samples
first, and precision, recall and F1 of the automatic flags. ``same`` lines judge the same out-of-sample probabilities;
the others go from vectors to flags, cleanlab with a 5-fold logistic regression of scikit-learn.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
import warnings
from collections import defaultdict
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from cleanlab.multiannotator import get_label_quality_multiannotator
from cleanlab.multilabel_classification import get_label_quality_scores
from cleanlab.multilabel_classification.filter import find_label_issues
from labelsift.data.annotator_labels import AnnotatorLabels
from labelsift.demo.tickets import tickets
from labelsift.models.embedding import embed, embedder
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.multiclass import OneVsRestClassifier

ERRORS = 0.1  # of the samples have a wrong set
FIGURES = ("AP", "AUROC", "P", "R", "F1", "CPU s")

Figures = dict[str, float]


def main() -> None:
    """Print a line for each data set and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", choices=("sets", "annotators"))
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    found: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for seed in given.seeds:
        sources = {"topics": topics(seed), "tickets": joined(*demo(seed), seed)} if given.only != "annotators" else {}
        if given.data is not None:
            sources[given.data.name] = joined(*read(given.data), seed)
        for name, (vectors, truth) in sources.items():
            for method, figures in sets(vectors, truth, seed).items():
                found[f"sets, {name}", method].append(figures)
        crowds = {"clouds": clouds(seed), "tickets": single(*demo(seed))} if given.only != "sets" else {}
        for name, (vectors, classes) in crowds.items():
            for method, figures in annotators(vectors, classes, seed).items():
                found[f"annotators, {name}", method].append(figures)
    for (name, method), figures in found.items():
        told = []
        for one in figures[0]:
            values = np.array([row[one] for row in figures])
            told.append(f"{one} {values.mean():.3f} ± {values.std():.3f}")
        print(f"{name}: {method}: " + ", ".join(told), flush=True)


def sets(vectors: np.ndarray, truth: np.ndarray, seed: int) -> dict[str, Figures]:
    """Return the figures of every method on planted errors in sets of labels."""
    given = plant(truth, seed)
    wrong = (given != truth).any(axis=1)
    names = [f"label {at:02}" for at in range(truth.shape[1])]
    table = pa.table(
        {
            "id": [f"r{at}" for at in range(len(truth))],
            "tags": [[names[at] for at in np.flatnonzero(row)] for row in given],
        }
    )
    samples = ls.read(table, text=None, id="id", labels="tags")
    peers = [np.flatnonzero(row).tolist() for row in given]
    started = time.process_time()
    ours = ls.scan(samples, signals=ls.Signals(embeddings=vectors), only=["label"], store=None, seed=seed)
    spent = time.process_time() - started
    probabilities = np.asarray(ours.pred_probs)
    mine = ls.Signals(pred_probs=probabilities, classes=names)
    found = {"ours": _ours(ours, wrong, spent)}
    started = time.process_time()
    told = ls.scan(samples, signals=mine, only=["label"], store=None)
    found["ours, same"] = _ours(told, wrong, time.process_time() - started)
    found["cleanlab, same"] = _cleanlab(peers, probabilities, wrong)
    found["cleanlab with its minimum, same"] = _cleanlab(
        peers, probabilities, wrong, aggregator_kwargs={"method": np.min}
    )
    started = time.process_time()
    model = OneVsRestClassifier(LogisticRegression(max_iter=300))
    known = given.any(axis=0) & ~given.all(axis=0)
    fitted = np.zeros(given.shape)
    fitted[:, known] = cross_val_predict(model, vectors, given[:, known].astype(int), cv=5, method="predict_proba")
    spent = time.process_time() - started
    found["cleanlab"] = _cleanlab(peers, fitted, wrong, spent=spent)
    return found


def _ours(report: ls.Report, wrong: np.ndarray, spent: float) -> Figures:
    score = np.nan_to_num(report.scores["label_score"].to_numpy(), nan=1.0)
    return _figures(score, report.scores["is_label_issue"].to_numpy(), wrong, spent)


def _cleanlab(
    labels: list[list[int]], probabilities: np.ndarray, wrong: np.ndarray, *, spent: float = 0, **settings: object
) -> Figures:
    started = time.process_time()
    score = get_label_quality_scores(labels, probabilities, **settings)  # pyright: ignore[reportArgumentType]
    flags = find_label_issues(labels, probabilities)
    return _figures(score, np.asarray(flags), wrong, spent + time.process_time() - started)


def annotators(vectors: np.ndarray, truth: np.ndarray, seed: int) -> dict[str, Figures]:
    """Return the figures of both on annotators of different skill; wrong is what the majority got wrong."""
    classes = int(truth.max()) + 1
    said = AnnotatorLabels(tuple(f"a{at}" for at in range(9)), opinions(truth, classes, seed))
    names = [f"class {at:02}" for at in range(classes)]
    columns = {
        one: [names[code] if code >= 0 else None for code in said.codes[:, at].tolist()]
        for at, one in enumerate(said.annotators)
    }
    table = pa.table({"id": [f"r{at}" for at in range(len(truth))], **columns})
    samples = ls.read(table, text=None, id="id", annotators=list(said.annotators))
    codes = said.majority_vote(classes)
    wrong = codes != truth
    started = time.process_time()
    report = ls.scan(samples, signals=ls.Signals(embeddings=vectors), only=["label"], store=None, seed=seed)
    found = {"ours": _ours(report, wrong, time.process_time() - started)}
    consensus = np.array([names.index(one) for one in report.scores["consensus_label"].to_pylist()])
    found["ours"] |= {"consensus wrong": float((consensus != truth).mean())}
    found["cleanlab, same"] = _crowdlab(said, np.asarray(report.pred_probs), truth, codes)
    started = time.process_time()
    fitted = cross_val_predict(LogisticRegression(max_iter=300), vectors, codes, cv=5, method="predict_proba")
    found["cleanlab"] = _crowdlab(said, fitted, truth, codes, spent=time.process_time() - started)
    found["majority"] = {"consensus wrong": float(wrong.mean())}
    return found


def _crowdlab(
    said: AnnotatorLabels, probabilities: np.ndarray, truth: np.ndarray, given: np.ndarray, *, spent: float = 0
) -> Figures:
    """Rank by CROWDLAB's quality of the very label that was given, and flag what its consensus changes."""
    started = time.process_time()
    table = np.where(said.codes < 0, np.nan, said.codes).astype(float)
    found = get_label_quality_multiannotator(table, probabilities.astype(float), verbose=False)
    consensus = found["label_quality"]["consensus_label"].to_numpy()
    spent += time.process_time() - started
    own = found["detailed_label_quality"].to_numpy()
    quality = np.where(said.codes == given[:, None], np.nan_to_num(own), 0).max(axis=1)
    figures = _figures(quality, consensus != given, given != truth, spent)
    return figures | {"consensus wrong": float((consensus != truth).mean())}


def _figures(score: np.ndarray, flags: np.ndarray, wrong: np.ndarray, spent: float) -> Figures:
    hits = float((flags & wrong).sum())
    return dict(
        zip(
            FIGURES,
            (
                float(average_precision_score(wrong, -score)),
                float(roc_auc_score(wrong, -score)),
                hits / max(flags.sum(), 1),
                hits / wrong.sum(),
                2 * hits / (flags.sum() + wrong.sum()),
                spent,
            ),
            strict=True,
        )
    )


def topics(seed: int, *, rows: int = 4000, labels: int = 20, dimensions: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors that mix the directions of their labels; labels are correlated, near in pairs, and some rare."""
    rng = np.random.default_rng([seed, 1])
    directions = rng.normal(size=(labels, dimensions))
    directions[1::2] = 0.6 * directions[::2] + 0.8 * directions[1::2]
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    frequency = np.geomspace(0.3, 0.012, labels)
    leaning = rng.normal(0, 0.8, (4, labels))[rng.integers(0, 4, rows)]
    truth = rng.random((rows, labels)) < 1 / (1 + np.exp(-np.log(frequency / (1 - frequency)) - leaning))
    vectors = 3 * (truth * rng.gamma(4, 0.25, (rows, labels))) @ directions + rng.normal(0, 0.3, (rows, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth


def joined(texts: list[str], labels: list[str], seed: int, *, rows: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors of texts joined one to three at a time, and which labels each has; some are rare."""
    rng = np.random.default_rng([seed, 2])
    names, codes = np.unique(labels, return_inverse=True)
    share = np.geomspace(1, 0.06, len(names))[rng.permutation(len(names))]
    weights = share[codes] / np.bincount(codes)[codes]
    truth, made = np.zeros((rows, len(names)), dtype=bool), []
    for row in range(rows):
        picked = rng.choice(
            len(texts), rng.choice([1, 2, 3], p=[0.45, 0.4, 0.15]), replace=False, p=weights / weights.sum()
        )
        truth[row, codes[picked]] = True
        made.append(" ".join(texts[at] for at in picked))
    return embed(pa.chunked_array([made]), embedder()), truth


def plant(truth: np.ndarray, seed: int) -> np.ndarray:
    """Return the sets with errors in a tenth: a label left out, one too many (any), or one in place of another."""
    rng = np.random.default_rng([seed, 3])
    given = truth.copy()
    for row in rng.permutation(len(truth))[: int(ERRORS * len(truth))]:
        have, lack, kind = np.flatnonzero(truth[row]), np.flatnonzero(~truth[row]), rng.random()
        if len(have) and (kind < 0.45 or kind > 0.85):
            given[row, rng.choice(have)] = False
        if not len(have) or kind >= 0.45:
            given[row, rng.choice(lack)] = True
    return given


def demo(seed: int) -> tuple[list[str], list[str]]:
    """Return texts and true labels of the built-in tickets."""
    rows, truth = tickets(seed)
    right = {one["ticket_id"]: one for one in truth if one["kind"] in ("clean", "mislabel")}
    kept = [one for one in rows if one["ticket_id"] in right]
    return [one["text"] for one in kept], [right[one["ticket_id"]]["true_label"] for one in kept]


def read(folder: Path) -> tuple[list[str], list[str]]:
    """Return texts and true labels of a folder."""
    with gzip.open(folder / "data.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [one["text"] for one in rows], [one["true_label"] for one in rows]


def single(texts: list[str], labels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors and classes of texts."""
    return embed(pa.chunked_array([texts]), embedder()), np.unique(labels, return_inverse=True)[1]


def clouds(seed: int, *, rows: int = 3000, classes: int = 8, dimensions: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors around one centre a class, of unequal sizes."""
    rng = np.random.default_rng([seed, 4])
    share = np.geomspace(1, 0.2, classes)
    truth = rng.choice(classes, rows, p=share / share.sum())
    vectors = 0.55 * rng.normal(size=(classes, dimensions))[truth] + rng.normal(size=(rows, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth


def opinions(truth: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Return what nine annotators of skills from .55 to .97 say, one to four a row; -1 where one says nothing."""
    rng = np.random.default_rng([seed, 5])
    skill = rng.uniform(0.55, 0.97, 9)
    near = np.array([rng.permutation(np.delete(np.arange(classes), one))[:2] for one in range(classes)])
    codes = np.full((len(truth), 9), -1, dtype=np.int32)
    for row, true in enumerate(truth.tolist()):
        for one in rng.choice(9, rng.choice([1, 2, 3, 4], p=[0.25, 0.3, 0.3, 0.15]), replace=False):
            other = near[true, rng.integers(2)] if rng.random() < 0.6 else rng.integers(classes)
            codes[row, one] = true if rng.random() < skill[one] else other
    return codes


if __name__ == "__main__":
    main()
