"""Reader of an existing project as a data set: ``ls.read("label-studio://PROJECT")``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from labelsift.data.samples import Samples, Task
from labelsift.data.spans import placed
from labelsift.errors import InputError
from labelsift.io.annotated_tasks import AnnotatedTasks, Answer, Role, field_of

from .client.client import Client
from .client.read import SAID
from .convert.correction import is_correction
from .convert.label_config import LabelControl, label_control_of
from .convert.regions import from_result
from .state.match import find_project

ROLES: dict[Task, Role] = {"classification": "label", "multilabel": "labels", "spans": "spans"}


def read_project(
    client: Client,
    project: str,
    *,
    id: str | None = None,
    split: str | None = None,
    predicted: str | None = None,
    metadata: Sequence[str] = (),
    name: str | None = None,
) -> Samples:
    """Return the tasks of a project with the labels that people gave, in the order of their numbers.

    Skipped tasks are unlabeled; drafts, predictions and the mark of a ground truth say nothing. What
    ``labelsift apply`` wrote counts before people's own answers. The samples of a project of images or sounds have no
    texts; what the page shows, their address, is metadata.

    Parameters
    ----------
    project
        Title or number.
    id, split, predicted, metadata
        Fields of the tasks' data; see :class:`labelsift.io.annotated_tasks.AnnotatedTasks`.
    name
        What to call the data set; the project's title by default.

    Raises
    ------
    InputError
        If there is no such project, its labeling config does not fit, or its tasks do not.
    PlatformError
        If the server cannot be reached or refuses.
    """
    project_data = find_project(client, project)
    target = readable(project_data)
    text_field = target.field if target.medium == "text" else None
    if text_field is None and metadata:
        metadata = list(dict.fromkeys([target.field, *metadata]))
    answered = AnnotatedTasks(ROLES[target.task], text_field, id, split, predicted, metadata)
    people = client.people()
    for page in client.tasks(int(project_data["id"]), annotations=True, include=SAID):
        for task in page:
            answered.add(str(task["id"]), task["data"], list(answers_of(task, target, people)))
    return answered.samples(name or str(project_data["title"]))


def readable(project: Mapping[str, Any]) -> LabelControl:
    """Return where a project's labels stand; the error is for who reads, and not for who pushes."""
    try:
        return label_control_of(project["label_config"] or "", project=str(project["title"]))
    except InputError as error:
        raise InputError(
            error.what, hint="Export the project, and read the file: ls.read('export.json', label='CONTROL')"
        ) from None


def answers_of(task: Mapping[str, Any], target: LabelControl, people: Mapping[int, str]) -> Iterator[Answer]:
    """Yield what people said of a task, and the correction that labelsift wrote, if it stands as it was written."""
    for annotation in task.get("annotations") or ():
        if annotation.get("was_cancelled"):
            continue
        person = people.get(annotation["completed_by"], str(annotation["completed_by"]))
        yield Answer(person, str(annotation["updated_at"]), _value(task, annotation, target), is_correction(annotation))


def _value(task: Mapping[str, Any], annotation: Mapping[str, Any], target: LabelControl) -> Any:  # noqa: ANN401 - a Value
    result = annotation.get("result") or ()
    text = str(field_of(task["data"], target.field) or "")
    try:
        return from_result(map(partial(_settled, task, text), result) if target.kind == "labels" else result, target)
    except (KeyError, TypeError, ValueError):  # marks in HTML stand at paths through it, not at characters
        raise InputError(
            "The marks of some tasks do not say from which character to which they go",
            ids=[str(task["id"])],
            hint="labelsift reads marks in plain text (the tag Text)",
        ) from None


def _settled(task: Mapping[str, Any], text: str, region: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a region with the offsets of the words that it marked; see :func:`labelsift.data.spans.placed`."""
    value = region.get("value") or {}
    if not value.get("labels") or "globalOffsets" in value:
        return region
    place = placed(int(value["start"]), int(value["end"]), value.get("text"), text)
    if place is None:
        raise InputError(
            "The marked words of some tasks do not stand where their regions say, nor at one other place only",
            ids=[str(task["id"])],
            hint="Mark them again; somebody may have changed their text after it was labeled",
        )
    return {**region, "value": {**value, "start": place[0], "end": place[1]}}
