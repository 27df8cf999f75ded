"""Judgement of records: what the run or its model says goes onto them as suggestion and metadata, once in effect.

What is to be said depends on a record's text and the run alone. So a record is written where that is not what stands
there; what a push brought is the push's. Whatever else a record holds stays: metadata are fetched and merged, and
somebody else's suggestion is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labelsift.data.formatting import shortened
from labelsift.data.review_queue import Value
from labelsift.io.formats.argilla import APPLIED, value_of
from labelsift.serving.judgement import quality_of, reason_of
from labelsift.serving.logs import Log
from labelsift.serving.run_index import Prediction

from ..client.client import Client
from ..client.errors import RefusedError
from ..convert.review_schema import ISSUES, PREFIX, QUALITY, RUN
from ..state.holdings import own_suggestions
from ..state.match import sample_of
from .datasets import PROPERTIES, REASON, ServedDataset

SAID = "submitted"
LONGEST = 1_000  # characters of a reason
Record = Mapping[str, Any]
_SUGGESTED = ("value", "score", "agent")


def judge(client: Client, entry: ServedDataset, records: Sequence[Record], *, log: Log) -> dict[str, str]:
    """Write what is to be said of records; return record id → time of its last change, of those that are as wanted."""
    scorer = entry.served.scorer
    if scorer is None:
        return {}
    mine = [record for record in records if not _is_pushed(record)]
    samples = [(sample_of(record), entry.text_of(record)) for record in mine]
    predictions = entry.served.judge(samples, project=None, unseen=entry.question.task != "spans")
    changes = []
    for record, (_, text), prediction in zip(mine, samples, predictions, strict=True):
        if prediction.value is None and not (scorer.able and text):
            continue  # nobody can tell
        change, stale = change_of(record, prediction, entry)
        changes += [change] if change else []
        if stale:
            client.delete_suggestions(record["id"], stale)
    times = {record["id"]: record["updated_at"] for record in records}
    return times | _write(client, entry, changes, log=log)


def _is_pushed(record: Record) -> bool:
    """Tell whether a record was pushed: it holds more of labelsift's than is written here."""
    names = {name for name in record.get("metadata") or {} if name.startswith(PREFIX)}
    return not names <= {*PROPERTIES, APPLIED}


def change_of(
    record: Record, prediction: Prediction, entry: ServedDataset
) -> tuple[dict[str, Any] | None, Sequence[str]]:
    """Return what is to be written onto a record, None for nothing, and its suggestions that are to be deleted."""
    question, metadata, version = entry.question, dict(record.get("metadata") or {}), entry.served.version(None)
    own = own_suggestions(record, {question.id: question.name}).get(question.name)
    others = [row for row in record.get("suggestions") or () if row["question_id"] == question.id and row != own]
    issue = "span" if question.task == "spans" else "label"
    reason, suggestion = reason_of(prediction), None
    if prediction.value:  # Argilla takes no empty set
        value = question.names.to_project(prediction.value) if question.labels else prediction.value
        score = None if prediction.confidence is None else round(prediction.confidence, 4)
        if fault := question.fault(value, text=entry.text_of(record) or ""):
            reason = f"{reason} {fault}, so nothing is suggested."
        elif not others:  # there is one suggestion a question
            suggestion = question.suggestion(value, score=score, issue=issue)
    reason = shortened(reason, LONGEST)
    stands = own and {name: own.get(name) for name in _SUGGESTED}
    wanted = suggestion and {name: suggestion[name] for name in _SUGGESTED}
    if (metadata.get(RUN), metadata.get(REASON), stands) == (version, reason, wanted):
        return None, ()
    model = entry.served.scorer.model if entry.served.scorer else None
    quality, contradicted = quality_of(prediction, _given(record, entry, others), model)
    said = {QUALITY: quality, ISSUES: [issue] if contradicted else None, RUN: version, REASON: reason}
    kept = {name: value for name, value in metadata.items() if name not in PROPERTIES}
    kept |= {name: value for name, value in said.items() if value is not None}
    change = {"id": record["id"], "metadata": kept, "suggestions": [suggestion] if suggestion else []}
    return change, [own["id"]] if own and not suggestion else ()


def _given(record: Record, entry: ServedDataset, others: Sequence[Mapping[str, Any]]) -> Value | None:
    """Return the label that a record came with: what people said alike, else what somebody else suggested."""
    said = [entry.question.response(row["values"]) for row in record.get("responses") or () if row["status"] == SAID]
    said = said or [value_of(row["value"]) for row in others]
    return entry.under_data(said[0]) if said and all(value == said[0] for value in said) else None


def _write(client: Client, entry: ServedDataset, changes: Sequence[Record], *, log: Log) -> dict[str, str]:
    """Write changes together; where the server refuses one, each by itself, and that one is named in the log."""
    if not changes:
        return {}
    try:
        written = client.upsert(entry.id, changes, ids=[change["id"] for change in changes])
    except RefusedError as error:
        if len(changes) == 1:
            log.failed("record_refused", error, dataset=entry.dataset.title, record=str(changes[0]["id"]))
            return {}
        parts = [_write(client, entry, [change], log=log) for change in changes]
        return {id: time for part in parts for id, time in part.items()}
    log.say("judged", dataset=entry.dataset.title, records=len(written))
    return {record["id"]: record["updated_at"] for record in written}
