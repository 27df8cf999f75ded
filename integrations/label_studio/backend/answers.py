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
from datetime import UTC, datetime, timedelta
from typing import Any

from labelsift.errors import PlatformError
from labelsift.serving.database import Database, Job
from labelsift.serving.evidence import weigh
from labelsift.serving.logs import Log
from labelsift.serving.served_run import Served

from ..client.read import SAID
from ..convert.correction import is_correction
from ..convert.label_config import LabelControl
from ..convert.tabs import condition
from ..second_look_project import SECOND_LOOK
from .predictions import data_of, id_of, text_of, value_of
from .projects import Projects, ServerCache
from .second_looks import SecondLooks

SLACK = timedelta(minutes=10)  # by which the last known change is stepped back
FIRST = "first start"  # name of a fact: since when answers are looked at
_SEEN = "seen "  # beginning of the name of a fact: the newest change that is known of a project
_KNOWN = "SELECT annotation, task FROM answers WHERE project = ?"
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
        self._projects, self._database, self._looks, self._log = projects, database, looks, log

    def begin(self) -> None:
        """Note since when answers are looked at, where that is not known yet."""
        now = datetime.now(UTC).isoformat()
        if self._database.fact(FIRST) is None:
            self._database.keep(FIRST, now)
        for project in self._projects.named():
            if self._database.fact(f"{_SEEN}{project}") is None:
                self._database.keep(f"{_SEEN}{project}", now)
                self._database.keep(f"{FIRST} {project}", now)

    def look_at(self, project: int, jobs: Sequence[Job], served: Served) -> None:
        """Read the answers to tasks from the server and weigh them; ask other people about those that contradict.

        All are noted before anybody is asked: who answered a task must not be asked about it. What is gone, is deleted.
        """
        tasks = [job.task if job.task is not None else self._task_of(project, job) for job in jobs]
        asked = sorted({task for task in tasks if isinstance(task, int)})
        pages = self._client.tasks(project, annotations=True, include=SAID, ids=asked) if asked else ()
        answers = list(_answers_in(pages))
        rows = [row for row in self._database.rows(_KNOWN, project) if row["task"] in set(asked)]
        gone = {int(row["annotation"]) for row in rows} - {int(answer["id"]) for answer, _ in answers}
        if gone:
            with self._database.turn() as connection:
                pairs = [(project, number) for number in gone]
                connection.executemany("DELETE FROM answers WHERE project = ? AND annotation = ?", pairs)
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
        self._database.change("DELETE FROM answers WHERE project = ? AND annotation = ?", project, job.about)
        return None

    def known(self, project: int, annotations: Iterable[int]) -> list[tuple[int | None, int | None]]:
        """Return annotation and task of the answers among these that are known: only they can be missed."""
        tasks = {row["annotation"]: row["task"] for row in self._database.rows(_KNOWN, project)}
        return [(number, tasks[number]) for number in dict.fromkeys(annotations) if number in tasks]

    def _weigh(self, project: int, answers: Iterable[tuple[dict[str, Any], dict[str, Any]]], served: Served) -> None:
        """Note what people answered and what the evidence says of it; ask others where it contradicts."""
        config = self.server.config(project)
        target = self._projects.target(config, project=project)
        if target is None:
            return
        noted = [(answer, *self._note(project, answer, task, target, served)) for answer, task in answers]
        if self._looks is None:
            return
        for answer, verdict, reason, person in noted:
            if verdict == "contradicts":
                number = int(answer["id"])
                self._looks.want(project, number, kind="contradiction", person=person, reason=reason, asked=None)
        if self._looks.lacks(project):  # found before anything is sent: what comes first would tell which is which
            self._note_more(project, target, served)
        dataset = served.scorer.run_index.dataset if served.scorer else ""
        self._looks.send(project, target=target, config=config, dataset=dataset, run=served.run)

    def _note(
        self, project: int, annotation: dict[str, Any], task: dict[str, Any], target: LabelControl, served: Served
    ) -> tuple[str, str, str]:
        """Keep an answer with its verdict; return the verdict, the reason and the person."""
        value = None if annotation.get("was_cancelled") else value_of(annotation.get("result"), target)
        person = self.server.person(annotation.get("completed_by"))
        sample, prediction, model = None, None, None
        if scorer := served.scorer:
            value = target.names.to_data(value, scorer.run_index.labels)
            text, model = text_of(task, target), scorer.model
            row = scorer.run_index.row(id=id_of(task), text=text)
            if row is not None:
                sample, prediction = scorer.run_index.ids[row].as_py(), scorer.run_index.prediction(row)
            elif value is not None and text is not None and target.kind != "labels":
                trained = served.trained_for(project)
                [prediction], model = scorer.judge([text], trained), trained or model
        verdict, reason = ("", "") if value is None else weigh(prediction, value, model)
        updated = str(annotation.get("updated_at") or "")
        ids = project, int(annotation["id"]), int(task["id"])
        said = None if value is None else json.dumps(value, ensure_ascii=False)
        answer = (*ids, person, served.run, sample, said, verdict, updated)
        with self._database.turn() as connection:
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", answer)
            connection.execute(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = MAX(value, excluded.value)",
                (f"{_SEEN}{project}", updated),
            )
        return verdict, reason, person

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
            if not is_correction(annotation) and not self.is_known(project, int(annotation["id"])):
                self._note(project, annotation, task, target, served)

    def catch_up(self) -> None:
        """Queue the answers that changed since the last known one: webhooks that never came, or could not be kept."""
        for row in self._database.rows("SELECT name, value FROM facts WHERE name LIKE 'seen %'"):
            project = int(str(row["name"]).removeprefix(_SEEN))
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
        item = condition("updated_at", "greater", "Datetime", when)
        changed: list[tuple[int | None, int | None]] = []
        pages = self._client.tasks(project, annotations=True, include=SAID, filters=[item])
        for annotation, task in _answers_in(pages):
            updated, number = str(annotation.get("updated_at") or ""), int(annotation["id"])
            if is_correction(annotation) or datetime.fromisoformat(updated) <= since:
                continue
            if not self.is_known(project, number, updated):
                changed.append((number, int(task["id"])))
        self._database.add_jobs("annotation", project, changed)

    def is_known(self, project: int, annotation: int, updated: str | None = None) -> bool:
        """Tell whether an answer was noted, in this state where one is given."""
        query = "SELECT 1 FROM answers WHERE project = ? AND annotation = ? AND updated = COALESCE(?, updated)"
        return bool(self._database.rows(query, project, annotation, updated))


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
