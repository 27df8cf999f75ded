"""Artifact of the scanned data set: which version it is, where it comes from, and every finding."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labelsift.render.tracker_panels.dataset import FILES, write_dataset
from labelsift.store.run import Run as ScanRun

if TYPE_CHECKING:
    from labelsift.render.tracker_panels.panels import Panels
    from wandb import Run

TYPE = "dataset"
NAME_LENGTH = 128
_REFUSED = str.maketrans(dict.fromkeys('/\\#?%:\r\n"<>|*', "-"))  # in names of artifacts and their addresses


def log_dataset(run: Run, report: ScanRun, content: Panels, folder: Path) -> dict[str, str]:
    """Write the data set of a scan into a folder and log it; the same again makes no new version in W&B.

    The version before becomes an input of the run where the run is online and W&B has that version.

    Returns
    -------
    ``artifact``, its name, and ``parent``, the one that was used, if there was one.
    """
    import wandb

    facts = write_dataset(report, content, folder)
    name = name_of(report.samples.name)
    description = "The samples that were scanned and what flagged them; no texts unless they were asked for"
    artifact = wandb.Artifact(name, TYPE, description=description, metadata=facts | {"labelsift_run": report.run})
    for file in FILES:
        artifact.add_file(str(folder / file), name=file)
    parent = _use_parent(run, name, facts["parent"])
    run.log_artifact(artifact, aliases=["latest", report.samples.fingerprint])
    return {"artifact": name} | ({"parent": parent} if parent else {})


def name_of(dataset: str) -> str:
    """Return a name for the artifact of a data set that W&B takes.

    >>> name_of("tickets: 50 %/all")
    'tickets- 50 --all'
    """
    return dataset.translate(_REFUSED)[:NAME_LENGTH].strip() or "samples"


def _use_parent(run: Run, name: str, parent: str) -> str:
    """Make the version before an input of the run, if W&B knows it; returns its name, or empty."""
    import wandb

    if not parent or run.offline:
        return ""
    wanted = f"{run.entity}/{run.project}/{name}:{parent}"
    try:
        run.use_artifact(wanted, type=TYPE)
    except (wandb.Error, ValueError):  # it was never logged there: no link, and no harm
        return ""
    return wanted
