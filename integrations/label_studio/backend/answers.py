"""People's answers: read from the server, weighed against the run, kept in the database, asked about again.

A webhook may come from anybody, twice, late, or not at all: Label Studio sends it without credentials, and tries once.
So it is a hint only. What is written is read from the server itself with labelsift's own key, and what no webhook
told is found by asking from time to time for tasks that changed.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from labelsift.errors import PlatformError

from ..client.read import SAID
from ..convert.correction import is_correction
from ..convert.label_config import LabelControl
from ..convert.label_names import names_of
from ..second_look_project import SECOND_LOOK
from .database import Database
from .evidence import weigh
from .logs import Log
from .predictions import data_of, id_of, text_of, value_of
from .projects import Projects, ServerCache
from .second_looks import SecondLooks
from .served_run import Served

SLACK = timedelta(minutes=10)  # by which the last known change is stepped back
FIRST = "first start"  # name of a fact: since when answers are looked at
_SEEN = "seen "  # beginning of the name of a fact: the newest change that is known of a project
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

    def look_at(self, project: int, annotation: int, task: int | None, served: Served) -> None:
        """Read an answer from the server, and weigh it; an answer that is gone is forgotten.

        The task that an event names spares a request. It may be wrong, so an answer that is not there is asked for.
        """
        answered = None
        with _gone_is_none():  # around what is asked of the answer only: another project that is gone is no such news
            answered = self._found(project, annotation, task) if task is not None else None
            if answered is None:
                answer = self._client.get(f"/api/annotations/{annotation}/", what=f"annotation {annotation}")
                answered = self._found(project, annotation, int(answer["task"]))
        if answered is None:
            self._database.change("DELETE FROM answers WHERE project = ? AND annotation = ?", project, annotation)
        elif SECOND_LOOK not in data_of(answered[1]) and not is_correction(answered[0]):  # apply's is nobody's answer
            self._weigh(project, *answered, served)

    def _found(self, project: int, annotation: int, task: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return an answer and its task; None where the task has no such answer."""
        pages = self._client.tasks(project, annotations=True, include=SAID, ids=[task])
        return next(((answer, row) for answer, row in _answers_in(pages) if answer.get("id") == annotation), None)

    def _weigh(self, project: int, annotation: dict[str, Any], task: dict[str, Any], served: Served) -> None:
        """Note what a person answered and what the evidence says of it; ask another one where it contradicts."""
        config = self.server.config(project)
        target = self._projects.target(config, project=project)
        if target is None:
            return
        verdict, reason, person = self._note(project, annotation, task, target, served)
        if self._looks is None:
            return
        if verdict == "contradicts":
            number = int(annotation["id"])
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
            value = names_of(target).to_data(value, scorer.run_index.labels)
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
        filters = [{"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number", "value": 0}]
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
            if not is_correction(annotation) and not self._is_known(project, int(annotation["id"])):
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
        item = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": when}
        for annotation, task in _answers_in(
            self._client.tasks(project, annotations=True, include=SAID, filters=[item])
        ):
            updated, number = str(annotation.get("updated_at") or ""), int(annotation["id"])
            if is_correction(annotation) or datetime.fromisoformat(updated) <= since:
                continue
            if not self._is_known(project, number, updated):
                self._database.add_job("annotation", project, number, when=updated, task=int(task["id"]))

    def _is_known(self, project: int, annotation: int, updated: str | None = None) -> bool:
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
