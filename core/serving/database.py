"""SQLite database of a live server in the store's folder: a durable job queue, answers, second looks and facts.

It is readable by its owner only, and holds ids of projects and annotations, times, names of people and labels; no
text and no token of a platform. Every commit is on the disk (``synchronous=FULL``) before anybody is told so.

A job names what is to be looked at (project, task), never what was written: the worker reads that from the platform
itself, with labelsift's own key. So it does not matter in which order jobs come, and a job that nobody but a stranger
made does nothing that reading the platform would not do. It is worked on until done.

Nobody can make the queue grow: a task that waits is one job, however often it is told of; of each source only so many
wait at once; and the sources take turns, so that a flood from one holds up no other.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from ..errors import InputError, LabelsiftError
from ..store.backend_state import FILE, FOLDER

Kind = Literal["annotation", "train"]
Id = int | str  # of a project, task or annotation, as the platform has it
MOST = 100_000  # jobs that wait at once
OF_SOURCES, OF_SOURCE = 20_000, 2_000  # of them told by others, and by one of them
AT_ONCE = 100  # jobs of one project that are done together
_DONE = 5_000  # finished jobs that are remembered
ATTEMPTS = 12  # with growing pauses, some two hours
_PAUSE, _LONGEST_PAUSE, _LONGEST_PATIENT = 1.0, 1_800.0, 30.0  # seconds
# Ids stand in columns without a type, which keep numbers as numbers and texts as texts; those of queues from before
# have the type INTEGER, which keeps whatever does not look like a number as a text, too.
_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, project NOT NULL,
  about, task, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL DEFAULT 0, added REAL NOT NULL, source TEXT NOT NULL DEFAULT '', told INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS open_jobs ON jobs (state, due, number);
CREATE TABLE IF NOT EXISTS answers (
  project NOT NULL, annotation NOT NULL, task NOT NULL, person TEXT NOT NULL, run TEXT NOT NULL,
  sample TEXT, value TEXT, verdict TEXT, updated TEXT NOT NULL, PRIMARY KEY (project, annotation));
CREATE TABLE IF NOT EXISTS looks (
  key TEXT PRIMARY KEY, project NOT NULL, annotation NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL,
  asked TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, tried REAL, UNIQUE (project, annotation));
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


_WAITING = "SELECT source, COUNT(*) n FROM jobs WHERE state = 'pending' GROUP BY 1"
_STANDING = "SELECT COUNT(*) n FROM jobs WHERE state = 'pending' AND key IN (SELECT value FROM json_each(?))"


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
    told
        How often it was told of: what is told while it is done is done again.
    """

    number: int
    kind: Kind
    project: Id
    about: Id | None
    task: Id | None
    attempts: int
    told: int


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
        columns = {row["name"] for row in self._connection.execute("PRAGMA table_info(jobs)")}
        for name, kind in (("source", "TEXT NOT NULL DEFAULT ''"), ("told", "INTEGER NOT NULL DEFAULT 1")):
            if name not in columns:  # of a queue from before there were these
                self._connection.execute(f"ALTER TABLE jobs ADD COLUMN {name} {kind}")

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

    def add_jobs(
        self, kind: Kind, project: Id, about: Sequence[tuple[Id | None, Id | None]], *, source: str = ""
    ) -> list[int]:
        """Keep jobs on the disk, all or none; one for a task that waits already is that one.

        Parameters
        ----------
        about
            Annotation and task of each, as far as they are known; the task is enough.
        source
            Who told of them; empty for what labelsift itself found.

        Returns
        -------
        list
            Their numbers.

        Raises
        ------
        FullError
            If they could not be kept, or too many wait, of this source or of all.
        """
        waiting = {row["source"]: row["n"] for row in self.rows(_WAITING)}
        jobs = {f"{kind} {project} {f'task {task}' if task is not None else one}": (one, task) for one, task in about}
        of_sources = sum(waiting.values()) - waiting.get("", 0)
        room = min(OF_SOURCE - waiting.get(source, 0), OF_SOURCES - of_sources) if source else MOST - waiting.get("", 0)
        keys = json.dumps(list(jobs))
        if len(jobs) > room and (len(jobs) > OF_SOURCE or self.rows(_STANDING, keys)[0]["n"] < len(jobs)):
            many = sum(waiting.values())
            raise FullError(f"{many:,} jobs wait already", hint="See that the server can be reached")
        now = time.time()
        with self.turn() as connection:
            connection.executemany(
                "INSERT INTO jobs (key, kind, project, about, task, source, added) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET told = told + 1, due = iif(state = 'pending', due, 0), "
                "source = iif(state = 'pending', source, excluded.source), "
                "attempts = iif(state = 'pending', attempts, 0), state = 'pending'",
                [(key, kind, project, one, task, source, now) for key, (one, task) in jobs.items()],
            )
            found = connection.execute("SELECT number FROM jobs WHERE key IN (SELECT value FROM json_each(?))", [keys])
            return [row["number"] for row in found]

    def next_jobs(self) -> list[Job]:
        """Return the first jobs whose time has come, of one kind and project; those that name no task one by one."""
        rows = [
            Job(*row)
            for row in self.rows(
                "SELECT number, kind, project, about, task, attempts, told FROM (SELECT *, ROW_NUMBER() OVER "
                "(PARTITION BY source, task IS NULL ORDER BY number) turn FROM jobs WHERE state = 'pending' "
                "AND due <= ?) ORDER BY kind = 'train', task IS NULL, turn, number LIMIT ?",
                time.time(),
                AT_ONCE,
            )
        ]
        if not rows or rows[0].task is None:
            return rows[:1]
        alike = (rows[0].kind, rows[0].project)
        return [job for job in rows if (job.kind, job.project) == alike and job.task is not None]

    def done(self, jobs: Sequence[Job]) -> None:
        """Note that the effect of jobs stands; one that was told of again meanwhile stays."""
        with self.turn() as connection:
            connection.executemany(
                "UPDATE jobs SET state = 'done' WHERE number = ? AND told = ?", [(job.number, job.told) for job in jobs]
            )

    def again(self, jobs: Sequence[Job], *, patient: bool = False) -> bool:
        """Try jobs again later; tell whether the last will be.

        After many attempts one is put aside as ``failed``, until the next start; a ``patient`` one, which waits for the
        server to come back, never is.
        """
        state = "pending"
        longest = _LONGEST_PATIENT if patient else _LONGEST_PAUSE
        changes = []
        for job in jobs:
            state = "pending" if patient or job.attempts + 1 < ATTEMPTS else "failed"
            due = time.time() + min(_PAUSE * 2.0 ** min(job.attempts, 20), longest)
            changes.append((state, job.attempts + 1, due, job.number))
        with self.turn() as connection:
            connection.executemany("UPDATE jobs SET state = ?, attempts = ?, due = ? WHERE number = ?", changes)
        return state == "pending"

    def job_state(self, number: int) -> str | None:
        """Return ``pending``, ``done`` or ``failed``; None where there is no such job."""
        rows = self.rows("SELECT state FROM jobs WHERE number = ?", number)
        return str(rows[0]["state"]) if rows else None

    def job_counts(self) -> dict[str, int]:
        """Count the jobs by their state."""
        return {row["state"]: row["n"] for row in self.rows("SELECT state, COUNT(*) n FROM jobs GROUP BY 1")}

    def sweep(self, *, retry: bool = False) -> None:
        """Forget jobs that were done long ago; put those that failed in line again, at a start."""
        self.change(
            "DELETE FROM jobs WHERE state = 'done' AND number NOT IN "
            "(SELECT number FROM jobs WHERE state = 'done' ORDER BY number DESC LIMIT ?)",
            _DONE,
        )
        if retry:
            self.change("UPDATE jobs SET state = 'pending', attempts = 0, due = 0 WHERE state = 'failed'")
