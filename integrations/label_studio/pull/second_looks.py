"""Second opinions: what people answered in a project of second looks, as decisions on the samples that it is about.

A task there tells nothing but a key. Which sample of which run it stands for is in the store's record alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.data.adjudication import SECOND_LOOK
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.store.base import DEFAULT
from labelsift.store.pull_state import Pulled
from labelsift.store.store import Store

from ..client.client import Client
from ..client.read import SAID
from ..convert.task_fields import PREFIX
from ..second_look_project import KEY, looks_of
from .decisions import Reading
from .existing_project import as_rows


def pull_looks(client: Client, projects: Iterable[int], *, asked: str, store: Path | str | None = None) -> pa.Table:
    """Return the decisions in the projects of second looks of some projects; none where the store sent no look.

    ``round`` and ``asked`` of a decision are ``second_look``: these samples were not drawn at random, and say nothing
    about how often people follow a suggestion.
    """
    kept = Store(DEFAULT if store is None else store)
    sent = [one for one in kept.ledger.records() if one.get("kind") == SECOND_LOOK and one.get("id") and one.get("run")]
    rows: list[dict[str, Any]] = []
    for number in projects:
        looks = {str(one["key"]): one for one in sent if one["target"] == str(number)}
        place = looks_of(client, number) if looks else None
        if place is not None:
            reading = Reading(client, client.project(place), kept, asked=asked, pulled=Pulled())
            for page in client.tasks(place, annotations=True, include=SAID):
                for task in page:
                    rows += _rows(task, looks.get(str(task["data"].get(KEY))), reading)
    return pa.Table.from_pylist(as_rows(rows), schema=CORRECTIONS_SCHEMA)


def _rows(task: Mapping[str, Any], look: Mapping[str, Any] | None, reading: Reading) -> list[dict[str, Any]]:
    if look is None:
        return []
    meant = {**task, "data": {f"{PREFIX}id": look["id"]}, "predictions": []}
    found = reading.decisions(meant, str(look["run"]))
    return [row | {"round": SECOND_LOOK, "asked": SECOND_LOOK} for row in found]
