"""SQLite database of the backend in the store's folder: a durable job queue, answers, second looks and facts.

It is readable by its owner only, and holds numbers of projects and annotations, times, names of people and labels; no
text and no token. Every commit is on the disk (``synchronous=FULL``) before anybody is told so.

A job names what happened (project, annotation, time), never what was written: the worker reads that from the server
itself, with labelsift's own key. So it does not matter in which order jobs come, and a job that nobody but a stranger
made does nothing that reading the server would not do. It is worked on until done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from labelsift.errors import InputError, LabelsiftError
from labelsift.store.backend_state import FILE, FOLDER

Kind = Literal["annotation", "deleted", "train"]
MOST = 100_000  # jobs that wait at once
ATTEMPTS = 12  # with growing pauses, some two hours
_PAUSE, _LONGEST_PAUSE, _LONGEST_PATIENT = 1.0, 1_800.0, 30.0  # seconds
_KEPT = 30 * 86_400  # seconds for which a finished job is remembered
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


@dataclass(frozen=True)
class Job:
    """One thing to do.

    Parameters
    ----------
    number
        Its place in the queue.
    kind, project, about
        What happened, in which project, to which annotation.
    task
        Of the annotation, as far as it was told.
    attempts
        How often it was tried.
    """

    number: int
    kind: Kind
    project: int
    about: int | None
    task: int | None
    attempts: int


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
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level="IMMEDIATE", timeout=10)
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
                with self._connection:
                    yield self._connection
            except sqlite3.OperationalError as error:
                raise FullError(
                    f"The queue of the backend cannot be written ({error})", hint="Free some space on the store's disk"
                ) from None

    def change(self, statement: str, *values: Any) -> None:  # noqa: ANN401 - what SQLite takes
        """Change what one statement says; raises as :meth:`turn`."""
        with self.turn() as connection:
            connection.execute(statement, values)

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
        self.change("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    @property
    def secret(self) -> bytes:
        """Bytes that nobody else knows, made once: what is keyed by them tells nothing."""
        secret = self.fact("secret")
        if secret is None:
            secret = secrets.token_hex(32)
            self.keep("secret", secret)
        return bytes.fromhex(secret)

    def add_job(self, kind: Kind, project: int, about: int | None, *, when: str, task: int | None = None) -> int | None:
        """Keep a job on the disk; one that is known by kind, project, annotation and time is kept once.

        Returns
        -------
        int or None
            The job's number; None where it is known.

        Raises
        ------
        FullError
            If it could not be kept, or too many wait.
        """
        key = f"{kind} {project} {about} {when}"
        with self.turn() as connection:
            waiting = connection.execute("SELECT COUNT(*) FROM jobs WHERE state = 'pending'").fetchone()[0]
            if waiting >= MOST:
                raise FullError(f"{waiting:,} jobs wait already", hint="See that Label Studio can be reached")
            cursor = connection.execute(
                "INSERT OR IGNORE INTO jobs (key, kind, project, about, task, added) VALUES (?, ?, ?, ?, ?, ?)",
                (key, kind, project, about, task, time.time()),
            )
            return cursor.lastrowid if cursor.rowcount else None

    def next_job(self) -> Job | None:
        """Return the first job whose time has come."""
        rows = self.rows(
            "SELECT number, kind, project, about, task, attempts FROM jobs WHERE state = 'pending' AND due <= ? "
            "ORDER BY number LIMIT 1",
            time.time(),
        )
        return Job(*rows[0]) if rows else None

    def done(self, job: Job) -> None:
        """Note that a job's effect stands."""
        self.change("UPDATE jobs SET state = 'done' WHERE number = ?", job.number)

    def again(self, job: Job, *, patient: bool = False) -> bool:
        """Try a job again later; tell whether it will be.

        After many attempts it is put aside as ``failed``, until the next start; a ``patient`` one, which waits for the
        server to come back, never is.
        """
        attempts = job.attempts + 1
        state = "pending" if patient or attempts < ATTEMPTS else "failed"
        longest = _LONGEST_PATIENT if patient else _LONGEST_PAUSE
        due = time.time() + min(_PAUSE * 2.0 ** min(job.attempts, 20), longest)
        self.change(
            "UPDATE jobs SET state = ?, attempts = ?, due = ? WHERE number = ?", state, attempts, due, job.number
        )
        return state == "pending"

    def job_state(self, number: int) -> str | None:
        """Return ``pending``, ``done`` or ``failed``; None where there is no such job."""
        rows = self.rows("SELECT state FROM jobs WHERE number = ?", number)
        return str(rows[0]["state"]) if rows else None

    def job_counts(self) -> dict[str, int]:
        """Count the jobs by their state."""
        return {row["state"]: row["n"] for row in self.rows("SELECT state, COUNT(*) n FROM jobs GROUP BY 1")}

    def sweep(self) -> None:
        """Forget jobs that were done a month ago; put those that failed in line again."""
        self.change("DELETE FROM jobs WHERE state = 'done' AND added < ?", time.time() - _KEPT)
        self.change("UPDATE jobs SET state = 'pending', attempts = 0, due = 0 WHERE state = 'failed'")
