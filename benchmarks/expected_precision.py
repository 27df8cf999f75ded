"""Is the expected precision of the worst 100 and 500 labels what is observed? Twenty injections, one free of noise.

    python -m benchmarks.expected_precision [--data FOLDER]

FOLDER holds ``data.csv.gz`` with ``text`` and ``true_label``, which are taken to be right; without it the demo's
tickets of four seeds are judged, whose labels are right by construction. Each injection replaces 5, 10 or 20 % of the
labels by another class, or by one of the three nearest; the last replaces none. Prints expected and
observed precision for each, and the mean absolute difference.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import tempfile
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.demo.tickets import write_tickets
from labelsift.models.embedding import embed, embedder

INJECTIONS, FIRST_SEED = 20, 200
RATES, BUDGETS = (0.05, 0.1, 0.2), (100, 500)
NEAR = 3
TICKETS = (0, 1, 2, 3)


def main() -> None:
    """Print a line for each injection, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    rows = _tickets() if options.data is None else _rows(options.data / "data.csv.gz")
    names = np.array(sorted({row["true_label"] for row in rows}))
    truth = np.searchsorted(names, [row["true_label"] for row in rows])
    texts = [row["text"] for row in rows]
    vectors = embed(pa.chunked_array([texts]), embedder("wordllama"))
    gaps: dict[int, list[float]] = {budget: [] for budget in BUDGETS}
    for number in range(INJECTIONS):
        rate = 0.0 if number == INJECTIONS - 1 else RATES[number % len(RATES)]
        given = _injected(truth, vectors, rate, near=number % 2 == 0, seed=FIRST_SEED + number)
        table = pa.table({"id": list(map(str, range(len(texts)))), "text": texts, "label": names[given]})
        samples = ls.read(table, id="id", label="label")
        report = ls.scan(samples, signals=ls.Signals(embeddings=vectors), only=["label"], store=None)
        order = np.argsort(np.nan_to_num(report.scores["label_score"].to_numpy(), nan=1.0), kind="stable")
        wrong = given != truth
        flagged = report.scores["is_label_issue"].to_numpy(zero_copy_only=False).sum()
        parts = [f"{rate:.0%} {'near' if number % 2 == 0 else 'any':4} flagged {flagged:5,}"]
        for budget in BUDGETS:
            expected = report.facts["label_errors"]["expected_precision_at"].get(str(budget))
            if expected is None:
                continue
            observed = float(wrong[order[:budget]].mean())
            gaps[budget].append(expected - observed)
            parts.append(f"at {budget}: expected {expected:.3f}, observed {observed:.3f}")
        print("  ".join(parts), flush=True)
    for budget, differences in gaps.items():
        if differences:
            noisy = differences[:-1]
            print(
                f"at {budget}: mean absolute difference {np.abs(differences).mean():.3f}, "
                f"mean {np.mean(differences):+.3f};"
                f" without the injection free of noise {np.abs(noisy).mean():.3f}, {np.mean(noisy):+.3f}"
            )


def _rows(place: Path) -> list[dict[str, str]]:
    with gzip.open(place) as file:
        return list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))


def _tickets() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for seed in TICKETS:
        with tempfile.TemporaryDirectory() as folder:
            data, known = write_tickets(Path(folder), seed)
            with known.open(encoding="utf-8", newline="") as file:
                truth = {row["ticket_id"]: row["true_label"] for row in csv.DictReader(file)}
            with data.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    if truth[row["ticket_id"]] and row["text"].strip():
                        rows.append({"text": row["text"], "true_label": truth[row["ticket_id"]]})
    return rows


def _injected(truth: np.ndarray, vectors: np.ndarray, rate: float, *, near: bool, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    classes = int(truth.max()) + 1
    centers = np.stack([vectors[truth == code].mean(axis=0) for code in range(classes)])
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    alike = centers @ centers.T
    np.fill_diagonal(alike, -2)
    nearest = np.argsort(-alike, axis=1)[:, : min(NEAR, classes - 1)]
    other = (truth + rng.integers(1, classes, len(truth))) % classes
    if near:
        other = nearest[truth, rng.integers(0, nearest.shape[1], len(truth))]
    return np.where(rng.random(len(truth)) < rate, other, truth)


if __name__ == "__main__":
    main()
