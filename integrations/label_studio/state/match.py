"""Lookup of a project by title or number, and matching of its tasks to samples by id or text."""

from __future__ import annotations

import difflib
from collections import defaultdict, deque
from collections.abc import Callable
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
    matching = [row for row in projects if row["title"] == project]
    matching = matching or [row for row in projects if str(row["id"]) == project]
    if len(matching) == 1:
        return client.project(int(matching[0]["id"]))
    if matching:
        raise InputError(
            f"Several projects are called {project}",
            ids=[row["id"] for row in matching],
            hint="Give the number instead",
        )
    near = difflib.get_close_matches(project, [row["title"] for row in projects], n=3)
    hint = f"Similar titles: {', '.join(near)}" if near else "See the list of projects in Label Studio"
    raise InputError(f"Label Studio has no project {project}", hint=hint)


def match_tasks(client: Client, project: int, queue: ReviewQueue, *, name: str) -> Matched:
    """Find the tasks of each sample by a field that holds its id or its text.

    Raises
    ------
    InputError
        If no task has the field.
    """
    sample_of = _sample_finder(queue)
    predictions = own_predictions(client, project)
    tasks_of: dict[str, list[StoredTask]] = defaultdict(list)
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
                tasks_of[sample].append(stored_task(task, predictions.get(task["id"], ())))
    if seen and name not in seen:
        fields = ", ".join(sorted(field for field in seen if not field.startswith(PREFIX)))
        raise InputError(f"No task of the project has the field {name}", hint=f"Its fields are: {fields}")
    matched = Matched(round=rounds.get(queue.run, 1 + max(rounds.values(), default=0)))
    for sample, tasks in tasks_of.items():
        spare = [task for task in tasks if task.meta.get(CREATED) and not task.touched]
        doubles = {task.task for task in (spare if len(spare) < len(tasks) else spare[1:])}
        matched.doubles += sorted(doubles)
        matched.tasks[sample] = [task for task in tasks if task.task not in doubles]
    return matched


def sources_of(client: Client, queue: ReviewQueue, *, project: str, field: str) -> dict[str, str]:
    """Return sample id → the address of its first task in the existing project.

    Raises
    ------
    InputError
        If there is no such project, or no task has the field.
    """
    number = int(find_project(client, project)["id"])
    matched = match_tasks(client, number, queue, name=field.removeprefix("data."))
    page = f"{client.url}/projects/{number}/data"
    return {sample: f"{page}?task={tasks[0].task}" for sample, tasks in matched.tasks.items() if tasks}


def _sample_finder(queue: ReviewQueue) -> Callable[[str], str | None]:
    """Return a function from a field's value, an id or a text, to its sample; a text's first task is its first one."""
    ids = queue.samples.ids.to_pylist()
    known, of_text = set(ids), defaultdict[str, deque[str]](deque)
    for id, text in zip(ids, queue.samples.texts.to_pylist(), strict=True):
        of_text[text].append(id)

    def find(value: str) -> str | None:
        if value in known:
            return value
        waiting = of_text.get(value)
        return waiting.popleft() if waiting else None

    return find
