"""Which project a person means, and which of its tasks hold which samples."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import ReviewQueue
from labelsift.errors import InputError
from labelsift.review.upsert import StoredTask

from ..client.client import Client
from ..convert.task_fields import PREFIX
from .server_state import own_predictions, stored_task

NUMBER = "id"  # matches the task's own number, where its data has no such field
CREATED = "labelsift_created"  # key of a task's meta: nobody but labelsift made this task


@dataclass
class Matched:
    """The tasks of an existing project by sample id.

    Parameters
    ----------
    tasks
        Sample id → every task that holds the sample.
    doubles
        Tasks that labelsift made, that hold a sample which another task holds too, and that nobody has answered.
    round
        The number of this run's round.
    """

    tasks: dict[str, list[StoredTask]] = field(default_factory=dict)
    doubles: list[int] = field(default_factory=list)
    round: int = 1


def find_project(client: Client, project: str) -> dict[str, Any]:
    """Return the project with this title or number.

    Raises
    ------
    InputError
        If there is none (names those with a similar title) or several have the title.
    """
    projects = client.projects()
    found = [one for one in projects if one["title"] == project]
    found = found or [one for one in projects if str(one["id"]) == project]
    if len(found) == 1:
        return client.project(int(found[0]["id"]))
    if found:
        raise InputError(
            f"Several projects are called {project}", ids=[one["id"] for one in found], cure="Give the number instead"
        )
    near = difflib.get_close_matches(project, [one["title"] for one in projects], n=3)
    cure = f"Similar titles: {', '.join(near)}" if near else "See the list of projects in Label Studio"
    raise InputError(f"Label Studio has no project {project}", cure=cure)


def match_tasks(client: Client, project: int, queue: ReviewQueue, *, name: str) -> Matched:
    """Find the tasks of each sample by a field that holds its id or its text.

    Raises
    ------
    InputError
        If no task has the field.
    """
    sample_of = _Samples(queue)
    predictions = own_predictions(client, project)
    found: dict[str, list[StoredTask]] = defaultdict(list)
    rounds: dict[str, int] = {}
    seen: set[str] = set()
    for page in client.tasks(project):
        for task in page:
            data = task["data"]
            seen.update(data)
            if name == NUMBER and name not in data:  # as label-studio:// names the samples
                data = {**data, name: task["id"]}
                seen.add(name)
            if "labelsift_run" in data:
                rounds[str(data["labelsift_run"])] = int(data.get("labelsift_round") or 1)
            sample = sample_of(str(data[name])) if name in data else None
            if sample is not None:
                found[sample].append(stored_task(task, predictions.get(task["id"], ())))
    if seen and name not in seen:
        known = ", ".join(sorted(one for one in seen if not one.startswith(PREFIX)))
        raise InputError(f"No task of the project has the field {name}", cure=f"Its fields are: {known}")
    matched = Matched(round=rounds.get(queue.run, 1 + max(rounds.values(), default=0)))
    for sample, tasks in found.items():
        spare = [one for one in tasks if one.meta.get(CREATED) and not one.touched]
        doubles = {one.task for one in (spare if len(spare) < len(tasks) else spare[1:])}
        matched.doubles += sorted(doubles)
        matched.tasks[sample] = [one for one in tasks if one.task not in doubles]
    return matched


class _Samples:
    """Finds the sample that a field's value names: an id, or a text, whose first task is its first sample."""

    def __init__(self, queue: ReviewQueue) -> None:
        ids = queue.samples.ids.to_pylist()
        self._ids = set(ids)
        of_text: dict[str, list[str]] = defaultdict(list)
        for id, text in zip(ids, queue.samples.texts.to_pylist(), strict=True):
            of_text[text].append(id)
        self._of_text: dict[str, Iterator[str]] = {text: iter(ids) for text, ids in of_text.items()}

    def __call__(self, value: str) -> str | None:
        return value if value in self._ids else next(self._of_text.get(value, iter(())), None)
