"""Decisions in a project of the user's own, into which flagged samples were pushed with ``match``.

A decision is what a person said of a flagged task after it was pushed: an annotation made or changed since. What stood
there before is what was judged, and decides nothing. Of a project that was pulled before only the tasks are read that
changed since; Label Studio moves a task's ``updated_at`` whenever one of its annotations is made, changed, skipped or
deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.errors import InputError
from labelsift.review.answers import corrections_table
from labelsift.review.incremental import changed_tasks
from labelsift.store.base import DEFAULT
from labelsift.store.pull_state import read_pulled, write_pulled
from labelsift.store.store import Store

from ..client.client import Client
from ..client.read import SAID_AND_PREDICTED
from ..convert.task_fields import PREFIX
from ..state.rounds import all_rounds
from .answers import NAME
from .decisions import DecisionReader, filter_time
from .review_project import pull_reviews
from .second_looks import pull_second_looks

_CHUNK = 500  # tasks named in one address


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
    reviews = [review.project for review in rounds if review.of == project]
    others = {review.project for review in rounds}
    projects = [one for one in client.projects() if one["id"] not in others]
    own = [one for one in projects if one["title"] == project] or [one for one in projects if str(one["id"]) == project]
    tables = [pull_reviews(client, project=project, store=store)] if reviews else []
    if len(own) > 1 and not reviews:
        raise InputError(
            f"Several projects are called {project}", ids=[one["id"] for one in own], hint="Give the number instead"
        )
    numbers = [int(own[0]["id"])] if len(own) == 1 else []
    for number in numbers:
        table = pull_existing(client, client.project(number), asked=project, store=store)
        tables += [] if table is None else [table]
    looks = pull_second_looks(client, [*numbers, *reviews], asked=project, store=store)
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
    source = _FlaggedTasks(client, number)
    newest = source.newest_change()
    if newest is not None:
        reader = DecisionReader(client, project, Store(place), asked=asked, pulled=pulled)
        for page in changed_tasks(source, pulled, newest=newest):
            reader.take(page)
    elif not pulled.rows:
        return None
    write_pulled(place, pulled, *key)
    return corrections_table(row for rows in pulled.rows.values() for row in rows.values())


@dataclass(frozen=True)
class _FlaggedTasks:
    """The tasks that a push flagged; a :class:`labelsift.review.incremental.TaskSource`."""

    client: Client
    project: int

    @property
    def _filters(self) -> list[dict[str, Any]]:
        return [{"filter": f"filter:tasks:data.{PREFIX}id", "operator": "empty", "type": "String", "value": False}]

    def newest_change(self) -> str | None:
        return self.client.newest_change(self.project, filters=self._filters)

    def changed_after(self, time: datetime) -> Iterator[Sequence[Mapping[str, Any]]]:
        late = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime"}
        filters = [*self._filters, late | {"value": filter_time(time)}]
        return self.client.tasks(self.project, include="id,updated_at", filters=filters)

    def answered(self, ids: Sequence[int] | None = None) -> Iterator[Sequence[Mapping[str, Any]]]:
        if ids is None:
            yield from self.client.tasks(
                self.project, annotations=True, include=SAID_AND_PREDICTED, filters=self._filters
            )
        for start in range(0, len(ids or ()), _CHUNK):
            some = (ids or ())[start : start + _CHUNK]
            yield from self.client.tasks(self.project, annotations=True, include=SAID_AND_PREDICTED, ids=some)
