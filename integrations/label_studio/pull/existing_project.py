"""Decisions in a project of the user's own, into which flagged samples were pushed with ``match``.

A decision is what a person said of a flagged task after it was pushed: an annotation made or changed since. What stood
there before is what was judged, and decides nothing. Of a project that was pulled before only the tasks are read that
changed since; Label Studio moves a task's ``updated_at`` whenever one of its annotations is made, changed, skipped or
deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Any

import pyarrow as pa
from labelsift.data.adjudication import SECOND_LOOK
from labelsift.errors import InputError
from labelsift.review.answers import corrections_table
from labelsift.review.incremental import changed_tasks
from labelsift.store.pull_state import Pulled, read_pulled, write_pulled
from labelsift.store.store import Store

from ..client.client import NAME, Client
from ..client.read import SAID, SAID_AND_PREDICTED
from ..convert.tabs import condition
from ..convert.task_fields import PREFIX
from ..second_look_project import KEY, find
from ..state.match import own_projects
from ..state.rounds import rounds_in
from .decisions import DecisionReader, Row, filter_time
from .review_project import decisions_in


def pull_project(client: Client, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
    """Return every decision in the review projects of ``project``, in the project of this name, and second looks at it.

    Raises
    ------
    InputError
        If nothing was pushed under this name, or a blind round's run is not in the store.
    PlatformError
        If the server cannot be reached or refuses.
    """
    kept, projects = Store.of(store), client.projects()
    rounds = rounds_in(projects)
    reviews = [review for review in rounds if review.of == project]
    people = client.people() if reviews else {}
    rows = [row for review in reviews for row in decisions_in(client, review, kept, people)]
    pushed = bool(reviews)
    own = own_projects(projects, project)
    if len(own) > 1 and not reviews:
        raise InputError(
            f"Several projects are called {project}",
            ids=[listed["id"] for listed in own],
            hint="Give the number instead",
        )
    numbers = [int(own[0]["id"])] if len(own) == 1 else []
    for number in numbers:
        existing = _existing(client, client.project(number), asked=project, store=kept)
        rows += existing or ()
        pushed |= existing is not None
    looks = _second_looks(client, [*numbers, *(review.project for review in reviews)], asked=project, store=kept)
    if not pushed and not looks:
        if numbers:
            raise InputError(
                f"{project} is a project of your own, and no task of it carries what a push writes",
                hint="Push into it (again, where a push with --match did not reach its end), then pull",
            )
        names = ", ".join(sorted({review.of for review in rounds}))
        known = f"Pushed so far: {names}" if names else "Push first: labelsift push label-studio PROJECT"
        raise InputError(
            f"Label Studio has no review project that was pushed as {project}",
            hint=f"{known}. Of what was pushed with --match, name your own project: its title or its number",
        )
    return corrections_table([*rows, *looks])


def _existing(client: Client, project: Mapping[str, Any], *, asked: str, store: Store) -> list[Row] | None:
    """Return the decisions in a project of the user's own; None where nothing was pushed into it.

    Parameters
    ----------
    project
        As the server describes it.
    asked
        What the project was called in the push, for when the server does not tell the time of it.
    store
        It keeps the runs, and what was pulled before.
    """
    number = int(project["id"])
    # Numbers are used again where a server is set up anew, and not the time at which a project was made.
    key = (NAME, client.url, f"{number} {project.get('created_at') or ''}")
    pulled = read_pulled(store, *key)
    source = FlaggedTasks(client, number)
    newest = source.newest_change()
    if newest is not None:
        reader = DecisionReader(client, project, store, asked=asked, pulled=pulled)
        for page in changed_tasks(source, pulled, newest=newest):
            reader.take(page)
    elif not pulled.rows:
        return None
    write_pulled(store, pulled, *key)
    return [row for rows in pulled.rows.values() for row in rows.values()]


def _second_looks(client: Client, projects: Iterable[int], *, asked: str, store: Store) -> list[Row]:
    """Return the decisions in the projects of second looks of some projects; none where the store sent no look.

    A task there tells nothing but a key: which sample of which run it stands for is in the store's record alone.
    ``round`` and ``asked`` of a decision are ``second_look``: these samples were not drawn at random, and say nothing
    about how often people follow a suggestion.
    """
    records = store.ledger.records()
    sent = [
        record for record in records if record.get("kind") == SECOND_LOOK and record.get("id") and record.get("run")
    ]
    rows: list[Row] = []
    for project in projects:
        looks = {str(record["key"]): record for record in sent if record["target"] == str(project)}
        listed = find(client, project) if looks else None
        if listed is None:
            continue
        place = int(listed["id"])
        reader = DecisionReader(client, client.project(place), store, asked=asked, pulled=Pulled())
        for page in client.tasks(place, annotations=True, include=SAID):
            for task in page:
                look = looks.get(str(task["data"].get(KEY)))
                if look is not None:
                    meant = {**task, "data": {f"{PREFIX}id": look["id"]}, "predictions": []}
                    rows += reader.decisions(meant, str(look["run"]), asked=SECOND_LOOK)
    return rows


@dataclass(frozen=True)
class FlaggedTasks:
    """The tasks that a push flagged; a :class:`labelsift.review.incremental.TaskSource`."""

    client: Client
    project: int

    @property
    def _filters(self) -> list[dict[str, Any]]:
        return [condition(f"data.{PREFIX}id", "empty", "String", False)]

    def newest_change(self) -> str | None:
        """Return the time of the newest change."""
        return self.client.newest_change(self.project, filters=self._filters)

    def changed_after(self, time: datetime) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield the tasks that changed after a time."""
        filters = [*self._filters, condition("updated_at", "greater", "Datetime", filter_time(time))]
        return self.client.tasks(self.project, include="id,updated_at", filters=filters)

    def answered(self, ids: Sequence[int] | None = None) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Yield tasks with all their answers."""
        filters = self._filters if ids is None else ()
        return self.client.tasks(self.project, annotations=True, include=SAID_AND_PREDICTED, filters=filters, ids=ids)
