"""Ties between columns: the test holds its level, and the measures tell a tie from none."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.contingency import counted, tie


@pytest.mark.parametrize("rows", [30, 300, 3000])
def test_sparse_tables_without_a_tie_are_rejected_as_often_as_promised(rows):
    p_values = []
    for seed in range(500):
        rng = np.random.default_rng(seed)
        values = rng.choice(6, rows, p=[0.5, 0.3, 0.1, 0.07, 0.02, 0.01])
        p_values.append(tie(counted(values, rng.integers(0, 10, rows))).p_value)
    assert np.mean(np.array(p_values) <= 0.05) < 0.08
    assert np.mean(np.array(p_values) <= 0.01) < 0.03


def test_the_p_value_is_that_of_shuffling():
    rng = np.random.default_rng(5)
    labels = rng.choice(8, 200, p=np.r_[0.6, np.full(7, 0.4 / 7)])
    values = np.where(rng.random(200) < 0.12, labels % 3, rng.integers(0, 3, 200))

    def chi_square(table):
        return (table**2 / np.outer(table.sum(axis=1), table.sum(axis=0))).sum()

    real = chi_square(counted(values, labels))
    shuffled = [chi_square(counted(values, rng.permutation(labels))) for _ in range(4000)]
    assert tie(counted(values, labels)).p_value == pytest.approx(np.mean(np.array(shuffled) >= real), abs=0.02)


def test_many_values_tell_nothing_by_being_many():
    rng = np.random.default_rng(0)
    gains = [tie(counted(rng.integers(0, 150, 300), rng.integers(0, 2, 300))) for _ in range(50)]
    assert np.mean([found.gain for found in gains]) < 0.05
    assert np.mean([found.cramers_v for found in gains]) < 0.1


def test_rows_without_a_code_are_left_out():
    values, labels = np.array([0, 0, 1, 1, -1, 2]), np.array([3, 3, 5, 5, 3, -1])
    assert counted(values, labels).tolist() == [[2, 0], [0, 2]]
    found = tie(counted(values, labels))
    assert (found.rows, found.accuracy, found.gain, found.cramers_v) == (4, 1.0, 1.0, pytest.approx(1.0))
    assert tie(counted(values, np.full(6, 1))).p_value == 1
    assert tie(counted(values, np.full(6, -1))).rows == 0


def test_even_labels_are_guessed_right_as_often_as_the_commonest_is_there():
    labels = np.repeat(np.arange(10), 80)
    values = np.random.default_rng(0).permutation(np.arange(800) % 3)
    found = tie(counted(values, labels))
    assert found.majority == 0.1
    assert found.gain < 0.06
