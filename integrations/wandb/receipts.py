"""Receipts of what was written, and marks in the folders of offline runs, so that the same again makes no second one.

A mark is a file beside wandb's own, which no sync uploads. It is deleted with the run that it speaks of.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from labelsift.platforms import Receipt

from .client import Opened, Place

Facts = Mapping[str, Any]
MARK = "labelsift.json"
logger = logging.getLogger("labelsift")


def mark(session: Opened, place: Place, **facts: object) -> None:
    """Note what a run of ours that is finished holds, if it is offline."""
    if session.folder and session.ours:
        content = {"id": session.run.id, "place": place, "data_dir": _data_folder(), **facts}
        Path(session.folder, MARK).write_text(json.dumps(content, indent=1), encoding="utf-8")


def last_mark(id: str, place: Place, holds: Facts) -> tuple[str, dict[str, Any]]:
    """Return the folder and the mark of our last offline run of an id, a project and some facts of its mark.

    Both are empty where there is none. A run may have several folders, as nothing can be added to one that is finished.
    One whose staged bytes are gone counts as none: it cannot be uploaded as a whole.
    """
    import wandb

    paths = Path(wandb.setup().settings.wandb_dir).glob(f"offline-run-*/{MARK}")
    for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads(path.read_text(encoding="utf-8"))
            wanted = {"id": id, "place": list(place), **holds}
            if wanted.items() <= facts.items() and Path(facts["data_dir"]).is_dir():
                return str(path.parent), facts
    return "", {}


def receipt(where: Opened | str, written: str, rows: int, facts: Facts, links: Facts | None = None) -> Receipt:
    """Say what was written and where; of an offline run also how it is uploaded.

    Parameters
    ----------
    where
        The run, or the folder of an earlier offline run that holds the same.
    written
        What became of the rows: ``created``, ``updated`` or ``unchanged``.
    links
        Pages that were made beside the run's own.
    """
    pages, mode = dict(links or {}), "offline"
    if isinstance(where, str) or where.folder:
        target, warn = (where, True) if isinstance(where, str) else (where.folder, where.ours)
        facts = {**facts, **_upload(target, warn=warn)}
    else:
        run, mode = where.run, where.how
        target = f"{run.entity}/{run.project}/{run.id}"
        pages |= {"run": run.url} if run.url else {}
    made = Receipt("wandb", target, links=pages, details={**facts, "run": written, "mode": mode})
    return replace(made, **{written: rows})


def _upload(folder: str, *, warn: bool) -> dict[str, str]:
    """Say how an offline run is uploaded, and warn where it is offline for want of a login alone."""
    data = _data_folder()
    words = f"Written offline. Upload it from this machine with `wandb sync {folder}`; it also needs {data}."
    if warn and not os.environ.get("WANDB_MODE"):
        words = f"Not logged in to W&B. {words} Run `wandb login` first, or set WANDB_MODE=offline to hide this line."
        logger.warning(words)
    return {"folder": folder, "data_dir": data, "note": words}


def _data_folder() -> str:
    """Return where wandb stages the bytes of artifacts and tables, apart from the run's folder."""
    from wandb import env

    return str(Path(env.get_data_dir()).expanduser().absolute())
