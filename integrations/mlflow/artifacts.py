"""Artifacts of a run: tables, figures, every finding and the report, written once and again only where they differ.

Why not ``mlflow.log_table``: it appends when called again. The tables are written as the same JSON and entered in the
same tag, so that MLflow's page and ``mlflow.load_table`` take them for its own.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from labelsift.corrections.erase_panels import FILES, erase_from, erase_from_description
from labelsift.errors import PlatformError
from labelsift.render.tracker_panels.files import write_files
from labelsift.render.tracker_panels.panels import TABLES, Panels

from .client import connected, tracking_uri

if TYPE_CHECKING:
    from labelsift.store.run import Run as ScanRun
    from mlflow import MlflowClient
    from mlflow.entities import Run

FOLDER = "labelsift"
TABLES_TAG = "mlflow.loggedArtifacts"
DIGEST_TAG, NOTE = "labelsift_artifacts", "mlflow.note.content"


def write_artifacts(
    client: MlflowClient, run: Run, report: ScanRun, content: Panels, *, with_text: bool
) -> tuple[list[str], bool, dict[str, str]]:
    """Write the files that a run does not hold as they are now.

    Returns
    -------
    tuple
        The files' names; whether any was written; and the tags that say so, to be set after them.
    """
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        names = write_files(Path(folder), report, content, with_text=with_text)
        parts = [part for name in names for part in (name.encode(), (Path(folder) / name).read_bytes())]
        digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
        standing = {Path(file.path).name for file in client.list_artifacts(run.info.run_id, FOLDER)}
        changed = run.data.tags.get(DIGEST_TAG) != digest or not standing.issuperset(names)
        if changed:
            client.log_artifacts(run.info.run_id, folder, FOLDER)
    return names, changed, {DIGEST_TAG: digest, TABLES_TAG: _listed(run.data.tags.get(TABLES_TAG, "[]"))}


def erase(run_id: str, ids: Collection[str], *, dry_run: bool) -> int:
    """Take samples out of what was logged into a run, and return how many of them stood there.

    Raises
    ------
    PlatformError
        If the server does not answer or refuses, or has no such run.
    """
    with connected(tracking_uri()) as client, tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        tags = _standing(client, run_id).data.tags
        there = {Path(file.path).name for file in client.list_artifacts(run_id, FOLDER)}
        for name in there.intersection(FILES):
            client.download_artifacts(run_id, f"{FOLDER}/{name}", folder)
        changed = erase_from(Path(folder), ids)
        if dry_run:
            return len(set().union(*changed.values()))
        for name in changed:
            client.log_artifact(run_id, f"{folder}/{name}", FOLDER)
        if changed and DIGEST_TAG in tags:
            client.delete_tag(run_id, DIGEST_TAG)  # the next log writes all files anew
        note = erase_from_description(tags.get(NOTE, ""), ids)
        if note != tags.get(NOTE, ""):
            client.set_tag(run_id, NOTE, note)
    return len(set().union(*changed.values()))


def _standing(client: MlflowClient, run_id: str) -> Run:
    """Return a run; refuse one that is not there, or in the trash, where MLflow changes nothing."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        hint = "Was it deleted for good, nothing is left of it; else set MLFLOW_TRACKING_URI to where it was logged"
        raise PlatformError("The MLflow server has no such run", hint=hint) from None
    if run.info.lifecycle_stage == "deleted":
        hint = f"Delete it for good (mlflow gc --run-ids {run_id}), or restore it and call forget again"
        raise PlatformError("The run lies in MLflow's trash with its files", hint=hint)
    return run


def _listed(tag: str) -> str:
    """Enter the tables in the tag by which MLflow's page and ``load_table`` find them."""
    known = json.loads(tag)
    ours = [{"path": f"{FOLDER}/{name}.json", "type": "table"} for name in TABLES]
    return json.dumps([*known, *(entry for entry in ours if entry not in known)])
