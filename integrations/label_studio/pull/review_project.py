"""Pulling people's decisions out of review projects, as corrections by sample id."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from labelsift.data.adjudication import REPEAT
from labelsift.data.samples import Task
from labelsift.data.schemas import CORRECTIONS_SCHEMA, to_json
from labelsift.errors import InputError, StoreError
from labelsift.review.round_ledger import recorded
from labelsift.review.rounds import Plan
from labelsift.review.suggestions import cell_of, read_given, suggestion_of
from labelsift.store.base import DEFAULT, RunTarget
from labelsift.store.run_reader import Shown, read_shown
from labelsift.store.store import Store

from ..client.client import Client
from ..convert.feedback import parted
from ..convert.label_config import Target, target_of
from ..convert.label_names import names_of
from ..convert.regions import Value, from_result
from ..convert.task_fields import PREFIX, is_again, is_unseen, read_cell
from ..state.rounds import Round, all_rounds
from .disputes import revised

NAME = "label-studio"
Answered = tuple[dict[str, Any], dict[str, Any]]  # a task's data, an annotation
_SINGLE = Target("label", "text", (), "text")  # what labelsift's review projects of single labels have


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
        target = target_of(client.project(one.project)["label_config"] or "", project=one.title)
        answered = _answered(client, one, target)
        kept = Store(DEFAULT if store is None else store)
        repeats: Mapping[str, float] = {}
        unseen = [data for data, _ in answered if one.mode == "blind" or is_unseen(data)]
        if unseen:
            answered = _told(one, answered, unseen, store=kept, target=target)
        if unseen and one.mode == "blind":
            plan = recorded(kept.ledger.records(), RunTarget(one.run, NAME, project), Plan)
            repeats = plan.repeats if plan else {}
        for data, annotation in answered:
            blind = one.mode == "blind" or is_unseen(data)
            row = correction(data, annotation, target=target, whole=blind)
            if row is not None:
                asked = REPEAT if is_again(data, repeats) else "blind" if is_unseen(data) else one.mode
                if asked == "choose" and annotation.get("parent_prediction"):
                    asked = "prefill"  # the task was opened by its row, and so the suggestion was the draft
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
            cure=f"{pushed}. Of what was pushed with --match, name your own project: its title or its number",
        )
    return found


def _answered(client: Client, one: Round, target: Target) -> list[Answered]:
    """Return the annotations of a round that decide something."""
    return [
        (task["data"], annotation)
        for page in client.tasks(one.project, annotations=True)
        for task in page
        for annotation in task.get("annotations") or ()
        if correction(task["data"], annotation, target=target) is not None
    ]


def _told(
    one: Round,
    answered: Sequence[Answered],
    unseen: Sequence[Mapping[str, Any]],
    *,
    store: Store,
    target: Target,
) -> list[Answered]:
    """Put what was given and suggested from the store into the data of tasks that are blind and so were not told.

    Without it a label that was confirmed would enter the record as changed, so a round is refused whole.
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
    fields = {id: _fields(shown[id], target.task) for id in ids}
    return [(data | fields.get(data[f"{PREFIX}id"], {}), annotation) for data, annotation in answered]


def _fields(shown: Shown, task: Task) -> dict[str, str]:
    given = read_given(shown.given, task)
    suggested, _ = suggestion_of(shown.findings, given=given, task=task)
    return {f"{PREFIX}given": cell_of(given), f"{PREFIX}suggested": cell_of(suggested)}


def correction(
    data: Mapping[str, Any],
    annotation: Mapping[str, Any],
    *,
    target: Target = _SINGLE,
    whole: bool = False,
    labels: Collection[str] = (),
) -> dict[str, Any] | None:
    """Turn an answer into a correction without person, run and round; None if it decides nothing.

    What was given and suggested stands in the task's data, except where people judge blind: there
    :func:`pull_reviews` puts it in.

    Parameters
    ----------
    target
        The control that holds the answer.
    whole
        Of spans: whether people marked the whole text (blind, and in a project of the user's), or what is in dispute;
        see :mod:`labelsift.integrations.label_studio.pull.disputes`.
    labels
        The data's own, where the config may name them otherwise; see
        :mod:`labelsift.integrations.label_studio.convert.label_names`.
    """
    sample = data.get(f"{PREFIX}id")
    remark, labeled = parted(annotation.get("result") or ())
    skipped = bool(annotation.get("was_cancelled"))
    settled = None if skipped else remark.decision  # says what to do whichever label stands beside it
    answer = None if skipped or settled else from_result(labeled, target)
    skipped = skipped or (answer is None and settled is None and bool(remark.note))  # words alone decide nothing
    if not isinstance(sample, str) or (answer is None and not skipped and settled is None):
        return None
    if labels:
        answer = names_of(target).to_data(answer, labels)
    given, suggested = (read_cell(data.get(f"{PREFIX}{name}"), target) for name in ("given", "suggested"))
    if target.kind == "labels" and answer is not None and not whole:
        answer = revised(given, suggested, answer)
    action, verdict = settled or _verdict(answer, given=given, suggested=suggested, skipped=skipped)
    if action == "relabel" and target.kind == "labels":
        action = "respan"
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


def _verdict(answer: Value | None, *, given: Value | None, suggested: Value | None, skipped: bool) -> tuple[str, str]:
    if skipped:
        return "keep", "skipped"
    if answer == given:
        return "keep", "refused"
    return "relabel", "accepted" if answer == suggested else "changed"
