"""The process of ``labelsift serve argilla``: settings, start, and an orderly end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from labelsift.errors import InputError, MissingExtraError
from labelsift.serving.answers import AnswerLog
from labelsift.serving.auth import is_loopback
from labelsift.serving.polling import POLL, Polling
from labelsift.serving.process import open_process
from labelsift.serving.second_looks import SecondLooks
from labelsift.serving.worker import Worker

from ..client.client import Client
from .answers import Answers
from .datasets import open_datasets
from .webhooks import Webhook
from .work import Work

ADDRESS = "LABELSIFT_BACKEND_URL"  # where Argilla reaches this process, if that is not what it listens on


def serve(
    client: Client,
    *,
    projects: Mapping[str, str],
    store: Path | str | None,
    host: str,
    port: int,
    second_look: bool,
    train: bool,
) -> None:
    """Judge what comes into datasets until a signal ends it; then finish the job at hand.

    Raises
    ------
    InputError
        If a dataset or the password does not fit, the host needs a password, or another process serves the store.
    StoreError
        If there is no such run.
    PlatformError
        If the server cannot be reached or refuses.
    MissingExtraError
        If fastapi or uvicorn is not installed.
    """
    try:
        from labelsift.serving.follow_app import Handlers, create_app
        from labelsift.serving.server import run
    except ImportError as error:
        raise MissingExtraError("uvicorn", "argilla", purpose="The live server") from error
    if train:
        raise InputError("Argilla has no button that starts a training", hint="Leave --train out; scan again instead")
    with open_process(store, host=host) as own:
        log, database = own.log, own.database
        entries = open_datasets(client, projects, store=own.store, folder=database.folder, log=log)
        looks = SecondLooks(database, own.store.ledger, log=log) if second_look else None
        answers = Answers(client, AnswerLog(database), looks) if looks else None
        webhook = Webhook(client, _address(client, host, port), log=log)
        work = Work(client, entries, Polling(database, log=log), webhook, answers=answers, log=log)
        worker = Worker(database, work, log=log, sweep=POLL)
        runs = [entry.served for entry in entries.values()]
        handlers = Handlers(entries, runs, worker, work.polling, webhook, problems=work.problems, log=log)
        log.say("serving", host=host, port=port, signed=own.secret is not None, second_look=second_look)
        run(create_app(handlers, secret=own.secret), host=host, port=port, log=log)


def _address(client: Client, host: str, port: int) -> str | None:
    """Return the address at which Argilla reaches this process; None where it does not, as far as can be told."""
    if named := os.environ.get(ADDRESS, "").strip():
        return f"{named.rstrip('/')}/webhook"
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
    near = is_loopback(urlsplit(client.url).hostname or "")
    if near and (everywhere or is_loopback(host)):
        return f"http://127.0.0.1:{port}/webhook"
    if everywhere or is_loopback(host):
        return None
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/webhook"
