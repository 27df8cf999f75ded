"""Answers to tasks from a served run: known samples at once, the texts that must be judged first by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labelsift.serving.score_texts import compared
from labelsift.serving.served_run import Served

from ..convert.label_config import LabelControl
from ..convert.regions import Value
from ..convert.task_fields import model_version
from .predictions import Entry, answered, entry, id_of, is_blind, text_of


@dataclass(frozen=True)
class UnseenTask:
    """A task whose text must be judged: its position in the request, its text, and what a person answered."""

    position: int
    text: str
    given: Value | None


def answer(
    served: Served, tasks: Sequence[Mapping[str, Any]], target: LabelControl, *, project: int | None
) -> tuple[list[Entry], list[UnseenTask]]:
    """Answer what is known of tasks, and name those that must be judged; these stand as nothing in between."""
    entries: list[Entry] = [[] for _ in tasks]
    unseen: list[UnseenTask] = []
    scorer, trained = served.scorer, served.trained_for(project)
    if scorer is None:
        return entries, unseen

    def judge_later(position: int) -> None:
        text = texts[position]
        if text is not None and target.kind != "labels":
            given = target.names.to_data(answered(tasks[position], target), scorer.run_index.labels)
            unseen.append(UnseenTask(position, text, given))

    texts = [text_of(task, target) for task in tasks]
    rows: dict[int, int] = {}
    for position, task in enumerate(tasks):
        if is_blind(task):
            continue
        row = scorer.run_index.row(id=id_of(task), text=texts[position])
        if row is not None:
            rows[position] = row
        else:
            judge_later(position)
    version = model_version(served.version(project))
    for position, prediction in zip(rows, scorer.judge_rows(list(rows.values()), trained), strict=True):
        if prediction.value is None:  # in the run, but not judged there
            judge_later(position)
        else:
            entries[position] = entry(prediction, target, version=version, text=texts[position])
    return entries, unseen


def remembered(served: Served, task: UnseenTask, target: LabelControl, *, project: int | None) -> Entry | None:
    """Return the entry of an unseen task whose text was judged; None before that."""
    scorer, trained = served.scorer, served.trained_for(project)
    prediction = scorer.remembered(task.text, trained) if scorer is not None else None
    if scorer is None or prediction is None:
        return None
    prediction = compared(prediction, task.given, trained or scorer.model)
    return entry(prediction, target, version=model_version(served.version(project)), text=task.text)
