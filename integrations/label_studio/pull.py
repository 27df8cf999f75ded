"""Pulling people's decisions out of review projects, as corrections by sample id."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from labelsift.errors import LabelsiftError
from labelsift.findings import CORRECTIONS_SCHEMA, to_json
from labelsift.store import load

from .client import Client
from .convert import PREFIX
from .review import rounds_of
from .stored import own_predictions

NAME = "label-studio"


def pull_reviews(client: Client, *, project: str) -> pa.Table:
    """Return every decision in the review projects of ``project``, oldest first, in CORRECTIONS_SCHEMA.

    Raises
    ------
    PlatformError
        If the server cannot be reached or refuses.
    """
    rows: list[dict[str, Any]] = []
    rounds = rounds_of(client, project)
    people = client.people() if rounds else {}
    for one in rounds:
        given = _given_in_store(one.run) if one.mode == "blind" else {}
        suggestions = {
            task: predictions[0]["result"] for task, predictions in own_predictions(client, one.project).items()
        }
        for page in client.tasks(one.project, annotations=True):
            for task in page:
                suggested = choice_of(suggestions.get(task["id"], ()))
                for annotation in task.get("annotations") or ():
                    row = correction(_told(task["data"], given), annotation, suggested=suggested)
                    if row is not None:
                        person = people.get(annotation["completed_by"], str(annotation["completed_by"]))
                        rows.append(row | {"person": person, "run": one.run, "round": str(one.number)})
    rows.sort(key=lambda row: row["time"])
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


def _told(data: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, Any]:
    label = given.get(str(data.get(f"{PREFIX}id")))
    return data if label is None else {**data, f"{PREFIX}given": label}


def _given_in_store(run: str) -> dict[str, str]:
    """Return the given labels of a run by sample id, from the run store of this folder; empty without that run."""
    try:
        samples = load(run).samples
    except LabelsiftError:
        return {}
    labels = samples.labels.to_pylist() if samples.labels is not None else [None] * len(samples)
    return {id: label for id, label in zip(samples.ids.to_pylist(), labels, strict=True) if label is not None}


def choice_of(result: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the single choice in a result; None without one.

    >>> choice_of([{"type": "choices", "value": {"choices": ["refund"]}}])
    'refund'
    """
    for region in result:
        choices = (region.get("value") or {}).get("choices")
        if region.get("type") == "choices" and choices:
            return str(choices[0])
    return None


def correction(
    data: Mapping[str, Any], annotation: Mapping[str, Any], *, suggested: str | None
) -> dict[str, Any] | None:
    """Turn an answer into a correction without person, run and round; None if it decides nothing.

    The given label stands in the task's data, except in mode blind: there it comes from the run store.
    Where neither knows it, an answer other than the suggestion counts as changed.
    """
    sample = data.get(f"{PREFIX}id")
    answer = choice_of(annotation.get("result") or ())
    skipped = bool(annotation.get("was_cancelled"))
    if not isinstance(sample, str) or (answer is None and not skipped):
        return None
    given = data.get(f"{PREFIX}given") or None
    action, verdict = _verdict(answer, given=given, suggested=suggested, skipped=skipped)
    return {
        "id": sample,
        "action": action,
        "verdict": verdict,
        "value": to_json(given if skipped else answer),
        "time": datetime.datetime.fromisoformat(str(annotation["updated_at"])),
        "platform": NAME,
        "seconds": annotation.get("lead_time"),
        "note": "",
    }


def _verdict(answer: str | None, *, given: str | None, suggested: str | None, skipped: bool) -> tuple[str, str]:
    if skipped:
        return "keep", "skipped"
    if answer == given:
        return "keep", "refused"
    return "relabel", "accepted" if answer == suggested else "changed"
