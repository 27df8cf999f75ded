"""The queue worker: one thread that does the queued jobs in batches, each until its effect stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from ..errors import PlatformError
from .database import Database, FullError, Job
from .logs import Log

IDLE = 2.0  # seconds between two looks into the queue, when nobody wakes it
SWEEP = 300.0  # seconds between two questions for what no event told
SOON = 2.0  # seconds until the next, where an event could not be kept


class Work(Protocol):
    """What a platform's server does with jobs."""

    def begin(self) -> None:
        """Note what is needed before the first job."""
        ...

    def catch_up(self) -> None:
        """Queue what no event told."""
        ...

    def ready(self, job: Job) -> threading.Event | None:
        """Return what must be set before a job can be done; None where nothing must."""
        ...

    def do(self, jobs: Sequence[Job]) -> None:
        """Do jobs of one kind and project together, maybe again after a kill."""
        ...


SomeWork = TypeVar("SomeWork", bound=Work)


class Worker(Generic[SomeWork]):
    """Works on the queue.

    Parameters
    ----------
    sweep
        Seconds between two calls of ``catch_up``.
    """

    def __init__(self, database: Database, work: SomeWork, *, log: Log, sweep: float = SWEEP) -> None:
        self.database, self.work, self._log = database, work, log
        self._sweep = sweep
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._swept, self._pause = 0.0, 0.0

    def start(self) -> None:
        """Begin to work."""
        self.database.sweep(retry=True)
        self.work.begin()
        self._thread = threading.Thread(target=self._loop, name="worker", daemon=True)
        self._thread.start()

    def wake(self, *, missed: bool = False) -> None:
        """Say that there is something to do, or that an event could not be kept: what it told is asked for soon."""
        if missed:
            self._pause = SOON
        self._wake.set()

    def stop(self) -> None:
        """Finish the jobs at hand, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                if time.time() - self._swept > self._pause:
                    self.catch_up()
                if not self.step():
                    self._wake.wait(IDLE)
                    self._wake.clear()
            except Exception as error:  # the worker must live on
                self._log.failed("worker_failed", error)
                self._stopping.wait(IDLE)

    def catch_up(self) -> None:
        """Queue what no event told."""
        self._swept, self._pause = time.time(), self._sweep
        self.database.sweep()
        self.work.catch_up()

    def step(self) -> bool:
        """Do the first jobs that belong together, and note that they are done; False where there is none."""
        jobs = self.database.next_jobs()
        if not jobs or not self._loaded(jobs[0]):
            return False
        self._do(jobs)
        return True

    def _do(self, jobs: Sequence[Job]) -> None:
        first = jobs[0]
        try:
            self.work.do(jobs)
            self.database.done(jobs)
            self._log.say("jobs_done", jobs=len(jobs), first=first.number, kind=first.kind, project=first.project)
        except PlatformError as error:
            self.database.again(jobs, patient=True)
            self._log.failed("jobs_wait", error, jobs=len(jobs), kind=first.kind)
        except FullError:
            raise
        except Exception as error:
            if len(jobs) > 1:  # a job that fails must not stop the others
                for job in jobs:
                    self._do([job])
                return
            kept = self.database.again(jobs)
            self._log.failed("job_waits" if kept else "job_failed", error, job=first.number, kind=first.kind)

    def _loaded(self, job: Job) -> bool:
        """Wait until what a job needs is loaded; False where the worker is to stop before."""
        event = self.work.ready(job)
        while event is not None and not event.wait(0.2):
            if self._stopping.is_set():
                return False
        return True
