"""What docs/similar.md shows must run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from labelsift.demo.tickets import write_tickets

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "similar.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_examples_run_in_their_order_and_only_name_options_that_exist(tmp_path):
    write_tickets(tmp_path / "labelsift-demo", 0)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    examples = re.findall(r"^```(bash|python)\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert [language for language, _ in examples] == ["bash", "bash", "bash", "python"]
    for language, example in examples:
        command = ["bash", "-euo", "pipefail", "-c"] if language == "bash" else [sys.executable, "-c"]
        done = subprocess.run([*command, example], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert "unchanged=800" in done.stdout


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", DOCUMENT):
        assert (ROOT / "docs" / target).exists()
