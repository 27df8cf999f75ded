"""Pulling people's decisions out of review projects, as corrections by sample id."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.corrections import REPEAT
from labelsift.errors import InputError, StoreError
from labelsift.findings import CORRECTIONS_SCHEMA, to_json
from labelsift.runfolder import read_shown
from labelsift.store import DEFAULT, Store

from .client import Client
from .convert import PREFIX, is_again, is_unseen
from .remarks import parted
from .review import Round, all_rounds
from .stored import own_predictions

NAME = "label-studio"
Answered = tuple[dict[str, Any], dict[str, Any], str | None]  # a task's data, an annotation, what was suggested


def pull_reviews(client: Client, *, project: str, store: Path | str | None = None) -> pa.Table:
    """Return every decision in the review projects of ``project``, oldest first, in CORRECTIONS_SCHEMA.

    Parameters
    ----------
    project
        What the review projects were pushed under.
    store
        The folder that keeps the runs; it alone knows the given labels of a round in mode blind.

    Raises
    ------
    InputError
        If nothing was pushed under this name (names what was), or people have decided in a blind round
        whose run the store does not have.
    PlatformError
        If the server cannot be reached or refuses.
    """
    rows: list[dict[str, Any]] = []
    rounds = _rounds(client, project)
    people = client.people()
    for one in rounds:
        answered = _answered(client, one)
        kept = Store(DEFAULT if store is None else store)
        repeats: Mapping[str, float] = {}
        unseen = [data for data, *_ in answered if one.mode == "blind" or is_unseen(data)]
        if unseen:
            answered = _told(one, answered, unseen, store=kept)
        if unseen and one.mode == "blind":
            repeats = kept.repeats(one.run, platform=NAME, target=project)
        for data, annotation, suggested in answered:
            row = correction(data, annotation, suggested=suggested)
            if row is not None:
                asked = REPEAT if is_again(data, repeats) else "blind" if is_unseen(data) else one.mode
                person = people.get(annotation["completed_by"], str(annotation["completed_by"]))
                rows.append(row | {"person": person, "run": one.run, "round": str(one.number), "asked": asked})
    rows.sort(key=lambda row: row["time"])
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


def _rounds(client: Client, project: str) -> list[Round]:
    rounds = all_rounds(client)
    found = [one for one in rounds if one.of == project]
    if not found:
        known = ", ".join(sorted({one.of for one in rounds}))
        pushed = f"Pushed so far: {known}" if known else "Push first: labelsift push label-studio PROJECT"
        raise InputError(
            f"Label Studio has no review project that was pushed as {project}",
            cure=f"{pushed}. What was pushed with --match stays in your own project: pull does not read it",
        )
    return found


def _answered(client: Client, one: Round) -> list[Answered]:
    """Return the annotations of a round that decide something."""
    predictions = own_predictions(client, one.project).items()
    suggestions = {task: choice_of(found[0]["result"]) for task, found in predictions}
    return [
        (task["data"], annotation, suggestions.get(task["id"]))
        for page in client.tasks(one.project, annotations=True)
        for task in page
        for annotation in task.get("annotations") or ()
        if correction(task["data"], annotation, suggested=None) is not None
    ]


def _told(
    one: Round, answered: Sequence[Answered], unseen: Sequence[Mapping[str, Any]], *, store: Store
) -> list[Answered]:
    """Put the given labels from the store into the data of tasks that are blind and so were not told them.

    Without them a label that was confirmed would enter the record as changed, so a round is refused whole.
    """
    ids = list(dict.fromkeys(str(data[f"{PREFIX}id"]) for data in unseen))
    try:
        shown = read_shown(store.place_of(one.run), ids)
    except StoreError:
        shown = {}
    unknown = [id for id in ids if id not in shown]
    if unknown:
        raise InputError(
            f"{one.title} asks blind about samples of run {one.run}, and {store.place} does not know the given labels",
            ids=unknown,
            cure="Name the store that keeps this run with --store",
        )
    given = f"{PREFIX}given"
    return [
        ({**data, given: shown[id].given} if (id := data[f"{PREFIX}id"]) in shown else data, annotation, suggested)
        for data, annotation, suggested in answered
    ]


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

    The given label stands in the task's data, except in mode blind: there :func:`pull_reviews` puts it in.
    """
    sample = data.get(f"{PREFIX}id")
    remark, labeled = parted(annotation.get("result") or ())
    answer = choice_of(labeled)
    skipped = bool(annotation.get("was_cancelled"))
    settled = None if skipped else remark.decision  # says what to do whichever label stands beside it
    if not isinstance(sample, str) or (answer is None and not skipped and settled is None):
        return None
    given = data.get(f"{PREFIX}given") or None
    action, verdict = settled or _verdict(answer, given=given, suggested=suggested, skipped=skipped)
    return {
        "id": sample,
        "action": action,
        "verdict": verdict,
        "value": to_json(None if action == "remove" else given if skipped or settled else answer),
        "time": datetime.datetime.fromisoformat(str(annotation["updated_at"])),
        "platform": NAME,
        "seconds": annotation.get("lead_time"),
        "note": remark.note,
    }


def _verdict(answer: str | None, *, given: str | None, suggested: str | None, skipped: bool) -> tuple[str, str]:
    if skipped:
        return "keep", "skipped"
    if answer == given:
        return "keep", "refused"
    return "relabel", "accepted" if answer == suggested else "changed"
