"""What the worker does for Label Studio: weighs the answers that jobs name, and trains."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from labelsift.serving.database import Database, Job
from labelsift.serving.logs import Log
from labelsift.serving.second_looks import SecondLooks
from labelsift.serving.train import train
from labelsift.store.ledger import Ledger

from ..client.client import Client
from .answers import Answers
from .projects import Projects, ServerCache


class Work:
    """Jobs of the queue; see :class:`labelsift.serving.worker.Work`.

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
        self._projects, self._database, self._training, self._log = projects, database, training, log
        server = ServerCache(client)
        looks = SecondLooks(database, ledger, log=log) if second_look else None
        self.answers = Answers(server, projects, database, looks=looks, log=log)
        self.begin, self.catch_up = self.answers.begin, self.answers.catch_up

    def ready(self, job: Job) -> threading.Event | None:
        """Return what is set once the run of a job's project is loaded."""
        served = self._projects.served(job.project)
        return served.ready if served is not None else None

    def do(self, jobs: Sequence[Job]) -> None:
        """Do jobs of one kind and project; those of a project that is served no more do nothing."""
        kind, project = jobs[0].kind, jobs[0].project
        served = self._projects.served(project)
        if served is None or isinstance(project, str):
            return
        if kind == "train":
            if self._training:
                train(served, self._database, project=project, log=self._log)
            return
        self.answers.look_at(project, jobs, served)
