"""Reading the decisions off tasks of the user's own: what was given and suggested there, and what people said since."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from labelsift.data.schemas import to_json
from labelsift.errors import LabelsiftError
from labelsift.review.suggestions import read_given, suggestion_of
from labelsift.store.base import SENT
from labelsift.store.pull_state import Pulled
from labelsift.store.run_info import read_facts, read_links
from labelsift.store.run_reader import Shown, read_shown
from labelsift.store.store import Store

from ..client.client import Client
from ..convert.correction import is_correction
from ..convert.feedback import parted
from ..convert.label_config import Target
from ..convert.label_names import labels_in, names_of
from ..convert.regions import Value, from_result
from ..convert.task_fields import PREFIX, model_version, read_cell
from ..read import readable
from .deciding import Decision, decided
from .incremental import moment
from .review_project import NAME

Row = dict[str, Any]


@dataclass
class Reading:
    """Turns pages of tasks into rows of decisions."""

    client: Client
    project: Mapping[str, Any]
    store: Store
    asked: str
    pulled: Pulled
    _labels: dict[str, list[str]] = field(default_factory=dict)  # run → labels of its data
    _linked: dict[str, set[str]] = field(default_factory=dict)  # run → samples that were pushed

    @cached_property
    def _target(self) -> Target:
        return readable(self.project)

    @cached_property
    def _people(self) -> dict[int, str]:
        return self.client.people()

    def take(self, page: Sequence[Mapping[str, Any]]) -> None:
        """Put the decisions on these tasks in place of those that were known of them."""
        by_run: dict[str, list[Mapping[str, Any]]] = {}
        for task in page:
            by_run.setdefault(str(task["data"].get(f"{PREFIX}run") or ""), []).append(task)
        for run, tasks in by_run.items():
            own = [time for task in tasks for time in _predicted(task, run)]
            known = self.pulled.pushed.get(run) or (min(own) if own else self._sent(run))
            if known:
                self.pulled.pushed[run] = min([known, *own])
            shown = self._told(run, [str(task["data"][f"{PREFIX}id"]) for task in tasks])
            for task in tasks:
                self._take(task, run, shown.get(str(task["data"][f"{PREFIX}id"])))

    def _take(self, task: Mapping[str, Any], run: str, shown: Shown | None) -> None:
        number = str(task["id"])
        known = self.pulled.rows.pop(number, {})
        pushed = min(_predicted(task, run), default=self.pulled.pushed.get(run, ""))
        rows: dict[str, Row] = {}
        for one in task.get("annotations") or ():
            before = known.get(str(one["id"]))
            if before is not None and before["time"] == one["updated_at"]:  # maybe of an earlier run
                rows[str(one["id"])] = before
            elif not is_correction(one):
                row = self._decision(task, one, run, shown, pushed)
                rows |= {} if row is None else {str(one["id"]): row}
        if rows:
            self.pulled.rows[number] = rows

    def _decision(
        self, task: Mapping[str, Any], annotation: Mapping[str, Any], run: str, shown: Shown | None, pushed: str
    ) -> Row | None:
        """Return the decision that an answer is on this run, or on one that was pushed before it and not pulled."""
        data, when = task["data"], str(annotation["updated_at"])
        if not pushed or not self._decides(annotation):
            return None
        if when > pushed:
            told = f"{PREFIX}given" in data
            # A draft is made of the suggestion in the stream of mode prefill, and wherever a row is clicked.
            drafts = {one["id"] for one in _own(task, run)}
            prefilled = self.project.get("model_version") == model_version(run)
            prefilled |= annotation.get("parent_prediction") in drafts
            more = {
                "round": str(data.get(f"{PREFIX}round") or "1"),
                "asked": "prefill" if told and prefilled else "choose" if told else "blind",
            }
            return self._row(task, annotation, run, shown, pushed) | more
        earlier = [(time, other) for time, other in self._pushes if other != run and time < when]
        id = str(data[f"{PREFIX}id"])
        if not earlier or id not in self._pushed_of(earlier[-1][1]):
            return None
        time, other = earlier[-1]
        row = self._row(task, annotation, other, self._told(other, [id]).get(id), time)
        return row | {"round": str(len(earlier)), "asked": None}  # the task does not say any more how it was asked

    def decisions(self, task: Mapping[str, Any], run: str) -> list[Row]:
        """Return every decision on a task whose sample stands in a run; none where the store does not have it."""
        id = str(task["data"][f"{PREFIX}id"])
        shown = self._told(run, [id]).get(id)
        answers = [one for one in task.get("annotations") or () if not is_correction(one) and self._decides(one)]
        return [self._row(task, one, run, shown, "") for one in answers] if shown is not None else []

    def _decides(self, annotation: Mapping[str, Any]) -> bool:
        if annotation.get("was_cancelled"):
            return True
        remark, labeled = parted(annotation.get("result") or ())
        return remark.decision is not None or from_result(labeled, self._target) is not None

    def _row(
        self, task: Mapping[str, Any], annotation: Mapping[str, Any], run: str, shown: Shown | None, pushed: str
    ) -> Row:
        remark, labeled = parted(annotation.get("result") or ())
        skipped, settled = bool(annotation.get("was_cancelled")), remark.decision
        given = self._given(task, shown, pushed, run)
        single = isinstance(given, str) or self._single
        answer = None if skipped or settled else from_result(labeled, self._target)
        found: Decision = decided(
            self._named(answer, run, shown, single=single),
            given=given,
            suggested=self._suggested(task, run, shown, given, single=single),
            target=self._target,
            skipped=skipped or settled is not None,
        )
        action, verdict = settled if settled and not skipped else (found.action, found.verdict)
        who = annotation.get("completed_by")
        return {
            "id": str(task["data"][f"{PREFIX}id"]),
            "action": action,
            "verdict": verdict,
            "value": to_json(None if action == "remove" else found.value),
            "person": self._people.get(who, str(who)) if who is not None else "",
            "time": str(annotation["updated_at"]),
            "platform": NAME,
            "run": run or None,
            "seconds": annotation.get("lead_time"),
            "note": remark.note,
        }

    def _named(self, value: Value | None, run: str, shown: Shown | None, *, single: bool) -> Value | None:
        """Return a value of the project's under the names of the data, and as one label where a sample has one."""
        if single and isinstance(value, list) and len(value) == 1:
            value = value[0]
        if shown is None:
            return value
        if run not in self._labels:
            self._labels[run] = self._classes(run)
        given = read_given(shown.given, "classification" if single else self._target.task)
        told = [*labels_in(given), *labels_in(self._from_findings(shown, given, single=single))]
        return names_of(self._target).to_data(value, [*self._labels[run], *told])

    def _classes(self, run: str) -> list[str]:
        with contextlib.suppress(LabelsiftError, KeyError, TypeError):
            return [str(one) for one in read_facts(self.store.place_of(run))["classes"]]
        return []

    def _from_findings(self, shown: Shown, given: Value | None, *, single: bool) -> Value | None:
        task = "classification" if single else self._target.task
        return suggestion_of(shown.findings, given=given, task=task)[0]

    def _given(self, task: Mapping[str, Any], shown: Shown | None, pushed: str, run: str) -> Value | None:
        """Return what was judged: from the run, else what people had said before the push, else what the task shows."""
        if shown is not None:
            sets = None if self._single else _parsed(shown.given)
            return shown.given if sets is None else sets  # single labels stand in controls of several, too
        earlier = sorted(
            (one for one in task.get("annotations") or () if not one.get("was_cancelled")),
            key=lambda one: str(one["updated_at"]),
        )
        stood = [from_result(one.get("result") or (), self._target) for one in earlier if one["updated_at"] <= pushed]
        told = task["data"].get(f"{PREFIX}given")
        if self._single:
            return told or (stood[-1] if stood else None)
        return stood[-1] if stood else _parsed(told)

    def _suggested(
        self, task: Mapping[str, Any], run: str, shown: Shown | None, given: Value | None, *, single: bool
    ) -> Value | None:
        """Return what was suggested: by the prediction, else by the run, as in mode blind, else by the task."""
        own = _own(task, run)
        found = from_result(own[0].get("result") or (), self._target) if own else None
        if found is not None:
            return self._named(found, run, shown, single=single)
        if shown is not None:
            return self._from_findings(shown, given, single=single)
        return read_cell(task["data"].get(f"{PREFIX}suggested"), self._target)

    @property
    def _single(self) -> bool:
        return self._target.kind in ("choice", "taxonomy")

    def _told(self, run: str, ids: Sequence[str]) -> dict[str, Shown]:
        with contextlib.suppress(LabelsiftError):
            return read_shown(self.store.place_of(run), ids) if run else {}
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
                (moment(datetime.fromisoformat(one["time"])), str(one["run"]))
                for one in self.store.ledger.records()
                if one.get("kind") == SENT and one["platform"] == NAME and one["target"] in names and one.get("match")
            ]
        return []

    @property
    def _pushes(self) -> list[tuple[str, str]]:
        """Every run that was pushed into this project with the time, the oldest first; the server's time is better."""
        found = {run: time for time, run in sorted(self._records, reverse=True)} | self.pulled.pushed
        return sorted((time, run) for run, time in found.items() if run)

    def _pushed_of(self, run: str) -> set[str]:
        """Return the samples that a run brought onto tasks."""
        if run not in self._linked:
            self._linked[run] = set()
            with contextlib.suppress(LabelsiftError):
                self._linked[run] = set(read_links(self.store.place_of(run)))
        return self._linked[run]


def _own(task: Mapping[str, Any], run: str) -> list[Mapping[str, Any]]:
    """Return the predictions of a run on a task."""
    return [one for one in task.get("predictions") or () if one.get("model_version") == model_version(run)]


def _predicted(task: Mapping[str, Any], run: str) -> list[str]:
    """Return when the predictions of a run came onto a task."""
    return [
        str(one["created_at"])
        for one in task.get("predictions") or ()
        if one.get("model_version") == model_version(run) and one.get("created_at")
    ]


def _parsed(cell: object) -> Value | None:
    try:
        found = json.loads(cell) if isinstance(cell, str) else None
    except ValueError:
        return None
    return found if isinstance(found, list) else None
