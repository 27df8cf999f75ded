"""Undo records: what ``enable`` changed in a project of a platform, so that ``disable`` can take it back.

enabled/<platform>-<project>-<hash of the time of its making>.json

The record is written before the first change, whole and flushed to the disk, and holds what stood there before. So
whatever a crash left half done can be told from what was there: what is not in ``before`` and has labelsift's form is
labelsift's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StoreError
from .base import DEFAULT, BaseStore
from .location import Location

FOLDER = "enabled"
_FORMAT = 1


@dataclass
class Before:
    """How a project stood before it was enabled: config, model version, tabs by their ids, ids of the rest."""

    label_config: str
    model_version: str
    views: dict[str, dict[str, Any]]
    backends: list[int]
    webhooks: list[int]


@dataclass
class UndoRecord:
    """What belongs to labelsift in an enabled project.

    Parameters
    ----------
    project, title, server
        The project's id and title, and the address under which it was enabled.
    run
        The run whose flags the tabs show.
    before
        How it stood.
    label_config, model_version
        What was written; None where nothing was.
    backend
        The address of the backend; None without one.
    backends, webhooks
        Ids of what was made for it.
    tabs
        Id → title of the tabs that were made.
    tabs_changed
        Id → data of tabs that stood there, as they were written.
    """

    project: int
    title: str
    server: str
    run: str
    before: Before
    label_config: str | None = None
    model_version: str | None = None
    backend: str | None = None
    backends: list[int] = field(default_factory=list)
    webhooks: list[int] = field(default_factory=list)
    tabs: dict[str, str] = field(default_factory=dict)
    tabs_changed: dict[str, dict[str, Any]] = field(default_factory=dict)


class UndoRecords:
    """The records of a platform's enabled projects in a store.

    Raises
    ------
    StoreError
        If the store cannot be read or written, or holds a record of another format.
    """

    def __init__(self, store: Path | str | None, platform: str) -> None:
        kept = BaseStore(store or DEFAULT)
        kept.prepare()
        self.place: Location = kept.place / FOLDER
        self._platform = platform

    def read(self, project: Mapping[str, Any]) -> UndoRecord | None:
        """Return the record of a project as the server gives it; None where it was not enabled from this store."""
        try:
            content = json.loads(self.place.read(self._name(project)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise self._broken(project, error) from None
        try:
            if content.pop("format") != _FORMAT:
                raise ValueError("another format")
            return UndoRecord(**content | {"before": Before(**content["before"])})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._broken(project, error) from None

    def write(self, project: Mapping[str, Any], record: UndoRecord) -> None:
        """Keep a record, in place of the one that stands there."""
        content = json.dumps({"format": _FORMAT, **asdict(record)}, ensure_ascii=False, indent=1).encode()
        try:
            self.place.replace(self._name(project), content)
        except OSError as error:
            raise StoreError(
                f"What enable changes cannot be kept in {self.place} ({error.strerror})",
                hint="Free some space, or name another --store; nothing more was changed",
            ) from error

    def delete(self, project: Mapping[str, Any]) -> None:
        """Delete the record of a project that has been taken back."""
        self.place.delete(self._name(project))

    def _broken(self, project: Mapping[str, Any], error: Exception) -> StoreError:
        return StoreError(
            f"The record {self.place}/{self._name(project)} of what enable changed cannot be read ({error})",
            hint="Restore it from a backup of the store; without it disable would have to guess",
        )

    def _name(self, project: Mapping[str, Any]) -> str:
        """Return the name of a project's file.

        Ids are used again, and a server has several addresses, but the time of a project's making is its own.
        """
        made = hashlib.sha256(str(project["created_at"]).encode()).hexdigest()
        return f"{self._platform}-{int(project['id'])}-{made[:8]}.json"
