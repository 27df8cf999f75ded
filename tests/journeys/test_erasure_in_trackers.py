"""What was erased is taken out of MLflow's runs and named for W&B's, and the words that say so are true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelsift.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.filterwarnings("default")]
GONE, STAYS = "ticket-gone", "ticket-0007"
WORDS = {"card": "my bank card was stolen", "loan": "the rate of my home loan", "app": "the app does not start"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from labelsift.integrations.mlflow.server import MLflowServer

    with MLflowServer(tmp_path_factory.mktemp("mlflow"), say=print) as running:
        yield running


@pytest.fixture
def trackers(server, tmp_path, monkeypatch):
    """Both trackers as a user sets them; W&B writes to a folder of the test."""
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "wandb_files"))
    (tmp_path / "wandb_files").mkdir()
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    return server


@pytest.fixture
def report(tmp_path) -> ls.Report:
    """A run in a store in which two samples' labels are surely wrong: the one to be erased and another."""
    names, n = list(WORDS), 240
    labels = [names[row % 3] for row in range(n)]
    texts = [f"{WORDS[label]}, case {row}" for row, label in enumerate(labels)]
    ids = [f"ticket-{row:04d}" for row in range(n)]
    for row, id in ((3, GONE), (7, STAYS)):
        ids[row], labels[row] = id, names[(row + 1) % 3]
    texts[3] += " Quokkaberg"
    columns = {"id": ids, "text": texts, "label": labels, "state": np.array(["CA", "NY"])[np.arange(n) % 2]}
    read = ls.read(pa.table(columns), id="id", label="label", metadata=["state"], name="tickets")
    made = ls.scan(read, store=tmp_path / "kept", only=["label"], budget=12, progress=False)
    assert {GONE, STAYS} <= set(made.findings["id"].to_pylist())
    return made


def forget(store: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["forget", GONE, "--store", str(store), "--yes", *more])


def not_reached(result: Result) -> list[str]:
    lines = [line for line in result.stdout.splitlines() if line.startswith("Not reached")]
    assert result.exit_code == bool(lines), result.output
    return lines


def files_with(folder: Path, word: str) -> list[str]:
    """Name the files under a folder that hold a word, also in Parquet."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += json.dumps(pa.parquet.read_table(path).to_pylist(), default=str).encode()
            if word.encode() in content:
                found.append(path.name)
    return found


@pytest.mark.parametrize("with_text", [False, True])
def test_every_tracker_is_without_the_sample_or_named(trackers, report, tmp_path, with_text):
    import pyarrow.parquet  # noqa: F401 - for files_with

    store, artifacts = tmp_path / "kept", trackers.folder / "artifacts"
    in_mlflow = report.log("mlflow", target=f"erased {with_text}", with_text=with_text)
    in_wandb = report.log("wandb", target="tickets", with_text=with_text)
    (run_folder,) = artifacts.glob(f"*/{in_mlflow.target}")
    assert {"flagged.json", "flagged.parquet", "report.html"} <= set(files_with(run_folder, GONE))
    assert files_with(tmp_path / "wandb_files", GONE)
    assert bool(files_with(run_folder, "Quokkaberg")) is with_text

    planned = json.loads(forget(store, "--dry-run", "--json").stdout)
    assert planned["platforms"] == {f"mlflow {in_mlflow.target}": 1} and files_with(run_folder, GONE)
    done = forget(store)
    assert f"copies in mlflow {in_mlflow.target}" in done.stdout.replace("\n", "")
    assert files_with(run_folder, GONE) == files_with(run_folder, "Quokkaberg") == []
    assert {"flagged.json", "flagged.parquet"} <= set(files_with(run_folder, STAYS))

    lines = done.stdout.splitlines()
    (named,) = [line for line in lines if in_wandb.target in line]
    if with_text:
        assert done.exit_code == 1  # something is left to do
        assert named == f"Not reached: wandb {in_wandb.target} may hold texts of them: delete them there by hand"
    else:
        assert done.exit_code == 0
        assert named.startswith("Ids, labels and scores of them, no texts, stay in: wandb ")
        assert "Quokkaberg" not in "".join(files_with(tmp_path / "wandb_files", "Quokkaberg"))

    again = json.loads(forget(store, "--json").stdout)
    assert again["platforms"] == {f"mlflow {in_mlflow.target}": 0}
    logged = ls.load(store=store).log("mlflow", target=f"erased {with_text}", with_text=with_text)
    assert logged.target == in_mlflow.target and files_with(run_folder, GONE) == []
    assert "report.html" in files_with(run_folder, STAYS)  # the page is whole again


def test_a_tracker_that_cannot_be_reached_is_named_until_it_can(trackers, report, tmp_path, monkeypatch):
    store = tmp_path / "kept"
    receipt = report.log("mlflow", target="down")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    failed = forget(store)
    assert failed.exit_code == 1
    (line,) = not_reached(failed)
    assert f"mlflow {receipt.target}: The MLflow server at http://127.0.0.1:9 does not answer" in line
    assert "set MLFLOW_TRACKING_URI to where it runs" in line
    (run_folder,) = (trackers.folder / "artifacts").glob(f"*/{receipt.target}")
    assert files_with(run_folder, GONE)  # the words are true
    monkeypatch.setenv("MLFLOW_TRACKING_URI", trackers.url)
    assert forget(store).exit_code == 0 and files_with(run_folder, GONE) == []


def test_a_run_that_is_in_the_trash_or_gone_is_named_with_what_to_do(trackers, report, tmp_path):
    from mlflow import MlflowClient

    store, client = tmp_path / "kept", MlflowClient(trackers.url)
    receipt = report.log("mlflow", target="deleted")
    (run_folder,) = (trackers.folder / "artifacts").glob(f"*/{receipt.target}")
    client.delete_run(receipt.target)
    (line,) = not_reached(forget(store))
    assert f"mlflow {receipt.target}: The run lies in MLflow's trash with its files" in line
    assert f"mlflow gc --run-ids {receipt.target}" in line and files_with(run_folder, GONE)

    client.restore_run(receipt.target)
    assert not_reached(forget(store)) == [] and files_with(run_folder, GONE) == []
    client.delete_run(receipt.target)
    command = ["-m", "mlflow", "gc", "--backend-store-uri", f"sqlite:///{trackers.folder}/mlflow.db"]
    command += ["--run-ids", receipt.target, "--artifacts-destination", str(trackers.folder / "artifacts")]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": trackers.url}
    subprocess.run([sys.executable, *command], check=True, env=environment)
    (line,) = not_reached(forget(store))
    assert "The MLflow server has no such run. Was it deleted for good, nothing is left of it" in line
