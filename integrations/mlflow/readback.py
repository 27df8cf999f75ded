"""Readback of a logged run from the server, for the demo's summary and the tests."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.render.tracker_panels.panels import TABLES

from .artifacts import FOLDER
from .client import connected, tracking_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient


def counts(run_id: str) -> dict[str, Any]:
    """Return how many metrics, params, artifacts and rows a table the server holds for a run."""
    with connected(tracking_uri()) as client:
        run = client.get_run(run_id)
        return {
            "metrics": len(run.data.metrics),
            "params": len(run.data.params),
            "artifacts": len(client.list_artifacts(run_id, FOLDER)),
            "table_rows": {name: len(table(client, run_id, name)["data"]) for name in TABLES},
        }


def table(client: MlflowClient, run_id: str, name: str) -> dict[str, Any]:
    """Return one of our tables as the server holds it: ``columns`` and ``data``."""
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        path = client.download_artifacts(run_id, f"{FOLDER}/{name}.json", folder)
        return json.loads(Path(path).read_text(encoding="utf-8"))
