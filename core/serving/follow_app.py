"""Addresses of a server that follows a platform: its signed events come in, and its health can be asked.

An event is a hint that a record changed; what is true is asked from the platform (:mod:`.polling`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .auth import USER
from .database import FullError, Id
from .guard import MEGABYTE, Guard
from .logs import Log
from .polling import Polling
from .served_run import Served, keep_fresh
from .worker import Worker

LIMITS = {"/webhook": MEGABYTE, "/health": MEGABYTE}


class Events(Protocol):
    """How a platform sends its events to this process."""

    @property
    def stands(self) -> bool:
        """Whether it does."""
        ...

    def register(self) -> None:
        """Ask for events; say in the log where none will come."""
        ...

    def remove(self) -> None:
        """Ask for no more."""
        ...

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a delivery is the platform's, and new."""
        ...

    def about(self, event: Any) -> tuple[Id, Id, str | None] | None:  # noqa: ANN401 - whatever JSON holds
        """Return project and record of an event, and the time of the record's change where it tells all of it."""
        ...


class Handlers:
    """Answers requests; starts and stops what works beside them.

    Parameters
    ----------
    projects
        Those that are served.
    runs
        Answer them.
    problems
        Tells which projects do not fit their run, and why.
    """

    def __init__(
        self,
        projects: Collection[Id],
        runs: Sequence[Served],
        worker: Worker[Any],
        polling: Polling,
        events: Events,
        *,
        problems: Callable[[], Mapping[str, str]],
        log: Log,
    ) -> None:
        self.projects, self.worker, self.polling, self.events, self.log = projects, worker, polling, events, log
        self._runs, self._problems = {served.run: served for served in runs}, problems
        self._stopping = threading.Event()

    def start(self) -> None:
        """Load the runs, and begin to work."""
        runs = list(self._runs.values())
        threading.Thread(target=keep_fresh, args=(runs, self._stopping), name="loading", daemon=True).start()
        self.events.register()
        self.worker.start()

    def stop(self) -> None:
        """Let the worker finish the jobs at hand, and ask for no more events."""
        self._stopping.set()
        self.worker.stop()
        self.events.remove()

    async def health(self, _: Request) -> JSONResponse:
        """Say which runs are ready, which projects do not fit theirs, and how many jobs wait or failed."""
        jobs = self.worker.database.job_counts()
        runs = {name: served.state for name, served in self._runs.items()}
        waiting = {state: jobs.get(state, 0) for state in ("pending", "failed")}
        told = {"status": "UP", "runs": runs, "problems": dict(self._problems())}
        return JSONResponse(told | {"webhook": self.events.stands, "jobs": waiting})

    async def take(self, request: Request) -> JSONResponse:
        """Queue the record that a signed event is about; it is read again before anything is done with it."""
        body = await request.body()
        if not self.events.signed(request.headers, body):
            return JSONResponse({"detail": "The signature is missing, wrong or old"}, 401)
        try:
            about = self.events.about(json.loads(body))
        except ValueError:
            return JSONResponse({"detail": "This is no JSON"}, 400)
        return JSONResponse({"queued": await asyncio.to_thread(self._queue, *about) if about else 0})

    def _queue(self, project: Id, record: Id, time: str | None) -> int:
        if project not in self.projects or (time is not None and self.polling.is_known(project, record, time)):
            return 0  # not served, or what this process wrote itself
        try:
            self.polling.queue(project, [record], source="webhook")
        except FullError as error:  # polling finds it
            self.log.failed("queue_full", error)
            return 0
        self.worker.wake()
        return 1


def create_app(handlers: Handlers, *, secret: str | None, any_host: bool = False) -> Guard:
    """Return the ASGI application.

    Parameters
    ----------
    secret
        The password; without one only requests that name this machine as their host are answered. Events carry none:
        they are signed.
    any_host
        Passes whatever host, for tests.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(handlers.start)
        yield
        await asyncio.to_thread(handlers.stop)

    routes = [Route("/health", handlers.health), Route("/webhook", handlers.take, methods=["POST"])]
    app = Starlette(routes=routes, lifespan=lifespan)
    return Guard(app, secret=secret, user=USER, limits=LIMITS, hints="/webhook", log=handlers.log, any_host=any_host)
