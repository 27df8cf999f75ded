from __future__ import annotations

import numpy as np
import pytest
from labelsift.metrics.weak_slices.discovery import discover
from labelsift.metrics.weak_slices.merge import overlap
from labelsift.metrics.weak_slices.regions import Condition, Feature

N = 8_000


def table(seed: int, rows: int = N) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "state": rng.integers(0, 8, rows),
        "plan": rng.integers(0, 4, rows),
        "age": rng.normal(45, 12, rows),
        "income": rng.lognormal(8, 1, rows),
    }


def features(columns: dict[str, np.ndarray]) -> list[Feature]:
    return [Feature(name, values) for name, values in columns.items()]


def errors(rate: np.ndarray, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random(len(rate)) < rate


def regions(columns: dict[str, np.ndarray], wrong: np.ndarray, **more: object) -> list[tuple[Condition, ...]]:
    return [entry.region for entry in discover(features(columns), wrong, **more).slices]  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_planted_slices_are_found_and_nothing_else(seed: int):
    columns = table(seed)
    pair = (columns["state"] == 3) & (columns["plan"] == 1)
    mixed = (columns["state"] == 5) & (columns["age"] > 40.5) & (columns["age"] <= 57)
    alone = (columns["income"] > 6_000) & (columns["income"] <= 8_500)
    planted = [pair, mixed, alone]
    found = discover(features(columns), errors(np.where(pair | mixed | alone, 0.4, 0.08), seed)).slices
    assert [max(overlap(mask, entry.rows) for entry in found) > 0.7 for mask in planted] == [True] * 3
    assert len(found) == 3
    for entry in found:
        assert entry.wrong / entry.n > 0.3 > 0.15 > entry.rest_wrong / entry.rest_n
        assert entry.n + entry.rest_n == len(entry.half) == N // 2  # measured in the other half


@pytest.mark.slow
def test_pure_noise_names_nothing_in_most_seeds():
    named = [len(discover(features(table(seed)), errors(np.full(N, 0.1), seed)).slices) for seed in range(40)]
    assert sum(count > 0 for count in named) <= 4


def test_one_condition_stays_one_condition():
    columns = table(5)
    found = regions(columns, errors(np.where(columns["plan"] == 2, 0.3, 0.1)))
    assert found == [(Condition("plan", code=2),)]


def test_a_parent_is_not_named_for_its_child():
    columns = table(6)
    child = (columns["plan"] == 2) & (columns["state"] == 4)
    assert regions(columns, errors(np.where(child, 0.5, 0.1))) == [
        (Condition("plan", code=2), Condition("state", code=4))
    ]


def test_a_weaker_part_of_a_weak_slice_is_named_beside_it():
    columns = table(7)
    parent = columns["plan"] == 2
    child = parent & (columns["state"] == 4)
    found = regions(columns, errors(np.where(child, 0.7, np.where(parent, 0.3, 0.05))))
    assert set(found) == {(Condition("plan", code=2),), (Condition("plan", code=2), Condition("state", code=4))}


def test_the_order_of_rows_and_columns_does_not_matter():
    columns = table(8)
    rate = np.where((columns["state"] == 1) & (columns["income"] > 4_000), 0.4, 0.1)
    wrong = errors(rate)
    keys = np.random.default_rng(0).integers(0, 2**63, N, dtype=np.uint64)
    usual = regions(columns, wrong, keys=keys)
    order = np.random.default_rng(1).permutation(N)
    assert usual
    assert regions({name: values[order] for name, values in columns.items()}, wrong[order], keys=keys[order]) == usual
    assert regions(dict(reversed(columns.items())), wrong, keys=keys) == usual


def test_other_names_for_columns_change_no_more_than_the_names():
    columns = table(9)
    wrong = errors(np.where((columns["state"] == 1) & (columns["age"] > 50), 0.4, 0.1))
    other = {"a": columns["income"], "b": columns["age"], "c": columns["state"], "d": columns["plan"]}
    first, second = (discover(features(names), wrong).slices for names in (columns, other))
    assert len(first) == len(second) == 1
    assert (first[0].rows == second[0].rows).all()


def test_the_same_rows_by_two_columns_are_named_once():
    columns = table(10)
    columns["region"] = columns["state"] // 2
    columns["zip"] = columns["state"] * 10
    found = regions(columns, errors(np.where(columns["state"] == 6, 0.4, 0.1)))
    assert len(found) == 1


def test_missing_values_are_values():
    columns = table(11)
    columns["age"][::9] = np.nan
    columns["plan"][1::9] = -1
    rate = np.where(np.isnan(columns["age"]) | (columns["plan"] < 0), 0.4, 0.1)
    assert set(regions(columns, errors(rate))) == {(Condition("age", code=-1),), (Condition("plan", code=-1),)}


@pytest.mark.parametrize("rows", [0, 1, 3, 25])
@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_few_rows_and_rows_all_right_or_all_wrong_name_nothing(rows: int, rate: float):
    assert discover(features(table(0, rows)), errors(np.full(rows, rate))).slices == ()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_many_rows_all_right_or_all_wrong_name_nothing(rate: float):
    assert discover(features(table(0)), np.full(N, bool(rate))).slices == ()


def test_no_columns_and_constant_columns_name_nothing():
    wrong = errors(np.full(N, 0.2))
    assert discover([], wrong).slices == ()
    constant = [Feature("a", np.ones(N)), Feature("b", np.zeros(N, dtype=int)), Feature("c", np.full(N, np.nan))]
    assert discover(constant, wrong).slices == ()


def test_infinite_and_huge_numbers_are_numbers():
    columns = table(12)
    age = columns["age"]
    age[:400], age[400:800], age[800:1200], age[1200:1300] = np.inf, -np.inf, 1e308, -1e308
    found = discover(features(columns), errors(np.where(age == np.inf, 0.5, 0.1))).slices
    assert len(found) == 1
    assert overlap(found[0].rows, age == np.inf) > 0.9


def test_a_condition_that_nearly_all_rows_of_a_slice_fulfil_is_left_out():
    columns = table(13)
    columns["whole"] = (np.arange(N) % 25 > 0).astype(int)  # the few others are all right
    rate = np.where(columns["whole"] == 0, 0.0, np.where(columns["plan"] == 2, 0.4, 0.1))
    assert (Condition("plan", code=2),) in regions(columns, errors(rate))


def test_most_rows_may_be_the_weak_ones():
    columns = table(14)
    found = discover(features(columns), errors(np.where(columns["age"] < 58, 0.4, 0.02))).slices
    assert len(found) == 1
    assert overlap(found[0].rows, columns["age"] < 58) > 0.95
