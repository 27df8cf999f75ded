"""State of a project on the server: labelsift's tasks by sample id, doubles, predictions, tabs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import key_of
from labelsift.errors import PlatformError
from labelsift.review.batches import batches

from ..client.client import Client
from ..convert.tabs import is_lane
from ..convert.task_fields import PREFIX, is_again, model_version


@dataclass(frozen=True)
class Stored:
    """One task as the server holds it.

    Parameters
    ----------
    task
        Its id on the server.
    data, meta
        Everything that the task shows, also what others wrote, and what it does not show.
    predictions
        Those whose model version is labelsift's: id, model_version, result and score.
    touched
        True where a person has answered or begun to.
    """

    task: int
    data: dict[str, Any]
    meta: dict[str, Any] = field(default_factory=dict)
    predictions: tuple[dict[str, Any], ...] = ()
    touched: bool = False

    @classmethod
    def of(cls, task: Mapping[str, Any], predictions: Iterable[dict[str, Any]] = ()) -> Stored:
        """Read a task of ``Client.tasks``."""
        names = ("total_annotations", "cancelled_annotations", "annotations", "drafts")
        touched = any(task.get(name) for name in names)
        return cls(
            task=int(task["id"]),
            data=dict(task["data"]),
            meta=dict(task.get("meta") or {}),
            predictions=tuple(predictions),
            touched=touched,
        )


@dataclass
class Holdings:
    """The tasks of one project by sample id, and the doubles that a dead push left.

    Parameters
    ----------
    of_sample
        Sample id → its task; a second task of a sample stands under a key of its own, see ``flags.key_of``.
    doubles
        Ids of tasks that repeat another one and that nobody has answered.
    """

    of_sample: dict[str, Stored] = field(default_factory=dict)
    doubles: list[int] = field(default_factory=list)


def read_holdings(client: Client, project: int, *, repeats: Mapping[str, float] | None = None) -> Holdings:
    """List a review project's tasks by sample id; ``repeats`` are samples with the scores of their second tasks.

    Where two tasks hold the same sample, those that a person has answered stay, else the oldest; so
    two pushes that clean up at the same time keep the same one.
    """
    predictions = own_predictions(client, project)
    tasks_of: dict[str, list[Stored]] = {}
    for page in client.tasks(project):
        for task in page:
            sample = task["data"].get(f"{PREFIX}id")
            if isinstance(sample, str):
                key = key_of(sample, again=is_again(task["data"], repeats or {}))
                tasks_of.setdefault(key, []).append(Stored.of(task, predictions.get(task["id"], ())))
    holdings = Holdings()
    for sample, tasks in tasks_of.items():
        keep = next((task for task in tasks if task.touched), tasks[0])
        holdings.of_sample[sample] = keep
        holdings.doubles += [task.task for task in tasks if task.task != keep.task and not task.touched]
    holdings.doubles = untouched(client, project, holdings.doubles)
    return holdings


def untouched(client: Client, project: int, tasks: Sequence[int]) -> list[int]:
    """Return those of the tasks that nobody has answered or begun to, read at this moment with their drafts."""
    if not tasks:
        return []
    rows = [Stored.of(task) for page in client.tasks(project, annotations=True, ids=tasks) for task in page]
    return [task.task for task in rows if not task.touched]


def own_predictions(client: Client, project: int) -> dict[int, list[dict[str, Any]]]:
    """Return the predictions whose model version is labelsift's, by task id."""
    predictions: dict[int, list[dict[str, Any]]] = {}
    for prediction in client.each_prediction(project):
        if str(prediction.get("model_version") or "").startswith(model_version("")):
            predictions.setdefault(int(prediction["task"]), []).append(prediction)
    return predictions


def predicted(stored: Stored, wanted: Mapping[str, Any] | None) -> bool:
    """Tell whether a task holds exactly the wanted prediction of labelsift's, or none where none is wanted."""
    if wanted is None:
        return not stored.predictions
    return len(stored.predictions) == 1 and _same(stored.predictions[0], wanted)


def _same(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    def core(prediction: Mapping[str, Any]) -> object:  # without the ids that the server adds
        regions = [
            {name: value for name, value in region.items() if name != "id"} for region in prediction["result"] or ()
        ]
        return prediction["model_version"], prediction.get("score"), regions

    return core(stored) == core(wanted)


def mend_predictions(
    client: Client, project: int, wrong: Iterable[tuple[Stored, Mapping[str, Any] | None]], *, size: int
) -> None:
    """Replace labelsift's predictions of these tasks by the wanted one."""
    again: list[dict[str, Any]] = []
    for stored, wanted in wrong:
        for prediction in stored.predictions:
            client.delete_prediction(int(prediction["id"]))
        if wanted is not None:
            again.append({"task": stored.task, **wanted})
    for batch in batches(again, size=size):
        client.import_predictions(project, batch)


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
                cure="Somebody else is changing the project: run the same command again",
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
