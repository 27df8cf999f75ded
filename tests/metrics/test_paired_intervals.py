"""The intervals of differences: published figures, and coverage of known truth in seeded simulations."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.metrics.compare import compare
from labelsift.metrics.paired_intervals import FEWEST, MANY, Outcomes, f1_difference, rate_difference
from labelsift.metrics.slice_metrics import ScoredLabels, overall


def outcomes(old: np.ndarray, new: np.ndarray, shared: int) -> Outcomes:
    """Count two runs of simulations: bool, shape (simulations, n) each; the first ``shared`` samples are the same."""
    old_shared, other = old[:, :shared], new[:, :shared]
    return Outcomes(
        old_hits=old.sum(axis=1),
        old_total=np.full(len(old), old.shape[1]),
        new_hits=new.sum(axis=1),
        new_total=np.full(len(new), new.shape[1]),
        both=(old_shared & other).sum(axis=1),
        old_only=(old_shared & ~other).sum(axis=1),
        new_only=(~old_shared & other).sum(axis=1),
        neither=(~old_shared & ~other).sum(axis=1),
    )


def of_table(both: int, old_only: int, new_only: int, neither: int) -> tuple[float, float]:
    table = [np.array([count]) for count in (both, old_only, new_only, neither)]
    total = sum(table)
    low, high = rate_difference(Outcomes(table[0] + table[1], total, table[0] + table[2], total, *table))
    return round(float(low[0]), 3), round(float(high[0]), 3)


def test_the_paired_interval_is_the_published_one():
    # Airway hyper-responsiveness, Fagerland, Lydersen and Laake 2014: before less after; here it is after less before.
    assert of_table(1, 1, 7, 12) == (0.026, 0.507)


def test_without_shared_samples_it_is_newcombes_for_independent_ones():
    old, new = np.arange(80)[None] < 48, np.arange(70)[None] < 56
    low, high = rate_difference(outcomes(old, new, 0))
    assert (round(low[0], 4), round(high[0], 4)) == (0.0524, 0.3339)  # Newcombe 1998, example (a)


@pytest.mark.parametrize("part", [1, 2 / 3, 0])
@pytest.mark.parametrize(("n", "flip", "fixed"), [(150, 0.04, 0.5), (150, 0.02, 0.1), (1000, 0.02, 0.2)])
def test_intervals_of_rates_cover_the_truth_and_pairing_narrows_them(n, flip, fixed, part):
    rng, simulations, rate, shared = np.random.default_rng(3), 2000, 0.15, int(n * part)
    old = rng.random((simulations, n)) < rate
    new = rng.random((simulations, n)) < rate * (1 - fixed) + (1 - rate) * flip
    same = np.where(old, rng.random(old.shape) >= fixed, rng.random(old.shape) < flip)
    new[:, :shared] = same[:, :shared]
    truth = (1 - rate) * flip - rate * fixed
    low, high = rate_difference(outcomes(old, new, shared))
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.99  # discrete: wide where few samples changed
    if shared:
        wide_low, wide_high = rate_difference(outcomes(old, new, 0))
        assert (high - low).mean() < 0.95 * (wide_high - wide_low).mean()


def test_nothing_is_said_of_a_cell_without_judged_samples():
    empty = np.zeros((1, 0), dtype=bool)
    low, high = rate_difference(outcomes(empty, empty, 0))
    assert np.isnan(low).all() and np.isnan(high).all()


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw given labels of three classes, and two models' predictions, the new one better and much like the old one."""
    given = rng.choice(3, n, p=(0.5, 0.3, 0.2))
    old = np.where(rng.random(n) < 0.75, given, rng.integers(0, 3, n))
    new = np.where(rng.random(n) < 0.3, given, old)
    return given, old, new


def both_f1(given: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    nothing = np.zeros(len(given), dtype=bool)
    interval = overall(ScoredLabels(("a", "b", "c"), given, predicted, nothing, nothing, ""))
    return np.array([interval["f1"], interval["weighted_f1"]])


def test_intervals_of_f1_cover_the_truth():
    rng = np.random.default_rng(5)
    given, old, new = drawn(rng, 400_000)
    truth = both_f1(given, new) - both_f1(given, old)
    hits, widths = np.zeros(2), np.zeros(2)
    for _ in range(300):
        given, old, new = drawn(rng, 200)
        kinds, counts = np.unique(np.column_stack([given, old, new]), axis=0, return_counts=True)
        low, high = f1_difference((kinds[:, 0], kinds[:, 1]), (kinds[:, 0], kinds[:, 2]), counts)
        hits += (low <= truth) & (truth <= high)
        widths += high - low
    assert (hits / 300 >= 0.91).all() and (hits / 300 <= 0.985).all(), hits / 300
    assert (widths / 300 < 0.12).all()  # two independent runs would need about .18


def test_the_bootstrap_repeats_itself_and_keeps_silent_on_few_samples():
    given, old, new = drawn(np.random.default_rng(1), 60)
    ones = np.ones(60, dtype=np.int64)
    first, second = (f1_difference((given, old), (given, new), ones) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    few = slice(0, FEWEST - 1)
    assert np.isnan(f1_difference((given[few], old[few]), (given[few], new[few]), ones[few])).all()


def test_many_kinds_of_samples_have_the_interval_of_their_sum():
    given, old, new = drawn(np.random.default_rng(1), MANY + 500)
    apart = f1_difference((given, old), (given, new), np.ones(MANY + 500, dtype=np.int64))
    kinds, counts = np.unique(np.column_stack([given, old, new]), axis=0, return_counts=True)
    together = f1_difference((kinds[:, 0], kinds[:, 1]), (kinds[:, 0], kinds[:, 2]), counts)
    width = together[1] - together[0]
    assert (np.abs(np.array(apart) - np.array(together)) < 0.25 * width).all()


def test_the_comparison_pairs_the_samples_of_each_slice_and_takes_moved_ones_as_others():
    n, rng = 120, np.random.default_rng(2)
    given = [("a", "b")[row % 2] for row in range(n)]
    before = [label if draw > 0.3 else "b" for label, draw in zip(given, rng.random(n), strict=True)]
    after = [label if draw > 0.3 else other for label, other, draw in zip(before, given, rng.random(n), strict=True)]
    place = ["CA" if row < 80 else "NY" for row in range(n)]
    moved = ["NY" if row < 20 else "CA" if row < 80 else "NY" for row in range(n)]

    def run(predicted: list[str], state: list[str], ids: range) -> ls.Report:
        table = {"id": [f"s{number}" for number in ids], "text": [f"text {row}" for row in range(n)], "label": given}
        samples = ls.read(
            pa.table(table | {"predicted": predicted, "state": state}),
            id="id",
            label="label",
            predicted="predicted",
            metadata=["state"],
        )
        return ls.scan(samples, only=["empty"], store=None)

    def accuracy(comparison) -> dict[str | None, tuple[float, float]]:
        rows = [*comparison.metrics.to_pylist(), *comparison.slices.to_pylist()]
        return {row.get("slug"): (row["low"], row["high"]) for row in rows if row["metric"] == "accuracy"}

    old, new = run(before, place, range(n)), run(after, place, range(n))
    hits = np.array([[label == two for label, two in zip(side, given, strict=True)] for side in (before, after)])
    intervals = accuracy(compare(old, new))
    for slug, rows in ((None, slice(0, n)), ("state:CA", slice(0, 80)), ("state:NY", slice(80, n))):
        low, high = rate_difference(outcomes(hits[:1, rows], hits[1:, rows], hits[:, rows].shape[1]))
        assert intervals[slug] == pytest.approx((low[0], high[0]))

    partly = accuracy(compare(old, run(after, moved, range(n))))
    low, high = rate_difference(outcomes(hits[:1, np.r_[20:80, :20]], hits[1:, 20:80], 60))
    assert partly["state:CA"] == pytest.approx((low[0], high[0]))

    f1 = {row["metric"]: row for row in compare(old, new).metrics.to_pylist()}["f1"]
    codes = [np.array([label == "b" for label in side], dtype=np.int64) for side in (given, before, after)]
    kinds, counts = np.unique(np.column_stack(codes), axis=0, return_counts=True)
    order = np.lexsort((kinds[:, 2], kinds[:, 0], kinds[:, 1], kinds[:, 0]))
    low, high = f1_difference((kinds[order, 0], kinds[order, 1]), (kinds[order, 0], kinds[order, 2]), counts[order])
    assert (f1["low"], f1["high"]) == pytest.approx((low[0], high[0]))
    assert f1["low"] < f1["difference"] < f1["high"]
