"""Erasure of samples: deletes what labelsift brought of them, and nothing that was there before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from labelsift.review.beside_html import without_samples

from .client.client import Client
from .client.read import SAID
from .convert.correction import is_correction
from .convert.feedback import COPIES, without_copies
from .convert.task_fields import BESIDE, PREFIX
from .second_look_project import KEY, find
from .state.match import find_project
from .state.rounds import rounds_of
from .state.server_state import own_predictions

_TWIN = 'class="ls-twin"'


def erase_tasks(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Delete the samples' tasks in all review projects of ``project``; return in how many tasks they stood.

    A task goes with everything in it, people's answers, too; where a sample stands beside another one's text, only that
    copy goes. Where ``project`` is a number, also the second looks of that project go, which are known by their keys
    among ``ids``.
    """
    count, wanted = 0, set(ids)
    places = [(round.project, f"{PREFIX}id") for round in rounds_of(client, project)]
    if project.isdigit() and (looks := find(client, int(project))):
        places.append((int(looks["id"]), KEY))
    for place, name in places:
        gone: list[int] = []
        left: dict[int, dict[str, Any]] = {}
        for task in (task for page in client.tasks(place) for task in page):
            if task["data"].get(name) in wanted:
                gone.append(task["id"])
            elif (now := _alone(task["data"], wanted)) != task["data"]:
                left[task["id"]] = now
        if gone and not dry_run:
            client.delete_tasks(place, gone)
        for task, data in left.items() if not dry_run else ():
            client.write_task(task, data)
        count += len(gone) + len(left)
    return count


def _alone(data: dict[str, Any], ids: Collection[str]) -> dict[str, Any]:
    """Return a task's data without the copies of some samples beside its text; nobody is asked about a copy then."""
    html = str(data.get(BESIDE) or "")
    left = without_samples(html, ids)
    if left == html:
        return data
    return {**data, BESIDE: left} | ({} if _TWIN in left else {COPIES: without_copies(data.get(COPIES) or ())})


def erase_fields(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Take what is labelsift's from the samples' tasks in a project of the user's; return how many tasks that were.

    That is its fields, its predictions and the corrections that ``apply`` wrote, unless a person changed them since.
    """
    number, wanted = int(find_project(client, project)["id"]), set(ids)
    tasks = [task for page in client.tasks(number) for task in page if task["data"].get(f"{PREFIX}id") in wanted]
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
