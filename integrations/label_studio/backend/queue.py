"""Durable job queue: an event is on the disk before it is acknowledged, and is worked on until done.

A job names what happened (project, annotation, time), never what was written: the worker reads that from the server
itself, with labelsift's own key. So it does not matter in which order jobs come, and a job that nobody but a stranger
made does nothing that reading the server would not do.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from .database import Database, FullError

Kind = Literal["annotation", "deleted", "train"]
MOST = 100_000  # jobs that wait at once
ATTEMPTS = 12  # with growing pauses, some two hours
_PAUSE, _LONGEST_PAUSE, _LONGEST_PATIENT = 1.0, 1_800.0, 30.0  # seconds
_KEPT = 30 * 86_400  # seconds for which a finished job is remembered


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
    task: int | None = None
    attempts: int = 0


class Queue:
    """Jobs in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: Kind, project: int, about: int | None, *, when: str, task: int | None = None) -> int | None:
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
        with self._database.turn() as connection:
            waiting = connection.execute("SELECT COUNT(*) FROM jobs WHERE state = 'pending'").fetchone()[0]
            if waiting >= MOST:
                raise FullError(f"{waiting:,} jobs wait already", hint="See that Label Studio can be reached")
            cursor = connection.execute(
                "INSERT OR IGNORE INTO jobs (key, kind, project, about, task, added) VALUES (?, ?, ?, ?, ?, ?)",
                (key, kind, project, about, task, time.time()),
            )
            return cursor.lastrowid if cursor.rowcount else None

    def next(self) -> Job | None:
        """Return the first job whose time has come."""
        rows = self._database.rows(
            "SELECT * FROM jobs WHERE state = 'pending' AND due <= ? ORDER BY number LIMIT 1", time.time()
        )
        if not rows:
            return None
        row = rows[0]
        return Job(row["number"], row["kind"], row["project"], row["about"], row["task"], row["attempts"])

    def done(self, job: Job) -> None:
        """Note that a job's effect stands."""
        with self._database.turn() as connection:
            connection.execute("UPDATE jobs SET state = 'done' WHERE number = ?", (job.number,))

    def again(self, job: Job, *, patient: bool = False) -> bool:
        """Try a job again later; tell whether it will be.

        After many attempts it is put aside as ``failed``, until the next start; a ``patient`` one, which waits for the
        server to come back, never is.
        """
        attempts = job.attempts + 1
        state = "pending" if patient or attempts < ATTEMPTS else "failed"
        longest = _LONGEST_PATIENT if patient else _LONGEST_PAUSE
        due = time.time() + min(_PAUSE * 2.0 ** min(job.attempts, 20), longest)
        with self._database.turn() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, attempts = ?, due = ? WHERE number = ?", (state, attempts, due, job.number)
            )
        return state == "pending"

    def state(self, number: int) -> str | None:
        """Return ``pending``, ``done`` or ``failed``; None where there is no such job."""
        rows = self._database.rows("SELECT state FROM jobs WHERE number = ?", number)
        return str(rows[0]["state"]) if rows else None

    def counts(self) -> dict[str, int]:
        """Count the jobs by their state."""
        return {row["state"]: row["n"] for row in self._database.rows("SELECT state, COUNT(*) n FROM jobs GROUP BY 1")}

    def sweep(self) -> None:
        """Forget jobs that were done a month ago; put those that failed in line again."""
        with self._database.turn() as connection:
            connection.execute("DELETE FROM jobs WHERE state = 'done' AND added < ?", (time.time() - _KEPT,))
            connection.execute("UPDATE jobs SET state = 'pending', attempts = 0, due = 0 WHERE state = 'failed'")
