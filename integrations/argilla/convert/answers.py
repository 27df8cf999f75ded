"""Responses in a review dataset to answers: the decision, the label and the note that they hold. Pure functions.

What a label says counts before the decision that it goes with: who chose one and left "Take the suggestion" as it was
(the draft of mode prefill) means the label. Said twice and differently, as "it is right as it is" beside another label,
nothing is decided.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from labelsift.data.review_queue import Value
from labelsift.data.samples import Task
from labelsift.platforms import Mode
from labelsift.review.answers import Answer, acted
from labelsift.review.dealing import DUPLICATES
from labelsift.review.suggestions import disputed
from labelsift.review.verdicts import Feedback

from .review_schema import DECISION, ELSE, GIVEN, LABEL, NEW_TEXT, NOTE, OTHER, SUGGESTED, VALUES
from .values import from_argilla

_ALL: tuple[Feedback, ...] = ("both_fit", "unclear", "unusable", "drop_copy", "keep_copies", "redact", "edit")
FEEDBACK: dict[str, Feedback] = {str(name): name for name in _ALL}
CONTRADICTS = "The answer contradicts itself: the decision says one thing, the label another"
NOT_CHOSEN = "The answer is incomplete: no label is chosen"
NO_SUGGESTION = "The answer is incomplete: there is no suggestion to take, and no label is chosen"
NO_COPY = "The answer is about a copy, and no other copy was shown"
NOT_OFFERED = "The answer is about the text, and nothing was found in it that this would mend"


def values_of(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what a record keeps, the values given and suggested at least; None where it was asked blind."""
    try:
        kept = json.loads((metadata or {})[VALUES])
        return kept if {"given", "suggested"} <= kept.keys() else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def read_answer(
    response: Mapping[str, Any],
    *,
    sample: str,
    task: Task,
    given: Value | None,
    suggested: Value | None,
    mode: Mode,
    people: Mapping[str, str],
    issues: Sequence[str] | None = None,
    proposed: Mapping[str, Any] = MappingProxyType({}),
) -> Answer | None:
    """Return what a person said of a record; None for a draft, which says nothing yet.

    Parameters
    ----------
    given, suggested
        What is judged, whether or not it was shown.
    mode
        How the person was asked.
    people
        User id → user name.
    issues
        What the record is flagged for; None where that is not known. All records of a dataset share their options, so
        that a copy can be dropped where there is none: such an answer decides nothing.
    proposed
        What the record keeps of what can be done with the text: ``actions``, ``masks`` and ``repaired``.
    """
    if response["status"] == "draft":
        return None
    values = {name: cell.get("value") for name, cell in (response.get("values") or {}).items() if type(cell) is dict}
    user = str(response.get("user_id") or "")
    answer = Answer(
        id=sample,
        note=str(values.get(NOTE) or ""),
        person=people.get(user, user),
        time=f"{response['updated_at']}+00:00",
        given=given,
        suggested=suggested,
    )
    if response["status"] == "discarded":
        return replace(answer, skipped=True)
    decision, label = values.get(DECISION), from_argilla(values.get(LABEL), task)
    if decision in FEEDBACK:
        return _said(answer, FEEDBACK[decision], text=values.get(NEW_TEXT), issues=issues, proposed=proposed)
    if label in (ELSE, [ELSE]):
        return replace(answer, feedback="unclear")
    shown = mode != "blind"
    if decision == GIVEN and shown:
        left = [_draft(given, suggested, task)] if mode == "prefill" else []  # as it was pre-filled
        return replace(answer, value=given) if not label or label in (given, *left) else _undecided(answer, CONTRADICTS)
    if label or (decision == OTHER and task != "classification"):
        return replace(answer, value=label or [], partial=task == "spans" and shown)
    if decision == SUGGESTED and shown and suggested is not None:
        return replace(answer, value=suggested)
    return _undecided(answer, NO_SUGGESTION if decision == SUGGESTED else NOT_CHOSEN)


def _said(
    answer: Answer, said: Feedback, *, text: str | None, issues: Sequence[str] | None, proposed: Mapping[str, Any]
) -> Answer:
    """Return an answer that is no label; one that its record does not offer decides nothing."""
    if said in ("drop_copy", "keep_copies") and issues is not None and not set(DUPLICATES) & set(issues):
        return _undecided(answer, NO_COPY)
    if said not in ("redact", "edit"):
        return replace(answer, feedback=said)
    if said not in (proposed.get("actions") or ()):
        return _undecided(answer, NOT_OFFERED)
    answer = replace(answer, feedback=said, value=text if said == "edit" else None)
    return acted(answer, masks=proposed.get("masks"), repaired=proposed.get("repaired"))


def _draft(given: Value | None, suggested: Value | None, task: Task) -> Value | None:
    return disputed(given, suggested)[1] if task == "spans" else suggested


def _undecided(answer: Answer, why: str) -> Answer:
    return replace(answer, note=f"{answer.note} [{why}]".strip(), skipped=True)
