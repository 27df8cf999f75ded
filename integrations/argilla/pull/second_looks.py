"""Decisions in the dataset of second looks, as corrections by sample id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from labelsift.data.adjudication import SECOND_LOOK
from labelsift.data.samples import Task
from labelsift.review.answers import correction_of
from labelsift.review.blind import labels_of_blind
from labelsift.store.store import Store

from ..client.client import NAME, Client
from ..convert.answers import read_answer
from ..state.rounds import STATE
from ..state.second_look_dataset import TASK, find
from .review_dataset import answered


def second_looks(
    client: Client, store: Store, people: Mapping[str, str], *, workspace: Mapping[str, Any], name: str
) -> Iterator[dict[str, Any]]:
    """Yield every decision on a second look at the answers in a dataset; none where the store sent no look.

    A record tells nothing but a key: which sample of which run it stands for is in the store's record alone. The answer
    of the person whose own answer is looked at is no second one, and left out. ``round`` and ``asked`` are
    ``second_look``: these samples were not drawn at random, and say nothing about how often people follow a suggestion.

    Parameters
    ----------
    people
        User id → user name.
    workspace, name
        The dataset's workspace and its name.
    """
    target = f"{workspace['name']}/{name}"
    looks = {
        str(record["key"]): record
        for record in store.ledger.records()
        if record.get("kind") == SECOND_LOOK and record.get("id") and record.get("run") and record["target"] == target
    }
    place = find(client.datasets(workspace["id"]), name) if looks else None
    if place is None:
        return
    task: Task = place["metadata"][STATE][TASK]
    records = answered(client, str(place["id"]))
    said = [(looks[record["external_id"]], record) for record in records if record["external_id"] in looks]
    for run in dict.fromkeys(str(look["run"]) for look, _ in said):
        mine = [(look, record) for look, record in said if look["run"] == run]
        labels = labels_of_blind(store, run, [look["id"] for look, _ in mine], task=task, project=target)
        for look, record in mine:
            given, suggested = labels[look["id"]]
            for response in record["responses"]:
                answer = read_answer(
                    response,
                    sample=look["id"],
                    task=task,
                    given=given,
                    suggested=suggested,
                    mode="blind",
                    people=people,
                )
                if answer is not None and answer.person != look["person"]:
                    meant = replace(answer, run=run, round=SECOND_LOOK, asked=SECOND_LOOK)
                    yield correction_of(meant, platform=NAME, task=task)
