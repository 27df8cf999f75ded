"""The clients of all platforms install together with labelsift."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NAMED = {"label-studio-sdk", "fastapi", "uvicorn", "argilla", "mlflow", "wandb", "cleanlab", "transformers", "requests"}


def resolved(checkout, tmp_path, *options: str) -> dict[str, str]:
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report", report]
    result = subprocess.run(
        [*map(str, command), *options, f"{checkout}[all]"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr[-3000:]
    installs = json.loads(report.read_text())["install"]
    return {one["metadata"]["name"].lower().replace("_", "-"): one["metadata"]["version"] for one in installs}


def test_all_named_packages_install_together(checkout, tmp_path):
    found = resolved(checkout, tmp_path)
    assert NAMED - set(found) == set()
    assert "torch" not in found  # gigabytes: the user's own choice
    assert tuple(map(int, found["label-studio-sdk"].split(".")[:2])) >= (2, 0)


@pytest.mark.soak
@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_they_resolve_for_newer_pythons(checkout, tmp_path, version):
    # uv judges the markers of the requirements by the version asked for; pip takes those of the one that runs.
    found = tmp_path / "found.txt"
    command = [Path(sys.executable).parent / "uv", "pip", "compile", "-q", "--python-version", version]
    command += [checkout / "pyproject.toml", "--extra", "all", "-o", found]
    result = subprocess.run(map(str, command), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    assert NAMED - {line.partition("==")[0] for line in found.read_text().splitlines()} == set()
