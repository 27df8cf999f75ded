"""The benchmark of gates: noise seldom fails, a slice that is worse does, and its runs are what their names say."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # benchmarks are no part of the package

from benchmarks.gates import BASE, SETTINGS, WORSE, failures, made_runs

BY_NAME = {setting.name: setting for setting in SETTINGS}


def test_runs_are_what_their_names_say():
    new, old = made_runs(BY_NAME["one slice 20 %, same samples as the baseline"], np.random.default_rng(0))
    assert old is not None and old.samples.ids.equals(new.samples.ids)
    for run, rate in ((new, WORSE), (old, BASE)):
        table = run.samples.table
        wrong = np.array(table["label"]) != np.array(table["predicted"])
        first = (np.array(run.samples.metadata["a"]) == "0") & (np.array(run.samples.metadata["b"]) == "0")
        assert first.sum() == 300
        assert abs(wrong[first].mean() - rate) < 0.07 and abs(wrong[~first].mean() - BASE) < 0.01
    new, old = made_runs(BY_NAME["noise, none shared, n = 50"], np.random.default_rng(0))
    assert old is not None and not set(old.samples.ids.to_pylist()) & set(new.samples.ids.to_pylist())


@pytest.mark.slow
def test_every_setting_is_a_gate_that_runs():
    for setting in SETTINGS:
        false, true = failures(setting, simulations=1, seed=5)
        assert 0 <= false <= 1 and 0 <= true <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most_false", "least_true"),
    [
        ("noise, n = 300", 0.08, 0),
        ("noise, macro F1, classes of 5 to 60 %, n = 100", 0.08, 0),
        ("noise, half of them shared, n = 300", 0.08, 0),
        ("one slice 20 %, n = 300", 0.08, 0.8),
        ("one slice 20 %, same samples as the baseline", 0.08, 0.8),
    ],
)
def test_noise_seldom_fails_and_a_worse_slice_does(name, most_false, least_true):
    false, true = failures(BY_NAME[name], simulations=60, seed=7)
    assert false <= most_false and true >= least_true
