"""Request handlers: predictions within a second from threads that judge unseen texts, and events into the queue."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from ..convert.label_config import LabelControl
from .api_types import Predict, Webhook
from .logs import Log
from .predictions import Entry, project_of
from .projects import Projects
from .queue import Queue
from .served_run import Served, UnseenTask
from .worker import Worker

HOLD = 0.8  # seconds that a page is held at most; the rest of the second is for the network round trip
# Seconds more for each further task, and at most: "Retrieve Predictions" sends many, and holds no page.
FURTHER, LONGEST = 0.05, 30.0
AT_ONCE = 16  # texts that are judged together
_ABOUT = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")


class Handlers:
    """Answers requests, once they were understood."""

    def __init__(self, projects: Projects, queue: Queue | None, worker: Worker | None, *, log: Log) -> None:
        self.projects, self.queue, self.worker, self.log = projects, queue, worker, log
        self._reading = ThreadPoolExecutor(4, thread_name_prefix="answering")
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="judging")
        self._under_way: dict[tuple[str, str], asyncio.Future[Any]] = {}

    async def predict(self, request: Predict) -> list[Entry]:
        """Answer one task within HOLD seconds, many in a few more; what takes longer is there the next time."""
        end = time.monotonic() + min(HOLD + FURTHER * max(len(request.tasks) - 1, 0), LONGEST)
        project = project_of(request.project)
        served = self.projects.served(project)
        nothing: list[Entry] = [[] for _ in request.tasks]
        if served is None:
            self.log.say("project_not_served", project=project)
            return nothing
        loop = asyncio.get_running_loop()
        try:
            target, entries, unseen = await asyncio.wait_for(
                loop.run_in_executor(self._reading, self._read, served, request, project), end - time.monotonic()
            )
        except TimeoutError:
            self.log.say("too_slow", project=project, tasks=len(request.tasks))
            return nothing
        except Exception as error:  # the page must open, and the log says why it shows nothing
            self.log.failed("answering_failed", error, project=project)
            return nothing
        if target is not None and unseen:
            await self._judge(served, unseen, target, entries, project, end)
        empty = sum(not entry for entry in entries)
        self.log.say("predict", project=project, tasks=len(entries), unseen=len(unseen), empty=empty)
        return entries

    def look_at(self, config: str, *, project: int | None) -> None:
        """Find out whether a labeling config fits; the log and /health say it, and nobody waits for that."""
        self._reading.submit(self.projects.target, config, project=project)

    def _read(
        self, served: Served, request: Predict, project: int | None
    ) -> tuple[LabelControl | None, list[Entry], list[UnseenTask]]:
        target = self.projects.target(request.label_config, project=project)
        if target is None:
            return None, [[] for _ in request.tasks], []
        return target, *served.answer(request.tasks, target, project=project)

    async def _judge(
        self,
        served: Served,
        unseen: list[UnseenTask],
        target: LabelControl,
        entries: list[Entry],
        project: int | None,
        end: float,
    ) -> None:
        """Fill in the entries of unseen tasks that are judged before the end; the others go on in the background."""

        def fill(tasks: list[UnseenTask]) -> list[UnseenTask]:
            """Fill in what was judged, and return the others."""
            missing = []
            for task in tasks:
                entry = served.remembered(task, target, project=project)
                if entry is None:
                    missing.append(task)
                else:
                    entries[task.position] = entry
            return missing

        missing = fill(unseen)
        texts = list(dict.fromkeys(task.text for task in missing))
        batches = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        if batches:
            waiting = [self._started(served, batch, project) for batch in batches]
            await asyncio.wait(waiting, timeout=max(end - time.monotonic(), 0))
        fill(missing)

    def _started(self, served: Served, texts: list[str], project: int | None) -> asyncio.Future[Any]:
        """Judge texts in the one thread for it; the same texts that are asked for again meanwhile are judged once."""
        key = (f"{served.version(project)} {project}", "\0".join(texts))
        if key not in self._under_way:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._judging, lambda: self._judged(served, texts, project))
            future.add_done_callback(lambda _: self._under_way.pop(key, None))
            self._under_way[key] = future
        return self._under_way[key]

    def _judged(self, served: Served, texts: list[str], project: int | None) -> None:
        try:
            served.judge(texts, project=project)
        except Exception as error:  # in a thread: the task is answered with nothing
            self.log.failed("judging_failed", error, project=project)

    def take(self, event: Webhook, *, signed: bool) -> dict[str, Any]:
        """Queue what an event is about on the disk, and acknowledge it."""
        project = event.project.id if event.project else None
        served = self.projects.served(project)
        if self.queue is None or self.worker is None or project is None or served is None:
            return {"status": "ok", "queued": 0}
        numbers: list[int | None] = []
        if event.action in _ABOUT and event.annotation is not None:
            about = event.annotation
            numbers = [self.queue.add("annotation", project, about.id, when=about.updated_at or "", task=about.task)]
        elif event.action == "ANNOTATIONS_DELETED":
            numbers = [self.queue.add("deleted", project, gone.id, when="") for gone in event.annotations or ()]
        elif event.action == "START_TRAINING" and signed:
            numbers = [self.queue.add("train", project, None, when=datetime.now(UTC).isoformat())]
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
