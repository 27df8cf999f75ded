"""Diagnosis of the explorer: is it installed, and does it open three samples."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from labelsift.errors import LabelsiftError
from labelsift.models.projection import installed
from labelsift.platforms import Health

from .export import FILE, NEAR, X, Y
from .server import MEGABYTES, VERSION, EmbeddingAtlasServer, is_installed


def diagnosis() -> Health:
    """Start it on three samples, where it is installed; say what is wrong and how to mend it."""
    health = Health()
    if not installed():
        health.problems["openTSNE is not installed"] = 'The map of the samples needs it: pip install "labelsift[map]"'
    if not is_installed():
        first = f"The first labelsift explore installs it, about {MEGABYTES} MB, into a folder of its own"
        health.notes[f"Embedding Atlas {VERSION} is not installed yet"] = first
        return health
    with tempfile.TemporaryDirectory(prefix="labelsift-doctor-", ignore_cleanup_errors=True) as private:
        folder = Path(private) / "samples"
        folder.mkdir()
        near = pa.array([{"ids": [1], "distances": [0.5]}] * 3)
        pq.write_table(pa.table({X: [0.0, 1.0, 2.0], Y: [0.0, 1.0, 0.0], NEAR: near}), folder / FILE)
        try:
            with EmbeddingAtlasServer(folder, say=lambda line: None):
                pass
        except (LabelsiftError, OSError) as error:
            log = Path(private) / "samples.log"
            last_line = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
            again = "Delete its folder in ~/.cache/labelsift/environments, and it is installed anew"
            health.problems[f"Embedding Atlas does not start ({error})"] = ". ".join([*last_line, again])
    return health
