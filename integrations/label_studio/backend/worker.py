"""The worker: one thread that does what the queue holds, one job after the other, each until its effect stands.

A webhook may come from anybody, twice, late, or not at all: Label Studio sends it without credentials, and tries once.
So it is a hint only. What is written is read from the server itself with labelsift's own key, and what no webhook
told is found by asking from time to time for tasks that changed.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from labelsift.errors import PlatformError
from labelsift.store.ledger import Ledger

from ..client.client import Client
from ..client.read import SAID
from ..convert.correction import is_correction
from ..convert.label_config import Target
from ..convert.label_names import names_of
from ..second_look_project import SECOND_LOOK
from .database import Database, FullError
from .evidence import said, weigh
from .logs import Log
from .predictions import data_of, id_of, text_of, value_of
from .projects import Projects
from .queue import Job, Queue
from .second_looks import SecondLooks
from .served_run import Served
from .server_cache import Facts
from .train import train

IDLE = 2.0  # seconds between two looks into the queue, when nobody wakes it
SWEEP = 300.0  # seconds between two questions for what no webhook told
SLACK = timedelta(minutes=10)  # by which the last known change is stepped back
FIRST = "first start"  # name of a fact: since when answers are looked at
_POOL = 30  # answers that are read at random to find some that agree


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
        self._client, self._projects, self._database, self._log = client, projects, database, log
        self.queue = Queue(database)
        self._server = Facts(client)
        self._looks = SecondLooks(self._server, database, ledger, log=log) if second_look else None
        self._training = training
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._swept = 0.0

    def start(self) -> None:
        """Begin to work."""
        self.queue.sweep()
        now = datetime.now(UTC).isoformat()
        if self._database.fact(FIRST) is None:
            self._database.keep(FIRST, now)
        for project in self._projects.named():
            if self._database.fact(_mark(project)) is None:
                self._database.keep(_mark(project), now)
                self._database.keep(f"{FIRST} {project}", now)
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
        first = True
        while not self._stopping.is_set():
            try:
                if first:
                    first = False
                    self.catch_up()
                if not self.step():
                    self._wake.wait(IDLE)
                    self._wake.clear()
            except Exception as error:  # the worker must live on
                self._log.failed("worker_failed", error)
                self._stopping.wait(IDLE)

    def step(self) -> bool:
        """Do the first job; False where there is none."""
        now = datetime.now(UTC).timestamp()
        if self._swept and now - self._swept > SWEEP:
            self.catch_up()
        job = self.queue.next()
        if job is None or not self._loaded(job):
            return False
        try:
            self.do(job)
        except PlatformError as error:
            self.queue.again(job, patient=True)
            self._log.failed("job_waits", error, job=job.number, kind=job.kind)
        except FullError:
            raise
        except Exception as error:  # a job that fails must not stop the others
            kept = self.queue.again(job)
            self._log.failed("job_waits" if kept else "job_failed", error, job=job.number, kind=job.kind)
        return True

    def _loaded(self, job: Job) -> bool:
        """Wait until the run of a job's project is loaded; False where the worker is to stop before."""
        served = self._projects.served(job.project)
        while served is not None and not served.ready.wait(0.2):
            if self._stopping.is_set():
                return False
        return True

    def do(self, job: Job) -> None:
        """Do a job and note that it is done; may be called again for the same job."""
        served = self._projects.served(job.project)
        if served is not None:
            if job.about is not None:  # also of a deletion: only the server knows whether it is true
                self._annotation(job.project, job.about, job.task, served)
            elif job.kind == "train" and self._training:
                train(served, self._database, project=job.project, log=self._log)
        self.queue.done(job)
        self._log.say("job_done", job=job.number, kind=job.kind, project=job.project)

    def _annotation(self, project: int, annotation: int, task: int | None, served: Served) -> None:
        """Read an answer from the server, and weigh it; an answer that is gone is forgotten.

        The task that an event names spares a request. It may be wrong, so an answer that is not there is asked for.
        """
        found = None
        with _gone_is_none():  # around what is asked of the answer only: another project that is gone is no such news
            found = self._found(project, annotation, task) if task is not None else None
            if found is None:
                told = self._client.get(f"/api/annotations/{annotation}/", what=f"annotation {annotation}")
                found = self._found(project, annotation, int(told["task"]))
        if found is None:
            self._forget(project, annotation)
        elif SECOND_LOOK not in data_of(found[1]) and not is_correction(
            found[0]
        ):  # what apply wrote is nobody's answer
            self._weigh(project, *found, served)

    def _found(self, project: int, annotation: int, task: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return an answer and its task; None where the task has no such answer."""
        for page in self._client.tasks(project, annotations=True, include=SAID, ids=[task]):
            for one in page:
                for answer in one.get("annotations") or ():
                    if answer.get("id") == annotation:
                        return answer, one
        return None

    def _weigh(self, project: int, annotation: dict[str, Any], task: dict[str, Any], served: Served) -> None:
        """Note what a person answered and what the evidence says of it; ask another one where it contradicts."""
        config = self._server.config(project)
        target = self._projects.target(config, project=project)
        if target is None:
            return
        verdict, reason, person = self._note(project, annotation, task, target, served)
        if self._looks is None:
            return
        if verdict == "contradicts":
            number = int(annotation["id"])
            self._looks.want(project, number, kind="contradiction", person=person, reason=reason, asked=None)
        told = {"dataset": served.known.dataset if served.known else "", "run": served.run}
        if not self._looks.something_to_ask(project):
            return
        if self._looks.lacks(project):  # found before anything is sent: what comes first would tell which is which
            self._more(project, target, served)
        self._looks.send(project, target=target, config=config, **told)

    def _note(
        self, project: int, annotation: dict[str, Any], task: dict[str, Any], target: Target, served: Served
    ) -> tuple[str, str, str]:
        value = None if annotation.get("was_cancelled") else value_of(annotation.get("result"), target)
        value = names_of(target).to_data(value, served.labels)
        person = self._server.person(annotation.get("completed_by"))
        text, known = text_of(task, target), served.known
        row = known.row(id=id_of(task), text=text) if known is not None else None
        verdict, reason = "", ""
        if value is not None:
            opinion, model = None, served.base
            if row is not None and known is not None:
                opinion = known.opinion(row)
            elif text is not None and target.kind != "labels":
                model = served.model_for(project) or served.base
                opinion = served.judge([text], project=project)[0]
            weighed = weigh(opinion, value, model)
            verdict, reason = weighed.verdict, weighed.reason
        updated = str(annotation.get("updated_at") or "")
        with self._database.turn() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    project,
                    int(annotation["id"]),
                    int(task["id"]),
                    person,
                    served.run,
                    known.ids[row].as_py() if row is not None and known is not None else None,
                    None if value is None else said(value),
                    verdict,
                    updated,
                ),
            )
            connection.execute(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = MAX(value, excluded.value)",
                (_mark(project), updated),
            )
        return verdict, reason, person

    def _more(self, project: int, target: Target, served: Served) -> None:
        """Read some answers at random, to find such as agree."""
        filters = [{"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number", "value": 0}]
        many = int(self._client.project(project).get("num_tasks_with_annotations") or 0)
        page = random.SystemRandom().randint(1, max(-(-many // _POOL), 1))
        params: dict[str, str | int] = {
            "project": project,
            "page": page,
            "page_size": _POOL,
            "fields": "all",
            "query": json.dumps({"filters": {"conjunction": "and", "items": filters}}),
            "include": SAID,
        }
        tasks = self._client.get("/api/tasks", what=f"the tasks of project {project}", params=params)["tasks"]
        for task in tasks:
            for annotation in task.get("annotations") or ():
                if not is_correction(annotation) and not self._known(project, int(annotation["id"])):
                    self._note(project, annotation, task, target, served)

    def _known(self, project: int, annotation: int) -> bool:
        rows = self._database.rows("SELECT 1 FROM answers WHERE project = ? AND annotation = ?", project, annotation)
        return bool(rows)

    def _forget(self, project: int, annotation: int | None) -> None:
        with self._database.turn() as connection:
            connection.execute("DELETE FROM answers WHERE project = ? AND annotation = ?", (project, annotation))

    def catch_up(self) -> None:
        """Queue the answers that changed since the last known one: webhooks that never came, or could not be kept."""
        self._swept = datetime.now(UTC).timestamp()
        for row in self._database.rows("SELECT name, value FROM facts WHERE name LIKE 'seen %'"):
            project = int(str(row["name"]).removeprefix("seen "))
            # What people answered before anybody was there to look is not looked at: it may be all that they have.
            first = self._database.fact(f"{FIRST} {project}") or self._database.fact(FIRST)
            since = datetime.fromisoformat(str(row["value"])) - SLACK
            since = max(since, datetime.fromisoformat(first)) if first else since
            if self._projects.served(project) is None:
                continue
            try:
                self._queue_changed(project, since)
            except PlatformError as error:
                self._log.failed("catch_up_failed", error, project=project)

    def _queue_changed(self, project: int, since: datetime) -> None:
        when = since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        item = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": when}
        for page in self._client.tasks(project, annotations=True, include=SAID, filters=[item]):
            for task in page:
                for one in task.get("annotations") or ():
                    updated = str(one.get("updated_at") or "")
                    if is_correction(one):
                        continue
                    if datetime.fromisoformat(updated) > since and not self._done(project, int(one["id"]), updated):
                        self.queue.add("annotation", project, int(one["id"]), when=updated, task=int(task["id"]))

    def _done(self, project: int, annotation: int, updated: str) -> bool:
        rows = self._database.rows(
            "SELECT 1 FROM answers WHERE project = ? AND annotation = ? AND updated = ?", project, annotation, updated
        )
        return bool(rows)


def _mark(project: int) -> str:
    return f"seen {project}"


@contextlib.contextmanager
def _gone_is_none() -> Iterator[None]:
    """Let pass that the server has no such object; what follows the block says what then."""
    try:
        yield
    except PlatformError as error:
        if not error.what.startswith("Label Studio has no"):
            raise
