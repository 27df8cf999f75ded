"""What every live server starts with: its password, its log, the run store, and the queue's database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..store.base import DEFAULT
from ..store.format import check_format
from ..store.store import Store
from .auth import PASSWORD, USER, password, require_safe
from .database import Database
from .logs import Log


@dataclass(frozen=True)
class Process:
    """A live server's own; ``secret`` is None where no password is asked for."""

    secret: str | None
    log: Log
    store: Store
    database: Database


@contextlib.contextmanager
def open_process(store: Path | str | None, *, host: str) -> Iterator[Process]:
    """Open what a server needs, for as long as the block lasts; ``store`` is None for ``.labelsift``.

    Raises
    ------
    InputError
        If the password does not fit, the host needs one, or another server works on the store.
    StoreError
        If the store is of another version.
    """
    secret = password(PASSWORD)
    require_safe(host, secret, variable=PASSWORD, user=USER)
    run_store = Store(DEFAULT if store is None else store)
    run_store.folder  # noqa: B018 - refuses a bucket
    check_format(run_store.place)  # before anything is written there: a scan takes no folder that others began
    with Database(run_store.folder) as database:
        yield Process(secret, Log(), run_store, database)
