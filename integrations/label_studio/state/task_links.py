"""Links from the tasks of a review project back to the tasks that their samples are from."""

from __future__ import annotations

from html import escape

from labelsift.data.review_queue import ReviewQueue

from ..client.client import Client
from .match import find_project, match_tasks

FIELD, SHOWN = "labelsift_source", "labelsift_origin"  # the address, and what the page makes of it
_LINE = f'<HyperText name="{SHOWN}" value="${SHOWN}" valueType="text" clickableLinks="true" inline="true"/>'


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


def fields_of(address: str | None) -> dict[str, str]:
    """Return the fields of a task that link to an address; they are empty without one, as the page has a place for it.

    >>> fields_of("http://host/projects/1/data?task=2")["labelsift_origin"]
    '<a href="http://host/projects/1/data?task=2" target="_blank">The original task</a>'
    """
    if not address:
        return {FIELD: "", SHOWN: ""}
    return {FIELD: address, SHOWN: f'<a href="{escape(address)}" target="_blank">The original task</a>'}


def linked(label_config: str) -> str:
    """Return a labeling config that also shows the link.

    >>> linked("<View></View>").count("$labelsift_origin")
    1
    """
    before, end = label_config[: (position := label_config.rindex("</View>"))], label_config[position:]
    return f"{before}  {_LINE}\n{end}"
