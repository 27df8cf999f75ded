"""Weak slices: planted ones that are found, false ones that are named, and CPU seconds, beside sliceline and a tree.

    OMP_NUM_THREADS=1 python -m benchmarks.slice_discovery [--first 100] [--tables 20] [--only plain] [--ours]

Tables are made (:mod:`benchmarks.planted_slices`): 50,000 rows of five category and five number columns, an error rate
of 8 %, and four planted slices with 20 to 30 % errors in 1 to 3 % of the rows each: a pair of categories, a category
with an interval, an interval, and two intervals crossed. Borders are short numbers and no quantiles. Variants change
one thing. A planted slice is found where a named one shares .7 of the rows of either; a named one is false where its
error rate in 300,000 fresh rows of the same make is not above the base. Everything was chosen on seeds 0 to 19.

sliceline (two conditions at most, 250 rows at least) gets numbers in 10 quantile bins; of weights of the errors and
numbers of bins the best were taken, with its defaults it names nothing. It names ten slices whatever the data. The
tree (scikit-learn) has categories one-hot, its size chosen by cross-validated log loss, and grows on one half of the
rows; of its leaves those are named whose error rate in the other half is above that of the rest by Fisher's exact test
under Benjamini and Hochberg at 5 %, as ours are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from labelsift.metrics.weak_slices.discovery import discover
from labelsift.metrics.weak_slices.merge import overlap
from labelsift.metrics.weak_slices.regions import Feature, region_mask
from labelsift.models.rates import discovery_limit
from scipy.stats import hypergeom

from .planted_slices import Generator, Setting, Table

FRESH = 300_000
FOUND = 0.7
NAMED, ALPHA, SUPPORT, BINS = 10, 0.995, 250, 10  # sliceline: slices, weight of errors, rows, bins; best on seeds 0-2
SETTINGS = {
    "plain": Setting(),
    "base error 2 %": Setting(base=0.02, raised=(0.08, 0.15)),
    "base error 30 %": Setting(base=0.3, raised=(0.5, 0.65)),
    "sizes 0.5 to 1 %": Setting(sizes=(0.005, 0.01), raised=(0.25, 0.4)),
    "sizes 5 to 10 %, weaker": Setting(sizes=(0.05, 0.1), raised=(0.12, 0.2)),
    "nothing planted": Setting(slices=0),
    "nothing planted, 3,000 rows, 20 %": Setting(slices=0, rows=3_000, base=0.2),
    "four columns nearly copied": Setting(twins=4),
    "heavy tails": Setting(shapes=("student", "lognormal")),
    "up to 200 categories": Setting(values=200),
    "3,000 rows, sizes 5 to 10 %": Setting(rows=3_000, sizes=(0.05, 0.1), raised=(0.3, 0.5)),
    "errors by class, and a column that follows it": Setting(by_class=True, raised=(0.35, 0.5)),
    "20 columns": Setting(categories=10, numbers=10),
    "numbers only": Setting(categories=0, numbers=10),
    "seven slices": Setting(slices=7, missing=0.2),
    "100,000 rows, base error 15 %": Setting(rows=100_000, base=0.15, raised=(0.3, 0.4)),
    # Nothing was chosen on these, on any seed.
    "half of the values missing": Setting(missing=0.5),
    "few values, whole numbers": Setting(values=5, shapes=("whole",)),
    "10,000 rows, sizes 3 to 6 %": Setting(rows=10_000, sizes=(0.03, 0.06), raised=(0.25, 0.4)),
    "base error 8 %, two slices of 15 to 20 %": Setting(slices=2, raised=(0.15, 0.2), sizes=(0.02, 0.04)),
}
Slices = list[tuple[np.ndarray, np.ndarray]]
Method = Callable[[Table, Table], Slices]


@dataclass
class Score:
    """What a method found."""

    planted: int = 0
    found: int = 0
    named: int = 0
    false: int = 0
    seconds: list[float] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)

    def add(self, slices: Slices, table: Table, fresh: Table, base: float) -> None:
        """Count the slices of one table: masks of its rows and of the fresh ones."""
        best = [max((overlap(mask, own) for own, _ in slices), default=0.0) for mask in table.planted]
        self.overlaps += best
        self.planted += len(best)
        self.found += sum(share >= FOUND for share in best)
        self.named += len(slices)
        self.false += sum(not rows.any() or fresh.wrong[rows].mean() <= base for _, rows in slices)

    def line(self, name: str) -> str:
        """Write a row of a table."""
        recall = f"{self.found / self.planted:.3f}" if self.planted else "–"
        share = f"{np.mean(self.overlaps):.2f}" if self.overlaps else "–"
        false = f"{self.false} of {self.named}"
        seconds = f"{np.mean(self.seconds):.2f} | {max(self.seconds):.2f}"
        return f"| {name} | {recall} | {share} | {self.named / len(self.seconds):.2f} | {false} | {seconds} |"


def ours(table: Table, fresh: Table) -> Slices:
    """Name slices as the product does."""
    features, others = (
        [Feature(f"c{place:02d}", values) for place, values in enumerate(rows.columns)] for rows in (table, fresh)
    )
    slices = discover(features, table.wrong).slices
    by_name = {feature.name: feature for feature in others}
    return [(entry.rows, region_mask(entry.region, by_name, np.arange(len(fresh.wrong)))) for entry in slices]


def sliceline(table: Table, fresh: Table) -> Slices:
    """Name slices as sliceline does, from bins."""
    from sliceline.slicefinder import Slicefinder

    codes, others = (_binned(table.columns, rows.columns) for rows in (table, fresh))
    finder = Slicefinder(alpha=ALPHA, k=NAMED, max_l=2, min_sup=SUPPORT, verbose=False)
    finder.fit(codes, table.wrong.astype(float))
    return [
        tuple(np.all([part[:, place] == value for place, value in enumerate(terms) if value is not None], axis=0)
              for part in (codes, others))
        for terms in ([] if finder.top_slices_ is None else finder.top_slices_)
    ]  # fmt: skip


def tree(table: Table, fresh: Table) -> Slices:
    """Name the leaves of a decision tree that are weak in the half that did not grow it."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    columns, others = (_one_hot(table.columns, rows.columns) for rows in (table, fresh))
    halves = np.random.default_rng(0).permutation(len(table.wrong))
    grow, measure = halves[::2], halves[1::2]
    grid = {"max_leaf_nodes": [8, 16, 32, 64], "min_samples_leaf": [50, 150]}
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid, scoring="neg_log_loss", cv=3)
    search.fit(columns[grow], table.wrong[grow])
    leaves, other_leaves = search.best_estimator_.apply(columns), search.best_estimator_.apply(others)
    wrong = table.wrong[measure]
    p_values = {}
    for leaf in np.unique(leaves[measure]).tolist():
        inside = leaves[measure] == leaf
        p_values[leaf] = float(hypergeom.sf(wrong[inside].sum() - 1, len(wrong), wrong.sum(), inside.sum()))
    limit = discovery_limit(list(p_values.values()), rate=0.05)
    return [(leaves == leaf, other_leaves == leaf) for leaf, p_value in p_values.items() if p_value <= limit]


def _binned(known: list[np.ndarray], columns: list[np.ndarray]) -> np.ndarray:
    """Return codes from 1, numbers in quantile bins of the known rows: int64, shape (n, columns)."""
    coded = []
    for before, values in zip(known, columns, strict=True):
        if values.dtype.kind != "f":
            coded.append(values + 2)
            continue
        edges = np.unique(np.nanquantile(before, np.arange(1, BINS) / BINS))
        coded.append(np.where(np.isnan(values), len(edges) + 2, np.searchsorted(edges, values) + 1))
    return np.stack(coded, axis=1)


def _one_hot(known: list[np.ndarray], columns: list[np.ndarray]) -> np.ndarray:
    """Return numbers as they are, and a column for each category: float32, shape (n, m)."""
    parts = []
    for before, values in zip(known, columns, strict=True):
        if values.dtype.kind == "f":
            parts.append(values.astype(np.float32)[:, None])
        else:
            parts.append((values[:, None] == np.unique(before)).astype(np.float32))
    return np.concatenate(parts, axis=1)


def main() -> None:
    """Print a row a setting and method."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=100, help="first seed")
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=list(SETTINGS), choices=list(SETTINGS), metavar="SETTING")
    parser.add_argument("--ours", action="store_true", help="nothing beside")
    arguments = parser.parse_args()
    methods = {"labelsift": ours} if arguments.ours else {"labelsift": ours, "decision tree": tree} | _sliceline()
    print("| tables | recall at IoU .7 | mean IoU | named a table | false | CPU seconds, mean | most |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.only:
        scores = run(SETTINGS[name], range(arguments.first, arguments.first + arguments.tables), methods)
        for method, score in scores.items():
            print(score.line(name if len(methods) == 1 else f"{name}: {method}"), flush=True)
        for method in list(scores)[1:]:
            ratio = np.sum(scores[method].seconds) / np.sum(scores["labelsift"].seconds)
            print(f"  {method}: {ratio:.1f} times the CPU seconds of labelsift")


def run(setting: Setting, seeds: range, methods: dict[str, Method]) -> dict[str, Score]:
    """Return what each method found in tables of one setting."""
    scores = {name: Score() for name in methods}
    for seed in seeds:
        generator = Generator(seed, setting)
        table, fresh = generator.draw(setting.rows, seed), generator.draw(FRESH, seed + 10_000)
        base = float(fresh.wrong.mean()) if setting.by_class else setting.base
        for name, method in methods.items():
            start = time.process_time()
            slices = method(table, fresh)
            scores[name].seconds.append(time.process_time() - start)
            scores[name].add(slices, table, fresh, base)
    return scores


def _sliceline() -> dict[str, Method]:
    try:
        import sliceline as _  # noqa: F401
    except ImportError:
        print("sliceline is not installed (pip install sliceline==0.3.0): left out")
        return {}
    return {"sliceline": sliceline}


if __name__ == "__main__":
    main()
