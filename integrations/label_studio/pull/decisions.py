"""Decisions on tasks of the user's own: what was given and suggested there, and what people answered since the push."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from labelsift.data.samples import Task as Kind
from labelsift.errors import LabelsiftError
from labelsift.review.answers import Answer, correction_of
from labelsift.review.suggestions import labels_in, read_given, suggestion_of
from labelsift.store.base import SENT
from labelsift.store.pull_state import Pulled
from labelsift.store.run_info import read_facts, read_links
from labelsift.store.run_reader import SampleRecord, read_sample_records
from labelsift.store.store import Store

from ..client.client import NAME, Client
from ..convert.correction import is_correction
from ..convert.label_config import LabelControl
from ..convert.regions import Value, from_result
from ..convert.task_fields import PREFIX, model_version, read_cell
from ..read import readable
from .answers import is_emptied, person_of, read_answer

Row = dict[str, Any]
Task = Mapping[str, Any]  # a task as the server describes it


@dataclass
class DecisionReader:
    """Turns pages of tasks into rows of decisions.

    Parameters
    ----------
    project
        As the server describes it.
    asked
        What the project was called in the push.
    pulled
        What is known of the project, brought up to date by :meth:`take`.
    """

    client: Client
    project: Mapping[str, Any]
    store: Store
    asked: str
    pulled: Pulled
    _labels: dict[str, list[str]] = field(default_factory=dict)  # run → labels of its data
    _linked: dict[str, set[str]] = field(default_factory=dict)  # run → samples that were pushed

    @cached_property
    def _target(self) -> LabelControl:
        return readable(self.project)

    @cached_property
    def _people(self) -> dict[int, str]:
        return self.client.people()

    def take(self, page: Sequence[Task]) -> None:
        """Put the decisions on these tasks in place of those that were known of them."""
        by_run: dict[str, list[Task]] = {}
        for task in page:
            by_run.setdefault(str(task["data"].get(f"{PREFIX}run") or ""), []).append(task)
        for run, tasks in by_run.items():
            times = [time for task in tasks for time in _predicted(task, run)]
            pushed = self.pulled.pushed.get(run) or (min(times) if times else self._sent(run))
            if pushed:
                self.pulled.pushed[run] = min([pushed, *times])
            shown = self._shown(run, [_sample_id(task) for task in tasks])
            for task in tasks:
                self._take(task, run, shown.get(_sample_id(task)))

    def _take(self, task: Task, run: str, shown: SampleRecord | None) -> None:
        key = str(task["id"])
        known = self.pulled.rows.pop(key, {})
        pushed = min(_predicted(task, run), default=self.pulled.pushed.get(run, ""))
        rows: dict[str, Row] = {}
        for annotation in task.get("annotations") or ():
            before = known.get(str(annotation["id"]))
            if before is not None and before["time"] == annotation["updated_at"]:  # maybe of an earlier run
                rows[str(annotation["id"])] = before
            elif (row := self._decision(task, annotation, run, shown, pushed)) is not None:
                rows[str(annotation["id"])] = row
        if rows:
            self.pulled.rows[key] = rows

    def _decision(
        self, task: Task, annotation: Mapping[str, Any], run: str, shown: SampleRecord | None, pushed: str
    ) -> Row | None:
        """Return the decision that an answer is on this run, or on one that was pushed before it and not pulled."""
        data, time = task["data"], str(annotation["updated_at"])
        answer = self._answer(task, annotation) if pushed else None
        if answer is None and pushed and time > pushed and is_emptied(task, self._target):
            answer = Answer(_sample_id(task), feedback="emptied", person=person_of(annotation, self._people), time=time)
        if answer is None:
            return None
        if time > pushed:
            shows_given = f"{PREFIX}given" in data
            # A draft is made of the suggestion in the stream of mode prefill, and wherever a row is clicked.
            drafts = {prediction["id"] for prediction in _own(task, run)}
            prefilled = self.project.get("model_version") == model_version(run)
            prefilled |= annotation.get("parent_prediction") in drafts
            asked = "blind" if not shows_given else "prefill" if prefilled else "choose"
            answer = replace(answer, round=str(data.get(f"{PREFIX}round") or "1"), asked=asked)
            return self._row(task, answer, run, shown, pushed)
        earlier = [(pushed, other) for pushed, other in self._pushes if other != run and pushed < time]
        if not earlier or answer.id not in self._pushed_of(earlier[-1][1]):
            return None
        pushed, other = earlier[-1]
        answer = replace(answer, round=str(len(earlier)))  # the task does not say any more how it was asked
        return self._row(task, answer, other, self._shown(other, [answer.id]).get(answer.id), pushed)

    def decisions(self, task: Task, run: str, *, asked: str) -> list[Row]:
        """Return every decision on a task whose sample stands in a run; none where the store does not have it.

        ``asked`` says how, and stands for the round, too.
        """
        shown = self._shown(run, [_sample_id(task)]).get(_sample_id(task))
        answers = [self._answer(task, annotation) for annotation in task.get("annotations") or ()]
        return [
            self._row(task, replace(answer, round=asked, asked=asked), run, shown, "")
            for answer in answers
            if answer is not None and shown is not None
        ]

    def _answer(self, task: Task, annotation: Mapping[str, Any]) -> Answer | None:
        """Return an answer that decides something; neither a note alone nor what ``apply`` wrote does."""
        if is_correction(annotation):
            return None
        answer = read_answer(annotation, self._target, sample_id=_sample_id(task), people=self._people)
        alone = answer is not None and answer.skipped and not annotation.get("was_cancelled")
        return None if alone else answer

    def _row(self, task: Task, answer: Answer, run: str, shown: SampleRecord | None, pushed: str) -> Row:
        given = self._given(task, shown, pushed)
        kind = "classification" if isinstance(given, str) else self._target.task  # single labels stand in sets, too
        suggested = self._suggested(task, run, shown, given, kind)
        value = self._named(answer.value, run, shown, kind)
        answer = replace(answer, value=value, given=given, suggested=suggested, run=run or None)
        return correction_of(answer, platform=NAME, task=self._target.task)

    def _named(self, value: Value | None, run: str, shown: SampleRecord | None, kind: Kind) -> Value | None:
        """Return a value of the project's under the names of the data, and as one label where a sample has one."""
        if kind == "classification" and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if shown is None:
            return value
        if run not in self._labels:
            self._labels[run] = self._classes(run)
        given = read_given(shown.given, kind)
        suggested, _ = suggestion_of(shown.findings, given=given, task=kind)
        return self._target.names.to_data(value, [*self._labels[run], *labels_in(given), *labels_in(suggested)])

    def _classes(self, run: str) -> list[str]:
        with contextlib.suppress(LabelsiftError, KeyError, TypeError):
            return [str(label) for label in read_facts(self.store.place_of(run))["classes"]]
        return []

    def _given(self, task: Task, shown: SampleRecord | None, pushed: str) -> Value | None:
        """Return what was judged: from the run, else what people had said before the push, else what the task shows."""
        single = self._target.task == "classification"
        if shown is not None:
            several = None if single else _parsed(shown.given)
            return shown.given if several is None else several
        annotations = (
            annotation for annotation in task.get("annotations") or () if not annotation.get("was_cancelled")
        )
        earlier = [annotation for annotation in annotations if annotation["updated_at"] <= pushed]
        last = max(reversed(earlier), key=lambda annotation: str(annotation["updated_at"]), default=None)
        before = None if last is None else from_result(last.get("result") or (), self._target)
        cell = task["data"].get(f"{PREFIX}given")
        if single:
            return cell or before
        return _parsed(cell) if last is None else before

    def _suggested(
        self, task: Task, run: str, shown: SampleRecord | None, given: Value | None, kind: Kind
    ) -> Value | None:
        """Return what was suggested: by the prediction, else by the run, as in mode blind, else by the task."""
        own = _own(task, run)
        value = from_result(own[0].get("result") or (), self._target) if own else None
        if value is not None:
            return self._named(value, run, shown, kind)
        if shown is not None:
            return suggestion_of(shown.findings, given=given, task=kind)[0]
        return read_cell(task["data"].get(f"{PREFIX}suggested"), self._target)

    def _shown(self, run: str, ids: Sequence[str]) -> dict[str, SampleRecord]:
        with contextlib.suppress(LabelsiftError):
            return read_sample_records(self.store.place_of(run), ids) if run else {}
        return {}

    def _sent(self, run: str) -> str:
        """Return when a run was pushed into this project, by this machine's clock; empty where nobody knows."""
        return min((time for time, other in self._records if other == run), default="")

    @cached_property
    def _records(self) -> list[tuple[str, str]]:
        """When which run was pushed into this project, by this machine's clock, as far as the store knows."""
        names = {self.asked, str(self.project["id"]), str(self.project["title"])}
        with contextlib.suppress(LabelsiftError):
            return [
                (filter_time(datetime.fromisoformat(record["time"])), str(record["run"]))
                for record in self.store.ledger.records()
                if record.get("kind") == SENT
                and record["platform"] == NAME
                and record["target"] in names
                and record.get("match")
            ]
        return []

    @property
    def _pushes(self) -> list[tuple[str, str]]:
        """Every run that was pushed into this project with the time, the oldest first; the server's time is better."""
        times = {run: time for time, run in sorted(self._records, reverse=True)} | self.pulled.pushed
        return sorted((time, run) for run, time in times.items() if run)

    def _pushed_of(self, run: str) -> set[str]:
        """Return the samples that a run brought onto tasks."""
        if run not in self._linked:
            self._linked[run] = set()
            with contextlib.suppress(LabelsiftError):
                self._linked[run] = set(read_links(self.store.place_of(run)))
        return self._linked[run]


def filter_time(time: datetime) -> str:
    """Write a time in the one form that the server's filters read, and its ``updated_at`` has."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _sample_id(task: Task) -> str:
    return str(task["data"][f"{PREFIX}id"])


def _own(task: Task, run: str) -> list[Mapping[str, Any]]:
    """Return the predictions of a run on a task."""
    version = model_version(run)
    return [prediction for prediction in task.get("predictions") or () if prediction.get("model_version") == version]


def _predicted(task: Task, run: str) -> list[str]:
    """Return when the predictions of a run came onto a task."""
    return [str(prediction["created_at"]) for prediction in _own(task, run) if prediction.get("created_at")]


def _parsed(cell: object) -> Value | None:
    try:
        value = json.loads(cell) if isinstance(cell, str) else None
    except ValueError:
        return None
    return value if isinstance(value, list) else None
