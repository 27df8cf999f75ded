"""What the captured dynamics of a fine-tuned model add to the label score: average precision with and without them.

    python -m benchmarks.captured_dynamics [--seeds 10 11 12] [--sets noisyag pair10 transfers]

Each run fine-tunes a small convolutional network on the given labels (:mod:`benchmarks.fine_tuning`; it needs PyTorch:
``PYTHONPATH=$(python tests/helpers/frameworks.py path)``), recorded by ``ls.DynamicsWriter``, and scans with and
without the recording. ``--weak`` gives the scan the probabilities of a weak model to judge by, so that the fine-tuned
one is better on real texts too. The rule was chosen with seeds 0 to 2 on other sets than those of the report; a made
set is made anew for each seed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib.util
import io
import tempfile
import time
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.models.cross_validation import out_of_fold
from labelsift.models.embedding import embed, embedder
from labelsift.report import Report
from sklearn.metrics import average_precision_score

from .fine_tuning import fine_tune, tokens
from .made_transfers import Made, detours, doubts, transfers

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
COLUMNS = {
    "noisyag": ("noisyag", "given_label"),
    "pair10": ("banking77", "given_pair10"),
    "unif10": ("banking77", "given_unif10"),
    "pair20": ("banking77", "given_pair20"),
    "youtube": ("youtube", "given_label"),
}
INJECTED = {"noisyag10": "noisyag", "youtube15": "youtube"}  # so many per cent of the true labels, replaced evenly
MADE = (
    "transfers",
    "detours",
    "doubts",
    "doubts5",
    "doubts10",
    "doubts20",
    "doubts30",
)  # so many per cent of them negated
REPORTED = ("noisyag", "pair10", "detours")


def main() -> None:
    """Print one line for each set and seed, and one for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    parser.add_argument("--sets", nargs="+", choices=[*COLUMNS, *INJECTED, *MADE], default=list(REPORTED))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--weak", action="store_true", help="scan with the probabilities of a weak model")
    asked = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        raise SystemExit("Skipped: torch is not installed (PYTHONPATH=$(python tests/helpers/frameworks.py path))")
    for name in asked.sets:
        if name not in MADE and not SHARED.exists():
            print(f"{name}: skipped, there is no shared data beside the project")
            continue
        gains = [measured(name, seed, epochs=asked.epochs, weak=asked.weak) for seed in asked.seeds]
        title = f"{name}{' (weak)' if asked.weak else ''}"
        print(f"{title}: gain {np.mean(gains):+.4f}, from {min(gains):+.4f} to {max(gains):+.4f}", flush=True)


def measured(name: str, seed: int, *, epochs: int, weak: bool) -> float:
    """Train and scan once; return the gain in average precision."""
    data = _set(name, seed)
    pred_probs = weak_probabilities(data, seed) if weak else None
    wrong = data.given != data.truth
    with tempfile.TemporaryDirectory() as folder:
        spent = fine_tune(
            tokens(data.texts), data.given, data.classes, Path(folder) / "logits", seed=seed, epochs=epochs
        )
        started = time.process_time()
        scans = {
            "without": scanned(data, seed, None, pred_probs, store=folder),
            "with": scanned(data, seed, ls.Dynamics(Path(folder) / "logits"), pred_probs, store=folder),
        }
        scan_seconds = (time.process_time() - started) / len(scans)
    precisions = {kind: average_precision_score(wrong, -_score(report)) for kind, report in scans.items()}
    fact = scans["with"].summary()["facts"]["label_dynamics"]
    aum = scans["with"].scores["aum"].to_numpy(zero_copy_only=False)
    alone = average_precision_score(wrong[np.isfinite(aum)], -aum[np.isfinite(aum)])
    gain = precisions["with"] - precisions["without"]
    print(
        f"{name} seed {seed}: {', '.join(f'{kind} {precision:.4f}' for kind, precision in precisions.items())}, "
        f"difference {gain:+.4f}; counted {fact['counted']}, of {fact['held_out']:,} held-out labels the model foresaw "
        f"{fact['model']:.3f}, the scan {fact['scan']:.3f}; AUM alone {alone:.3f}; "
        f"{wrong.sum():,} of {len(wrong):,} wrong; training {spent:.0f}, scan {scan_seconds:.0f} CPU s",
        flush=True,
    )
    return float(gain)


def weak_probabilities(data: Made, seed: int) -> np.ndarray:
    """Return what a model over a sixteenth of the dimensions of wordllama's vectors foresees, out of fold."""
    vectors = embed(pa.chunked_array([data.texts]), embedder())[:, :16]
    folds = np.random.default_rng(seed).permutation(len(vectors)) % 5
    return out_of_fold(vectors, data.given, classes=len(data.classes), folds=folds, seed=seed).pred_probs


def scanned(
    data: Made, seed: int, dynamics: ls.Dynamics | None, pred_probs: np.ndarray | None, *, store: str
) -> Report:
    """Scan with the default embedder, or with the user's probabilities; the second scan has the first one's cache."""
    given = [data.classes[code] for code in data.given]
    samples = ls.read(
        pa.table({"id": list(map(str, range(len(given)))), "text": data.texts, "label": given}), id="id", label="label"
    )
    checks = ["label"] if dynamics is None else ["label", "hard"]
    signals = ls.Signals(pred_probs=pred_probs, classes=data.classes, dynamics=dynamics)
    signals = signals if pred_probs is not None else ls.Signals(dynamics=dynamics)
    return ls.scan(samples, signals=signals, only=checks, seed=seed, store=f"{store}/runs")


def _score(report: Report) -> np.ndarray:
    return np.nan_to_num(report.scores["label_score"].to_numpy(zero_copy_only=False), nan=1.0)


def _set(name: str, seed: int) -> Made:
    if name in ("transfers", "detours"):
        return (transfers if name == "transfers" else detours)(seed)
    if name.startswith("doubts"):
        return doubts(seed, share=float(name.removeprefix("doubts") or 50) / 100)
    if name not in INJECTED:
        return _shared(*COLUMNS[name])
    data = _shared(INJECTED[name], "true_label")
    rng, classes, given = np.random.default_rng(1_000 + seed), len(data.classes), data.truth.copy()
    wrong = rng.random(len(given)) < float(name.removeprefix(INJECTED[name])) / 100
    given[wrong] = (given[wrong] + rng.integers(1, classes, wrong.sum())) % classes
    return data._replace(given=given)


def _shared(folder: str, column: str) -> Made:
    with gzip.open(SHARED / folder / "data.csv.gz") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))
    names = sorted({row["true_label"] for row in rows})
    truth, given = (np.array([names.index(row[name]) for row in rows]) for name in ("true_label", column))
    return Made([row["text"] for row in rows], truth, given, tuple(names))


if __name__ == "__main__":
    main()
