"""People's answers: read from the server, weighed against the run, kept in the database, asked about again.

A webhook may come from anybody, twice, late, or not at all: Label Studio sends it without credentials, and tries once.
So it is a hint only. What is written is read from the server itself with labelsift's own key, and what no webhook
told is found by asking from time to time for tasks that changed.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from labelsift.errors import PlatformError
from labelsift.serving.answers import SEEN, AnswerLog, GivenAnswer, Weighed
from labelsift.serving.database import Database, Job
from labelsift.serving.logs import Log
from labelsift.serving.second_looks import SecondLooks
from labelsift.serving.served_run import Served

from ..client.read import SAID
from ..convert.correction import is_correction
from ..convert.label_config import LabelControl
from ..convert.tabs import condition
from ..second_look_project import SECOND_LOOK
from .predictions import data_of, id_of, text_of, value_of
from .projects import Projects, ServerCache
from .second_looks import ProjectDesk

SLACK = timedelta(minutes=10)  # by which the last known change is stepped back
_POOL = 30  # answers that are read at random to find some that agree


class Answers:
    """The answers of the projects that are served.

    Parameters
    ----------
    looks
        Asks other people about answers; None asks nobody.
    """

    def __init__(
        self,
        server: ServerCache,
        projects: Projects,
        database: Database,
        *,
        looks: SecondLooks | None,
        log: Log,
    ) -> None:
        self.server, self._client = server, server.client
        self._projects, self._database, self._looks, self._lines = projects, database, looks, log
        self.log = AnswerLog(database)

    def begin(self) -> None:
        """Note since when answers are looked at, where that is not known yet."""
        self.log.begin(self._projects.named())

    def look_at(self, project: int, jobs: Sequence[Job], served: Served) -> None:
        """Read the answers to tasks from the server and weigh them; ask other people about those that contradict.

        All are noted before anybody is asked: who answered a task must not be asked about it. What is gone, is deleted.
        """
        tasks = [job.task if job.task is not None else self._task_of(project, job) for job in jobs]
        asked = sorted({task for task in tasks if isinstance(task, int)})
        pages = self._client.tasks(project, annotations=True, include=SAID, ids=asked) if asked else ()
        answers = list(_answers_in(pages))
        self.log.keep_only(project, asked, [int(answer["id"]) for answer, _ in answers])
        # What apply wrote, and second looks, are nobody's answers.
        mine = [(answer, task) for answer, task in answers if SECOND_LOOK not in data_of(task)]
        mine = [(answer, task) for answer, task in mine if not is_correction(answer)]
        if mine:
            self._weigh(project, mine, served)

    def _task_of(self, project: int, job: Job) -> int | None:
        """Return the task of an answer by asking for it; None where it is gone, or belongs to another project."""
        with _gone_is_none():
            answer = self._client.get(f"/api/annotations/{job.about}/", what=f"annotation {job.about}")
            return int(answer["task"])
        self.log.forget(project, [job.about] if job.about is not None else [])
        return None

    def _weigh(self, project: int, answers: Iterable[tuple[dict[str, Any], dict[str, Any]]], served: Served) -> None:
        """Note what people answered and what the evidence says of it; ask others where it contradicts."""
        config = self.server.config(project)
        target = self._projects.target(config, project=project)
        if target is None:
            return
        noted = [self._note(project, answer, task, target, served) for answer, task in answers]
        if self._looks is not None:
            desk = ProjectDesk(self.server, self._database, project, target, config)
            more = partial(self._note_more, project, target, served)
            self._looks.consider(project, noted, desk, served, note_more=more)

    def _note(
        self, project: int, annotation: dict[str, Any], task: dict[str, Any], target: LabelControl, served: Served
    ) -> Weighed:
        """Keep an answer with what the evidence says of it."""
        value = None if annotation.get("was_cancelled") else value_of(annotation.get("result"), target)
        labels = served.scorer.run_index.labels if served.scorer else ()
        answer = GivenAnswer(
            id=int(annotation["id"]),
            task=int(task["id"]),
            person=self.server.person(annotation.get("completed_by")),
            value=target.names.to_data(value, labels),
            updated=str(annotation.get("updated_at") or ""),
            sample=id_of(task),
            text=text_of(task, target),
        )
        return self.log.note(project, answer, served, judge=target.kind != "labels")

    def _note_more(self, project: int, target: LabelControl, served: Served) -> None:
        """Read some answers at random, to find such as agree."""
        filters = [condition("total_annotations", "greater", "Number", 0)]
        count = int(self._client.project(project).get("num_tasks_with_annotations") or 0)
        params: dict[str, str | int] = {
            "project": project,
            "page": random.SystemRandom().randint(1, max(-(-count // _POOL), 1)),
            "page_size": _POOL,
            "fields": "all",
            "query": json.dumps({"filters": {"conjunction": "and", "items": filters}}),
            "include": SAID,
        }
        tasks = self._client.get("/api/tasks", what=f"the tasks of project {project}", params=params)["tasks"]
        for annotation, task in _answers_in([tasks]):
            if not is_correction(annotation) and not self.log.is_known(project, int(annotation["id"])):
                self._note(project, annotation, task, target, served)

    def catch_up(self) -> None:
        """Queue the answers that changed since the last known one: webhooks that never came, or could not be kept."""
        for row in self._database.rows("SELECT name, value FROM facts WHERE name LIKE 'seen %'"):
            number = str(row["name"]).removeprefix(SEEN)
            project = int(number) if number.isdigit() else None  # of another platform
            if project is None or self._projects.served(project) is None:
                continue
            # What people answered before anybody was there to look is not looked at: it may be all that they have.
            first = self.log.first(project)
            since = datetime.fromisoformat(str(row["value"])) - SLACK
            since = max(since, first) if first else since
            try:
                self._queue_changed(project, since)
            except PlatformError as error:
                self._lines.failed("catch_up_failed", error, project=project)

    def _queue_changed(self, project: int, since: datetime) -> None:
        when = since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        item = condition("updated_at", "greater", "Datetime", when)
        changed: list[tuple[int | None, int | None]] = []
        pages = self._client.tasks(project, annotations=True, include=SAID, filters=[item])
        for annotation, task in _answers_in(pages):
            updated, number = str(annotation.get("updated_at") or ""), int(annotation["id"])
            if is_correction(annotation) or datetime.fromisoformat(updated) <= since:
                continue
            if not self.log.is_known(project, number, updated):
                changed.append((number, int(task["id"])))
        self._database.add_jobs("annotation", project, changed)


def _answers_in(pages: Iterable[list[dict[str, Any]]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each answer with its task."""
    for page in pages:
        for task in page:
            for answer in task.get("annotations") or ():
                yield answer, task


@contextlib.contextmanager
def _gone_is_none() -> Iterator[None]:
    """Let pass that the server has no such object; what follows the block says what then."""
    try:
        yield
    except PlatformError as error:
        if not error.what.startswith("Label Studio has no"):
            raise
