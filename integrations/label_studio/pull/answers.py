"""Annotations to answers: the value, the feedback and the note that a result holds, and who gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labelsift.review.answers import Answer

from ..convert.correction import is_correction
from ..convert.feedback import parted
from ..convert.label_config import LabelControl
from ..convert.regions import from_result


def is_emptied(task: Mapping[str, Any], target: LabelControl) -> bool:
    """Tell whether people answered a task of the user's own, and no answer holds a label or says anything else.

    On a row that was clicked the present label is ticked, and its key takes it off. Where several labels or spans are
    possible, none is an answer.
    """
    said = [made for made in task.get("annotations") or () if not (made.get("was_cancelled") or is_correction(made))]
    return bool(said) and all(read_answer(made, target, sample_id="", people={}) is None for made in said)


def read_answer(
    annotation: Mapping[str, Any], target: LabelControl, *, sample_id: str, people: Mapping[int, str]
) -> Answer | None:
    """Return what a person said of a sample, with labels as the config names them; None if they said nothing.

    A note alone decides nothing, and counts as skipped.

    Parameters
    ----------
    people
        Id of an account → its e-mail address.
    """
    remark, regions = parted(annotation.get("result") or ())
    skipped = bool(annotation.get("was_cancelled"))
    feedback = None if skipped else remark.feedback
    value = None if skipped or feedback else from_result(regions, target)
    if feedback == "edit":
        value = remark.text or None
    if value is None and not (skipped or feedback or remark.note):
        return None
    return Answer(
        id=sample_id,
        value=value,
        skipped=skipped or (value is None and feedback is None),
        feedback=feedback,
        note=remark.note,
        person=person_of(annotation, people),
        time=str(annotation["updated_at"]),
        seconds=annotation.get("lead_time"),
    )


def person_of(annotation: Mapping[str, Any], people: Mapping[int, str]) -> str:
    """Return who gave an answer: the e-mail address, else the account's number, else nothing."""
    person = annotation.get("completed_by")
    return "" if person is None else people.get(person, str(person))
