"""Answers of people as plain data, and their conversion to rows of CORRECTIONS_SCHEMA, the same for every platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from ..data.samples import Task
from ..data.schemas import CORRECTIONS_SCHEMA, to_json
from .suggestions import Value
from .verdicts import Feedback, decide, merge_disputed

NO_TEXT = "The answer is incomplete: no new text is written"
_DRAFTS = "labelsift_drafts"


@dataclass(frozen=True)
class Answer:
    """What one person said of one sample.

    Parameters
    ----------
    id
        The sample's id.
    value
        The label, set of labels or spans, under the names of the data; None where there are none.
    skipped
        True where the person decided nothing.
    feedback
        What people said in place of a label; see :data:`labelsift.review.verdicts.Feedback`.
    note
        The person's own words.
    person, time, seconds
        Who, when (ISO 8601 by the platform's clock; None where it does not know) and how long it took.
    given, suggested
        What the sample's label was and what was suggested, whether or not the person saw it.
    partial
        Of spans: True where the person marked only what is in dispute; see :mod:`labelsift.review.verdicts`.
    run, round, asked
        As in CORRECTIONS_SCHEMA.
    """

    id: str
    value: Value | None = None
    skipped: bool = False
    feedback: Feedback | None = None
    note: str = ""
    person: str = ""
    time: str | None = None
    seconds: float | None = None
    given: Value | None = None
    suggested: Value | None = None
    partial: bool = False
    run: str | None = None
    round: str = ""
    asked: str | None = None


def correction_of(answer: Answer, *, platform: str, task: Task = "classification") -> dict[str, Any]:
    """Return the row of CORRECTIONS_SCHEMA that an answer makes, with its time as text.

    >>> row = correction_of(Answer("7", "refund", given="top_up", suggested="refund"), platform="xlsx")
    >>> row["action"], row["verdict"], row["value"]
    ('relabel', 'accepted', '"refund"')
    """
    value = answer.value
    if answer.partial and value is not None:
        value = merge_disputed(answer.given, answer.suggested, value)
    decision = decide(
        value,
        given=answer.given,
        suggested=answer.suggested,
        task=task,
        feedback=answer.feedback,
        skipped=answer.skipped,
    )
    return {
        "id": answer.id,
        "action": decision.action,
        "verdict": decision.verdict,
        "value": to_json(decision.value),
        "person": answer.person,
        "time": answer.time,
        "platform": platform,
        "run": answer.run,
        "round": answer.round,
        "seconds": answer.seconds,
        "note": answer.note,
        "asked": answer.asked,
    }


def acted(answer: Answer, *, masks: Value | None = None, repaired: str | None = None) -> Answer:
    """Return an answer about the text with what was proposed: the places to mask, or the repaired text.

    To repair a text without writing one takes the repaired text; where there is none, nothing is decided.

    >>> acted(Answer("7", feedback="edit"), repaired="café").value, acted(Answer("7", feedback="edit")).skipped
    ('café', True)
    """
    if answer.feedback == "redact":
        return replace(answer, suggested=masks, partial=False)
    if answer.feedback != "edit":
        return answer
    text = answer.value or repaired
    if text is None:
        return replace(answer, feedback=None, skipped=True, partial=False, note=f"{answer.note} [{NO_TEXT}]".strip())
    return replace(answer, value=text, suggested=repaired, partial=False)


def corrections_table(rows: Iterable[Mapping[str, Any]], *, drafts: int = 0) -> pa.Table:
    """Return rows of :func:`correction_of` as a table in CORRECTIONS_SCHEMA, oldest first; ties keep their order.

    How many answers are drafts, and so decide nothing yet, stands in the schema's metadata; see :func:`drafts_in`.
    """
    dated = [{**row, "time": None if row["time"] is None else datetime.fromisoformat(row["time"])} for row in rows]
    dated.sort(key=lambda row: (row["time"] is not None, row["time"]))
    table = pa.Table.from_pylist(dated, schema=CORRECTIONS_SCHEMA)
    return table.replace_schema_metadata({_DRAFTS: str(drafts)}) if drafts else table


def drafts_in(corrections: pa.Table) -> int:
    """Return how many answers of a pull are drafts.

    >>> drafts_in(corrections_table([], drafts=2)), drafts_in(corrections_table([]))
    (2, 0)
    """
    return int((corrections.schema.metadata or {}).get(_DRAFTS.encode(), 0))
