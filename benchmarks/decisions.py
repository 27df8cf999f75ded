"""Do decisions teach? Errors found with and without learning, and whether the range of what is left holds the truth.

    python -m benchmarks.decisions FILE.csv [--rows 2000] [--replays 40] [--answers 300] [--people 1] [--probes 0]

FILE has the columns ``id``, ``text``, ``given_label`` and ``true_label`` (NoisyAG-News, for example). Each replay scans
a random part of its rows, or one of the made conditions with ``--made``, and answers in the order of the queue with the
true label; with learning the queue is ordered anew after every 25 answers, as by a push of the same run. ``--probes``
are random labels that were not flagged, answered besides. Seeds start with 400; settings were chosen with others.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any, NamedTuple

import labelsift as ls
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from labelsift.corrections.outlook import labels_left, open_labels
from labelsift.corrections.probe_estimates import Stratum
from labelsift.label_quality.accept_rates import AcceptRates, JudgedLabel, accept_rates
from labelsift.report import Report
from labelsift.review.items import queue_of

from .made_labels import CONDITIONS, HUMAN

ISSUES = ["label", "ambiguous"]
BATCH = 25
FIRST = 400


class Replay(NamedTuple):
    """A scan with the labels that are true: sample id → label."""

    name: str
    report: Report
    truth: dict[str, str]


def main() -> None:
    """Print a line for each replay, then the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--made", action="store_true", help="conditions of human-like noise and of overlap instead")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--replays", type=int, default=40)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--probes", type=int, default=0)
    options = parser.parse_args()
    scans = made(options.replays) if options.made else parts(options.file, options.rows, options.replays)
    figures = []
    for number, replay in enumerate(scans):
        asked = options.answers
        plain, _ = answered(replay, asked, people=options.people, learn=False)
        taught, answers = answered(replay, asked, people=options.people, learn=True)
        left, low, high, true = judged_left(replay, answers, probes=options.probes, seed=FIRST + number)
        rows = len(replay.report.samples)
        figures.append((plain, taught, low <= true <= high, (high - low) / rows, (left - true) / rows))
        print(
            f"{replay.name}: {plain} errors in {len(answers)} without learning, {taught} with; left {left:,} "
            f"({low:,} to {high:,}), true {true:,}{'' if low <= true <= high else ' MISSED'}",
            flush=True,
        )
    plain, taught, holds, width, off = np.array(figures, dtype=float).T
    print(
        f"{len(figures)} replays: {plain.sum():.0f} errors without learning, {taught.sum():.0f} with "
        f"({taught.sum() / max(plain.sum(), 1) - 1:+.1%}); the range held the truth in {holds.mean():.1%}, "
        f"median width {np.median(width):.3f} of the rows, mean difference of the number {off.mean():+.3f}"
    )


def parts(file: str, rows: int, count: int) -> Iterator[Replay]:
    """Scan random rows of a file."""
    table = csv.read_csv(file)
    for seed in range(FIRST, FIRST + count):
        chosen = np.random.default_rng(seed).choice(len(table), min(rows, len(table)), replace=False)
        some = table.take(pa.array(np.sort(chosen)))
        samples = ls.read(some.select(["id", "text", "given_label"]), text="text", id="id", label="given_label")
        truth = dict(zip(some["id"].to_pylist(), some["true_label"].to_pylist(), strict=True))
        yield Replay(f"seed {seed}", _scan(samples), truth)


def made(count: int) -> Iterator[Replay]:
    """Scan made data: human-like noise, and classes that overlap."""
    conditions = [each for each in CONDITIONS if each.kind == HUMAN or "overlap" in each.name]
    for number in range(count):
        condition, seed = conditions[number % len(conditions)], FIRST + number // len(conditions)
        drawn, given = condition.make(seed)
        names = [f"c{code:03}" for code in given]
        columns: dict[str, Any] = {"id": [f"r{row}" for row in range(len(names))], "label": names}
        columns |= {"text": drawn.texts} if drawn.texts else {}
        samples = ls.read(pa.table(columns), text="text" if drawn.texts else None, id="id", label="label")
        truth = {id: f"c{code:03}" for id, code in zip(columns["id"], drawn.truth, strict=True)}
        yield Replay(f"{condition.name} {seed}", _scan(samples, drawn.vectors), truth)


def _scan(samples: ls.Samples, vectors: np.ndarray | None = None) -> Report:
    signals = ls.Signals() if vectors is None else ls.Signals(embeddings=vectors)
    return ls.scan(samples, signals=signals, store=None, only=[*ISSUES, "unlearnable"])


def answered(replay: Replay, count: int, *, people: int, learn: bool) -> tuple[int, list[JudgedLabel]]:
    """Answer the first questions; return how many errors were found, and the answers."""
    scores = replay.report.scores
    claimed = dict(zip(scores["id"].to_pylist(), scores["label_score"].to_pylist(), strict=True))
    answers: list[JudgedLabel] = []
    decided: dict[str, bool] = {}
    rates = AcceptRates()
    while len(answers) < count:
        queue = queue_of(replay.report, only=ISSUES, learned=rates if learn else None, decided=decided)
        coming = [item for item in queue.items if item.id not in decided][: min(BATCH, count - len(answers))]
        if not coming:
            break
        for item in coming:
            decided[item.id] = replay.truth[item.id] != item.given
            person = f"person {len(answers) % people}"
            pair = str(item.given or ""), str(item.suggested or "")
            answers.append(JudgedLabel(item.id, person, *pair, 1 - claimed[item.id], decided[item.id]))
        rates = accept_rates(answers)
    return sum(decided.values()), answers


def judged_left(replay: Replay, answers: list[JudgedLabel], *, probes: int, seed: int) -> tuple[int, int, int, int]:
    """Return what is said to be left, its range, and what is."""
    report = replay.report
    labels = report.scores.append_column("label", report.samples.given)
    labels = labels.filter(pc.fill_null(pc.is_finite(labels["label_score"]), False))
    given = dict(zip(labels["id"].to_pylist(), labels["label"].to_pylist(), strict=True))
    wrong = {id: replay.truth[id] != label for id, label in given.items()}
    judged = {answer.sample for answer in answers}
    stratum = None
    if probes:
        flags = [labels[f"is_{issue}_issue"].to_numpy(zero_copy_only=False).astype(bool) for issue in ISSUES]
        rest = labels["id"].filter(pa.array(~(flags[0] | flags[1]))).to_pylist()
        drawn = np.random.default_rng(seed).choice(rest, min(probes, len(rest)), replace=False).tolist()
        stratum = Stratum(len(rest), len(drawn), sum(wrong[id] for id in drawn))
        judged |= set(drawn)
    still = open_labels(labels, report.facts.get("label_errors", {}), judged=judged, probed=stratum)
    return *labels_left(accept_rates(answers), still), sum(wrong[id] for id in wrong if id not in judged)


if __name__ == "__main__":
    main()
