"""Do the claims about labels hold? The range of their number, the precision of flags, silence where nothing is wrong.

    python -m benchmarks.claims [--seeds 310 311 …] [--quick] [--verbose]

Every condition of :mod:`benchmarks.made_labels` is scanned with defaults, and judged beside cleanlab's
``find_label_issues`` on the probabilities of the same scan. Prints, for each kind of data, how often the told range
held the true number of wrong labels and how wide it was, and the mean differences of told and true precision: of the
flags, of the 100 worst (from 200 judged rows on) and of the 500 worst (from 2,000), each with how often it was told at
all: where nothing proves errors, no precision is. Settings were chosen with the seeds
300 to 309; the default reports on others.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import NamedTuple

import labelsift as ls
import numpy as np
import pyarrow as pa
from cleanlab.filter import find_label_issues

from .made_labels import CLEAN, CONDITIONS, HUMAN, QUICK, Condition

REPORTED = tuple(range(310, 320))
LEAST_JUDGED = {100: 200, 500: 2_000}
ACCURATE = 0.95  # out-of-fold accuracy from which a narrower range is due


class Outcome(NamedTuple):
    """What one scan told, and what is true; shares of all rows, NaN where nothing was told."""

    condition: Condition
    holds: bool
    width: float
    accuracy: float
    gaps: dict[str, float]
    too_sure: bool
    flagged: float
    theirs: float
    named: bool
    over_half: bool


def main() -> None:
    """Print a line for each kind, then the figures of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--quick", action="store_true", help="twelve conditions, three seeds")
    parser.add_argument("--verbose", action="store_true", help="a line for each scan")
    options = parser.parse_args()
    conditions = [each for each in CONDITIONS if not options.quick or each.name in QUICK]
    seeds = options.seeds or (REPORTED[:3] if options.quick else REPORTED)
    start, outcomes = time.perf_counter(), []
    for condition in conditions:
        for seed in seeds:
            outcomes.append(judged(condition, seed, verbose=options.verbose))
    _print(outcomes)
    print(f"{len(outcomes)} scans, seeds {seeds[0]} to {seeds[-1]}, {time.perf_counter() - start:.0f} s")


def judged(condition: Condition, seed: int, *, verbose: bool = False) -> Outcome:
    """Scan one condition, and compare what is told with what is true."""
    drawn, given = condition.make(seed)
    wrong, n = given != drawn.truth, len(given)
    columns = {"id": [f"r{row}" for row in range(n)], "label": [f"c{code:03}" for code in given]}
    if drawn.texts is not None:
        columns["text"] = drawn.texts
    samples = ls.read(pa.table(columns), text="text" if drawn.texts else None, id="id", label="label")
    signals = ls.Signals() if drawn.vectors is None else ls.Signals(embeddings=drawn.vectors)
    report = ls.scan(samples, signals=signals, store=None, only=["label", "ambiguous", "unlearnable"], seed=seed)
    told = report.facts.get("label_errors", {})
    scores = report.scores["label_score"].to_numpy()
    flags = report.scores["is_label_issue"].to_numpy(zero_copy_only=False)
    low, high = told.get("range") or (0, n)
    order = np.argsort(np.nan_to_num(scores, nan=1.0), kind="stable")
    claims = {"flags": (told.get("expected_precision"), wrong[flags])}
    for budget, least in LEAST_JUDGED.items():
        if np.isfinite(scores).sum() >= least:
            claims[f"worst {budget}"] = (told["expected_precision_at"].get(str(budget)), wrong[order[:budget]])
    told_and_true = {
        name: (share, float(rows.mean())) for name, (share, rows) in claims.items() if share is not None and len(rows)
    }
    codes = np.unique(given, return_inverse=True)[1]
    about = {finding["given"] for finding in report.findings.to_pylist() if finding["scope"] == "class"}
    flooded = {report.classes[code] for code in range(len(report.classes)) if flags[codes == code].mean() > 0.5}
    outcome = Outcome(
        condition=condition,
        holds=low <= wrong.sum() <= high,
        width=(high - low) / n,
        accuracy=report.facts.get("agreement_with_model") or 0.0,
        gaps={name: abs(share - true) for name, (share, true) in told_and_true.items()},
        too_sure=any(share >= 0.5 and true <= 0.1 for share, true in told_and_true.values()),
        flagged=float(flags.mean()),
        theirs=_cleanlab(codes, report.pred_probs, wrong),
        named=not told.get("learnable", True),
        over_half=bool({f'"{name}"' for name in flooded} - about),
    )
    if verbose:
        shares = " ".join(f"{name} {share:.2f}/{true:.2f}" for name, (share, true) in told_and_true.items())
        print(
            f"{condition.kind[:8]:8} {condition.name[:30]:30} {seed} wrong {wrong.sum()} told {told.get('number', 0)} "
            f"({low} to {high}){'' if outcome.holds else ' MISSED'} flags {flags.sum()} {shares}"
            f"{' TOO SURE' if outcome.too_sure else ''}{' OVER HALF' if outcome.over_half else ''}",
            flush=True,
        )
    return outcome


def _cleanlab(codes: np.ndarray, pred_probs: np.ndarray | None, wrong: np.ndarray) -> float:
    """Return the share of rows that cleanlab flags."""
    if pred_probs is None:
        return float("nan")
    known = np.isfinite(pred_probs).all(axis=1) & (pred_probs.sum(axis=1) > 0)
    probabilities = pred_probs[known].astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    try:
        flagged = find_label_issues(codes[known], probabilities, n_jobs=1).sum()
    except ValueError:  # a class without rows
        return float("nan")
    return float(flagged / len(codes))


def _print(outcomes: list[Outcome]) -> None:
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.condition.kind].append(outcome)
    for kind, of_kind in [*kinds.items(), ("all", outcomes)]:
        gaps = ", ".join(f"{name} {value:.3f} ({times}×)" for name, (value, times) in _gaps(of_kind).items())
        print(
            f"{kind:15} held {np.mean([each.holds for each in of_kind]):.1%}, median width "
            f"{np.median([each.width for each in of_kind]):.3f}; |told − true| {gaps or '–'}; flagged "
            f"{np.mean([each.flagged for each in of_kind]):.3f} "
            f"(cleanlab {np.nanmean([each.theirs for each in of_kind]):.3f})"
        )
    usual = [each for each in outcomes if each.condition.kind != HUMAN]
    accurate = [each.width for each in usual if each.accuracy >= ACCURATE]
    silent = [each.flagged for each in outcomes if each.condition.kind == CLEAN]
    random = [each.named for each in outcomes if each.condition.kind == "random"]
    print(f"median width but for human-like noise: {np.median([each.width for each in usual]):.3f}", end="")
    print(f", where the model agrees with 95 %: {np.median(accurate):.3f}" if accurate else "")
    print(f"told ≥ .5 where at most .1 is true: {sum(each.too_sure for each in outcomes)} of {len(outcomes)}")
    if silent:
        print(f"without errors, more than 1 % flagged: {np.mean(np.array(silent) > 0.01):.1%}; most {max(silent):.3f}")
    if random:
        print(f"random labels named: {np.mean(random):.1%}")
    print(f"over half of a class flagged without a finding on it: {sum(each.over_half for each in outcomes)}")


def _gaps(outcomes: list[Outcome]) -> dict[str, tuple[float, int]]:
    """Return the mean difference of each precision that was told, and how often it was."""
    gaps: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for name, gap in outcome.gaps.items():
            gaps[name].append(gap)
    return {name: (float(np.mean(gaps[name])), len(gaps[name])) for name in sorted(gaps)}


if __name__ == "__main__":
    main()
