"""Over-represented values: named where intervals lie apart, and nowhere else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from labelsift.checks.over_represented import over_represented
from labelsift.io.read import read


def value_of(columns: dict[str, list[str | None]], chosen: list[int]):
    n = len(next(iter(columns.values())))
    table = pa.table({"id": [f"r{row}" for row in range(n)], "text": ["x"] * n, **columns})
    rows = np.zeros(n, dtype=bool)
    rows[chosen] = True
    return over_represented(read(table, id="id", metadata=list(columns)), rows, np.ones(n, dtype=bool))


def test_the_column_with_the_greatest_difference_is_named():
    channel = ["email"] * 20 + ["chat"] * 80
    state = ["CA"] * 60 + ["NY"] * 40
    value = value_of({"state": state, "channel": channel}, list(range(18)))
    assert (value.column, value.value, value.rows, value.share) == ("channel", "email", 18, 1.0)
    assert value.elsewhere == 2 / 82


def test_random_values_are_named_in_few_draws():
    named = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        columns = {f"c{number}": draw.choice(["a", "b"], 200).tolist() for number in range(5)}
        named += value_of(columns, draw.choice(200, 40, replace=False).tolist()) is not None
    assert named <= 5


def test_nothing_is_named_without_metadata_others_or_two_values():
    assert value_of({"channel": ["a"] * 10}, [0, 1]) is None
    assert value_of({"channel": ["a", "b"] * 5}, list(range(10))) is None
    assert value_of({"channel": ["a", "b"] * 5}, []) is None
    assert value_of({"name": [f"person {row}" for row in range(100)]}, list(range(50))) is None
    assert value_of({"channel": [None] * 50 + ["a", "b"] * 25}, list(range(50))) is None
