"""Replayed reviews: scans of data whose true labels are known, so that these can answer in place of people.

Only what every commit of the last versions has is imported, so that another commit's scans can be replayed as well
(:mod:`benchmarks.queue_order`). Seeds start with 400; settings were chosen with others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import labelsift as ls
import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
from labelsift.report import Report

from .made_labels import MIXED, Condition

ISSUES = ["label", "ambiguous"]
CHECKS = (*ISSUES, "unlearnable")
FIRST = 400


class Replay(NamedTuple):
    """A scan with the labels that are true: sample id → label."""

    name: str
    report: Report
    truth: dict[str, str]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is scanned."""
    parser.add_argument("file", nargs="?", help="CSV with the columns id, text, given_label and true_label")
    parser.add_argument("--made", action="store_true", help="made conditions in place of a file")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--replays", type=int, default=40)
    parser.add_argument("--first", type=int, default=FIRST, help="the first seed")


def replays_of(options: argparse.Namespace, *, checks: Sequence[str] = CHECKS) -> Iterator[Replay]:
    """Scan what the options say."""
    if options.made:
        return made(MIXED, options.replays, first=options.first, checks=checks)
    return parts(options.file, options.rows, options.replays, first=options.first, checks=checks)


def parts(file: str, rows: int, count: int, *, first: int, checks: Sequence[str]) -> Iterator[Replay]:
    """Scan random rows of a file."""
    table = csv.read_csv(file)
    for seed in range(first, first + count):
        chosen = np.random.default_rng(seed).choice(len(table), min(rows, len(table)), replace=False)
        some = table.take(pa.array(np.sort(chosen)))
        samples = ls.read(some.select(["id", "text", "given_label"]), text="text", id="id", label="given_label")
        truth = dict(zip(some["id"].to_pylist(), some["true_label"].to_pylist(), strict=True))
        yield Replay(f"seed {seed}", scanned(samples, checks=checks), truth)


def made(conditions: Sequence[Condition], count: int, *, first: int, checks: Sequence[str]) -> Iterator[Replay]:
    """Scan made data, one condition after the other."""
    for number in range(count):
        condition, seed = conditions[number % len(conditions)], first + number // len(conditions)
        drawn, given = condition.make(seed)
        names = [f"c{code:03}" for code in given]
        columns: dict[str, Any] = {"id": [f"r{row}" for row in range(len(names))], "label": names}
        columns |= {"text": drawn.texts} if drawn.texts else {}
        samples = ls.read(pa.table(columns), text="text" if drawn.texts else None, id="id", label="label")
        truth = {id: f"c{code:03}" for id, code in zip(columns["id"], drawn.truth, strict=True)}
        report = scanned(samples, drawn.vectors, checks=checks)
        yield Replay(f"{condition.name} {seed}", report, truth)


def scanned(samples: ls.Samples, vectors: np.ndarray | None = None, *, checks: Sequence[str] = CHECKS) -> Report:
    """Scan with vectors, or embed the texts."""
    signals = ls.Signals() if vectors is None else ls.Signals(embeddings=vectors)
    return ls.scan(samples, signals=signals, store=None, only=list(checks))
