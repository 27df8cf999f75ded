"""What people answered, weighed against the run and kept in the database, so that each answer is looked at once.

A platform's server reads answers from the platform itself and hands them over as :class:`GivenAnswer`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ..data.review_queue import Value
from .database import Database, Id
from .evidence import Verdict, weigh
from .served_run import Served

FIRST = "first start"  # name of a fact: since when answers are looked at
SEEN = "seen "  # beginning of the name of a fact: the newest change that is known of a project
_KNOWN = "SELECT annotation, task FROM answers WHERE project = ?"


@dataclass(frozen=True)
class GivenAnswer:
    """One person's answer as it stands on the platform.

    Parameters
    ----------
    id, task
        The platform's ids of the answer, and of what it is about.
    person
        Who answered.
    value
        Under the names of the data; None where it decides nothing.
    updated
        When it was changed last (ISO 8601, by the platform's clock).
    sample, text
        The sample's id and the text that was answered, as far as the platform tells them.
    """

    id: Id
    task: Id
    person: str
    value: Value | None
    updated: str
    sample: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class Weighed:
    """What the evidence says of an answer, and the reason for the owner."""

    answer: GivenAnswer
    verdict: Verdict
    reason: str


class AnswerLog:
    """The answers in the projects that are served."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, projects: Iterable[Id]) -> None:
        """Note since when answers are looked at, where that is not known yet."""
        now = datetime.now(UTC).isoformat()
        if self._database.fact(FIRST) is None:
            self._database.keep(FIRST, now)
        for project in projects:
            if self._database.fact(f"{SEEN}{project}") is None:
                self._database.keep(f"{SEEN}{project}", now)
                self._database.keep(f"{FIRST} {project}", now)

    def first(self, project: Id) -> datetime | None:
        """Return since when answers in a project are looked at: what is older may be all that people had to say."""
        first = self._database.fact(f"{FIRST} {project}") or self._database.fact(FIRST)
        return datetime.fromisoformat(first) if first else None

    def note(self, project: Id, answer: GivenAnswer, served: Served, *, judge: bool = True) -> Weighed:
        """Keep an answer with what the run, or else its model, says of it.

        Parameters
        ----------
        judge
            Let the model judge a text that the run does not hold.
        """
        value, sample, prediction, model = answer.value, None, None, None
        if scorer := served.scorer:
            model = scorer.model
            row = scorer.run_index.row(id=answer.sample, text=answer.text)
            if row is not None:
                sample, prediction = scorer.run_index.ids[row].as_py(), scorer.run_index.prediction(row)
            elif value is not None and answer.text is not None and judge:
                trained = served.trained_for(project)
                [prediction], model = scorer.judge([answer.text], trained), trained or model
        verdict, reason = ("", "") if value is None else weigh(prediction, value, model)
        said = None if value is None else json.dumps(value, ensure_ascii=False)
        row = (project, answer.id, answer.task, answer.person, served.run, sample, said, verdict, answer.updated)
        with self._database.turn() as connection:
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = MAX(value, excluded.value)",
                (f"{SEEN}{project}", answer.updated),
            )
        return Weighed(answer, verdict, reason)

    def keep_only(self, project: Id, tasks: Iterable[Id], answers: Iterable[Id]) -> None:
        """Forget the answers to some tasks that are gone: those that are not among ``answers``."""
        asked, there = set(tasks), set(answers)
        rows = [row for row in self._database.rows(_KNOWN, project) if row["task"] in asked]
        self.forget(project, {row["annotation"] for row in rows} - there)

    def forget(self, project: Id, answers: Iterable[Id]) -> None:
        """Forget answers that are gone."""
        gone = [(project, answer) for answer in answers]
        if gone:
            with self._database.turn() as connection:
                connection.executemany("DELETE FROM answers WHERE project = ? AND annotation = ?", gone)

    def known(self, project: Id, answers: Iterable[Id]) -> list[tuple[Id | None, Id | None]]:
        """Return id and task of the answers among these that are known: only they can be missed."""
        tasks = {row["annotation"]: row["task"] for row in self._database.rows(_KNOWN, project)}
        return [(id, tasks[id]) for id in dict.fromkeys(answers) if id in tasks]

    def is_known(self, project: Id, answer: Id, updated: str | None = None) -> bool:
        """Tell whether an answer was noted, in this state where one is given."""
        query = "SELECT 1 FROM answers WHERE project = ? AND annotation = ? AND updated = COALESCE(?, updated)"
        return bool(self._database.rows(query, project, answer, updated))
