"""Artifact of the scanned data set: which version it is, where it comes from, and every finding."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from labelsift.render.tracker_panels.dataset import FILES, write_dataset
from labelsift.store.run import Run as ScanRun

if TYPE_CHECKING:
    from labelsift.render.tracker_panels.panels import Panels
    from wandb import Run

TYPE = "dataset"
PREFIX = "labelsift-"  # an artifact of the user's own may have the name of the data set
LONGEST = 100  # characters of a data set's name: W&B takes 128 of an artifact's


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
    """Return a name for the artifact of a data set that every W&B server takes, another for each data set.

    >>> name_of("tickets-2.csv"), name_of("tickets: 50 %")
    ('labelsift-tickets-2.csv', 'labelsift-tickets-50-a7e0ceb3')
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", dataset[:LONGEST]).strip("-")
    if plain and plain == dataset:
        return PREFIX + plain
    return f"{PREFIX}{plain or TYPE}-{hashlib.sha256(dataset.encode()).hexdigest()[:8]}"


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
