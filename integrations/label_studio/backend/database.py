"""SQLite database of the backend in the store's folder, readable by its owner only.

It holds numbers of projects and annotations, times, names of people and labels; no text and no token. Every commit
is on the disk (``synchronous=FULL``) before anybody is told so.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from labelsift.errors import InputError, LabelsiftError
from labelsift.store.backend_state import FILE, FOLDER

_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, project INTEGER NOT NULL,
  about INTEGER, task INTEGER, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL DEFAULT 0, added REAL NOT NULL);
CREATE INDEX IF NOT EXISTS open_jobs ON jobs (state, due, number);
CREATE TABLE IF NOT EXISTS answers (
  project INTEGER NOT NULL, annotation INTEGER NOT NULL, task INTEGER NOT NULL, person TEXT NOT NULL, run TEXT NOT NULL,
  sample TEXT, value TEXT, verdict TEXT, updated TEXT NOT NULL, PRIMARY KEY (project, annotation));
CREATE TABLE IF NOT EXISTS looks (
  key TEXT PRIMARY KEY, project INTEGER NOT NULL, annotation INTEGER NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL,
  asked TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, tried REAL, UNIQUE (project, annotation));
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class FullError(LabelsiftError):
    """The disk takes nothing more."""


class Database:
    """The file, open; one process at a time.

    Parameters
    ----------
    store
        The store's folder.

    Raises
    ------
    InputError
        If another backend works on this store.
    """

    def __init__(self, store: Path) -> None:
        self.folder = store / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._alone = os.open(self.folder / "lock", os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            fcntl.flock(self._alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._alone)
            raise InputError(
                f"Another backend serves the store {store}", hint="One can serve several projects: name them all"
            ) from None
        path = self.folder / FILE
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        path.chmod(0o600)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let another backend work on it."""
        with self._lock:
            self._connection.close()
            with contextlib.suppress(OSError):
                os.close(self._alone)

    @contextlib.contextmanager
    def turn(self) -> Iterator[sqlite3.Connection]:
        """Change several rows, all or none.

        Raises
        ------
        FullError
            If the disk is full or cannot be written.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                self._back()
                raise FullError(
                    f"The queue of the backend cannot be written ({error})", hint="Free some space on the store's disk"
                ) from None
            except BaseException:
                self._back()
                raise

    def _back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")

    def rows(self, question: str, *values: Any) -> list[sqlite3.Row]:  # noqa: ANN401 - what SQLite takes
        """Return the rows that answer a question."""
        with self._lock:
            return self._connection.execute(question, values).fetchall()

    def fact(self, name: str) -> str | None:
        """Return a fact that was kept, or None."""
        rows = self.rows("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0]["value"]) if rows else None

    def keep(self, name: str, value: str) -> None:
        """Keep a fact, whatever stood there."""
        with self.turn() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @property
    def secret(self) -> bytes:
        """Bytes that nobody else knows, made once: what is keyed by them tells nothing."""
        secret = self.fact("secret")
        if secret is None:
            secret = secrets.token_hex(32)
            self.keep("secret", secret)
        return bytes.fromhex(secret)
