"""Do decisions teach? Errors found with and without learning, and whether the range of what is left holds the truth.

    python -m benchmarks.decisions FILE.csv [--rows 2000] [--replays 40] [--answers 300] [--people 1] [--probes 0]
    python -m benchmarks.decisions --made --replays 18 [--against ORDERS.csv]

FILE has the columns ``id``, ``text``, ``given_label`` and ``true_label`` (NoisyAG-News, for example). Each replay scans
a random part of its rows, or a made condition in which some pairs of classes are misread and others overlap, and
answers in the order of the queue with the true label. With learning the queue is ordered anew after every 25 answers,
as by a push of the same run. ``--probes`` are random labels that were not flagged, answered besides. ``--against``
counts the errors in the order of another commit, as :mod:`benchmarks.queue_order` writes it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from labelsift.corrections.outlook import labels_left, open_labels
from labelsift.corrections.probe_estimates import Stratum
from labelsift.label_quality.accept_rates import AcceptRates, JudgedLabel, accept_rates
from labelsift.review.items import queue_of

from .queue_order import read_orders
from .replays import ISSUES, Replay, add_options, replays_of

BATCH = 25


def main() -> None:
    """Print a line for each replay, then the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--answers", type=int, default=300)
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--probes", type=int, default=0)
    parser.add_argument("--against", type=Path, help="orders of another commit")
    options = parser.parse_args()
    orders = read_orders(options.against) if options.against else {}
    figures = []
    for number, replay in enumerate(replays_of(options)):
        counts, answers = [], []
        for learn in (False, True):
            answers = answered(replay, options.answers, people=options.people, learn=learn)
            counts.append(sum(answer.wrong for answer in answers))
        rows = replay.report.samples.table
        given = dict(zip(rows["id"].to_pylist(), rows["label"].to_pylist(), strict=True))
        other = sum(replay.truth[id] != given[id] for id in orders.get(replay.name, ())[: options.answers])
        best = min(sum(replay.truth[id] != label for id, label in given.items()), options.answers)
        left, low, high, true = judged_left(replay, answers, probes=options.probes, seed=options.first + number)
        told = replay.report.facts.get("label_errors", {}).get("range") or (0, len(given))
        width, before = (high - low) / len(given), (told[1] - told[0]) / len(given)
        figures.append((*counts, other, best, low <= true <= high, width, before, (left - true) / len(given)))
        print(
            f"{replay.name}: {counts[0]} errors in {len(answers)} without learning, {counts[1]} with"
            f"{f', {other} in the other order' if orders else ''}; left {left:,} ({low:,} to {high:,}), true {true:,}"
            f"{'' if low <= true <= high else ' MISSED'}; range of the scan {told[0]:,} to {told[1]:,}",
            flush=True,
        )
    _print_sums(np.array(figures, dtype=float).T, against=bool(orders))


def _print_sums(figures: np.ndarray, *, against: bool) -> None:
    plain, taught, other, best, holds, width, before, off = figures
    print(
        f"{len(plain)} replays: {plain.sum():.0f} errors without learning, {taught.sum():.0f} with "
        f"({taught.sum() / max(plain.sum(), 1) - 1:+.1%}), {best.sum():.0f} at best"
        f"{f', {other.sum():.0f} in the other order' if against else ''}; the range held the truth in "
        f"{holds.mean():.1%}, median width {np.median(width):.3f} of the rows ({np.median(before):.3f} by the scan, "
        f"median ratio {np.median(width / np.maximum(before, 1e-9)):.2f}), mean difference of the number "
        f"{off.mean():+.3f}"
    )


def answered(replay: Replay, count: int, *, people: int, learn: bool) -> list[JudgedLabel]:
    """Answer the first questions."""
    scores = replay.report.scores
    claimed = dict(zip(scores["id"].to_pylist(), scores["label_score"].to_pylist(), strict=True))
    answers: list[JudgedLabel] = []
    decided: set[str] = set()
    rates = AcceptRates()
    while len(answers) < count:
        queue = queue_of(replay.report, only=ISSUES, learned=rates if learn else None, decided=decided)
        coming = [item for item in queue.items if item.id not in decided][: min(BATCH, count - len(answers))]
        if not coming:
            break
        for item in coming:
            decided.add(item.id)
            person = f"person {len(answers) % people}"
            pair = str(item.given or ""), str(item.suggested or "")
            answers.append(
                JudgedLabel(item.id, person, *pair, 1 - claimed[item.id], replay.truth[item.id] != item.given)
            )
        rates = accept_rates(answers)
    return answers


def judged_left(replay: Replay, answers: list[JudgedLabel], *, probes: int, seed: int) -> tuple[int, int, int, int]:
    """Return what is said to be left, its range, and what is."""
    report = replay.report
    labels = report.scores.append_column("label", report.samples.given)
    labels = labels.filter(pc.fill_null(pc.is_finite(labels["label_score"]), False))
    given = dict(zip(labels["id"].to_pylist(), labels["label"].to_pylist(), strict=True))
    is_wrong = {id: replay.truth[id] != label for id, label in given.items()}
    judged = {answer.sample for answer in answers}
    stratum = None
    if probes:
        flags = [labels[f"is_{issue}_issue"].to_numpy(zero_copy_only=False).astype(bool) for issue in ISSUES]
        rest = labels["id"].filter(pa.array(~(flags[0] | flags[1]))).to_pylist()
        drawn = np.random.default_rng(seed).choice(rest, min(probes, len(rest)), replace=False).tolist()
        stratum = Stratum(len(rest), len(drawn), sum(is_wrong[id] for id in drawn))
        judged |= set(drawn)
    still = open_labels(labels, report.facts.get("label_errors", {}), judged=judged, probed=stratum)
    return *labels_left(accept_rates(answers), still), sum(is_wrong[id] for id in is_wrong if id not in judged)


if __name__ == "__main__":
    main()
