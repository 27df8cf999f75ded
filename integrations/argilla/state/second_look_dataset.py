"""Dataset of second looks: beside the one that people label in, without a label, a reason or metadata.

It is a dataset of its own, because in the other one people see the suggestion and what was answered. A record is known
by a key that tells nothing. Argilla cannot ask one person: the guidelines tell people to discard a text that they
labeled before, and a pull leaves out the answer of the person whose own answer is looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labelsift.data.formatting import shortened
from labelsift.data.samples import Task

from ..client.client import Client
from ..convert import review_schema
from .rounds import NAME_LENGTH, STATE, open_dataset

OF, TASK = "second_look_of", "task"  # in the dataset's state
_END = " second look"
_GUIDELINES = (
    "A second opinion is asked for. Choose the label that fits. Press Discard where you have labeled the same text in "
    "another dataset: then somebody else is asked."
)


def second_look_of(about: Mapping[str, Any]) -> str | None:
    """Return of which dataset (its name) a dataset holds the second looks; None for any other."""
    state = (about.get("metadata") or {}).get(STATE)
    return state.get(OF) if isinstance(state, dict) else None


def find(datasets: Iterable[Mapping[str, Any]], of: str) -> Mapping[str, Any] | None:
    """Return the published dataset that holds the second looks of a dataset; None where there is none."""
    return next((about for about in datasets if about["status"] == "ready" and second_look_of(about) == of), None)


def find_or_make(client: Client, of: str, *, workspace: str, labels: Sequence[str], task: Task) -> str:
    """Return the id of the dataset that holds the second looks of a dataset; made if there is none.

    Raises
    ------
    InputError
        If the server cannot take the labels.
    PlatformError
        If the server cannot be reached or refuses.
    """
    if (standing := find(client.datasets(workspace), of)) is not None:
        return str(standing["id"])
    settings = {
        "guidelines": _GUIDELINES,
        "fields": review_schema.fields(mode="blind"),
        "questions": review_schema.questions(labels, mode="blind", task=task, offered=(), definitions={}),
        "metadata": (),
        "vectors": (),
    }
    about = {"metadata": {STATE: {OF: of, TASK: task}}, "distribution": {"strategy": "overlap", "min_submitted": 1}}
    name = shortened(of, NAME_LENGTH - len(_END)) + _END
    made = open_dataset(
        client, name, about, workspace=workspace, settings=settings, ours=lambda row: second_look_of(row) == of
    )
    return str(made["id"])
