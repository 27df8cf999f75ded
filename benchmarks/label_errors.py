"""Label errors: the default scan beside cleanlab, neighbours' votes, AUM and fixed mixtures of them.

    python -m benchmarks.label_errors [--data FOLDER …] [--vectors default minilm] [--folds 0 1 2]

A FOLDER holds ``data.csv.gz`` with the columns ``text``, ``true_label`` and one or more called ``given…``,
or ``data.npz`` with ``label``, ``pred_probs``, ``verified`` and ``error``; by default all of the shared data.
All methods judge the same vectors in the same folds; cleanlab's, and what is mixed, the probabilities of the scan's own
first fit. Prints for every set average precision, AUROC, precision among the worst 100 and 500, the F1 of flags, the
share of true errors whose suggestion is right, and CPU seconds (imports apart): mean ± standard deviation over the
fold seeds, with the difference to the best peer and its 95 % paired bootstrap interval over the rows.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import labelsift as ls
import numpy as np
import pyarrow as pa
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from labelsift.data.normalize import duplicate_groups
from labelsift.label_quality.confident_learning import pass1, pass2, reduce
from labelsift.label_quality.neighbor_votes import votes
from labelsift.models.cross_validation import out_of_fold
from labelsift.models.embedding import embed, embedder
from labelsift.models.neighbors import Graph, NeighborIndex
from labelsift.models.stable_folds import assign_folds
from sklearn.metrics import average_precision_score, roc_auc_score

from . import minilm
from .dynamics import training

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
NEIGHBORS = (10, 25, 50, 100, 200)
EPOCHS_SEED, DRAWS = 0, 300
OURS = "labelsift"
MIXTURES = ("rank ensemble", "two-pass + kNN")


class Set(NamedTuple):
    """One column of labels over some vectors; probabilities where they are given instead."""

    name: str
    texts: list[str]
    given: np.ndarray
    truth: np.ndarray
    vectors: np.ndarray


class Outcome(NamedTuple):
    """What a method says: quality (low = bad), and where it has them flags, suggestions and CPU seconds."""

    quality: np.ndarray
    flags: np.ndarray | None = None
    suggested: np.ndarray | None = None
    seconds: float = float("nan")


def main() -> None:
    """Print a table a set, then the means over all sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=sorted(SHARED.glob("*")) if SHARED.exists() else [])
    parser.add_argument("--vectors", nargs="+", choices=("default", "minilm"), default=["default"])
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    if not options.data:
        raise SystemExit("There is no data beside the project: name folders with --data")
    _warm_up()
    means: dict[str, list[float]] = defaultdict(list)
    for folder in options.data:
        if (folder / "data.npz").exists():
            _brought(folder)
            continue
        if not (folder / "data.csv.gz").exists():
            continue
        for kind in options.vectors:
            for data in _sets(folder, kind):
                for method, precision in _compared(data, options.folds).items():
                    means[method].append(precision)
    print(
        "\nmean AP over all sets: "
        + ", ".join(f"{name} {np.mean(precisions):.3f}" for name, precisions in means.items())
    )


def _sets(folder: Path, kind: str) -> Iterator[Set]:
    with gzip.open(folder / "data.csv.gz") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))
    texts = [row["text"] for row in rows]
    vectors = minilm.vectors(texts) if kind == "minilm" else embed(pa.chunked_array([texts]), embedder("wordllama"))
    names = sorted({row["true_label"] for row in rows})
    truth = np.array([names.index(row["true_label"]) for row in rows])
    for column in (name for name in rows[0] if name.startswith("given")):
        given = np.array([names.index(row[column]) for row in rows])
        yield Set(f"{folder.name} {column} ({kind} vectors)", texts, given, truth, vectors)


def _compared(data: Set, seeds: list[int]) -> dict[str, float]:
    wrong = data.given != data.truth
    by_method: dict[str, list[Outcome]] = defaultdict(list)
    for seed in seeds:
        for method, outcome in _methods(data, seed).items():
            by_method[method].append(outcome)
    print(f"\n{data.name}: {len(wrong):,} rows, {wrong.sum():,} errors, fold seeds {seeds}")
    precisions = {}
    for method, outcomes in by_method.items():
        precisions[method] = float(np.mean([_ap(wrong, each.quality) for each in outcomes]))
        print(f"  {method:24} {_line(data, wrong, outcomes)}")
    best = max((name for name in precisions if name != OURS), key=lambda name: precisions[name])
    low, high = _interval(wrong, [each.quality for each in by_method[OURS]], [each.quality for each in by_method[best]])
    gain = precisions[OURS] - precisions[best]
    print(f"  to the best peer, {best}: {gain:+.3f} ({low:+.3f} … {high:+.3f})", flush=True)
    return precisions


def _methods(data: Set, seed: int) -> dict[str, Outcome]:
    classes = int(max(data.given.max(), data.truth.max())) + 1
    report, seconds = _scanned(data, classes, seed)
    scores = report.scores
    names = {f"c{code:04}": code for code in range(classes)}
    suggested = np.array([names.get(name, -1) for name in scores["suggested_label"].to_pylist()])
    flags = scores["is_label_issue"].to_numpy(zero_copy_only=False)
    quality = np.nan_to_num(scores["label_score"].to_numpy(), nan=1.0)
    methods = {OURS: Outcome(quality, flags, suggested, seconds)}
    probabilities = np.nan_to_num(report.pred_probs.astype(np.float64))
    probabilities[probabilities.sum(axis=1) == 0] = 1 / classes
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    rest = probabilities.copy()
    rest[np.arange(len(rest)), data.given] = -1
    for method in ("self_confidence", "normalized_margin"):
        start = time.process_time()
        quality = get_label_quality_scores(data.given, probabilities, method=method)
        issues = find_label_issues(data.given, probabilities, n_jobs=1)
        spent = time.process_time() - start
        methods[f"cleanlab {method}"] = Outcome(quality, issues, rest.argmax(axis=1), spent)
    graph = NeighborIndex(data.vectors).graph(data.vectors, max(NEIGHBORS))
    voted = {}
    for k in NEIGHBORS:
        near, similar = graph.rows[:, :k], graph.similarities[:, :k]
        voted[k] = votes(near, similar, data.given, classes=classes).astype(np.float64)
        methods[f"kNN {k}"] = Outcome(_margin(voted[k], data.given), suggested=_other(voted[k], data.given))
    methods["AUM"] = Outcome(_aum(data, classes))
    methods |= _mixtures(data, probabilities, voted[50], graph, seed)
    return methods


def _mixtures(data: Set, probabilities: np.ndarray, voted: np.ndarray, graph: Graph, seed: int) -> dict[str, Outcome]:
    """Mix in fixed ways: ranks of three scores, and a second fit without suspects with corrected votes."""
    rows, classes = np.arange(len(data.given)), probabilities.shape[1]
    scores = (probabilities[rows, data.given], _margin(probabilities, data.given), voted[rows, data.given])
    ranks = np.sum([np.argsort(np.argsort(score, kind="stable")) for score in scores], axis=0)
    first = probabilities.astype(np.float32)
    estimated = pass2(first, data.given, reduce([pass1(first, data.given)]))
    suspects = (estimated.confident >= 0) & (estimated.confident != data.given)
    folds = _folds(data, seed)
    second = out_of_fold(data.vectors, data.given, classes=classes, folds=folds, seed=seed, training=~suspects)
    again = np.nan_to_num(second.pred_probs)
    corrected = np.where(suspects, again.argmax(axis=1), data.given)
    voted = votes(graph.rows[:, :50], graph.similarities[:, :50], corrected, classes=classes)
    mean = ((first + again + voted) / 3).astype(np.float64)
    quality = _margin(mean, data.given)
    return {
        MIXTURES[0]: Outcome(ranks.astype(np.float64)),
        MIXTURES[1]: Outcome(quality, suggested=_other(mean, data.given)),
    }


def _scanned(data: Set, classes: int, seed: int) -> tuple[ls.Report, float]:
    names = np.array([f"c{code:04}" for code in range(classes)])
    table = pa.table({"id": list(map(str, range(len(data.texts)))), "text": data.texts, "label": names[data.given]})
    samples = ls.read(table, id="id", label="label")
    start = time.process_time()
    report = ls.scan(samples, signals=ls.Signals(embeddings=data.vectors), only=["label"], store=None, seed=seed)
    return report, time.process_time() - start


def _folds(data: Set, seed: int) -> np.ndarray:
    groups = duplicate_groups(pa.chunked_array([pa.array(data.texts)]))
    return assign_folds(data.given, np.asarray(groups), folds=5, seed=seed)


def _aum(data: Set, classes: int) -> np.ndarray:
    total = np.zeros(len(data.given))
    for logits in training(data.vectors, data.given, classes=classes, hidden=0, seed=EPOCHS_SEED):
        given = logits[np.arange(len(total)), data.given].copy()
        rest = logits.copy()
        rest[np.arange(len(total)), data.given] = -np.inf
        total += given - rest.max(axis=1)
    return total


def _margin(probabilities: np.ndarray, given: np.ndarray) -> np.ndarray:
    at = np.arange(len(given))
    rest = probabilities.copy()
    rest[at, given] = -1
    return probabilities[at, given] - rest.max(axis=1)


def _other(probabilities: np.ndarray, given: np.ndarray) -> np.ndarray:
    rest = probabilities.copy()
    rest[np.arange(len(given)), given] = -1
    return rest.argmax(axis=1)


def _ap(wrong: np.ndarray, quality: np.ndarray) -> float:
    return float(average_precision_score(wrong, -quality))


def _line(data: Set, wrong: np.ndarray, outcomes: list[Outcome]) -> str:
    told = {"AP": [_ap(wrong, each.quality) for each in outcomes]}
    told["AUROC"] = [float(roc_auc_score(wrong, -each.quality)) for each in outcomes]
    for k in (100, 500):
        told[f"P@{k}"] = [float(wrong[np.argsort(each.quality, kind="stable")[:k]].mean()) for each in outcomes]
    told["F1"] = [_f1(wrong, each.flags) for each in outcomes if each.flags is not None]
    told["suggested"] = [
        float((each.suggested == data.truth)[wrong].mean()) for each in outcomes if each.suggested is not None
    ]
    told["CPU s"] = [each.seconds for each in outcomes if np.isfinite(each.seconds)]
    return "  ".join(f"{name} {np.mean(of):.3f} ± {np.std(of):.3f}" for name, of in told.items() if of)


def _f1(wrong: np.ndarray, flags: np.ndarray) -> float:
    return float(2 * (flags & wrong).sum() / max(flags.sum() + wrong.sum(), 1))


def _interval(wrong: np.ndarray, ours: list[np.ndarray], theirs: list[np.ndarray]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(DRAWS):
        rows = rng.integers(0, len(wrong), len(wrong))
        gains.append(
            np.mean([_ap(wrong[rows], a[rows]) - _ap(wrong[rows], b[rows]) for a, b in zip(ours, theirs, strict=True)])
        )
    return tuple(np.quantile(gains, [0.025, 0.975]))


def _brought(folder: Path) -> None:
    """Judge probabilities that somebody brought; only the rows that people looked at are scored."""
    data = np.load(folder / "data.npz")
    given, probabilities = data["label"].astype(np.int64), data["pred_probs"]
    looked_at, wrong = data["verified"].astype(bool), data["error"].astype(bool)
    samples = ls.read(
        pa.table({"id": list(map(str, range(len(given)))), "label": [f"c{code}" for code in given]}),
        text=None,
        id="id",
        label="label",
    )
    report = ls.scan(samples, signals=ls.Signals(pred_probs=probabilities), only=["label"], store=None)
    clipped = np.clip(probabilities, 0, 1).astype(np.float64)
    clipped /= clipped.sum(axis=1, keepdims=True)
    qualities = {
        OURS: report.scores["label_score"].to_numpy(),
        "ls.score_labels": ls.score_labels(given, probabilities)["label_score"].to_numpy(),
        "cleanlab self_confidence": get_label_quality_scores(given, clipped),
        "cleanlab normalized_margin": get_label_quality_scores(given, clipped, method="normalized_margin"),
    }
    print(f"\n{folder.name}: {looked_at.sum():,} verified rows, {wrong[looked_at].sum():,} errors")
    for method, quality in qualities.items():
        precision = _ap(wrong[looked_at], quality[looked_at])
        print(f"  {method:28} AP {precision:.3f}  AUROC {roc_auc_score(wrong[looked_at], -quality[looked_at]):.3f}")


def _warm_up() -> None:
    """Load what is loaded once."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    _scanned(Set("", [f"t{at}" for at in range(200)], rng.integers(0, 3, 200), np.zeros(200), vectors), 3, 0)


if __name__ == "__main__":
    main()
