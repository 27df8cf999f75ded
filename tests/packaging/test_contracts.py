"""The import contracts hold, and the linter that says so can see a violation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def package(checkout, tmp_path) -> Path:
    shutil.copytree(checkout / "core", tmp_path / "labelsift")
    shutil.copytree(checkout / "integrations", tmp_path / "labelsift" / "integrations")
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def lint(package: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(package)}
    return subprocess.run(map(str, command), cwd=package, env=env, capture_output=True, text=True, check=False)


def test_the_contracts_hold(package):
    result = lint(package)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("samples.py", "import labelsift.integrations.mlflow"),
        ("errors.py", "from .report import Report"),
        ("neighbors.py", "import sklearn"),
        ("unplaced.py", "VALUE = 1"),
        ("integrations/xlsx/pull.py", "from labelsift.integrations.label_studio.convert.task_fields import is_own"),
    ],
)
def test_a_planted_violation_is_caught(package, module, line):
    with (package / "labelsift" / module).open("a") as file:
        file.write(f"\n\ndef planted() -> None:\n    {line}\n")
    result = lint(package)
    assert result.returncode == 1, result.stdout
    assert " broken." in result.stdout
    assert "0 broken" not in result.stdout
