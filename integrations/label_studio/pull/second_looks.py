"""Answers in a project of second looks, as decisions on the samples that it is about.

A task there tells nothing but a key. Which sample of which run it stands for is in the store's record alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.data.adjudication import SECOND_LOOK
from labelsift.review.answers import corrections_table
from labelsift.store.base import DEFAULT
from labelsift.store.pull_state import Pulled
from labelsift.store.store import Store

from ..client.client import Client
from ..client.read import SAID
from ..convert.task_fields import PREFIX
from ..second_look_project import KEY, looks_of
from .decisions import DecisionReader


def pull_second_looks(
    client: Client, projects: Iterable[int], *, asked: str, store: Path | str | None = None
) -> pa.Table:
    """Return the decisions in the projects of second looks of some projects; none where the store sent no look.

    ``round`` and ``asked`` of a decision are ``second_look``: these samples were not drawn at random, and say nothing
    about how often people follow a suggestion.
    """
    kept = Store(DEFAULT if store is None else store)
    records = kept.ledger.records()
    sent = [one for one in records if one.get("kind") == SECOND_LOOK and one.get("id") and one.get("run")]
    rows: list[dict[str, Any]] = []
    for project in projects:
        looks = {str(record["key"]): record for record in sent if record["target"] == str(project)}
        place = looks_of(client, project) if looks else None
        if place is None:
            continue
        reader = DecisionReader(client, client.project(place), kept, asked=asked, pulled=Pulled())
        for page in client.tasks(place, annotations=True, include=SAID):
            for task in page:
                look = looks.get(str(task["data"].get(KEY)))
                if look is not None:
                    meant = {**task, "data": {f"{PREFIX}id": look["id"]}, "predictions": []}
                    rows += reader.decisions(meant, str(look["run"]), asked=SECOND_LOOK)
    return corrections_table(rows)
