"""One real MLflow server for all tests of this folder."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running server; its folder holds the database and the artifacts."""
    from labelsift.integrations.mlflow.server import MLflowServer

    with MLflowServer(tmp_path_factory.mktemp("mlflow"), say=print) as running:
        yield running


@pytest.fixture
def tracked(server, monkeypatch):
    """The server, named as a user would, and nothing left active or set afterwards."""
    import mlflow

    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    mlflow.set_tracking_uri(server.url)
    yield server
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_tracking_uri(None)


@pytest.fixture
def client(tracked):
    """MLflow's own client, to read back with."""
    from mlflow import MlflowClient

    return MlflowClient(tracked.url)


def bytes_under(folder: Path) -> bytes:
    """Return every byte of every file under a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture(scope="session")
def all_bytes():
    """The reader of every byte under a folder."""
    return bytes_under
