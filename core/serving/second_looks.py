"""Second looks: an answer that contradicts strong evidence goes to another person, with as many that agree with it.

Nobody who is asked can tell the one kind from the other. Why an answer is asked about again stands in the store's
record only (``labelsift audit``), never on the platform.

Each look has a key that tells nothing, made of the project and the answer. It is on the disk before the record is
written, the record before the look is sent, and the look is sought on the platform before it is sent again: whenever
the server is killed, each look is recorded once and asked once.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

from ..data.adjudication import SECOND_LOOK
from ..store.hash_chain import now
from ..store.ledger import Ledger
from .answers import Weighed
from .database import Database, Id
from .logs import Log
from .served_run import Served

KIND = SECOND_LOOK  # of a record
PATIENCE = 5.0  # seconds in which a request of a killed server may still arrive
Look = Any  # a row of the table of looks: key, project, annotation, task, asked …
_random = random.SystemRandom()


class Desk(Protocol):
    """Where a platform asks people about the answers of one project."""

    @property
    def platform(self) -> str:
        """The platform's name, for the record."""
        ...

    @property
    def target(self) -> str:
        """The project as a pull names it, for the record."""
        ...

    @property
    def anybody(self) -> str:
        """Whom the record names where the platform cannot ask one person; empty where it can."""
        ...

    def people(self) -> Collection[str]:
        """Name everybody who can be asked."""
        ...

    def arrived(self, keys: Sequence[str]) -> set[str]:
        """Return which of these looks stand on the platform."""
        ...

    def ask(self, looks: Sequence[Look], *, people: Sequence[str]) -> None:
        """Send looks (none where all have arrived); ``people`` are asked by them and by those that have arrived."""
        ...


class SecondLooks:
    """Asks other people about answers.

    Parameters
    ----------
    ledger
        The store's record.
    """

    def __init__(self, database: Database, ledger: Ledger, *, log: Log) -> None:
        self._database, self._ledger, self._log = database, ledger, log

    def consider(
        self, project: Id, answers: Iterable[Weighed], desk: Desk, served: Served, *, note_more: Callable[[], None]
    ) -> None:
        """Ask about the answers that contradict strong evidence, and what was to be asked before.

        Parameters
        ----------
        note_more
            Notes some answers at random, where too few are known that agree. What comes first would tell which is
            which, so it is called before anything is sent.
        """
        for weighed in answers:
            if weighed.verdict == "contradicts":
                answer = weighed.answer
                self.want(project, answer.id, kind="contradiction", person=answer.person, reason=weighed.reason)
        if self._lacks(project):
            note_more()
        dataset = served.scorer.run_index.dataset if served.scorer else ""
        self._send(project, desk, dataset=dataset, run=served.run)

    def want(self, project: Id, answer: Id, *, kind: str, person: str, reason: str, asked: str | None = None) -> None:
        """Note on the disk that an answer is to be asked about; an answer is asked about once, whatever comes."""
        name = f"{project} {answer}".encode()
        key = hashlib.blake2b(name, key=self._database.secret, digest_size=12).hexdigest()
        looks = "INSERT OR IGNORE INTO looks VALUES (?, ?, ?, ?, ?, ?, 'open', ?, NULL)"
        self._database.change(looks, key, project, answer, kind, person, asked, reason)

    def _send(self, project: Id, desk: Desk, *, dataset: str, run: str) -> None:
        """Ask what is to be asked in a project."""
        self._assign(project, desk)
        self._add_agreements(project, desk)
        todo = self._database.rows(
            "SELECT l.*, a.task, a.sample FROM looks l JOIN answers a USING (project, annotation) "
            "WHERE l.project = ? AND l.state = 'open' AND l.asked IS NOT NULL",
            project,
        )
        if not todo:
            return
        self._record(todo, desk, dataset=dataset, run=run)
        there = self._arrived(desk, [row for row in todo if row["tried"] is not None])
        missing = [row for row in todo if row["key"] not in there]
        _random.shuffle(missing)  # the order must not tell which is which
        with self._database.turn() as connection:
            tried = [(time.time(), row["key"]) for row in missing]
            connection.executemany("UPDATE looks SET tried = ? WHERE key = ?", tried)
        desk.ask(missing, people=sorted({str(row["asked"]) for row in todo}))
        with self._database.turn() as connection:
            connection.executemany("UPDATE looks SET state = 'sent' WHERE key = ?", [(row["key"],) for row in todo])
        self._log.say("second_look", project=project, asked=len(todo))

    def _assign(self, project: Id, desk: Desk) -> None:
        """Choose whom to ask: another person than the one who answered, the one who was asked least."""
        rows = self._database.rows(
            "SELECT * FROM looks WHERE project = ? AND state IN ('open', 'waiting') AND asked IS NULL", project
        )
        people = set(desk.people()) if rows else set()
        busy = Counter(row["asked"] for row in self._database.rows("SELECT asked FROM looks WHERE asked IS NOT NULL"))
        for row in rows:
            others = sorted(people - self._had(row), key=lambda person: (busy[person], person))
            if not others:
                if row["state"] != "waiting":
                    self._log.say("second_look_waits", project=project, why="There is no other account to ask")
                    self._record([row], desk)
                    self._database.change("UPDATE looks SET state = 'waiting' WHERE key = ?", row["key"])
                continue
            asked = desk.anybody or others[0]
            busy[asked] += 1
            self._database.change("UPDATE looks SET state = 'open', asked = ? WHERE key = ?", asked, row["key"])

    def _had(self, row: Look) -> set[str]:
        """Return who answered the same task already: their opinion is no second one."""
        others = self._database.rows(
            "SELECT o.person FROM answers a JOIN answers o USING (project, task) "
            "WHERE a.project = ? AND a.annotation = ?",
            row["project"],
            row["annotation"],
        )
        return {str(row["person"]), *(str(answer["person"]) for answer in others)}

    def _add_agreements(self, project: Id, desk: Desk) -> None:
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
            if desk.anybody:  # somebody must be left who has not answered it
                people = set(desk.people())
                pool = [row for row in pool if people - self._had(row)]
            for row in _random.sample(pool, min(owed, len(pool))):
                self.want(
                    project,
                    row["annotation"],
                    kind="agreement",
                    person=row["person"],
                    reason="Chosen at random among the answers that agree, so that nobody can tell which is which.",
                    asked=person,
                )

    def _lacks(self, project: Id) -> bool:
        """Tell whether fewer answers are known that agree than there are to be mixed with those that contradict."""
        [row] = self._database.rows(
            "SELECT (SELECT COALESCE(SUM(kind = 'contradiction') - SUM(kind = 'agreement'), 0) FROM looks "
            "WHERE project = ?) - (SELECT COUNT(*) FROM answers a WHERE project = ? AND verdict = 'agrees' AND NOT "
            "EXISTS (SELECT 1 FROM looks l WHERE l.project = a.project AND l.annotation = a.annotation)) lacking",
            project,
            project,
        )
        return int(row["lacking"]) > 0

    def _arrived(self, desk: Desk, tried: Sequence[Look]) -> set[str]:
        """Return which looks of a killed server have arrived; waits for a request that may be under way."""
        keys = [str(row["key"]) for row in tried]
        if not keys:
            return set()
        last = max(float(row["tried"]) for row in tried)
        there = desk.arrived(keys)
        while len(there) < len(keys) and time.time() - last <= PATIENCE:
            time.sleep(0.5)
            there = desk.arrived(keys)
        return there

    def _record(self, rows: Sequence[Look], desk: Desk, *, dataset: str | None = None, run: str | None = None) -> None:
        """Record looks that are sent, or wait because nobody can be asked; what is recorded already stays as it is."""
        entries = [
            {
                "kind": KIND,
                "time": now(),
                "platform": desk.platform,
                "target": desk.target,
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
