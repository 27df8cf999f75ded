"""Marks in the folders of offline runs: what each holds, so that the same again makes no second one.

A mark is a file beside wandb's own, which no sync uploads. It is deleted with the run that it speaks of.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from pathlib import Path
from typing import Any

MARK = "labelsift.json"
logger = logging.getLogger("labelsift")


def data_folder() -> str:
    """Return where wandb stages the bytes of artifacts and tables, apart from the run's folder."""
    from wandb import env

    return str(Path(env.get_data_dir()).expanduser().absolute())


def mark(folder: str, *, id: str, place: tuple[str | None, str], **facts: object) -> None:
    """Note what an offline run that is finished holds."""
    content = {"id": id, "place": place, "data_dir": data_folder(), **facts}
    Path(folder, MARK).write_text(json.dumps(content, indent=1), encoding="utf-8")


def last_mark(id: str, place: tuple[str | None, str]) -> tuple[str, dict[str, Any]]:
    """Return the folder and the mark of our last offline run of an id and a project; empty ones where there is none.

    One whose staged bytes are gone counts as none: it cannot be uploaded as a whole.
    """
    import wandb

    paths = Path(wandb.setup().settings.wandb_dir).glob(f"offline-run-*/{MARK}")
    for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads(path.read_text(encoding="utf-8"))
            if (facts["id"], facts["place"]) == (id, list(place)) and Path(facts["data_dir"]).is_dir():
                return str(path.parent), facts
    return "", {}


def details(folder: str, *, warn: bool) -> dict[str, str]:
    """Say where an offline run is and how it is uploaded: the tables' bytes are not in the run's own folder.

    Parameters
    ----------
    warn
        The run is offline for want of a login, and nobody said that it should be.
    """
    data = data_folder()
    words = f"Written offline. Upload it from this machine with `wandb sync {folder}`; it also needs {data}."
    if warn and not os.environ.get("WANDB_MODE"):
        words = f"Not logged in to W&B. {words} Run `wandb login` first, or set WANDB_MODE=offline to hide this line."
        logger.warning(words)
    return {"folder": folder, "data_dir": data, "note": words}
