"""MLflow: the panels of a report in one run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from labelsift.platforms import GateNote, Local, LogRequest, Receipt, Tracker

if TYPE_CHECKING:
    from labelsift.store.run import Run

__all__ = ["MLflow"]


class MLflow(Tracker):
    """The tracker ``mlflow``; the server is the one that ``MLFLOW_TRACKING_URI`` names."""

    name = "mlflow"
    settings = MappingProxyType({"experiment": "MLFLOW_EXPERIMENT_NAME", "uri": "MLFLOW_TRACKING_URI"})
    capabilities = frozenset({"forget", "gate", "local", "model"})

    def log(self, run: Run, request: LogRequest) -> Receipt:
        """Write the panels of a report into a run."""
        from .log import write

        return write(run, request)

    def gate(self, run: Run, note: GateNote) -> Receipt:
        """Tag the run of a scan with the result of a gate, and keep it there as JSON and Markdown."""
        from .gate import write

        return write(run, note)

    def active_run(self) -> str | None:
        """Return the id of the user's run that is active in this program."""
        active = sys.modules["mlflow"].active_run() if "mlflow" in sys.modules else None
        return active.info.run_id if active else None

    @contextlib.contextmanager
    def reopened(self, run: str) -> Iterator[None]:
        """Make a run active again that a training's own callback has ended."""
        import mlflow

        with contextlib.nullcontext() if self.active_run() == run else mlflow.start_run(run_id=run):
            yield

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Take samples out of the tables, the report and the description of a run (``project``)."""
        from .artifacts import erase

        return erase(project, ids, dry_run=dry_run)

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        from .doctor import diagnosis

        return diagnosis()

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """Ask the server what it holds of a receipt's run: metrics, params, artifacts, table rows."""
        from .readback import counts

        return counts(receipt.target)

    @contextlib.contextmanager
    def local(self, folder: Path, *, say: Callable[[str], None]) -> Iterator[Local]:
        """Run a real server on this machine, with its data in ``folder``."""
        from .server import MLflowServer

        with MLflowServer(folder, say=say) as server:
            look = "Overview: the verdict. Views: a line over all scans. Artifacts: tables, figures, the report."
            quiet = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}  # the receipt has the address
            # A run or an experiment that the user has set is one of another server.
            quiet |= dict.fromkeys(("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"), "")
            yield Local({"MLFLOW_TRACKING_URI": server.url, **quiet}, (look,))
