"""Folders of captures within a run store: one a training, private, with the name of its time or of the user."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InputError
from ..store.base import CAPTURES, BaseStore
from ..store.location import Folder
from .request import WatchRequest


def folder_of(request: WatchRequest) -> Path:
    """Return where a training is recorded; a training of the same name goes on where it ended.

    Raises
    ------
    InputError
        If the store lies in a bucket: rows are written wherever they belong, which only a folder can.
    """
    place = BaseStore(request.store).place
    if not isinstance(place, Folder):
        raise InputError(
            f"A training is recorded in a folder, and {place} is none",
            hint='Watch with store=".labelsift", and give the bucket to ls.scan(…, signals=capture.signals())',
        )
    name = request.name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return place.path / CAPTURES / name
