"""Request handlers: predictions within a second from threads that judge unseen texts, and events into the queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from ..convert.label_config import LabelControl
from .logs import Log
from .predictions import Entry
from .projects import Projects
from .served_run import Served, UnseenTask
from .worker import Worker

HOLD = 0.8  # seconds that a page is held at most; the rest of the second is for the network round trip
# Seconds more for each further task, and at most: "Retrieve Predictions" sends many, and holds no page.
FURTHER, LONGEST = 0.05, 30.0
AT_ONCE = 16  # texts that are judged together
_ABOUT = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Annotation(BaseModel):
    """Which annotation an event is about."""

    id: Number
    task: Number | None = None
    updated_at: str | None = None


class EventProject(BaseModel):
    """Which project an event is about."""

    id: Number


class Webhook(BaseModel):
    """An event; only numbers and times are read from it."""

    action: str
    project: EventProject | None = None
    annotation: Annotation | None = None
    annotations: list[Annotation] | None = None


class Handlers:
    """Answers requests, once they were understood; without a worker events are acknowledged, and nothing more."""

    def __init__(self, projects: Projects, worker: Worker | None, *, log: Log) -> None:
        self.projects, self.worker, self.log = projects, worker, log
        self._reading = ThreadPoolExecutor(4, thread_name_prefix="answering")
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="judging")

    async def predict(self, tasks: list[dict[str, Any]], config: str, *, project: int | None) -> list[Entry]:
        """Answer one task within HOLD seconds, many in a few more; what takes longer is there the next time."""
        end = time.monotonic() + min(HOLD + FURTHER * max(len(tasks) - 1, 0), LONGEST)
        served = self.projects.served(project)
        nothing: list[Entry] = [[] for _ in tasks]
        if served is None:
            self.log.say("project_not_served", project=project)
            return nothing

        def read() -> tuple[LabelControl | None, list[Entry], list[UnseenTask]]:
            target = self.projects.target(config, project=project)
            if target is None:
                return None, nothing, []
            return target, *served.answer(tasks, target, project=project)

        try:
            reading = asyncio.get_running_loop().run_in_executor(self._reading, read)
            target, entries, unseen = await asyncio.wait_for(reading, end - time.monotonic())
        except TimeoutError:
            self.log.say("too_slow", project=project, tasks=len(tasks))
            return nothing
        except Exception as error:  # the page must open, and the log says why it shows nothing
            self.log.failed("answering_failed", error, project=project)
            return nothing
        if target is not None and unseen:
            await self._judge(served, unseen, project, end)
            for task in unseen:
                entries[task.position] = served.remembered(task, target, project=project) or []
        empty = sum(not entry for entry in entries)
        self.log.say("predict", project=project, tasks=len(entries), unseen=len(unseen), empty=empty)
        return entries

    def look_at(self, config: str, *, project: int | None) -> None:
        """Find out whether a labeling config fits; the log and /health say it, and nobody waits for that."""
        self._reading.submit(self.projects.target, config, project=project)

    async def _judge(self, served: Served, unseen: Sequence[UnseenTask], project: int | None, end: float) -> None:
        """Judge in the one thread for it what was never judged; what is not done by the end goes on there."""

        def judge(some: list[str]) -> None:
            try:
                served.judge(some, project=project)
            except Exception as error:  # in a thread: the task is answered with nothing
                self.log.failed("judging_failed", error, project=project)

        texts = served.unknown([task.text for task in unseen], project=project)
        loop = asyncio.get_running_loop()
        batches = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        if batches:
            waiting = [loop.run_in_executor(self._judging, judge, batch) for batch in batches]
            await asyncio.wait(waiting, timeout=max(end - time.monotonic(), 0))

    def take(self, event: Webhook, *, signed: bool) -> dict[str, Any]:
        """Queue what an event is about on the disk, and acknowledge it."""
        project = event.project.id if event.project else None
        if self.worker is None or project is None or self.projects.served(project) is None:
            return {"status": "ok", "queued": 0}
        add = self.worker.database.add_job
        numbers: list[int | None] = []
        if event.action in _ABOUT and event.annotation is not None:
            about = event.annotation
            numbers = [add("annotation", project, about.id, when=about.updated_at or "", task=about.task)]
        elif event.action == "ANNOTATIONS_DELETED":
            numbers = [add("deleted", project, gone.id, when="") for gone in event.annotations or ()]
        elif event.action == "START_TRAINING" and signed:
            numbers = [add("train", project, None, when=datetime.now(UTC).isoformat())]
        if not any(numbers):
            return {"status": "ok", "queued": 0}
        self.worker.wake()
        return {"status": "ok", "queued": sum(number is not None for number in numbers), "job": f"job-{numbers[0]}"}

    def stop(self) -> None:
        """Let the worker finish the job at hand."""
        self.projects.stop()
        if self.worker is not None:
            self.worker.stop()
        self._judging.shutdown(wait=False, cancel_futures=True)
        self._reading.shutdown(wait=False, cancel_futures=True)
