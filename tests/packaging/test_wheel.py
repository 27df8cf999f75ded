"""The wheel holds everything, brings nothing else, and works alone."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from labelsift.demo.local_servers import environment

from .conftest import ROOT, tracked

pytestmark = pytest.mark.slow

LIMIT = 700 * 2**20  # of which the run store, Arrow and SciPy are three quarters
HEAVY = {"torch", "transformers", "cleanlab", "sklearn", "mlflow", "wandb", "argilla", "label_studio_sdk", "pandas"}


def test_the_wheel_holds_every_tracked_file(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    places = {"core": "labelsift", "integrations": "labelsift/integrations"}
    expected = {
        str(Path(places[name.parts[0]], *name.parts[1:]))
        for name in tracked("core", "integrations")
        if name.name != "README.md"
    }
    assert len(expected) > 60
    assert expected - inside == set()


def test_the_wheel_brings_no_other_top_level_package(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"labelsift"}


@pytest.fixture(scope="session")
def base() -> Path:
    """The ``bin`` folder of an environment that holds labelsift's hard dependencies and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = ROOT / "constraints.txt"
    return environment("labelsift-base", project["dependencies"], say=lambda line: None, constraints=pinned)


def test_the_base_install_is_light(base):
    packages = next((base.parent / "lib").glob("python*/site-packages"))
    own = {"pip", "setuptools", "pkg_resources", "_distutils_hack"}
    files = [
        file
        for file in packages.rglob("*")
        if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts
        if file.relative_to(packages).parts[0].split("-")[0] not in own
    ]
    assert sum(file.stat().st_size for file in files) <= LIMIT
    assert {folder.name for folder in packages.iterdir()} & HEAVY == set()


def test_the_wheel_alone_runs_the_demo(base, wheel, tmp_path):
    target, work = tmp_path / "installed", tmp_path / "work"
    work.mkdir()
    install = [base / "python", "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel]
    subprocess.run([str(part) for part in install], check=True)
    env = {**os.environ, "PYTHONPATH": str(target)}
    command = [str(base / "python"), "-c", "from labelsift.cli import main; main()", "demo", "--no-platforms"]
    result = subprocess.run(
        command, cwd=work, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["scan"]["rows"] == 800
    assert summary["scan"]["issues"]["label"]["count"] > 30
    assert (work / summary["report"]).stat().st_size > 50_000


@pytest.fixture(scope="session")
def beside_mlflow() -> Path:
    """The ``bin`` folder of an environment with what ``pip install "labelsift[mlflow]"`` brings, but labelsift."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["mlflow"]]
    return environment("labelsift-mlflow", needed, say=lambda line: None, constraints=ROOT / "constraints.txt")


EVALUATION = """
import json, mlflow, pandas
data = pandas.DataFrame({"state": ["CA", "NY"] * 30, "label": ["a", "b", "b"] * 20, "predicted": ["a", "b", "a"] * 20})
mlflow.set_experiment("installed")
config = {"slices": ["state"], "gates": ["accuracy >= 0.9"]}
result = mlflow.models.evaluate(
    data=data, targets="label", predictions="predicted", model_type="classifier",
    evaluators="labelsift", evaluator_config=config,
)
print(json.dumps(result.metrics))
"""


def test_mlflow_finds_the_evaluator_of_the_installed_wheel(beside_mlflow, wheel, tmp_path):
    target, work = tmp_path / "installed", tmp_path / "work"
    work.mkdir()
    install = [beside_mlflow / "python", "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel]
    subprocess.run([str(part) for part in install], check=True)
    env = {**os.environ, "PYTHONPATH": str(target), "MLFLOW_TRACKING_URI": f"sqlite:///{work}/mlflow.db"}
    env |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    command = [str(beside_mlflow / "python"), "-c", EVALUATION]
    result = subprocess.run(command, cwd=work, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    metrics = json.loads(result.stdout.splitlines()[-1])
    assert metrics["slice.accuracy/state:CA"] == pytest.approx(2 / 3) and metrics["gate/passed"] == 0
