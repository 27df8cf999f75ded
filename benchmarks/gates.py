"""How often gates fail on noise, and on a slice that is worse: ``python -m benchmarks.gates``.

Every simulation makes a run with 200 slices (20 x 10 values of two columns) and judges it by a gate, as a user would.
On noise every slice has exactly the quality that the condition asks for; otherwise one of them is worse. Slices that
overlap, which a condition cannot name many of, are judged one level below, by the same decision.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.data.schemas import findings_table
from labelsift.metrics.estimates import Estimates
from labelsift.metrics.gates.conditions import parsed
from labelsift.metrics.gates.decisions import Family, decide
from labelsift.search.gate import gate
from labelsift.store.run import Run

SLICES, WIDE = 200, 10
BASE, WORSE = 0.10, 0.20


@dataclass(frozen=True)
class Setting:
    """A kind of data, and the condition that it is judged by.

    Parameters
    ----------
    name
        For people.
    condition
        The line of the gate; ``old`` is the baseline run.
    size
        Samples of each slice, or their sizes drawn by a generator.
    classes
        How many there are; errors are any other class.
    shares
        How often each is given; None: all equally. ``{true}`` in the condition is the macro F1 that follows.
    worse
        The error rate of one slice of 300 samples, in the new run.
    shared
        The share of samples that the baseline has, too; None: there is no baseline.
    alike
        How often both runs' models draw on the same luck, which makes their errors hang together.
    """

    name: str
    condition: str
    size: int | Callable[[np.random.Generator], np.ndarray] = 300
    classes: int = 2
    shares: tuple[float, ...] | None = None
    worse: float | None = None
    shared: float | None = None
    alike: float = 0.7

    @property
    def line(self) -> str:
        """The condition, with the macro F1 that holds where every slice has the base error rate."""
        given = np.array(self.shares or [1 / self.classes] * self.classes)
        hits = given * (1 - BASE)
        predicted_codes = hits + (1 - given) * BASE / (self.classes - 1)
        return self.condition.format(true=float(np.mean(2 * hits / (given + predicted_codes))))


def skewed(rng: np.random.Generator) -> np.ndarray:
    """Return sizes from 5 to some thousands, most of them small."""
    return np.minimum(5 + rng.pareto(0.8, SLICES) * 20, 5_000).astype(np.int64)


BY = "by a, b"
RARE = (0.6, 0.2, 0.1, 0.05, 0.05)
SETTINGS = (
    Setting("noise, n = 300", f"error_rate <= 0.1 {BY}"),
    Setting("noise, n = 50", f"error_rate <= 0.1 {BY}", size=50),
    Setting("noise, skewed sizes", f"error_rate <= 0.1 {BY}", size=skewed),
    Setting("noise, macro F1 of 5 classes, n = 300", f"f1 >= 0.9 {BY}", classes=5),
    Setting("noise, macro F1 of 5 classes, n = 50", f"f1 >= 0.9 {BY}", size=50, classes=5),
    Setting("noise, macro F1, classes of 5 to 60 %, n = 300", f"f1 >= {{true}} {BY}", classes=5, shares=RARE),
    Setting("noise, macro F1, classes of 5 to 60 %, n = 100", f"f1 >= {{true}} {BY}", 100, classes=5, shares=RARE),
    Setting("noise, F1 of one of 5 classes, n = 300", f"f1 of c0 >= 0.9 {BY}", classes=5),
    Setting("noise, same samples as the baseline, n = 300", f"error_rate <= old {BY}", shared=1.0),
    Setting("noise, same samples as the baseline, n = 50", f"error_rate <= old {BY}", size=50, shared=1.0),
    Setting("noise, half of them shared, n = 300", f"error_rate <= old {BY}", shared=0.5),
    Setting("noise, none shared, n = 300", f"error_rate <= old {BY}", shared=0.0),
    Setting("noise, none shared, n = 50", f"error_rate <= old {BY}", size=50, shared=0.0),
    Setting("noise, macro F1 of 5 classes, same samples, n = 300", f"f1 >= old {BY}", classes=5, shared=1.0),
    Setting("noise, macro F1 of 5 classes, same samples, n = 50", f"f1 >= old {BY}", size=50, classes=5, shared=1.0),
    Setting("one slice 20 %, n = 300", f"error_rate <= 0.1 {BY}", worse=WORSE),
    Setting("one slice 20 %, skewed sizes", f"error_rate <= 0.1 {BY}", size=skewed, worse=WORSE),
    Setting("one slice 20 %, macro F1 of 5 classes", f"f1 >= 0.9 {BY}", classes=5, worse=WORSE),
    Setting("one slice 20 %, same samples as the baseline", f"error_rate <= old {BY}", worse=WORSE, shared=1.0),
    Setting("one slice 20 %, none shared", f"error_rate <= old {BY}", worse=WORSE, shared=0.0),
)


def made_runs(setting: Setting, rng: np.random.Generator) -> tuple[Run, Run | None]:
    """Return a run, and its baseline if there is one."""
    sizes = np.full(SLICES, setting.size) if isinstance(setting.size, int) else setting.size(rng)
    if setting.worse is not None:
        sizes[0] = 300
    cells = np.repeat(np.arange(SLICES), sizes)
    rows = len(cells)
    truth, luck = rng.choice(setting.classes, rows, p=setting.shares), rng.random(rows)
    rate = np.full(rows, BASE)
    rate[cells == 0] = BASE if setting.worse is None else setting.worse
    ids = np.array([f"s{row}" for row in range(rows)], dtype=object)
    new = _run("new", ids, cells, truth, luck < rate, setting.classes, rng)
    if setting.shared is None:
        return new, None
    again = rng.random(rows) < setting.shared
    before = np.where(again, ids, np.array([f"o{row}" for row in range(rows)], dtype=object))
    other_luck = np.where(again & (rng.random(rows) < setting.alike), luck, rng.random(rows))
    old_truth = np.where(again, truth, rng.choice(setting.classes, rows, p=setting.shares))
    return new, _run("old", before, cells, old_truth, other_luck < BASE, setting.classes, rng)


def _run(
    name: str,
    ids: np.ndarray,
    cells: np.ndarray,
    truth: np.ndarray,
    wrong: np.ndarray,
    classes: int,
    rng: np.random.Generator,
) -> Run:
    predicted_codes = np.where(wrong, (truth + rng.integers(1, classes, len(truth))) % classes, truth)
    names = pa.array([f"c{number}" for number in range(classes)])
    id_column = pa.array(ids, pa.string())
    table = pa.table(
        {
            "id": id_column,
            "text": id_column,
            "label": names.take(pa.array(truth)),
            "predicted": names.take(pa.array(predicted_codes)),
        }
    )
    first, second = np.divmod(cells, WIDE)
    values = {"a": pa.array(first.astype(str)), "b": pa.array(second.astype(str))}
    scores = pa.table({"id": id_column})
    samples = Samples(table, pa.table(values), name)
    return Run(name, datetime.now(UTC), samples, scores, findings_table([]))


def failures(setting: Setting, *, simulations: int, seed: int) -> tuple[float, float]:
    """Return how often a gate failed for slices without fault, and how often for the one that is worse."""
    rng = np.random.default_rng(seed)
    false = true = 0
    for _ in range(simulations):
        new, old = made_runs(setting, rng)
        result = gate(new, setting.line, runs={} if old is None else {"old": old})
        failed = {row["slug"] for row in result.rows.to_pylist() if row["status"] == "failed"}
        planted = "a:0__b:0" if setting.worse is not None else ""
        true += planted in failed
        false += bool(failed - {planted})
    return false / simulations, true / simulations


def overlapping(*, simulations: int, seed: int, size: int = 300, rows: int = 20_000) -> float:
    """Return how often a gate fails on noise whose 200 slices are random stretches of the rows, which overlap."""
    rng = np.random.default_rng(seed)
    condition, failed = parsed(f"error_rate <= {BASE}"), 0
    for _ in range(simulations):
        wrong = rng.random(rows) < BASE
        hits = np.array(
            [wrong[start : start + size].sum() for start in rng.integers(0, rows - size, SLICES)], dtype=float
        )
        trials = np.full(SLICES, float(size))
        names = [str(number) for number in range(SLICES)]
        of_slices = Family(condition, names, names, trials.astype(np.int64), Estimates(hits, trials))
        failed += bool(decide(of_slices, of_slices.enough)[1].any())
    return failed / simulations


def main() -> None:
    """Print how often gates fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", help="settings whose name holds this text")
    asked = parser.parse_args()
    print(f"{asked.simulations} simulations a setting and seed, {SLICES} slices each; failed for")
    for setting in SETTINGS:
        if asked.only and asked.only not in setting.name:
            continue
        for seed in asked.seeds:
            start = time.process_time()
            false, true = failures(setting, simulations=asked.simulations, seed=seed)
            spent = (time.process_time() - start) / asked.simulations
            worse = "" if setting.worse is None else f", the slice that is worse {true:6.1%}"
            print(
                f"{setting.name:55s} seed {seed}: slices without fault {false:6.1%}{worse} ({spent:.2f} CPU s)",
                flush=True,
            )
    for seed in asked.seeds if not asked.only or asked.only in "noise, overlapping slices" else []:
        share = overlapping(simulations=asked.simulations, seed=seed)
        print(f"{'noise, overlapping slices, n = 300':55s} seed {seed}: slices without fault {share:6.1%}")


if __name__ == "__main__":
    main()
