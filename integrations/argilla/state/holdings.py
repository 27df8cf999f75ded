"""Records of a dataset as a push compares them: labelsift's part of each by its external id, and what is others'."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from labelsift.review.upsert import Holdings, StoredTask, TaskPlan

from ..client.client import Client
from ..client.read import Dataset

OWN = "labelsift/"  # how the agents of labelsift's suggestions begin


def holdings_of(
    records: Iterable[Mapping[str, Any]], questions: Mapping[str, str], keys: Mapping[str, str]
) -> Holdings:
    """Return the records of a review dataset by the keys of their items.

    Parameters
    ----------
    questions
        Question id → name.
    keys
        External id → key of the review item.
    """
    return Holdings.of(
        (keys.get(record["external_id"], record["external_id"]), stored_record(record, questions))
        for record in records
        if record["external_id"] is not None  # else somebody made it on the page
    )


def stored_record(record: Mapping[str, Any], questions: Mapping[str, str]) -> StoredTask:
    """Return a record: fields and metadata under ``fields.…`` and ``metadata.…``, labelsift's suggestions as one.

    Its ``meta`` has the ids of these by question under ``own``, and the questions on which others suggest something
    under ``others``: there is one suggestion a question, so labelsift's would take their place.
    """
    data = {f"fields.{name}": value for name, value in record["fields"].items()}
    data |= {f"metadata.{name}": value for name, value in (record.get("metadata") or {}).items()}
    own = own_suggestions(record, questions)
    suggestions = {
        name: {key: suggestion.get(key) for key in ("value", "score", "agent")} for name, suggestion in own.items()
    }
    asked = {questions.get(str(suggestion["question_id"])) for suggestion in record.get("suggestions") or ()}
    meta = {"own": {name: str(suggestion["id"]) for name, suggestion in own.items()}, "others": asked - own.keys()}
    said = bool(record.get("responses"))
    return StoredTask(record["id"], data, meta, predictions=(suggestions,) if suggestions else (), touched=said)


def own_suggestions(record: Mapping[str, Any], questions: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """Return labelsift's suggestions on a record: question → suggestion."""
    return {
        questions[str(suggestion["question_id"])]: suggestion
        for suggestion in record.get("suggestions") or ()
        if str(suggestion.get("agent") or "").startswith(OWN) and str(suggestion["question_id"]) in questions
    }


def question_names(dataset: Dataset) -> dict[str, str]:
    """Return question id → name."""
    return {str(question["id"]): name for name, question in dataset.questions.items()}


def leave_to_others(plan: TaskPlan, holdings: Holdings) -> None:
    """Take labelsift's suggestions out of a plan where they would replace somebody else's."""
    for key, stored in holdings.of_sample.items():
        if stored.meta["others"] & plan.predictions.get(key, {}).keys():
            del plan.predictions[key]


def unindexed(client: Client, dataset: str, external_ids: Collection[str]) -> list[str]:
    """Return the records that the database has and the search index lacks, as a server leaves them that dies between.

    Nobody would see them: the page shows what the index finds.
    """
    there = client.named(dataset, list(external_ids))
    return [id for id in external_ids if id not in there]
