"""What of a scan stays where nothing that it judges has changed: rows in another order, and two changed labels.

    python -m benchmarks.stability [--data FOLDER …] [--draws 3]

A FOLDER holds ``data.csv.gz`` with the columns ``id``, ``text`` and one or more called ``given…``; by default the
shared BANKING77 and NoisyAG-News, after the demo's tickets. For each column of labels and each draw prints

- of the same rows in another order: Spearman's correlation of ``label_score``, its largest move, and the Jaccard index
  of the flags;
- of two flagged rows with the suggested label instead of theirs, nothing learned from decisions: flags of other rows
  that flipped, how far from the threshold the farthest of them was, how many folds moved, and what ``compare`` calls
  beyond chance.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.demo.tickets import tickets
from labelsift.metrics.compare import compare
from scipy.stats import spearmanr

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
FOLDERS = [SHARED / name for name in ("banking77", "noisyag") if (SHARED / name).exists()]
COLUMNS = ("given_pair10", "given_label")  # of the default sets
CHANGED, THRESHOLD = 2, 0.5


def main() -> None:
    """Print two lines for each column of labels and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=FOLDERS)
    parser.add_argument("--columns", nargs="+", default=COLUMNS, help="Of the labels; those that a file lacks are left")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--no-demo", action="store_true")
    options = parser.parse_args()
    if not options.no_demo:
        _measure("demo", _demo(), options.draws)
    for folder in options.data:
        for name, table in _tables(folder, options.columns):
            _measure(name, table, options.draws)


def _demo() -> pa.Table:
    rows, _ = tickets()
    table = pa.Table.from_pylist(rows)
    return table.rename_columns(["id" if name == "ticket_id" else name for name in table.column_names])


def _tables(folder: Path, columns: list[str]) -> Iterator[tuple[str, pa.Table]]:
    with gzip.open(folder / "data.csv.gz") as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file, "utf-8", newline="")))
    for column in (name for name in rows[0] if name in columns):
        values = {"id": "id", "text": "text", "label": column}
        yield f"{folder.name} {column}", pa.table({name: [row[key] for row in rows] for name, key in values.items()})


def _measure(name: str, table: pa.Table, draws: int) -> None:
    first = _scan(table)
    score, flags = _of(first)
    print(f"{name}: {len(table):,} rows, {int(flags.sum())} flags", flush=True)
    suggested = first.scores["suggested_label"].to_pylist()
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(table))
        other_score, other_flags = (values[np.argsort(order)] for values in _of(_scan(table.take(order))))
        both = np.isfinite(score) & np.isfinite(other_score)
        shared, either = int((flags & other_flags).sum()), int((flags | other_flags).sum())
        print(
            f"  order {seed}: Spearman {spearmanr(score[both], other_score[both]).statistic:.5f},"
            f" largest move {np.abs(score - other_score)[both].max(initial=0):.4f},"
            f" Jaccard {shared / max(either, 1):.4f}",
            flush=True,
        )
        labels = table["label"].to_pylist()
        changed = rng.choice(np.flatnonzero(flags), min(CHANGED, int(flags.sum())), replace=False)
        for row in changed.tolist():
            labels[row] = suggested[row]
        where = table.column_names.index("label")
        second = _scan(table.set_column(where, "label", pa.array(labels)))
        new_score, new_flags = _of(second)
        flipped = np.setdiff1d(np.flatnonzero(flags != new_flags), changed)
        farthest = np.abs(score[flipped] - THRESHOLD).max(initial=0)
        print(
            f"  {len(changed)} labels {seed}: {len(flipped)} flips ({10_000 * len(flipped) / len(table):.1f} in 10,000,"
            f" at most {farthest:.3f} from the threshold), largest move"
            f" {np.nanmax(np.delete(np.abs(score - new_score), changed)):.4f}, beyond chance: {_beyond(first, second)}",
            flush=True,
        )


def _beyond(first: ls.Report, second: ls.Report) -> str:
    comparison = compare(first, second)
    rows = [*comparison.metrics.to_pylist(), *comparison.slices.to_pylist()]
    return ", ".join(f"{row['metric']} {row.get('predicate', '')}".strip() for row in rows if row["significant"]) or "-"


def _scan(table: pa.Table) -> ls.Report:
    return ls.scan(ls.read(table, text="text", label="label", id="id"), store=None, only=["label"])


def _of(report: ls.Report) -> tuple[np.ndarray, np.ndarray]:
    """Return score and flag of each row, shape (n,)."""
    score = report.scores["label_score"].to_numpy(zero_copy_only=False)
    return score.astype(np.float64), report.scores["is_label_issue"].to_numpy(zero_copy_only=False)


if __name__ == "__main__":
    main()
