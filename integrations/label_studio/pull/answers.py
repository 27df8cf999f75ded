"""Annotations to answers: the value, the feedback and the note that a result holds, and who gave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labelsift.review.answers import Answer

from ..convert.feedback import parted
from ..convert.label_config import LabelControl
from ..convert.regions import from_result


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
    if value is None and not (skipped or feedback or remark.note):
        return None
    person = annotation.get("completed_by")
    return Answer(
        id=sample_id,
        value=value,
        skipped=skipped or (value is None and feedback is None),
        feedback=feedback,
        note=remark.note,
        person="" if person is None else people.get(person, str(person)),
        time=str(annotation["updated_at"]),
        seconds=annotation.get("lead_time"),
    )
