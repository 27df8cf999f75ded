"""A real MLflow server on loopback, in an environment of its own: for the demo and the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labelsift.demo.local_servers import LOOPBACK, Server, environment, free_port

# The newest release that installs whole: 3.18.0 names a part of itself that was never published.
VERSION = "3.17.2"
_CONSTRAINTS = Path(__file__).with_name("server-constraints.txt")  # renewed by `make upgrade`

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves the worker processes that only scoring jobs need
    "PYTHONPATH": "",  # the server's environment is its own
}


class MLflowServer(Server):
    """MLflow's tracking server with its page, a SQLite file and a folder of artifacts.

    Parameters
    ----------
    folder
        Holds ``mlflow.db``, ``artifacts/`` and the log; a second start on it finds the same runs.
    port
        Of the loopback interface; a free one by default.
    say
        Takes a line of progress when the environment must be installed first.

    Attributes
    ----------
    url
        What ``MLFLOW_TRACKING_URI`` wants, and where the page is.
    """

    def __init__(self, folder: Path, *, port: int | None = None, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder.resolve(), say
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        super().__init__([], ready=f"{self.url}/health", log=self.folder / "server.log", env=_QUIET)

    def start(self) -> None:
        """Install what is needed, start the server and wait until it answers."""
        bin_folder = environment("mlflow", [f"mlflow=={VERSION}"], say=self.say, constraints=_CONSTRAINTS)
        self.folder.mkdir(parents=True, exist_ok=True)
        flags = ["--host", LOOPBACK, "--port", str(self.port), "--workers", "1"]
        flags += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        flags += ["--artifacts-destination", str(self.folder / "artifacts")]
        self.command = [str(bin_folder / "mlflow"), "server", *flags]
        super().start()
