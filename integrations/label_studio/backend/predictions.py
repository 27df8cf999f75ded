"""From what is known of a task to what Label Studio is answered. Pure functions, no I/O.

What the real server (1.23.2) does with an answer that holds nothing:

============================  ==================================================================
``[]`` in a task's place      no prediction is stored, the page opens, and it asks again next time
``{"result": []}``            an empty prediction is stored, and the task is never asked about again
``null`` in a task's place    the server fails, and the page with it
fewer results than tasks      all predictions of the request are lost
============================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..convert.label_config import Target
from ..convert.label_names import names_of
from ..convert.regions import Value, from_result, to_result
from ..convert.task_fields import PREFIX, is_unseen
from ..second_look_project import SECOND_LOOK
from .run_index import Opinion

Entry = dict[str, Any] | list[Any]


def nothing() -> Entry:
    """Return the answer after which the server asks again."""
    return []


def entry(opinion: Opinion | None, target: Target, *, version: str, text: str | None) -> Entry:
    """Write what is known of a task as one entry of ``results``.

    What Label Studio does not keep of an entry (quality, reason, neighbours) stands beside it; quality and reason stand
    in the first region's ``meta`` as well, which it does keep. A label that the project does not offer is no answer.
    """
    value = None if opinion is None else opinion.value
    if opinion is None or value is None or not _offered(value := names_of(target).to_config(value), target):
        return nothing()
    if target.kind == "labels" and (text is None or not _inside(value, text)):
        return nothing()
    result = to_result(value, target, text=text or "")
    if not result:
        return nothing()
    told = {"quality": _rounded(opinion.quality), "reason": opinion.reason or None}
    told = {name: value for name, value in told.items() if value is not None}
    if told:
        result[0] = result[0] | {"meta": {"labelsift": told}}
    made: dict[str, Any] = {"model_version": version, "result": result, **told}
    if opinion.confidence is not None:
        made["score"] = _rounded(opinion.confidence)
    if opinion.neighbours:
        made["neighbours"] = [dict(one) for one in opinion.neighbours]
    return made


def text_of(task: Mapping[str, Any], target: Target) -> str | None:
    """Return the text that a task shows; None where it is missing, empty or no text."""
    if target.medium != "text":
        return None
    found: Any = data_of(task)
    for part in [target.field] if target.field in found else target.field.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found.strip() else None


def id_of(task: Mapping[str, Any]) -> str | None:
    """Return the sample id that a push wrote onto a task, else what stands in the user's own field ``id``."""
    data = data_of(task)
    found = data.get(f"{PREFIX}id", data.get("id"))
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return None
    return str(found)


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


def answered(task: Mapping[str, Any], target: Target) -> Value | None:
    """Return what a person's last answer on a task says; None where there is none."""
    annotations = task.get("annotations")
    for one in reversed(annotations if isinstance(annotations, list) else []):
        if isinstance(one, dict) and not one.get("was_cancelled"):
            value = value_of(one.get("result"), target)
            if value is not None:
                return value
    return None


def value_of(result: object, target: Target) -> Value | None:
    """Return the value of a result; None where it decides nothing or is none at all."""
    if not isinstance(result, list):
        return None
    try:
        return from_result([one for one in result if isinstance(one, dict)], target)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def project_of(told: object) -> int | None:
    """Return the number of a project out of what a request says: ``"12.1795401660"``, or 12.

    >>> project_of("12.1795401660"), project_of(12), project_of("x"), project_of(None)
    (12, 12, None, None)
    """
    text = str(told).partition(".")[0] if isinstance(told, (str, int)) and not isinstance(told, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _offered(value: Value, target: Target) -> bool:
    labels: Iterable[Any] = [value] if isinstance(value, str) else value
    names = {one[2] if target.kind == "labels" else one for one in labels}
    return names <= set(target.labels)


def _inside(spans: Value, text: str) -> bool:
    return all(0 <= start < end <= len(text) for start, end, _ in spans)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(min(max(value, 0.0), 1.0), 4)
