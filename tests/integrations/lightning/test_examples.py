"""The example scripts of PyTorch and Lightning run as they stand, and the scan finds what they planted."""

from __future__ import annotations

import re

import frameworks
import pytest
from example_scripts import printed

frameworks.require("torch", "lightning")
pytestmark = [pytest.mark.xdist_group("torch"), pytest.mark.slow]


@pytest.mark.parametrize("script", ["pytorch_loop", "lightning_tickets"])
def test_an_example_finds_most_of_what_it_planted(script, tmp_path):
    counts = re.search(r"of the (\d+) with the lowest scores (\d+) are", printed(script, tmp_path))
    planted, noticed = map(int, counts.groups())
    assert planted >= 10
    assert noticed >= 0.8 * planted
