"""The ML backend protocol of Label Studio as an ASGI application with an OpenAPI description."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from .api_types import JobStatus, Predict, Refusal, Results, Setup, Version, Versions, Webhook
from .auth import Access
from .database import FullError
from .handlers import Handlers
from .middleware import SIGNED, Guard
from .predictions import project_of

_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal} for code in (400, 401, 403, 404, 413, 415, 422, 503)
}


def create_app(handlers: Handlers, *, access: Access, any_host: bool = False) -> Any:  # noqa: ANN401 - an ASGI callable
    """Return the ASGI application.

    Parameters
    ----------
    access
        Who may ask; without a password only requests that name this machine as their host.
    any_host
        Passes whatever host, for tests.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if handlers.worker is not None:
            handlers.worker.start()
        yield
        await asyncio.to_thread(handlers.stop)

    app = FastAPI(
        title="labelsift for Label Studio",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=_REFUSALS,
    )
    app.add_exception_handler(RequestValidationError, _unfit)
    _add_connecting(app, handlers)
    _add_predicting(app, handlers)
    _add_events(app, handlers)
    return Guard(app, access=access, log=handlers.log, any_host=any_host)


async def _unfit(_: Request, error: Exception) -> JSONResponse:
    """Say which fields do not fit, without what stood in them."""
    details = error.errors() if isinstance(error, RequestValidationError) else []
    fields = sorted({".".join(str(part)[:30] for part in detail["loc"][:3]) for detail in details})[:5]
    return JSONResponse({"detail": f"These fields do not fit: {', '.join(fields)}"}, 422)


def _refused(status: int, detail: str) -> Any:  # noqa: ANN401 - stands in for what an address answers otherwise
    return JSONResponse({"detail": detail}, status)


def _add_connecting(app: FastAPI, handlers: Handlers) -> None:
    @app.get("/health")
    async def health() -> dict[str, Any]:
        """Say that the server is up, which runs are ready, which configs do not fit, how many jobs wait or failed."""
        served = handlers.projects.all()
        runs = {run.run: run.problem or ("ready" if run.ready.is_set() else "loading") for run in served}
        problems = {str(number): why for number, why in handlers.projects.problems.items()}
        jobs = handlers.queue.counts() if handlers.queue is not None else {}
        waiting = {state: jobs.get(state, 0) for state in ("pending", "failed")}
        return {"status": "UP", "model_class": "labelsift", "runs": runs, "problems": problems, "jobs": waiting}

    @app.post("/setup")
    async def setup(request: Setup) -> Version:
        """Return the model version at once."""
        project = project_of(request.project)
        served = handlers.projects.served(project)
        if served is None:
            handlers.log.say("project_not_served", project=project)
            return _refused(404, "This project is not served: name it to labelsift serve")
        handlers.look_at(request.schema_, project=project)
        return Version(model_version=served.version(project))

    @app.get("/versions")
    async def versions() -> Versions:
        """List the model versions of all runs that are served, the newest first."""
        return Versions(versions=[version for served in handlers.projects.all() for version in served.versions()])


def _add_predicting(app: FastAPI, handlers: Handlers) -> None:
    @app.post("/predict", response_model=Results)
    async def predict(request: Predict) -> JSONResponse:
        """Answer tasks, one entry each in their order; ``[]`` where nothing can be said yet."""
        return JSONResponse({"results": await handlers.predict(request)})


def _add_events(app: FastAPI, handlers: Handlers) -> None:
    @app.post("/webhook")
    async def webhook(event: Webhook, request: Request) -> dict[str, Any]:
        """Acknowledge an event once it is on the disk."""
        signed = bool(request.scope.get(SIGNED))
        try:
            return await asyncio.to_thread(handlers.take, event, signed=signed)
        except FullError as error:
            handlers.log.failed("queue_full", error)
            return _refused(503, "The event could not be kept")

    @app.post("/job_status")
    async def job_status(request: JobStatus) -> dict[str, Any]:
        """Say how far a training is."""
        number = project_of(request.job.removeprefix("job-"))
        state = handlers.queue.state(number) if handlers.queue is not None and number is not None else None
        if state is None:
            return _refused(404, "There is no such job")
        return {"job_status": {"pending": "queued", "done": "finished"}.get(state, state)}
