"""The process of ``labelsift serve label-studio``: settings, start, and an orderly end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from labelsift.errors import InputError, MissingExtraError
from labelsift.io.secret_variables import variable_of
from labelsift.serving.auth import PASSWORD, USER, password, require_safe
from labelsift.serving.database import Database
from labelsift.serving.logs import Log
from labelsift.serving.worker import Worker
from labelsift.store.base import DEFAULT
from labelsift.store.format import check_format
from labelsift.store.store import Store

from ..client.client import Client
from ..client.connect import connect
from ..client.errors import KEY, KEY_FILE, URL
from .projects import open_projects
from .work import Work


def serve(
    *,
    projects: Mapping[str, str],
    store: Path | str | None,
    host: str,
    port: int,
    second_look: bool,
    train: bool,
) -> None:
    """Answer Label Studio until a signal ends it; then finish the requests and the job at hand.

    Raises
    ------
    InputError
        If a project or the password does not fit, the host needs a password, or another backend serves the store.
    StoreError
        If there is no such run.
    MissingExtraError
        If fastapi or uvicorn is not installed.
    """
    try:
        from labelsift.serving.server import run

        from .app import Handlers, create_app
    except ImportError as error:
        raise MissingExtraError("uvicorn", "label-studio", purpose="The backend") from error
    secret = password(PASSWORD)
    require_safe(host, secret, variable=PASSWORD, user=USER)
    log = Log()
    run_store = Store(DEFAULT if store is None else store)
    run_store.folder  # noqa: B018 - refuses a bucket
    check_format(run_store.place)  # before anything is written there: a scan takes no folder that others began
    with Database(run_store.folder) as database:
        client = _client(needed=second_look or train)
        served = open_projects(projects, store=run_store, folder=database.folder, log=log, client=client)
        worker = None
        if client is not None and (second_look or train):
            work = Work(client, served, database, run_store.ledger, log=log, second_look=second_look, training=train)
            worker = Worker(database, work, log=log)
        served.load()
        log.say("serving", host=host, port=port, signed=secret is not None, second_look=second_look, train=train)
        run(create_app(Handlers(served, worker, log=log), secret=secret), host=host, port=port, log=log)


def _client(*, needed: bool) -> Client | None:
    """Connect with labelsift's own key; never with the token that Label Studio sends to a backend."""
    if os.environ.get(URL, "").strip() and variable_of(KEY):
        return connect()
    if needed:
        raise InputError(
            "Second looks and training read people's answers from Label Studio, and its address or key is not known",
            hint=f"Set {URL}, and {KEY} or {KEY_FILE}",
        )
    return None
