"""Plan of a push into a dataset of the user's own: what each record lacks of it, and which settings. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import ReviewItem
from labelsift.data.samples import Task
from labelsift.errors import InputError
from labelsift.platforms import Mode
from labelsift.review.questions import header_of
from labelsift.review.suggestions import labels_in
from labelsift.review.words import quoted

from ..client.read import Dataset
from ..convert import review_schema
from ..convert.label_question import LabelQuestion
from ..convert.record_fields import LONGEST_TERM, metadata_of
from ..convert.review_schema import PREFIX, RUN, VALUES
from ..state.holdings import OWN, own_suggestions
from ..state.match import EXTERNAL_ID, PUSHES, SAMPLE, Record, entries_of, without_own

SUGGESTED_LABEL, REASON = f"{PREFIX}suggested", f"{PREFIX}reason"
_HIDDEN = {SAMPLE: "Sample", PUSHES: "Pushes"}  # what nobody filters by


@dataclass(frozen=True)
class Change:
    """What is to be done to one record.

    Parameters
    ----------
    item
        What the record is to hold, as an upsert takes it; empty where nothing differs.
    stale
        Suggestions of labelsift's that are to go, by the server's ids.
    """

    item: dict[str, Any] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.item or self.stale)


@dataclass(frozen=True)
class ExistingPlan:
    """What a push wants of the records of a dataset; ``round`` is its number among the pushes of runs."""

    question: LabelQuestion
    run: str
    mode: Mode
    round: int
    task: Task

    def change_of(self, record: Record, item: ReviewItem | None, questions: Mapping[str, str]) -> Change:
        """Compare a record with what its sample's item wants; None where the sample is not flagged.

        A record of a sample that this run has not flagged, and an earlier one had, gets rid of what that one showed.
        Everything that is not labelsift's goes back as it was.

        Parameters
        ----------
        questions
            Question id → name.
        """
        metadata = record.get("metadata") or {}
        own = own_suggestions(record, questions).get(self.question.name)
        if item is None and (metadata.get(RUN, self.run) == self.run or PUSHES not in metadata):
            return Change()
        wanted = without_own(metadata)
        suggestion = None
        if item is not None:
            wanted |= self._shown(item, record)
            suggestion = self.suggestion_of(item) if not is_taken(record, self.question) else None
        changed: dict[str, Any] = {} if wanted == metadata else {"metadata": wanted}
        if suggestion is not None and not _same(own, suggestion):
            changed["suggestions"] = [suggestion]
        stale = (str(own["id"]),) if own is not None and suggestion is None else ()
        return Change({"id": record["id"], **changed} if changed else {}, stale)

    def suggestion_of(self, item: ReviewItem) -> dict[str, Any] | None:
        """Return the draft of the answer in mode prefill; None where there is none, or the server would refuse it."""
        if self.mode != "prefill" or item.suggested is None:
            return None
        value = self.value_of(item)
        if self.question.fault(value, text=item.text):
            return None
        return self.question.suggestion(value, score=item.confidence, issue=item.issues[0])

    def value_of(self, item: ReviewItem) -> Any:  # noqa: ANN401 -- a Value
        """Return what is suggested under the names of the question; a single label as a set where it takes sets."""
        several = self.question.task == "multilabel" and isinstance(item.suggested, str)
        return self.question.names.to_project([item.suggested] if several else item.suggested)

    def new_record(self, item: ReviewItem, *, fields: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record of a sample that the dataset does not have."""
        made = {EXTERNAL_ID: item.id, "fields": dict(fields)}
        made["metadata"] = {**metadata, **self._shown(item, {"metadata": {}, **made})}
        suggestion = self.suggestion_of(item)
        return made | ({"suggestions": [suggestion]} if suggestion else {})

    def _shown(self, item: ReviewItem, record: Record) -> dict[str, Any]:
        shown = metadata_of(item, run=self.run, mode=self.mode, types={})
        shown.pop(VALUES, None)  # the store keeps it
        if self.mode != "blind":
            labels = [label[:LONGEST_TERM] for label in labels_in(item.suggested)]
            shown |= {SUGGESTED_LABEL: labels} if labels else {}
            shown[REASON] = f"{header_of(item)} {quoted(item)}".strip()
        shown |= {SAMPLE: item.id} if record.get(EXTERNAL_ID) != item.id else {}
        entries = entries_of(record.get("metadata"))
        if not entries or (entries[-1]["run"], entries[-1]["mode"]) != (self.run, self.mode):
            since = max((str(said["updated_at"]) for said in record.get("responses") or ()), default="")
            entry = {"run": self.run, "mode": self.mode, "round": self.round, "task": self.task, "since": since}
            shows = self.mode != "blind"  # as no annotator reads this, but who may look does
            entries.append(entry | ({"given": item.given, "suggested": item.suggested} if shows else {}))
        return shown | {PUSHES: json.dumps(entries)}


def properties(mode: Mode) -> list[dict[str, Any]]:
    """Return the metadata properties by which people find and judge what was pushed."""
    titles = {SUGGESTED_LABEL: "Suggested label", REASON: "Why"} if mode != "blind" else {}
    further = [review_schema.property_of(name, "terms", title=title) for name, title in titles.items()]
    return review_schema.own_properties(mode=mode) + further


def settings_of(dataset: Dataset, *, mode: Mode, dimensions: int | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the metadata properties and vectors that a dataset lacks: (kind, settings)."""
    wanted = properties(mode)
    if not dataset.about.get("allow_extra_metadata"):
        hidden = [review_schema.property_of(name, "terms", title=title) for name, title in _HIDDEN.items()]
        wanted += [{**row, "visible_for_annotators": False} for row in hidden]
    missing = [("metadata-properties", row) for row in wanted if row["name"] not in dataset.metadata]
    if dimensions and review_schema.VECTOR not in dataset.vectors:
        vector = {"name": review_schema.VECTOR, "title": "Meaning (labelsift)", "dimensions": dimensions}
        missing.append(("vectors-settings", vector))
    return missing


def require_properties(dataset: Dataset) -> None:
    """Refuse a dataset that has metadata of labelsift's names and of other types; raises InputError."""
    kinds = {name: str(row["settings"]["type"]) for name, row in dataset.metadata.items()}
    wanted = {row["name"]: row["settings"]["type"] for row in properties("choose")}
    wrong = [name for name, kind in wanted.items() if kinds.get(name, kind) != kind]
    if wrong:
        raise InputError(
            f"{dataset.title} has metadata of these names that are of other types, which Argilla does not change",
            ids=wrong,
            hint="Delete these properties under Settings → Metadata, or push without --match",
        )


def is_taken(record: Record, question: LabelQuestion) -> bool:
    """Tell whether somebody else's suggestion stands on the question, which holds one."""
    return any(
        suggestion["question_id"] == question.id and not str(suggestion.get("agent") or "").startswith(OWN)
        for suggestion in record.get("suggestions") or ()
    )


def _same(own: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    return own is not None and all(own.get(name) == wanted[name] for name in ("value", "score", "agent"))
