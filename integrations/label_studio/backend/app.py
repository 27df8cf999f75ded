"""The ML backend protocol of Label Studio as an ASGI application with an OpenAPI description.

Predictions come within a second, from threads that judge unseen texts; events go into the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from labelsift.serving.auth import USER
from labelsift.serving.database import FullError
from labelsift.serving.guard import MEGABYTE, SIGNED, Guard
from labelsift.serving.logs import Log
from labelsift.serving.served_run import Served
from labelsift.serving.worker import Worker
from pydantic import BaseModel, Field

from ..convert.label_config import LabelControl
from ..convert.task_fields import model_version
from .predictions import Entry, project_of
from .projects import Projects
from .task_answers import UnseenTask, answer, remembered
from .work import Work

HOLD = 0.8  # seconds that a page is held at most; the rest of the second is for the network round trip
# Seconds more for each further task, and at most: "Retrieve Predictions" sends many, and holds no page.
FURTHER, LONGEST = 0.05, 30.0
AT_ONCE = 16  # texts that are judged together
LIMITS = {"/predict": 100 * MEGABYTE, "/webhook": 32 * MEGABYTE, "/setup": 8 * MEGABYTE}
LIMITS |= dict.fromkeys(("/health", "/versions", "/job_status", "/openapi.json"), MEGABYTE)
SETUPS = 16  # configs that wait to be looked at
_ABOUT = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
Text = Annotated[str, Body(embed=True)]


class Annotation(BaseModel):
    """Which annotation an event is about."""

    id: Number
    task: Number | None = None
    updated_at: str | None = Field(None, max_length=40)


class EventProject(BaseModel):
    """Which project an event is about."""

    id: Number


class Webhook(BaseModel):
    """An event; only numbers and times are read from it."""

    action: str = Field(max_length=40)
    project: EventProject | None = None
    annotation: Annotation | None = None
    annotations: list[Annotation] | None = None


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: str


_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal} for code in (400, 401, 403, 404, 413, 415, 422, 503)
}


def create_app(handlers: Handlers, *, secret: str | None, any_host: bool = False) -> Guard:
    """Return the ASGI application.

    Parameters
    ----------
    secret
        The password; without one only requests that name this machine as their host are answered.
    any_host
        Passes whatever host, for tests.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if handlers.worker is not None:
            handlers.worker.start()
        yield
        await asyncio.to_thread(handlers.stop)

    name = "labelsift for Label Studio"
    app = FastAPI(title=name, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, responses=_REFUSALS)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.get("/health")(handlers.health)
    app.post("/setup")(handlers.setup)
    app.get("/versions")(handlers.versions)
    app.post("/predict", response_model=dict[str, list[Entry]])(handlers.predict)
    app.post("/webhook")(handlers.webhook)
    app.post("/job_status")(handlers.job_status)
    return Guard(app, secret=secret, user=USER, limits=LIMITS, hints="/webhook", log=handlers.log, any_host=any_host)


async def _unfit(_: Request, error: Exception) -> JSONResponse:
    """Say which fields do not fit, without what stood in them."""
    details = error.errors() if isinstance(error, RequestValidationError) else []
    fields = sorted({".".join(str(part)[:30] for part in detail["loc"][:3]) for detail in details})[:5]
    return JSONResponse({"detail": f"These fields do not fit: {', '.join(fields)}"}, 422)


class Handlers:
    """Answers requests, one method an address; without a worker events are acknowledged, and nothing more."""

    def __init__(self, projects: Projects, worker: Worker[Work] | None, *, log: Log) -> None:
        self.projects, self.worker, self.log = projects, worker, log
        self._reading = ThreadPoolExecutor(4, thread_name_prefix="answering")
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="judging")
        self._setups = threading.Semaphore(SETUPS)

    async def health(self) -> dict[str, Any]:
        """Say that the server is up, which runs are ready, which configs do not fit, how many jobs wait or failed."""
        runs = {run.run: run.state for run in self.projects.all()}
        problems = {str(number): why for number, why in self.projects.problems.items()}
        jobs = self.worker.database.job_counts() if self.worker is not None else {}
        waiting = {state: jobs.get(state, 0) for state in ("pending", "failed")}
        return {"status": "UP", "model_class": "labelsift", "runs": runs, "problems": problems, "jobs": waiting}

    async def setup(self, project: Text, schema_: Annotated[str, Body(alias="schema")]) -> dict[str, str]:
        """Return the model version at once; the token that comes with the request is not read."""
        number = project_of(project)
        served = self.projects.served(number)
        if served is None:
            self.log.say("project_not_served", project=number)
            raise HTTPException(404, "This project is not served: name it to labelsift serve")
        # Whether the config fits the log and /health say; nobody waits for that.
        if self._setups.acquire(blocking=False):
            reading = self._reading.submit(self.projects.target, schema_, project=number)
            reading.add_done_callback(lambda _: self._setups.release())
        return {"model_version": model_version(served.version(number))}

    async def versions(self) -> dict[str, list[str]]:
        """List the model versions of all runs that are served, the newest first."""
        return {"versions": [model_version(version) for served in self.projects.all() for version in served.versions()]}

    async def predict(
        self,
        tasks: Annotated[list[dict[str, Any]], Body()],
        label_config: Text,
        project: Annotated[str | None, Body()] = None,
    ) -> JSONResponse:
        """Answer tasks, one entry each in their order; ``[]`` where nothing can be said yet.

        One task is answered within HOLD seconds, many in a few more; what takes longer is there the next time.
        """
        return JSONResponse({"results": await self._entries(tasks, label_config, project_of(project))})

    async def _entries(self, tasks: list[dict[str, Any]], config: str, project: int | None) -> list[Entry]:
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
            return target, *answer(served, tasks, target, project=project)

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
                entries[task.position] = remembered(served, task, target, project=project) or []
        empty = sum(not entry for entry in entries)
        self.log.say("predict", project=project, tasks=len(entries), unseen=len(unseen), empty=empty)
        return entries

    async def _judge(self, served: Served, unseen: Sequence[UnseenTask], project: int | None, end: float) -> None:
        """Judge in the one thread for it what was never judged; what is not done by the end goes on there."""
        scorer, trained = served.scorer, served.trained_for(project)
        if scorer is None:
            return

        def judge(some: list[str]) -> None:
            try:
                scorer.judge(some, trained)
            except Exception as error:  # in a thread: the task is answered with nothing
                self.log.failed("judging_failed", error, project=project)

        texts = dict.fromkeys(task.text for task in unseen)
        new = [text for text in texts if scorer.remembered(text, trained) is None]
        if new:
            run = partial(asyncio.get_running_loop().run_in_executor, self._judging, judge)
            waiting = [run(new[start : start + AT_ONCE]) for start in range(0, len(new), AT_ONCE)]
            await asyncio.wait(waiting, timeout=max(end - time.monotonic(), 0))

    def webhook(self, event: Webhook, request: Request) -> dict[str, Any]:
        """Acknowledge an event once what it is about is queued on the disk; what is known as it is, is not."""
        project = event.project.id if event.project else None
        if self.worker is None or project is None or self.projects.served(project) is None:
            return {"status": "ok", "queued": 0}
        answers, kind, about = self.worker.work.answers, "annotation", []
        if event.action in _ABOUT and event.annotation is not None:
            told = event.annotation
            if not (told.updated_at and answers.log.is_known(project, told.id, told.updated_at)):
                about = [(told.id, told.task)]
        elif event.action == "ANNOTATIONS_DELETED":
            about = answers.log.known(project, [gone.id for gone in event.annotations or ()])
        elif event.action == "START_TRAINING" and request.scope[SIGNED]:
            kind, about = "train", [(None, None)]
        if not about:
            return {"status": "ok", "queued": 0}
        source = request.client.host if request.client else "unknown"
        try:
            numbers = self.worker.database.add_jobs(kind, project, about, source=source)
        except FullError as error:
            self.log.failed("queue_full", error)
            self.worker.wake(missed=True)
            raise HTTPException(503, "The event could not be kept") from None
        self.worker.wake()
        return {"status": "ok", "queued": len(numbers), "job": f"job-{numbers[0]}"}

    async def job_status(self, job: Text) -> dict[str, Any]:
        """Say how far a training is."""
        worker, number = self.worker, project_of(job.removeprefix("job-"))
        state = worker.database.job_state(number) if worker is not None and number is not None else None
        if state is None:
            raise HTTPException(404, "There is no such job")
        return {"job_status": {"pending": "queued", "done": "finished"}.get(state, state)}

    def stop(self) -> None:
        """Let the worker finish the job at hand."""
        self.projects.stop()
        if self.worker is not None:
            self.worker.stop()
        self._judging.shutdown(wait=False, cancel_futures=True)
        self._reading.shutdown(wait=False, cancel_futures=True)
