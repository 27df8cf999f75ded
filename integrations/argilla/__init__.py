"""Argilla: review datasets for people, and their decisions back."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from labelsift.platforms import LabelingPlatform

if TYPE_CHECKING:
    from .client.client import Client


class Argilla(LabelingPlatform):
    """The labeling platform ``argilla``.

    The server's address and key come from ARGILLA_API_URL and ARGILLA_API_KEY or ARGILLA_API_KEY_FILE. A project is
    ``workspace/dataset``, or ``dataset`` in the workspace of ARGILLA_WORKSPACE or the only one that the account sees.
    Each method raises an InputError where what is asked does not fit the dataset or the store, and a PlatformError
    where the server cannot be reached or refuses.
    """

    name = "argilla"
    settings = MappingProxyType({"project": "", "url": "ARGILLA_API_URL", "workspace": "ARGILLA_WORKSPACE"})
    capabilities: frozenset[str] = frozenset()


def _client() -> Client:
    from .client.connect import connect

    return connect()
