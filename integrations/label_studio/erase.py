"""Erasure of samples: deletes what labelsift brought of them, and nothing that was there before."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from .client.client import Client
from .client.read import SAID
from .convert.correction import is_correction
from .convert.task_fields import PREFIX
from .second_look_project import KEY, find
from .state.match import find_project
from .state.rounds import rounds_of
from .state.server_state import own_predictions


def erase_tasks(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Delete the samples' tasks in all review projects of ``project``; return how many there were.

    A task goes with everything in it, people's answers, too. Where ``project`` is a number, also the second looks of
    that project go, which are known by their keys among ``ids``.
    """
    count = 0
    places = [(round.project, f"{PREFIX}id") for round in rounds_of(client, project)]
    if project.isdigit() and (looks := find(client, int(project))):
        places.append((int(looks["id"]), KEY))
    for place, name in places:
        tasks = [task["id"] for task in _of(client, place, set(ids), name=name)]
        if tasks and not dry_run:
            client.delete_tasks(place, tasks)
        count += len(tasks)
    return count


def erase_fields(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Take what is labelsift's from the samples' tasks in a project of the user's; return how many tasks that were.

    That is its fields, its predictions and the corrections that ``apply`` wrote, unless a person changed them since.
    """
    number = int(find_project(client, project)["id"])
    tasks = list(_of(client, number, set(ids)))
    if tasks and not dry_run:
        predictions = own_predictions(client, number)
        for task in tasks:
            client.write_task(task["id"], {key: of for key, of in task["data"].items() if not key.startswith(PREFIX)})
            for prediction in predictions.get(task["id"], ()):
                client.delete_prediction(prediction["id"])
        for page in client.tasks(number, annotations=True, include=SAID, ids=[task["id"] for task in tasks]):
            for annotation in (annotation for task in page for annotation in task["annotations"]):
                if is_correction(annotation):
                    client.delete_annotation(int(annotation["id"]))
    return len(tasks)


def _of(client: Client, project: int, ids: Collection[str], *, name: str = f"{PREFIX}id") -> Iterator[dict[str, Any]]:
    for page in client.tasks(project):
        yield from (task for task in page if task["data"].get(name) in ids)
