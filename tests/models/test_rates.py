"""Intervals of rates and the bound on false discoveries."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.rates import discovery_limit, rows_for_interval, wilson


@pytest.mark.parametrize("half_width", [0.2, 0.1, 0.05, 0.03])
def test_the_rows_for_an_interval_are_the_fewest_that_give_it(half_width):
    rows = rows_for_interval(half_width)
    widths = [float(np.ptp(wilson(np.array([n / 2]), np.array([n])))) / 2 for n in (rows - 1, rows)]
    assert widths[0] > half_width >= widths[1]


def test_false_discoveries_stay_within_the_rate():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        p_values = np.concatenate([rng.random(90), rng.random(10) * 1e-5])
        passed = np.flatnonzero(p_values <= discovery_limit(p_values, rate=0.1))
        shares.append((passed < 90).sum() / max(len(passed), 1))
    assert np.mean(shares) <= 0.1
    assert discovery_limit([], rate=0.1) == -1
