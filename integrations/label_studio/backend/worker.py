"""The queue worker: one thread that does the queued jobs one after the other, each until its effect stands."""

from __future__ import annotations

import threading
import time

from labelsift.errors import PlatformError
from labelsift.store.ledger import Ledger

from ..client.client import Client
from .answers import Answers
from .database import Database, FullError, Job
from .logs import Log
from .projects import Projects, ServerCache
from .second_looks import SecondLooks
from .train import train

IDLE = 2.0  # seconds between two looks into the queue, when nobody wakes it
SWEEP = 300.0  # seconds between two questions for what no webhook told


class Worker:
    """Works on the queue.

    Parameters
    ----------
    client
        With labelsift's own key.
    second_look, training
        What is done with people's answers.
    """

    def __init__(
        self,
        client: Client,
        projects: Projects,
        database: Database,
        ledger: Ledger,
        *,
        log: Log,
        second_look: bool,
        training: bool,
    ) -> None:
        self.database, self._projects, self._training, self._log = database, projects, training, log
        server = ServerCache(client)
        looks = SecondLooks(server, database, ledger, log=log) if second_look else None
        self.answers = Answers(server, projects, database, looks=looks, log=log)
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._swept = 0.0

    def start(self) -> None:
        """Begin to work."""
        self.database.sweep()
        self.answers.begin()
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the job at hand, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                if time.time() - self._swept > SWEEP:
                    self.catch_up()
                if not self.step():
                    self._wake.wait(IDLE)
                    self._wake.clear()
            except Exception as error:  # the worker must live on
                self._log.failed("worker_failed", error)
                self._stopping.wait(IDLE)

    def catch_up(self) -> None:
        """Queue what no webhook told."""
        self._swept = time.time()
        self.answers.catch_up()

    def step(self) -> bool:
        """Do the first job, maybe again after a kill, and note that it is done; False where there is none."""
        job = self.database.next_job()
        if job is None or not self._loaded(job):
            return False
        served = self._projects.served(job.project)
        try:
            if served is not None and job.about is not None:  # also of a deletion: only the server knows if it is true
                self.answers.look_at(job.project, job.about, job.task, served)
            elif served is not None and job.kind == "train" and self._training:
                train(served, self.database, project=job.project, log=self._log)
            self.database.done(job)
            self._log.say("job_done", job=job.number, kind=job.kind, project=job.project)
        except PlatformError as error:
            self.database.again(job, patient=True)
            self._log.failed("job_waits", error, job=job.number, kind=job.kind)
        except FullError:
            raise
        except Exception as error:  # a job that fails must not stop the others
            kept = self.database.again(job)
            self._log.failed("job_waits" if kept else "job_failed", error, job=job.number, kind=job.kind)
        return True

    def _loaded(self, job: Job) -> bool:
        """Wait until the run of a job's project is loaded; False where the worker is to stop before."""
        served = self._projects.served(job.project)
        while served is not None and not served.ready.wait(0.2):
            if self._stopping.is_set():
                return False
        return True
