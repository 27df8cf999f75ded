"""State of a project on the server: labelsift's tasks by sample id, doubles, predictions, tabs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labelsift.data.review_queue import key_of
from labelsift.errors import PlatformError
from labelsift.integrations._service import UnansweredError
from labelsift.review.batches import batches
from labelsift.review.upsert import Holdings, StoredTask

from ..client.client import Client
from ..convert.tabs import is_lane
from ..convert.task_fields import PREFIX, is_again, model_version

PATIENCE = 20.0  # seconds that what a request has begun may take to be stored: some twenty times what it does
PREDICTIONS = 10_000  # a request
# On a busy machine with SQLite.
SECONDS_A_PREDICTION, SECONDS_AMONG_OTHERS, SECONDS_A_RECOUNT = 0.4, 0.003, 0.004


def stored_task(task: Mapping[str, Any], predictions: Iterable[dict[str, Any]] = ()) -> StoredTask:
    """Read a task of ``Client.tasks``; its predictions have id, model_version, result and score."""
    names = ("total_annotations", "cancelled_annotations", "annotations", "drafts")
    return StoredTask(
        task=int(task["id"]),
        data=dict(task["data"]),
        meta=dict(task.get("meta") or {}),
        predictions=tuple(predictions),
        touched=any(task.get(name) for name in names),
    )


def read_holdings(client: Client, project: int, *, repeats: Mapping[str, float] | None = None) -> Holdings:
    """List a review project's tasks by sample id; ``repeats`` are samples with the scores of their second tasks."""
    predictions = own_predictions(client, project)
    holdings = Holdings.of(
        (
            key_of(sample, again=is_again(task["data"], repeats or {})),
            stored_task(task, predictions.get(task["id"], ())),
        )
        for page in client.tasks(project)
        for task in page
        if isinstance(sample := task["data"].get(f"{PREFIX}id"), str)
    )
    holdings.doubles = untouched(client, project, holdings.doubles)
    return holdings


def untouched(client: Client, project: int, tasks: Sequence[int]) -> list[int]:
    """Return those of the tasks that nobody has answered or begun to, read at this moment with their drafts."""
    if not tasks:
        return []
    pages = client.tasks(project, annotations=True, ids=tasks)
    stored = [stored_task(task) for page in pages for task in page]
    return [task.task for task in stored if not task.touched]


def own_predictions(client: Client, project: int) -> dict[int, list[dict[str, Any]]]:
    """Return the predictions whose model version is labelsift's, by task id."""
    predictions: dict[int, list[dict[str, Any]]] = {}
    for prediction in client.predictions(project):
        if is_own_version(prediction):
            predictions.setdefault(int(prediction["task"]), []).append(prediction)
    return predictions


def same_prediction(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a stored prediction is the wanted one, but for the ids that the server adds."""

    def core(prediction: Mapping[str, Any]) -> object:
        regions = prediction["result"] or ()
        bare = [{name: value for name, value in region.items() if name != "id"} for region in regions]
        return prediction["model_version"], prediction.get("score"), bare

    return core(stored) == core(wanted)


def predictions_on(client: Client, project: int, tasks: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the predictions of some tasks whose model version is labelsift's, by task id."""
    include = "id,predictions,model_version,score,result"
    pages = client.tasks(project, annotations=True, include=include, ids=tasks) if tasks else ()
    return {
        task["id"]: [made for made in task["predictions"] if is_own_version(made)] for page in pages for task in page
    }


def mend_predictions(
    client: Client, project: int, wrong: Iterable[tuple[StoredTask, Mapping[str, Any] | None]], *, tasks: int
) -> None:
    """Replace labelsift's predictions of these tasks by the wanted one, in a project of so many tasks.

    Raises
    ------
    PlatformError
        If the server refuses, or neither answers nor has stored them.
    """
    again: list[dict[str, Any]] = []
    for stored, wanted in wrong:
        for prediction in stored.predictions:
            client.delete_prediction(int(prediction["id"]))
        if wanted is not None:
            again.append({"task": stored.task, **wanted})
    singly, together = prediction_seconds(len(again), tasks=tasks)
    for batch in batches(again, size=1 if singly < together else PREDICTIONS):
        try:
            if singly < together:
                client.create_prediction(batch[0])
            else:
                client.import_predictions(project, batch, expected=together)
        except UnansweredError:
            if not _arrived(client, batch[-1]):
                raise


def prediction_seconds(count: int, *, tasks: int) -> tuple[float, float]:
    """Return how long so many predictions take one by one, and together: then the server recounts every task."""
    requests = -(-count // PREDICTIONS)
    return count * SECONDS_A_PREDICTION, requests * tasks * SECONDS_A_RECOUNT + count * SECONDS_AMONG_OTHERS


def _arrived(client: Client, prediction: Mapping[str, Any]) -> bool:
    """Ask whether a batch was stored that the server has not answered, for as long as it takes to store one."""
    end = time.monotonic() + PATIENCE
    while not client.has_prediction(prediction["task"], prediction["model_version"]):
        if time.monotonic() >= end:
            return False
        time.sleep(0.5)
    return True


def is_own_version(prediction: Mapping[str, Any]) -> bool:
    """Tell whether a prediction's model version is labelsift's."""
    return str(prediction.get("model_version") or "").startswith(model_version(""))


def _tabs_by_title(client: Client, project: int) -> dict[str, list[dict[str, Any]]]:
    views: dict[str, list[dict[str, Any]]] = {}
    for view in client.views(project):
        views.setdefault(str(view["data"].get("title")), []).append(view)
    return views


def put_tabs(client: Client, project: int, tabs: Sequence[Mapping[str, Any]]) -> tuple[dict[str, int], int]:
    """Make each tab exist once and show the present run; return title → tab id and how many were written.

    A tab is known by its title. Its columns and order belong to the people once it stands; only its
    filter is brought up to date. Doubles of labelsift's own tabs go, and lanes of an earlier number of lanes.
    """
    ids: dict[str, int] = {}
    written = 0
    standing = _tabs_by_title(client, project)
    # Lanes were called "Review 1/5" before, and these stay.
    older = {tab["title"]: f"Review {tab['title'].split()[0]}" for tab in tabs if is_lane(dict(tab))}
    tabs = [{**tab, "title": older[tab["title"]]} if older.get(tab["title"]) in standing else tab for tab in tabs]
    missing = [tab for tab in tabs if tab["title"] not in standing]
    for tab in missing:
        client.create_view(project, tab)
        written += 1
    if missing:  # another push may have made them at the same moment: who looks last removes the doubles
        standing = _tabs_by_title(client, project)
    for tab in tabs:
        title = tab["title"]
        if title not in standing:
            raise PlatformError(
                f"The tab {title} has gone again",
                hint="Somebody else is changing the project: run the same command again",
            )
        first, *doubles = standing[title]
        ids[title] = int(first["id"])
        if tab not in missing and first["data"].get("filters") != tab["filters"]:
            client.write_view(ids[title], project, {**tab, **first["data"], "filters": tab["filters"]})
            written += 1
        for double in doubles:
            client.delete_view(int(double["id"]))
            written += 1
    if any(is_lane(dict(tab)) for tab in tabs):
        for view in (view for views in standing.values() for view in views if is_lane(view["data"], but=list(ids))):
            client.delete_view(int(view["id"]))
            written += 1
    return ids, written
