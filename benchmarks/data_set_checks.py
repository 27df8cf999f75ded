"""Checks of the data set as a whole: is what was planted found, and is data without a problem left alone.

    python -m benchmarks.data_set_checks [--seeds 10] [--data ../shared/data] [--rows 100000]

Made data for leaks, ties, order, empty cells and missing groups; real texts of banking77 and AG News (``--data``) with
groups and single rows of other sets planted for foreign groups and outliers. Thresholds were chosen on other seeds;
these are seeds from 100 on. Prints means over the seeds, and CPU seconds of each check.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.checks import checks
from labelsift.checks.context import Context
from labelsift.models.neighbors import NeighborIndex

from .planted_tables import blocked, different, emptied, leaked, recipe, spanish, table, tied

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
FIRST = 100
BASE = 3_000
WHOLE = ("imbalance", "spurious", "non_iid", "column")


def main() -> None:
    """Print one block a question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    seeds = range(FIRST, FIRST + options.seeds)
    _leaks(seeds)
    _tables(seeds)
    if options.data.exists():
        real = {name: _texts(options.data / name / "data.csv.gz") for name in ("banking77", "noisyag", "youtube")}
        _groups(real, seeds[: max(len(seeds) // 3, 1)])
        _outliers(real, seeds[: max(len(seeds) // 3, 1)])
    _costs(options.rows)


def scanned(columns: dict[str, Any], only: Iterable[str], **options: Any) -> ls.Report:  # noqa: ANN401 - of a scan
    """Scan columns without a store."""
    rows = {name: list(values) for name, values in columns.items()}
    made = pa.table({"id": [f"r{row}" for row in range(len(rows["text"]))], **rows})
    metadata = [name for name in rows if name not in ("text", "label", "split")]
    roles = {role: role for role in ("label", "split") if role in rows}
    samples = ls.read(made, id="id", metadata=metadata, **roles)
    return ls.scan(samples, only=list(only), store=None, progress=False, **options)


def _named(report: ls.Report, issue: str) -> set[tuple[str, str]]:
    return {(row["kind"], row["id"]) for row in report.findings.to_pylist() if row["issue"] == issue}


def _flags(report: ls.Report, issue: str) -> np.ndarray:
    return np.array(report.scores[f"is_{issue}_issue"].to_pylist())


def _leaks(seeds: range) -> None:
    recall, false = [], []
    for seed in seeds:
        columns, kinds = leaked(seed)
        flags = _flags(scanned(columns, ["leakage"]), "leakage")
        recall.append([flags[kinds == kind].mean() for kind in range(4)])
        false.append((flags & (kinds < 0)).sum())
    means = " ".join(f"{edits} edits {value:.3f}" for edits, value in enumerate(np.mean(recall, axis=0)))
    print(f"leakage: recall {means}; rows flagged beside {np.mean(false):.1f} of 5,600", flush=True)


def _tables(seeds: range) -> None:
    for strength in (0.0, 0.1, 0.2, 0.3, 0.5):
        named = [_named(scanned(tied(seed, strength), ["spurious"]), "spurious") for seed in seeds]
        found = np.mean([("metadata", "queue") in kinds for kinds in named])
        other = np.mean([len(kinds - {("metadata", "queue")}) for kinds in named])
        print(f"spurious: tied in {strength:.0%} of the rows: named {found:.2f}, other names {other:.2f}", flush=True)
    for share in (0.0, 0.2, 0.4, 0.6, 1.0):
        named = [_named(scanned(blocked(seed, share), ["non_iid"]), "non_iid") for seed in seeds]
        found = np.mean([("label", "label") in kinds for kinds in named])
        other = np.mean([len(kinds - {("label", "label")}) for kinds in named])
        print(f"non_iid: {share:.0%} of the rows sorted: named {found:.2f}, other names {other:.2f}", flush=True)
    found, other, silent = [], [], []
    for seed in seeds:
        columns, pair = emptied(seed)
        named = _named(scanned(columns, ["imbalance"]), "imbalance")
        found.append(("empty_cell", pair) in named)
        other.append(sum(kind.startswith("empty") for kind, _ in named - {("empty_cell", pair)}))
        plain = _named(scanned(table(seed + 1_000), ["imbalance"]), "imbalance")
        silent.append(sum(kind.startswith("empty") for kind, _ in plain))
    print(
        f"imbalance: empty pair named {np.mean(found):.2f}, other pairs {np.mean(other):.2f}; "
        f"without {np.mean(silent):.2f}"
    )
    _groups_missing(seeds)


def _groups_missing(seeds: range) -> None:
    """Draw 2,000 rows of 20 states by stated shares, one of them at a part of its share."""
    for part in (1.0, 0.7, 0.5, 0.0):
        found, other = [], []
        for seed in seeds:
            rng = np.random.default_rng(seed)
            shares = rng.dirichlet(np.full(20, 4.0))
            at = int(np.argsort(shares)[10])
            drawn = shares * np.where(np.arange(20) == at, part, 1)
            states = rng.choice([f"s{code}" for code in range(20)], 2_000, p=drawn / drawn.sum())
            stated = {"state": {f"s{code}": float(share) for code, share in enumerate(shares)}}
            columns = {"text": [f"text {row}" for row in range(2_000)], "state": states}
            report = scanned(columns, ["imbalance"], checks={"imbalance": {"expected": stated}})
            missing = {name for kind, name in _named(report, "imbalance") if kind == "missing_group"}
            found.append(f"state:s{at}" in missing)
            other.append(len(missing - {f"state:s{at}"}))
        print(f"imbalance: a group at {part:.0%} of its share: named {np.mean(found):.2f}, others {np.mean(other):.2f}")


def _texts(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [(row["text"], row["true_label"]) for row in csv.DictReader(file)]


def _groups(real: dict[str, list[tuple[str, str]]], seeds: range) -> None:
    for base in ("banking77", "noisyag", "youtube"):
        flags = _flags(scanned({"text": [text for text, _ in real[base]]}, ["language", "cluster"]), "cluster")
        print(f"cluster: {base} as it is: {flags.sum()} of {len(flags):,} flagged", flush=True)
    for base in ("banking77", "noisyag"):
        for kind in ("recipes", "Spanish", "comments", "sports" if base == "banking77" else "questions"):
            for rows in (30, 100, 300):
                figures = []
                for seed in seeds:
                    rng = random.Random(seed)  # noqa: S311 - seeded draws, no secret
                    texts = [text for text, _ in rng.sample(real[base], BASE)] + _foreign(kind, rows, seed, real)
                    flags = _flags(scanned({"text": texts}, ["language", "cluster"]), "cluster")
                    figures.append((flags[BASE:].mean(), flags[:BASE].sum()))
                recall, false = np.mean(figures, axis=0)
                print(f"cluster: {rows} {kind} in {base}: recall {recall:.2f}, {false:.1f} others", flush=True)


def _foreign(kind: str, rows: int, seed: int, real: dict[str, list[tuple[str, str]]]) -> list[str]:
    rng = random.Random(seed + 1)  # noqa: S311 - seeded draws, no secret
    if kind in ("recipes", "Spanish"):
        return different(recipe if kind == "recipes" else spanish, rows, seed)
    pool = {
        "comments": [text for text, _ in real["youtube"]],
        "sports": [text for text, label in real["noisyag"] if label == "Sports"],
        "questions": [text for text, _ in real["banking77"]],
    }
    return rng.sample(pool[kind], rows)


def _outliers(real: dict[str, list[tuple[str, str]]], seeds: range) -> None:
    pairs = (("banking77", "noisyag"), ("banking77", "youtube"), ("noisyag", "youtube"))
    for base, other in pairs:
        for settings in ({"class_rows": 10**9}, {}):
            figures = []
            for seed in seeds:
                rng = random.Random(seed)  # noqa: S311 - seeded draws, no secret
                rows = rng.sample(real[base], 5_000)
                names = [label for _, label in rows]
                foreign = [text for text, _ in rng.sample(real[other], 50)]
                for planted in ([], foreign):
                    columns = {
                        "text": [text for text, _ in rows] + planted,
                        "label": names + rng.choices(names, k=len(planted)),
                    }
                    report = scanned(columns, ["outlier"], checks={"outlier": settings})
                    flags = _flags(report, "outlier")
                    figures.append((flags[:5_000].sum(), flags[5_000:].mean() if planted else 0.0))
            clean, mixed = np.array(figures[::2]), np.array(figures[1::2])
            false, recall = mixed.mean(axis=0)
            how = "one fence" if settings else "by class"
            precision = recall * 50 / max(recall * 50 + false, 1e-9)
            print(
                f"outlier, {how}: {base} as it is {clean[:, 0].mean() / 5_000:.2%} flagged; of 50 rows of {other} "
                f"{recall:.2f}, precision {precision:.2f}",
                flush=True,
            )


def _costs(rows: int) -> None:
    columns = table(0, rows, classes=77)
    rng = np.random.default_rng(0)
    columns |= {f"m{at}": rng.choice([f"v{code}" for code in range(2 + 6 * at)], rows) for at in range(8)}
    columns |= {"split": rng.choice(["train", "test"], rows)}
    made = pa.table({"id": [f"r{row}" for row in range(rows)], **{name: list(part) for name, part in columns.items()}})
    metadata = [name for name in columns if name not in ("text", "label", "split")]
    samples = ls.read(made, id="id", label="label", split="split", metadata=metadata, source="channel")
    vectors = rng.normal(size=(rows, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    readable = np.ones(rows, dtype=bool)
    context = Context(samples, samples.classes, samples.codes(samples.classes), readable, vectors=vectors)
    context.graph = NeighborIndex(vectors).graph(vectors, 50)
    seconds = {}
    for name in ("exact_duplicate", "near_duplicate", "outlier", "cluster", "leakage", *WHOLE, "provenance"):
        (entry,) = (entry for entry in checks() if entry.name == name and "classification" in entry.tasks)
        start = time.process_time()
        context.results[entry.issue] = entry.run(context)
        seconds[name] = time.process_time() - start
    print(f"CPU seconds at {rows:,} rows: " + ", ".join(f"{name} {value:.2f}" for name, value in seconds.items()))


if __name__ == "__main__":
    main()
