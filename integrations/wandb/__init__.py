"""W&B: the panels of a report in one run, online or offline."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from labelsift.platforms import GateNote, Local, LogRequest, Receipt, Tracker

if TYPE_CHECKING:
    from labelsift.store.run import Run

    from .callback import LabelsiftCallback

__all__ = ["LabelsiftCallback", "WandB"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - it brings transformers, where there is one
    if name == "LabelsiftCallback":
        from .callback import LabelsiftCallback

        return LabelsiftCallback
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class WandB(Tracker):
    """The tracker ``wandb``; server, key and mode come from wandb's own variables."""

    name = "wandb"
    settings = MappingProxyType({"project": "WANDB_PROJECT", "entity": "WANDB_ENTITY", "url": "WANDB_BASE_URL"})
    capabilities = frozenset({"local", "gate", "share"})

    def log(self, run: Run, request: LogRequest) -> Receipt:
        """Write the panels of a report into a run.

        The user's active run where there is one: it is not finished. Else a run of our own: online
        with a login, offline without one.
        """
        from .log import write

        return write(run, request)

    def gate(self, run: Run, note: GateNote) -> Receipt:
        """Note in the run of a scan what became of a gate; an alert goes out where it changed, once.

        In the user's active run where there is one, else in the run of the scan; offline in a run of its own, as W&B
        cannot open an offline run again.
        """
        from .gate import write

        return write(run, note)

    def active_run(self) -> str | None:
        """Return the id of the user's run that is active in this program."""
        run = sys.modules["wandb"].run if "wandb" in sys.modules else None
        return run.id if run else None

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        from .doctor import diagnosis

        return diagnosis()

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """Read an offline run of a receipt back: history keys and rows a table."""
        from .readback import counts

        return counts(receipt.target)

    @contextlib.contextmanager
    def local(self, folder: Path, *, say: Callable[[str], None]) -> Iterator[Local]:
        """Let runs stay on this machine, with their files in ``folder``."""
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        say("W&B needs no server: its run is kept offline.")
        variables = {"WANDB_MODE": "offline", "WANDB_DIR": str(folder), "WANDB_DATA_DIR": str(folder / "data")}
        variables |= {"WANDB_CACHE_DIR": str(folder / "cache"), "WANDB_SILENT": "true"}
        yield Local(variables, ("An offline run: `wandb sync` with its folder brings it to your own W&B.",))
