"""The ML backend protocol of Label Studio as an ASGI application with an OpenAPI description."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from .auth import Access
from .database import FullError
from .handlers import Handlers, Webhook
from .middleware import SIGNED, Guard
from .predictions import Entry, project_of

Text = Annotated[str, Body(embed=True)]


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: str


_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal} for code in (400, 401, 403, 404, 413, 415, 422, 503)
}


def create_app(handlers: Handlers, *, access: Access, any_host: bool = False) -> Guard:
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

    name = "labelsift for Label Studio"
    app = FastAPI(title=name, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, responses=_REFUSALS)
    app.add_exception_handler(RequestValidationError, _unfit)
    _add_connecting(app, handlers)
    _add_working(app, handlers)
    return Guard(app, access=access, log=handlers.log, any_host=any_host)


async def _unfit(_: Request, error: Exception) -> JSONResponse:
    """Say which fields do not fit, without what stood in them."""
    details = error.errors() if isinstance(error, RequestValidationError) else []
    fields = sorted({".".join(str(part)[:30] for part in detail["loc"][:3]) for detail in details})[:5]
    return JSONResponse({"detail": f"These fields do not fit: {', '.join(fields)}"}, 422)


def _add_connecting(app: FastAPI, handlers: Handlers) -> None:
    @app.get("/health")
    async def health() -> dict[str, Any]:
        """Say that the server is up, which runs are ready, which configs do not fit, how many jobs wait or failed."""
        served = handlers.projects.all()
        runs = {run.run: run.problem or ("ready" if run.ready.is_set() else "loading") for run in served}
        problems = {str(number): why for number, why in handlers.projects.problems.items()}
        jobs = handlers.worker.database.job_counts() if handlers.worker is not None else {}
        waiting = {state: jobs.get(state, 0) for state in ("pending", "failed")}
        return {"status": "UP", "model_class": "labelsift", "runs": runs, "problems": problems, "jobs": waiting}

    @app.post("/setup")
    async def setup(project: Text, schema_: Annotated[str, Body(alias="schema")]) -> dict[str, str]:
        """Return the model version at once; the token that comes with the request is not read."""
        number = project_of(project)
        served = handlers.projects.served(number)
        if served is None:
            handlers.log.say("project_not_served", project=number)
            raise HTTPException(404, "This project is not served: name it to labelsift serve")
        handlers.look_at(schema_, project=number)
        return {"model_version": served.version(number)}

    @app.get("/versions")
    async def versions() -> dict[str, list[str]]:
        """List the model versions of all runs that are served, the newest first."""
        return {"versions": [version for served in handlers.projects.all() for version in served.versions()]}


def _add_working(app: FastAPI, handlers: Handlers) -> None:
    @app.post("/predict", response_model=dict[str, list[Entry]])
    async def predict(
        tasks: Annotated[list[dict[str, Any]], Body()],
        label_config: Text,
        project: Annotated[str | None, Body()] = None,
    ) -> JSONResponse:
        """Answer tasks, one entry each in their order; ``[]`` where nothing can be said yet."""
        return JSONResponse({"results": await handlers.predict(tasks, label_config, project=project_of(project))})

    @app.post("/webhook")
    async def webhook(event: Webhook, request: Request) -> dict[str, Any]:
        """Acknowledge an event once it is on the disk."""
        try:
            return await asyncio.to_thread(handlers.take, event, signed=request.scope[SIGNED])
        except FullError as error:
            handlers.log.failed("queue_full", error)
            raise HTTPException(503, "The event could not be kept") from None

    @app.post("/job_status")
    async def job_status(job: Text) -> dict[str, Any]:
        """Say how far a training is."""
        worker, number = handlers.worker, project_of(job.removeprefix("job-"))
        state = worker.database.job_state(number) if worker is not None and number is not None else None
        if state is None:
            raise HTTPException(404, "There is no such job")
        return {"job_status": {"pending": "queued", "done": "finished"}.get(state, state)}
