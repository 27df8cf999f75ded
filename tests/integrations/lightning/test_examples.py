"""The example scripts of PyTorch and Lightning run as they stand, and the scan finds what they planted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import frameworks
import pytest

frameworks.require("torch", "lightning")
pytestmark = [pytest.mark.xdist_group("torch"), pytest.mark.slow]
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("script", ["pytorch_loop.py", "lightning_tickets.py"])
def test_an_example_finds_most_of_what_it_planted(script, tmp_path):
    path = os.pathsep.join(frameworks.activate())
    command = [sys.executable, str(EXAMPLES / script), "--store", str(tmp_path / "kept")]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    planted, found = map(int, re.search(r"of the (\d+) with the lowest scores (\d+) are", ended.stdout).groups())
    assert planted >= 10
    assert found >= 0.8 * planted
    assert list((tmp_path / "kept" / "captures").iterdir())
