"""The addresses of the live server: webhooks come in, and its health can be asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

from labelsift.serving.auth import USER
from labelsift.serving.database import FullError
from labelsift.serving.guard import MEGABYTE, Guard
from labelsift.serving.logs import Log
from labelsift.serving.served_run import keep_fresh
from labelsift.serving.worker import Worker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from .datasets import ServedDataset
from .webhooks import Webhook, about
from .work import Work

LIMITS = {"/webhook": MEGABYTE, "/health": MEGABYTE}


class Handlers:
    """Answers requests; starts and stops what works beside them."""

    def __init__(
        self, entries: Mapping[str, ServedDataset], worker: Worker[Work], webhook: Webhook, *, log: Log
    ) -> None:
        self.entries, self.worker, self.webhook, self.log = entries, worker, webhook, log
        self._stopping = threading.Event()

    def start(self) -> None:
        """Load the runs, and begin to work."""
        runs = list({entry.served.run: entry.served for entry in self.entries.values()}.values())
        threading.Thread(target=keep_fresh, args=(runs, self._stopping), name="loading", daemon=True).start()
        self.webhook.register()
        self.worker.start()

    def stop(self) -> None:
        """Let the worker finish the jobs at hand, and take the webhook away."""
        self._stopping.set()
        self.worker.stop()
        self.webhook.remove()

    async def health(self, _: Request) -> JSONResponse:
        """Say which runs are ready, which datasets do not fit theirs, and how many jobs wait or failed."""
        entries, jobs = self.entries.values(), self.worker.database.job_counts()
        runs = {entry.served.run: entry.served.state for entry in entries}
        problems = {entry.dataset.title: entry.misfit for entry in entries if entry.misfit}
        waiting = {state: jobs.get(state, 0) for state in ("pending", "failed")}
        told = {"status": "UP", "runs": runs, "problems": problems, "webhook": self.webhook.stands, "jobs": waiting}
        return JSONResponse(told)

    async def take(self, request: Request) -> JSONResponse:
        """Queue the record that a signed event is about; it is read again before anything is done with it."""
        body = await request.body()
        if not self.webhook.signed(request.headers, body):
            return JSONResponse({"detail": "The signature is missing, wrong or old"}, 401)
        try:
            event: Any = json.loads(body)
        except ValueError:
            return JSONResponse({"detail": "This is no JSON"}, 400)
        return JSONResponse({"queued": await asyncio.to_thread(self._queue, event)})

    def _queue(self, event: Any) -> int:  # noqa: ANN401 - whatever JSON holds
        ids = about(event)
        if ids is None or ids[0] not in self.entries:
            return 0
        polling, told = self.worker.work.polling, event["data"]
        if event["type"].startswith("record.") and polling.is_known(*ids, str(told.get("updated_at"))):
            return 0  # what this process wrote itself
        try:
            polling.queue(ids[0], [ids[1]], source="webhook")
        except FullError as error:  # the poll finds it
            self.log.failed("queue_full", error)
            return 0
        self.worker.wake()
        return 1


def create_app(handlers: Handlers, *, secret: str | None, any_host: bool = False) -> Guard:
    """Return the ASGI application.

    Parameters
    ----------
    secret
        The password; without one only requests that name this machine as their host are answered. Webhooks carry none:
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
