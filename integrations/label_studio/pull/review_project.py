"""Decisions in review projects, as corrections by sample id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from labelsift.data.adjudication import REPEAT
from labelsift.data.schemas import from_json
from labelsift.review.answers import Answer, acted, correction_of
from labelsift.review.blind import labels_of_blind
from labelsift.review.round_ledger import recorded
from labelsift.review.rounds import Plan
from labelsift.store.base import RunTarget
from labelsift.store.store import Store

from ..client.client import NAME, Client
from ..convert.label_config import LabelControl, label_control_of
from ..convert.task_fields import MASKS, PREFIX, REPAIRED, is_again, is_unseen, read_cell
from ..state.rounds import Round
from .answers import read_answer

Row = dict[str, Any]


def decisions_in(client: Client, review: Round, store: Store, people: Mapping[int, str]) -> Iterator[Row]:
    """Yield every decision in a review project.

    Raises
    ------
    InputError
        If people have decided in a blind round whose run the store does not have: it alone knows the given labels.
    PlatformError
        If the server cannot be reached or refuses.
    """
    target = label_control_of(client.project(review.project)["label_config"] or "", project=review.title)
    answered = [
        (task["data"], annotation, answer)
        for page in client.tasks(review.project, annotations=True)
        for task in page
        for annotation in task.get("annotations") or ()
        if (answer := review_answer(task["data"], annotation, target, people=people)) is not None
    ]
    blind = review.mode == "blind"
    hidden = [answer.id for data, _, answer in answered if blind or is_unseen(data)]
    labels = labels_of_blind(store, review.run, hidden, task=target.task, project=review.title)
    records = store.ledger.records() if labels and blind else []
    plan = recorded(records, RunTarget(review.run, NAME, review.of), Plan)
    repeats = plan.repeats if plan else {}
    for data, annotation, answer in answered:
        unseen = is_unseen(data)
        asked = REPEAT if is_again(data, repeats) else "blind" if unseen else review.mode
        if asked == "choose" and annotation.get("parent_prediction"):
            asked = "prefill"  # the task was opened by its row, and so the suggestion was the draft
        answer = replace(answer, run=review.run, round=str(review.number), asked=asked)
        if blind or unseen:  # nobody was told what is in dispute, so the whole text was marked
            given, suggested = labels[answer.id]
            answer = replace(answer, given=given, suggested=suggested, partial=False)
        yield correction_of(answer, platform=NAME, task=target.task)


def review_answer(
    data: Mapping[str, Any], annotation: Mapping[str, Any], target: LabelControl, *, people: Mapping[int, str]
) -> Answer | None:
    """Return an answer with what was given and suggested as the task's data tells it; None if it decides nothing."""
    sample_id = data.get(f"{PREFIX}id")
    if not isinstance(sample_id, str):
        return None
    answer = read_answer(annotation, target, sample_id=sample_id, people=people)
    if answer is None:
        return None
    given, suggested = (read_cell(data.get(f"{PREFIX}{name}"), target) for name in ("given", "suggested"))
    answer = replace(answer, given=given, suggested=suggested, partial=target.kind == "labels")
    return acted(answer, masks=from_json(data.get(MASKS) or None), repaired=data.get(REPAIRED))
