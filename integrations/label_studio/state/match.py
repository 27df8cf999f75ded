"""Lookup of a project by title or number, and matching of its tasks to samples by id or text."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import ReviewQueue
from labelsift.errors import InputError
from labelsift.review.matching import sample_finder
from labelsift.review.upsert import StoredTask

from ..client.client import Client
from ..convert.label_config import label_control_of
from ..convert.task_fields import PREFIX
from .rounds import rounds_in
from .server_state import predictions_on, stored_task

NUMBER = "id"  # matches the task's own number, where its data has no such field
LINKED = 20_000  # tasks of a project up to which all are read to link to some, unasked: a minute
_DIGITS = 10  # of a task's number, at most
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
    matching = _named(projects, project)
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


def own_projects(projects: Sequence[dict[str, Any]], project: str) -> list[dict[str, Any]]:
    """Return the projects of this title, else of this number, that are no review projects."""
    reviews = {review.project for review in rounds_in(projects)}
    return _named([row for row in projects if row["id"] not in reviews], project)


def _named(projects: Sequence[dict[str, Any]], project: str) -> list[dict[str, Any]]:
    titled = [row for row in projects if row["title"] == project]
    return titled or [row for row in projects if str(row["id"]) == project]


def match_tasks(client: Client, project: int, queue: ReviewQueue, *, name: str) -> Matched:
    """Find the tasks of each item of a queue by a field that holds its sample's id or its text.

    Predictions are read last: what a request that was given up had begun may be stored by then.

    Raises
    ------
    InputError
        If no task has the field.
    """
    sample_of, wanted = sample_finder(queue.samples), {item.id for item in queue.items}
    tasks_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
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
            if sample in wanted:
                tasks_of[sample].append(task)
    if seen and name not in seen:
        raise _unknown_field(name, seen)
    predictions = predictions_on(client, project, [task["id"] for tasks in tasks_of.values() for task in tasks])
    matched = Matched(round=rounds.get(queue.run, 1 + max(rounds.values(), default=0)))
    for sample, rows in tasks_of.items():
        tasks = [stored_task(task, predictions.get(task["id"], ())) for task in rows]
        spare = [task for task in tasks if task.meta.get(CREATED) and not task.touched]
        doubles = {task.task for task in (spare if len(spare) < len(tasks) else spare[1:])}
        matched.doubles += sorted(doubles)
        matched.tasks[sample] = [task for task in tasks if task.task not in doubles]
    return matched


def sources_of(client: Client, queue: ReviewQueue, *, project: str, field: str | None = None) -> dict[str, str] | None:
    """Return sample id → the address of its task in the project of this name.

    Without a ``field`` that names the samples, a task is a sample's if it shows its very text and names its id, by its
    number or in the field in which most do; or by the text alone. Then only projects of up to ``LINKED`` tasks are read
    whole, of others the tasks whose numbers the samples name, and None is returned where there is no such project, or
    less than half of the samples stand there.

    Raises
    ------
    InputError
        If a field is named, and there is no such project or no task has it.
    """
    rows = own_projects(client.projects(), project)
    if field is None and (len(rows) != 1 or not queue.samples.has_texts):
        return None
    settings = find_project(client, project) if field else client.project(int(rows[0]["id"]))
    number, texts = int(settings["id"]), {item.id: item.text for item in queue.items}
    named, sample_of = (field or "").removeprefix("data."), {text: id for id, text in reversed(texts.items())}
    try:
        shown = label_control_of(settings["label_config"] or "", project=project).field
    except InputError:
        if field is None:
            return None
        shown = named
    numbers = [int(id) for id in texts if id.isdecimal() and id.isascii() and len(id) < _DIGITS]
    pages = [client.tasks(number, include="id,data", ids=numbers)] if numbers else []
    if field or int(settings.get("task_number") or 0) <= LINKED:
        pages.append(client.tasks(number, include="id,data"))
    of_field: dict[str, dict[str, int]] = defaultdict(dict)
    seen = set[str]()
    for task in (task for several in pages for page in several for task in page):
        text = str(task["data"].get(shown))
        seen.update(task["data"])
        for name, value in {NUMBER: task["id"], **task["data"]}.items():
            if str(value) in texts and (name == named or texts[str(value)] == text):
                of_field[name].setdefault(str(value), int(task["id"]))
        if text in sample_of:
            of_field[shown].setdefault(sample_of[text], int(task["id"]))
    if field and seen and named not in seen | {NUMBER}:
        raise _unknown_field(named, seen)
    best = of_field[named] if field else max(of_field.values(), key=len, default={})
    page = f"{client.url}/projects/{number}/data"
    links = {sample: f"{page}?task={task}" for sample, task in best.items()}
    return links if field or (best and 2 * len(best) >= len(texts)) else None


def _unknown_field(name: str, fields: Iterable[str]) -> InputError:
    theirs = ", ".join(sorted(field for field in fields if not field.startswith(PREFIX)))
    return InputError(f"No task of the project has the field {name}", hint=f"Its fields are: {theirs}")
