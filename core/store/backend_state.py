"""Files of a labeling backend (``labelsift serve``) in a store, and the erasure of samples from them.

backend/queue.sqlite3          what people answered: sample, label, account; no text
backend/models/<run>*.npz      models that were fitted on a run's samples
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection

from .location import Folder

FOLDER, FILE, MODELS = "backend", "queue.sqlite3", "models"


def erase_served(place: Folder, ids: Collection[str], *, runs: Collection[str]) -> None:
    """Delete what a backend keeps of some samples, also of one that is running, and the models of their runs.

    The models are fitted anew without the samples, by the next ``serve`` or by the one that is running.

    Raises
    ------
    OSError
        If the queue cannot be written.
    """
    folder = place / FOLDER
    for name in (folder / MODELS).children():
        if any(name == f"{run}.npz" or name.startswith(f"{run}+") for run in runs):
            folder.delete(f"{MODELS}/{name}")
    file = folder.path / FILE
    if not file.exists():
        return
    parameters = [(id,) for id in ids]
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=30)) as queue:
            queue.execute("PRAGMA secure_delete=ON")  # the bytes, not only the place where they stood
            with queue:
                queue.executemany(
                    "DELETE FROM looks WHERE EXISTS (SELECT 1 FROM answers a WHERE a.project = looks.project "
                    "AND a.annotation = looks.annotation AND a.sample = ?)",
                    parameters,
                )
                queue.executemany("DELETE FROM answers WHERE sample = ?", parameters)
            queue.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise OSError(0, f"the queue of the backend: {error}") from None
