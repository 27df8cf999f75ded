"""Predictions in Label Studio's format, and what a request says of a task. Pure functions, no I/O.

What the real server (1.23.2) does with an answer that holds nothing:

============================  ==================================================================
``[]`` in a task's place      no prediction is stored, the page opens, and it asks again next time
``{"result": []}``            an empty prediction is stored, and the task is never asked about again
``null`` in a task's place    the server fails, and the page with it
fewer results than tasks      all predictions of the request are lost
============================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labelsift.review.suggestions import labels_in
from labelsift.serving.run_index import Prediction

from ..convert.label_config import LabelControl
from ..convert.regions import Value, from_result, to_result
from ..convert.task_fields import PREFIX, is_unseen
from ..second_look_project import SECOND_LOOK

Entry = dict[str, Any] | list[Any]


def entry(prediction: Prediction, target: LabelControl, *, version: str, text: str | None) -> Entry:
    """Write what is known of a task as one entry of ``results``.

    What Label Studio does not keep of an entry (quality, reason, neighbours) stands beside it; quality and reason stand
    in the first region's ``meta`` as well, which it does keep. A label that the project does not offer is no answer:
    then the entry is empty, and the server asks again.
    """
    if prediction.value is None:
        return []
    value = target.names.to_project(prediction.value)
    if not set(labels_in(value)) <= set(target.labels):
        return []
    if target.kind == "labels" and not all(0 <= start < end <= len(text or "") for start, end, _ in value):
        return []
    result = to_result(value, target, text=text or "")
    if not result:
        return []
    extra = {"quality": _rounded(prediction.quality), "reason": prediction.reason or None}
    extra = {name: value for name, value in extra.items() if value is not None}
    if extra:
        result[0] = result[0] | {"meta": {"labelsift": extra}}
    body: dict[str, Any] = {"model_version": version, "result": result, **extra}
    if prediction.confidence is not None:
        body["score"] = _rounded(prediction.confidence)
    if prediction.neighbours:
        body["neighbours"] = [dict(neighbour) for neighbour in prediction.neighbours]
    return body


def text_of(task: Mapping[str, Any], target: LabelControl) -> str | None:
    """Return the text that a task shows; None where it is missing, empty or no text."""
    if target.medium != "text":
        return None
    value: Any = data_of(task)
    for part in [target.field] if target.field in value else target.field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value.strip() else None


def id_of(task: Mapping[str, Any]) -> str | None:
    """Return the sample id that a push wrote onto a task, else what stands in the user's own field ``id``."""
    data = data_of(task)
    id = data.get(f"{PREFIX}id", data.get("id"))
    return str(id) if isinstance(id, (str, int)) and not isinstance(id, bool) else None


def data_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's data, whatever a request holds there."""
    data = task.get("data")
    return data if isinstance(data, dict) else {}


def is_blind(task: Mapping[str, Any]) -> bool:
    """Tell whether a person must answer a task without a suggestion: a second look, or a task that was pushed blind.

    >>> is_blind({"data": {"labelsift_id": "a", "labelsift_given": "x"}}), is_blind({"data": {"labelsift_id": "a"}})
    (False, True)
    >>> is_blind({"data": {"text": "…"}}), is_blind({"data": {"text": "…", "labelsift_second_look": "b@example.com"}})
    (False, True)
    """
    data = data_of(task)
    if SECOND_LOOK in data or is_unseen(data):
        return True
    return f"{PREFIX}id" in data and f"{PREFIX}given" not in data


def answered(task: Mapping[str, Any], target: LabelControl) -> Value | None:
    """Return what a person's last answer on a task says; None where there is none."""
    annotations = task.get("annotations")
    for annotation in reversed(annotations if isinstance(annotations, list) else []):
        if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
            value = value_of(annotation.get("result"), target)
            if value is not None:
                return value
    return None


def value_of(result: object, target: LabelControl) -> Value | None:
    """Return the value of a result; None where it decides nothing or is none at all."""
    if not isinstance(result, list):
        return None
    try:
        return from_result([region for region in result if isinstance(region, dict)], target)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def project_of(value: object) -> int | None:
    """Return the number of a project out of what a request says: ``"12.1795401660"``, or 12.

    >>> project_of("12.1795401660"), project_of(12), project_of("x"), project_of(None)
    (12, 12, None, None)
    """
    text = str(value).partition(".")[0] if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(min(max(value, 0.0), 1.0), 4)
