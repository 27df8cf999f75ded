"""Pulling decisions out of a project of the user's own, into which flagged samples were pushed with ``match``.

A decision is what a person said of a flagged task after it was pushed: an annotation made or changed since. What stood
there before is what was judged, and decides nothing. Of a project that was pulled before only the tasks are read that
changed since; Label Studio moves a task's ``updated_at`` whenever one of its annotations is made, changed, skipped or
deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.store.base import DEFAULT
from labelsift.store.pull_state import read_pulled, write_pulled
from labelsift.store.store import Store

from ..client.client import Client
from ..state.rounds import all_rounds
from .decisions import Reading, Row
from .incremental import Changes
from .review_project import NAME, pull_reviews


def pull_project(client: Client, *, project: str, store: Path | str | None = None) -> pa.Table:
    """Return every decision in the review projects of ``project``, and in the project of this title or number itself.

    Raises
    ------
    InputError
        If nothing was pushed under this name, or a blind round's run is not in the store.
    PlatformError
        If the server cannot be reached or refuses.
    """
    rounds = all_rounds(client)
    reviews = {one.project for one in rounds}
    projects = [one for one in client.projects() if one["id"] not in reviews]
    own = [one for one in projects if one["title"] == project] or [one for one in projects if str(one["id"]) == project]
    reviewed = any(one.of == project for one in rounds)
    tables = [pull_reviews(client, project=project, store=store)] if reviewed else []
    if len(own) > 1 and not reviewed:
        raise InputError(
            f"Several projects are called {project}", ids=[one["id"] for one in own], cure="Give the number instead"
        )
    if len(own) == 1:
        found = pull_existing(client, client.project(int(own[0]["id"])), asked=project, store=store)
        tables += [] if found is None else [found]
    from .second_looks import pull_looks  # reads rows as this module does

    numbers = [int(one["id"]) for one in own[:1] if len(own) == 1] + [
        one.project for one in rounds if one.of == project
    ]
    looks = pull_looks(client, numbers, asked=project, store=store)
    tables += [looks] if looks.num_rows else []
    if not tables:
        return pull_reviews(client, project=project, store=store)  # says what was pushed
    return pa.concat_tables(tables).sort_by("time") if len(tables) > 1 else tables[0]


def pull_existing(
    client: Client, project: Mapping[str, Any], *, asked: str, store: Path | str | None = None
) -> pa.Table | None:
    """Return every decision in a project of the user's own, oldest first; None where nothing was pushed into it.

    Parameters
    ----------
    project
        As the server describes it.
    asked
        What the project was called in the push, for when the server does not tell the time of it.
    store
        The folder that keeps the runs, and what was pulled before.
    """
    number = int(project["id"])
    place = DEFAULT if store is None else store
    # Numbers are used again where a server is set up anew, and not the time at which a project was made.
    key = (NAME, client.url, f"{number} {project.get('created_at') or ''}")
    pulled = read_pulled(place, *key)
    changed = Changes(pulled)
    reading = Reading(client, project, Store(place), asked=asked, pulled=pulled)
    for page in changed.pages(client, number):
        reading.take(page)
    if not pulled.rows and changed.empty:
        return None
    changed.close()
    write_pulled(place, pulled, *key)
    rows = as_rows(row for task in pulled.rows.values() for row in task.values())
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


def as_rows(rows: Iterable[Row]) -> list[Row]:
    """Return decisions with their times as such, oldest first."""
    told = [row | {"time": datetime.fromisoformat(row["time"])} for row in rows]
    return sorted(told, key=lambda row: row["time"])
