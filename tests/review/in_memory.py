"""A labeling platform in memory, made of the kit alone, whose server fails where a test says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from labelsift.data.review_queue import ReviewQueue
from labelsift.errors import InputError, PlatformError
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt
from labelsift.review.answers import Answer, acted, correction_of, corrections_table
from labelsift.review.batches import batches
from labelsift.review.blind import labels_of_blind, visible_metadata
from labelsift.review.incremental import changed_tasks
from labelsift.review.upsert import Holdings, StoredTask, TaskPlan, compare, count
from labelsift.review.verdicts import Feedback
from labelsift.store.base import DEFAULT
from labelsift.store.pull_state import read_pulled, write_pulled
from labelsift.store.store import Store

_NOTHING: dict[str, Any] = {"answers": [], "drafts": [], "others": []}
# A request is refused; cut in the middle; done, and its answer lost; or it arrives when all is over.
Fault = Literal["refused", "cut", "unanswered", "late"]


@dataclass
class Server:
    """The tasks of one project; also a source of what changed since a pull."""

    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)  # number of a request → how it fails
    requests: int = 0
    late: list[tuple[str, Sequence[Any]]] = field(default_factory=list)
    clock: datetime = datetime(2026, 11, 25, tzinfo=UTC)

    def send(self, action: str, items: Sequence[Any]) -> None:
        """Create tasks, write pairs of id and changes, or delete ids; in one request."""
        self.requests += 1
        fault = self.faults.get(self.requests)
        if fault == "late":
            self.late.append((action, items))
        elif fault != "refused":
            self._do(action, items[: len(items) // 2] if fault == "cut" else items)
        if fault:
            raise PlatformError(f"in-memory: request {self.requests} failed", hint="Run the same command again")

    def answered(self, ids: Sequence[int] | None = None) -> Iterator[list[dict[str, Any]]]:
        self.requests += 1
        if self.requests in self.faults:
            raise PlatformError("in-memory cannot be reached", hint="Run the same command again")
        yield [task for id, task in self.tasks.items() if ids is None or id in ids]

    def changed_after(self, time: datetime) -> Iterator[list[dict[str, Any]]]:
        yield [task for task in self.tasks.values() if datetime.fromisoformat(task["updated_at"]) > time]

    def newest_change(self) -> str | None:
        return max((task["updated_at"] for task in self.tasks.values()), default=None)

    def answer(self, id: int, value: Any, *, feedback: Feedback | None = None, draft: bool = False) -> None:
        """Answer a task as a person would; neither a value nor feedback skips it, and a draft decides nothing yet."""
        answer = {"value": value, "skipped": value is None and feedback is None, "feedback": feedback}
        answer |= {"person": "ann", "time": self._now()}
        kind = "drafts" if draft else "answers"
        self._do("write", [(id, {kind: [*self.tasks[id][kind], answer]})])

    def add(self, id: int, *, field: Any = None, suggestion: Any = None) -> None:
        """Write what is not labelsift's: a field of the task, a suggestion beside labelsift's."""
        task = self.tasks[id]
        others = [*task["others"], *([] if suggestion is None else [suggestion])]
        self._do(
            "write", [(id, {"data": task["data"] | ({} if field is None else {"theirs": field}), "others": others})]
        )

    def arrive(self) -> None:
        """Let what is under way arrive."""
        while self.late:
            self._do(*self.late.pop(0))

    def _now(self) -> str:
        self.clock += timedelta(seconds=1)
        return self.clock.isoformat()

    def _do(self, action: str, items: Sequence[Any]) -> None:
        for item in items:
            if action == "delete":
                self.tasks.pop(item, None)
                continue
            id, changes = item if action == "write" else (1 + max(self.tasks, default=0), {**_NOTHING, **item})
            self.tasks[id] = {**self.tasks.get(id, {}), **changes, "id": id, "updated_at": self._now()}


class InMemory(LabelingPlatform):
    """The labeling platform ``in-memory``."""

    name = "in-memory"
    capabilities = frozenset(
        {"classification", "multilabel", "spans", "text", "prefill", "blind", "rounds", "both_fit", "copies"}
        | {"actions", "edit"}
    )

    def __init__(self) -> None:
        self.servers: defaultdict[str, Server] = defaultdict(Server)  # project → its tasks

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        server, plan = self.servers[request.project], _plan(queue, request)
        stored = Holdings.of(
            (task["key"], StoredTask(task["id"], task["data"], {}, tuple(task["predictions"]), _touched(task)))
            for page in server.answered()
            for task in page
        )
        diff = compare(plan, stored)
        receipt = Receipt(self.name, request.project, dry_run=request.dry_run)
        count(receipt, plan, diff)
        if request.dry_run:
            return receipt
        if diff.doubles:
            server.send("delete", diff.doubles)
        predictions = {key: [plan.predictions[key]] if key in plan.predictions else [] for key in plan.data}
        tasks = ({"key": key, "data": plan.data[key], "predictions": predictions[key]} for key in diff.missing)
        for batch in batches(tasks, size=3):
            server.send("create", batch)
        for key in sorted(diff.updated):
            task = stored.of_sample[key]
            theirs = {name: value for name, value in task.data.items() if name == "theirs"}
            server.send("write", [(task.task, {"data": theirs | plan.data[key], "predictions": predictions[key]})])
        return receipt

    def pull(self, *, project: str, store: Path | str | None = None) -> pa.Table:
        place, key, server = store or DEFAULT, (self.name, project), self.servers[project]
        pulled, newest = read_pulled(place, *key), server.newest_change()
        if newest is None:
            raise InputError(f"in-memory has no project {project}", hint="Push first")
        for page in changed_tasks(server, pulled, newest=newest):
            for task in page:
                pulled.rows[str(task["id"])] = _corrections(task, Store(place), project)
        write_pulled(place, pulled, *key)
        return corrections_table(row for rows in pulled.rows.values() for row in rows.values())


def _touched(task: dict[str, Any]) -> bool:
    return bool(task["answers"] or task["drafts"])


def _plan(queue: ReviewQueue, request: PushRequest) -> TaskPlan:
    plan, names = TaskPlan(), visible_metadata(queue.items, mode=request.mode, taken=("text",))
    for item in (item for item in queue.items if not item.first_copy):
        fields = {"labelsift_id": item.id, "run": queue.run, "mode": "blind" if item.blind else request.mode}
        own = {names[name]: value for name, value in item.metadata.items() if name in names}
        plan.data[item.key] = own | {"text": item.text, "task": item.task} | fields | {"given": "", "reason": ""}
        if fields["mode"] != "blind":
            others = [asdict(other) for other in (item.twin, *item.neighbors) if other]
            plan.data[item.key] |= {"given": item.given, "reason": item.reason, "others": others}
            plan.data[item.key] |= {"actions": item.actions, "masks": item.masks, "repaired": item.repaired}
            plan.predictions[item.key] = {"value": item.suggested}
    return plan


def _corrections(task: dict[str, Any], store: Store, project: str) -> dict[str, dict[str, Any]]:
    data, id = task["data"], task["data"]["labelsift_id"]
    hidden = [id] if task["answers"] and data["mode"] == "blind" else []
    labels = labels_of_blind(store, data["run"], hidden, task=data["task"], project=project).get(id)
    given, suggested = labels or (data["given"], *(prediction["value"] for prediction in task["predictions"]), None)[:2]
    asked = data["mode"] if task["key"] == id else "repeat"
    about = {"run": data["run"], "round": "1", "asked": asked, "given": given, "suggested": suggested}
    proposed = {"masks": [list(place) for place in data.get("masks") or ()], "repaired": data.get("repaired")}
    answers = [acted(Answer(id, **about, **answer), **proposed) for answer in task["answers"]]
    return {made.time: correction_of(made, platform="in-memory", task=data["task"]) for made in answers if made.time}
