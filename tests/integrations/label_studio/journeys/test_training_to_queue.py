"""The example from a training to the queue and back, on a real Label Studio and a real MLflow."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import frameworks
import labelsift as ls
import pytest
from labelsift.demo.tickets import write_tickets

frameworks.require("torch")
pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[4] / "examples" / "training_to_queue.py"


def test_what_is_decided_in_the_queue_is_trained_on_and_both_trainings_have_panels(server, name, tmp_path):
    from labelsift.integrations.mlflow.server import MLflowServer

    _, truth = write_tickets(tmp_path / "truth", 0)
    with MLflowServer(tmp_path / "mlflow", say=print) as tracking:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")},
            **server.variables(),
            "MLFLOW_TRACKING_URI": tracking.url,
            "PYTHONPATH": os.pathsep.join(frameworks.activate()),
        }
        command = [sys.executable, EXAMPLE, "--folder", tmp_path / "tickets", "--project", name]
        command += ["--answers", truth]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        queued = int(re.search(r"(\d+) tickets are in the queue", done.stdout)[1])
        decisions, changed = map(int, re.search(r"(\d+) decisions, (\d+) labels changed", done.stdout).groups())
        assert queued > 20
        assert 0.5 * queued < changed <= decisions <= queued

        from mlflow import MlflowClient

        client = MlflowClient(tracking.url)
        (experiment,) = {e.experiment_id for e in client.search_experiments()} or {None}
        runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    assert {"before", "after"} == set(runs)
    rates = {name: run.data.metrics["dq/flagged_rate"] for name, run in runs.items()}
    assert rates["after"] < rates["before"]

    store = tmp_path / "tickets" / ".labelsift"
    after = ls.load(store=store)
    assert after.summary()["facts"]["dynamics"]["epochs"] == 8
    assert set(after.samples.column("split").to_pylist()) == {"train", "test"}
    wrong = {row["ticket_id"] for row in _rows(truth) if row["true_label"] and row["given_label"] != row["true_label"]}
    still = dict(zip(after.samples.ids.to_pylist(), after.samples.labels.to_pylist(), strict=True))
    right = {row["ticket_id"]: row["true_label"] for row in _rows(truth)}
    mended = [id for id in wrong if still[id] == right[id]]
    assert len(mended) > len(wrong) / 3


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
