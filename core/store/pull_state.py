"""State of incremental pulls: what was pulled from a project before, so that the next pull reads only changes.

pulls/<hash of platform, server and project>.json   decisions by the platform's own keys, and up to when they are known

It holds ids, labels and names of people as the record of corrections does, and neither texts nor notes. It can be lost
at any time: then the next pull reads everything anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

from ..errors import StoreError
from .format import check_format
from .location import location_of

FOLDER = "pulls"
_FORM = 1


@dataclass
class Pulled:
    """What is known of one project.

    Parameters
    ----------
    since
        The platform's own time of the newest change that is known, ISO 8601; empty where nothing was pulled yet.
    recent
        The platform's key of each task that changed shortly before ``since`` → when: they are asked about again, as a
        change that was begun earlier may end later.
    pushed
        Run → when it was pushed, by the platform's clock.
    rows
        The platform's key of a task → of an answer → the decision, a row of CORRECTIONS_SCHEMA with ``time`` as text.
    """

    since: str = ""
    recent: dict[str, str] = field(default_factory=dict)
    pushed: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)


def read_pulled(store: str | PathLike[str], *key: str) -> Pulled:
    """Return what is known of a project; nothing where there is no store, or its file is broken or of another form.

    Parameters
    ----------
    key
        Platform, server and project.
    """
    try:
        kept = json.loads(location_of(store).read(_name(key)))
        if kept.pop("form") != _FORM:
            return Pulled()
        return Pulled(**kept)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Pulled()


def write_pulled(store: str | PathLike[str], pulled: Pulled, *key: str) -> None:
    """Keep what is known of a project; where there is no store, or it cannot be written, nothing is kept."""
    place = location_of(store)
    try:
        check_format(place)
        place.replace(_name(key), json.dumps({"form": _FORM, **asdict(pulled)}, ensure_ascii=False).encode())
    except (StoreError, OSError):
        return


def forget_pulled(store: str | PathLike[str]) -> None:
    """Delete what is known of all projects: the next pulls read everything anew."""
    location_of(store).delete(FOLDER)


def _name(key: tuple[str, ...]) -> str:
    return f"{FOLDER}/{hashlib.blake2b(json.dumps(key).encode(), digest_size=12).hexdigest()}.json"
