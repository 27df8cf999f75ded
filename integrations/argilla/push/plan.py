"""Plan of a push into a review dataset: records, suggestions, settings and links. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import ReviewItem
from labelsift.data.samples import Task
from labelsift.data.spans import fault
from labelsift.platforms import Mode
from labelsift.review.blind import visible_metadata
from labelsift.review.upsert import TaskPlan

from ..convert import record_fields, review_schema
from ..convert.why import why_of


@dataclass
class Plan(TaskPlan):
    """What a push wants in the review dataset, under the names of :func:`..state.holdings.stored_record`.

    Parameters
    ----------
    external_ids
        Key of a review item → external id of its record.
    settings
        As :func:`..state.rounds.open_round` takes them.
    """

    external_ids: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def plan_review(
    items: Sequence[ReviewItem],
    labels: Sequence[str],
    *,
    run: str,
    mode: Mode,
    task: Task,
    dimensions: int | None,
    definitions: Mapping[str, str],
    standing: Mapping[str, tuple[str, str]] | None = None,
) -> Plan:
    """Turn items into the records and settings of a review dataset, checked before they are sent.

    Parameters
    ----------
    dimensions
        Of the vectors; None without.
    standing
        Property → title and type, of the dataset where it stands.
    """
    offered = review_schema.offered_in(items)
    shown = visible_metadata(items, mode=mode, taken=())
    types = record_fields.types_of(items, shown, standing)
    vector = {"name": review_schema.VECTOR, "title": "Meaning (labelsift)", "dimensions": dimensions}
    settings = {
        "guidelines": review_schema.guidelines(labels, mode=mode, task=task),
        "fields": review_schema.fields(mode=mode),
        "questions": review_schema.questions(labels, mode=mode, task=task, offered=offered, definitions=definitions),
        "metadata": [
            *review_schema.own_properties(mode=mode),
            *(
                review_schema.property_of(legal, kind, title=record_fields.title_of(name))
                for name, (legal, kind) in types.items()
            ),
        ],
        "vectors": [vector] if dimensions else [],
    }
    plan = Plan(settings=settings)
    for item in items:
        wrong = _fault(item)
        if wrong:
            plan.failed[item.id] = wrong
            continue
        fields = {review_schema.TEXT: record_fields.text_of(item)}
        if mode != "blind":
            theirs = {shown[name]: value for name, value in item.metadata.items() if name in shown}
            fields[review_schema.WHY] = why_of(item, metadata=theirs, definitions=definitions)
        metadata = record_fields.metadata_of(item, run=run, mode=mode, types=types)
        plan.data[item.key] = {f"fields.{name}": value for name, value in fields.items()}
        plan.data[item.key] |= {f"metadata.{name}": value for name, value in metadata.items()}
        plan.external_ids[item.key] = record_fields.external_id(item)
        suggestions = record_fields.suggestions_of(item, mode=mode)
        if suggestions:
            plan.predictions[item.key] = suggestions
    return plan


def _fault(item: ReviewItem) -> str | None:
    """Say why no record can be made of an item; None where one can."""
    if "\x00" in item.id:
        return "Its id holds a NUL character, which not every database of Argilla's takes"
    if item.task == "spans" and (wrong := fault(map(tuple, item.suggested or ()), item.text)):
        return f"Its suggestion does not fit the text: {wrong}"
    return None
