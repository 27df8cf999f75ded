"""The newest versions of everything that labelsift asks for still install together. Needs the network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.soak

NAMED = {"label-studio-sdk", "fastapi", "uvicorn", "argilla", "mlflow", "wandb", "cleanlab", "transformers", "requests"}


def pins(path: Path) -> dict[str, str]:
    """Read the versions of a requirements file, by name."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if "==" in line)
    return {name: version for name, _, version in (line.partition("==") for line in lines)}


def newest(folder: Path, extra: str, python: str) -> dict[str, str]:
    """Resolve the newest versions without the constraints; nothing is installed."""
    listed = folder / "found.txt"
    # uv judges the markers of the requirements by the version asked for; pip takes those of the one that runs.
    command = [Path(sys.executable).parent / "uv", "pip", "compile", "-q", "--upgrade", "--no-annotate"]
    command += ["--python-version", python, ROOT / "pyproject.toml", "--extra", extra, "-o", listed]
    result = subprocess.run(map(str, command), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    return pins(listed)


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_the_clients_of_all_platforms_install_together(tmp_path, python):
    versions = newest(tmp_path, "all", python)
    assert NAMED - set(versions) == set()
    assert "torch" not in versions  # gigabytes: the user's own choice


def test_no_package_has_a_new_major_version(tmp_path):
    """If one has: ``make upgrade``, then ``make test`` says what breaks."""
    pinned = pins(ROOT / "constraints.txt")
    versions = newest(tmp_path, "all", "3.11") | newest(tmp_path, "dev", "3.11")

    def major(version: str) -> int:
        return int(version.split(".")[0])

    newer = {
        name: f"{pinned[name]} -> {version}"
        for name, version in versions.items()
        if name in pinned and major(version) > major(pinned[name])
    }
    assert newer == {}


def test_the_constraints_name_what_the_requirements_allow(tmp_path):
    command = [Path(sys.executable).parent / "uv", "pip", "compile", "-q", "-c", ROOT / "constraints.txt"]
    command += ["--python-version", "3.11", ROOT / "pyproject.toml", "--extra", "dev", "--no-annotate", "--no-header"]
    result = subprocess.run(map(str, command), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    assert {line.partition("==")[0] for line in result.stdout.split()} == set(pins(ROOT / "constraints.txt"))
