"""The import contracts hold, and the linter that says so sees a violation."""

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


def test_the_contracts_hold_and_a_lazy_import_upwards_breaks_them(package):
    result = lint(package)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout
    with (package / "labelsift" / "data" / "samples.py").open("a") as file:
        file.write("\n\ndef planted() -> None:\n    import labelsift.scanning\n")
    result = lint(package)
    assert result.returncode == 1, result.stdout
    assert "1 broken." in result.stdout
    assert "labelsift.data.samples -> labelsift.scanning" in result.stdout
