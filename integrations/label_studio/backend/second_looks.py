"""Second looks: an answer that contradicts strong evidence goes to another person, with as many that agree with it.

Nobody who is asked can tell the one kind from the other. Why an answer is asked about again stands in the store's
record only (``labelsift audit``), never in a task.

Each look has a key that tells nothing, made of the project and the annotation. It is on the disk before the record is
written, the record before the task is sent, and the task is looked for before it is sent again: whenever the backend
is killed, each look is recorded once and asked once.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from labelsift.data.adjudication import SECOND_LOOK
from labelsift.serving.database import Database
from labelsift.serving.logs import Log
from labelsift.store.hash_chain import now
from labelsift.store.ledger import Ledger

from ..convert.label_config import LabelControl
from ..second_look_project import ensure_tab, find_or_make, second_data, standing
from .projects import ServerCache

KIND = SECOND_LOOK  # of a record
PATIENCE = 5.0  # seconds in which a request of a killed backend may still arrive
_random = random.SystemRandom()


class SecondLooks:
    """Asks other people about answers.

    Parameters
    ----------
    ledger
        The store's record.
    """

    def __init__(self, server: ServerCache, database: Database, ledger: Ledger, *, log: Log) -> None:
        self._server, self._client = server, server.client
        self._database, self._ledger, self._log = database, ledger, log
        self._tabs: set[tuple[int, str]] = set()

    def want(self, project: int, annotation: int, *, kind: str, person: str, reason: str, asked: str | None) -> None:
        """Note on the disk that an answer is to be asked about; an answer is asked about once, whatever comes."""
        name = f"{project} {annotation}".encode()
        key = hashlib.blake2b(name, key=self._database.secret, digest_size=12).hexdigest()
        looks = "INSERT OR IGNORE INTO looks VALUES (?, ?, ?, ?, ?, ?, 'open', ?, NULL)"
        self._database.change(looks, key, project, annotation, kind, person, asked, reason)

    def send(self, project: int, *, dataset: str, run: str, target: LabelControl, config: str) -> None:
        """Ask what is to be asked in a project."""
        self._assign(project)
        self._add_agreements(project)
        todo = self._database.rows(
            "SELECT l.*, a.task, a.sample FROM looks l JOIN answers a USING (project, annotation) "
            "WHERE l.project = ? AND l.state = 'open' AND l.asked IS NOT NULL",
            project,
        )
        if not todo:
            return
        self._record(todo, dataset=dataset, run=run, project=project)
        place = self._place(project)
        there = self._arrived(place, [row for row in todo if row["tried"] is not None])
        missing = [row for row in todo if row["key"] not in there]
        if missing:
            self._import(place, project, missing, target=target, config=config)
        for person in sorted({str(row["asked"]) for row in todo}):
            if (place, person) not in self._tabs:
                ensure_tab(self._client, place, person)
                self._tabs.add((place, person))
        with self._database.turn() as connection:
            connection.executemany("UPDATE looks SET state = 'sent' WHERE key = ?", [(row["key"],) for row in todo])
        self._log.say("second_look", project=project, asked=len(todo), in_project=place)

    def _assign(self, project: int) -> None:
        """Choose whom to ask: another person than the one who answered, the one who was asked least."""
        rows = self._database.rows(
            "SELECT * FROM looks WHERE project = ? AND state IN ('open', 'waiting') AND asked IS NULL", project
        )
        people = set(self._server.people().values()) if rows else set()
        busy = Counter(row["asked"] for row in self._database.rows("SELECT asked FROM looks WHERE asked IS NOT NULL"))
        for row in rows:
            others = sorted(people - self._had(row), key=lambda person: (busy[person], person))
            if not others:
                if row["state"] != "waiting":
                    self._log.say("second_look_waits", project=project, why="There is no other account to ask")
                    self._record([row], project=project)
                    self._database.change("UPDATE looks SET state = 'waiting' WHERE key = ?", row["key"])
                continue
            busy[others[0]] += 1
            self._database.change("UPDATE looks SET state = 'open', asked = ? WHERE key = ?", others[0], row["key"])

    def _had(self, row: Any) -> set[str]:  # noqa: ANN401 - a row of looks
        """Return who answered the same task already: their opinion is no second one."""
        others = self._database.rows(
            "SELECT o.person FROM answers a JOIN answers o USING (project, task) "
            "WHERE a.project = ? AND a.annotation = ?",
            row["project"],
            row["annotation"],
        )
        return {str(row["person"]), *(str(answer["person"]) for answer in others)}

    def _add_agreements(self, project: int) -> None:
        """Choose at random, for each person who is asked, as many answers that agree as there are that contradict."""
        kinds = Counter(
            (row["asked"], row["kind"])
            for row in self._database.rows("SELECT * FROM looks WHERE project = ? AND asked IS NOT NULL", project)
        )
        for person in sorted({person for person, _ in kinds}):
            owed = kinds[person, "contradiction"] - kinds[person, "agreement"]
            if owed <= 0:
                continue
            pool = self._database.rows(
                "SELECT * FROM answers a WHERE project = ? AND verdict = 'agrees' AND NOT EXISTS "
                "(SELECT 1 FROM answers o WHERE o.project = a.project AND o.task = a.task AND o.person = ?) "
                "AND task NOT IN (SELECT o.task FROM looks l JOIN answers o USING (project, annotation) "
                "WHERE l.project = a.project)",
                project,
                person,
            )
            for row in _random.sample(pool, min(owed, len(pool))):
                self.want(
                    project,
                    row["annotation"],
                    kind="agreement",
                    person=row["person"],
                    reason="Chosen at random among the answers that agree, so that nobody can tell which is which.",
                    asked=person,
                )

    def _place(self, project: int) -> int:
        """Return the project of second looks, remembered as long as the server has it."""
        name = f"second looks of {project}"
        place = self._database.fact(name)
        if place is not None and self._server.exists(int(place)):
            return int(place)
        place = find_or_make(self._client, project)
        self._database.keep(name, str(place))
        return place

    def lacks(self, project: int) -> bool:
        """Tell whether fewer answers are known that agree than there are to be mixed with those that contradict."""
        [row] = self._database.rows(
            "SELECT (SELECT COALESCE(SUM(kind = 'contradiction') - SUM(kind = 'agreement'), 0) FROM looks "
            "WHERE project = ?) - (SELECT COUNT(*) FROM answers a WHERE project = ? AND verdict = 'agrees' AND NOT "
            "EXISTS (SELECT 1 FROM looks l WHERE l.project = a.project AND l.annotation = a.annotation)) lacking",
            project,
            project,
        )
        return int(row["lacking"]) > 0

    def _arrived(self, place: int, tried: Sequence[Any]) -> set[str]:
        """Return which tasks of a killed backend stand on the server; waits for a request that may be under way."""
        keys = [str(row["key"]) for row in tried]
        last = max((float(row["tried"]) for row in tried), default=0)
        there = standing(self._client, place, keys)
        while len(there) < len(keys) and time.time() - last <= PATIENCE:
            time.sleep(0.5)
            there = standing(self._client, place, keys)
        return there

    def _import(self, place: int, project: int, rows: Sequence[Any], *, target: LabelControl, config: str) -> None:
        tasks = {
            int(task["id"]): task["data"]
            for page in self._client.tasks(project, ids=[int(row["task"]) for row in rows])
            for task in page
        }
        new = [
            {"data": second_data(tasks[row["task"]], target, config=config, key=row["key"], asked=str(row["asked"]))}
            for row in rows
            if row["task"] in tasks
        ]
        _random.shuffle(new)  # the order must not tell which is which
        now = time.time()
        with self._database.turn() as connection:
            connection.executemany("UPDATE looks SET tried = ? WHERE key = ?", [(now, row["key"]) for row in rows])
        if new:
            self._client.import_tasks(place, new)

    def _record(self, rows: Sequence[Any], *, project: int, dataset: str | None = None, run: str | None = None) -> None:
        """Record looks that are sent, or wait because nobody can be asked; what is recorded already stays as it is."""
        entries = [
            {
                "kind": KIND,
                "time": now(),
                "platform": "label-studio",
                "target": str(project),
                "run": run,
                "dataset": dataset,
                "id": row["sample"] if row["asked"] else None,
                "person": row["person"],
                "asked": row["asked"],
                "of": row["kind"],
                "annotation": row["annotation"],
                "key": row["key"],
                "waits": row["asked"] is None,
                "reason": f"{row['reason']} Asked: {row['asked']}."
                if row["asked"]
                else f"Waits for another account: {row['reason']}",
            }
            for row in rows
        ]

        def fresh(standing: Sequence[Any]) -> list[dict[str, Any]]:
            recorded = {(record.get("key"), record.get("waits")) for record in standing if record.get("kind") == KIND}
            return [entry for entry in entries if (entry["key"], entry["waits"]) not in recorded]

        self._ledger.append(fresh)
