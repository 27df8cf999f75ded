"""The process of ``labelsift serve label-studio``: settings, start, and an orderly end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from labelsift.errors import InputError, MissingExtraError
from labelsift.io.secret_variables import variable_of
from labelsift.serving.process import open_process
from labelsift.serving.worker import Worker

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
    with open_process(store, host=host) as own:
        log, database = own.log, own.database
        client = _client(needed=second_look or train)
        served = open_projects(projects, store=own.store, folder=database.folder, log=log, client=client)
        worker = None
        if client is not None and (second_look or train):
            work = Work(client, served, database, own.store.ledger, log=log, second_look=second_look, training=train)
            worker = Worker(database, work, log=log)
        served.load()
        log.say("serving", host=host, port=port, signed=own.secret is not None, second_look=second_look, train=train)
        run(create_app(Handlers(served, worker, log=log), secret=own.secret), host=host, port=port, log=log)


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
