"""A server of Argilla's that is made of dictionaries, behind the real client; and live servers on it."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import PlatformError
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.client.errors import RefusedError
from labelsift.integrations.argilla.serve.answers import Answers
from labelsift.integrations.argilla.serve.datasets import open_datasets
from labelsift.integrations.argilla.serve.webhooks import Webhook
from labelsift.integrations.argilla.serve.work import Work
from labelsift.serving.answers import AnswerLog
from labelsift.serving.database import Database
from labelsift.serving.follow_app import Handlers, create_app
from labelsift.serving.logs import Log
from labelsift.serving.polling import Polling
from labelsift.serving.second_looks import SecondLooks
from labelsift.serving.worker import Worker
from labelsift.store.store import Store

WORDS = {
    "card": "card arrived plastic delivery post mail envelope chip waiting shipped",
    "refund": "refund money back returned merchant purchase cancel order reimbursed shop",
    "transfer": "transfer bank account iban sent payee beneficiary wire pending recipient",
}
LABELS = tuple(WORDS)
WRONG = {"t0000": "refund", "t0001": "transfer", "t0002": "card"}  # planted: what the label is changed to
PROJECT = "quality/tickets"


def text_for(label: str, rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS[label].split(), k=9)) + f" number {rng.randrange(10**6)}"


def build_samples(rows: int = 240) -> Samples:
    rng = random.Random(100)
    labels = [LABELS[row % 3] for row in range(rows)]
    ids = [f"t{row:04d}" for row in range(rows)]
    given = [WRONG.get(id, label) for id, label in zip(ids, labels, strict=True)]
    texts = [text_for(label, rng) for label in labels]
    return Samples(pa.table({"id": ids, "text": texts, "label": given}), pa.table({"x": [1] * rows}), "tickets")


def known_texts() -> dict[str, str]:
    samples = build_samples()
    return dict(zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True))


@pytest.fixture(scope="session")
def live_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one run, in which three labels are wrong; never written to."""
    folder = tmp_path_factory.mktemp("live") / ".labelsift"
    ls.scan(build_samples(), store=folder)
    return folder


@pytest.fixture
def store(live_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(live_store, tmp_path / ".labelsift"))


class Shelf(Client):
    """Keeps datasets and records in memory and answers the requests of the real client, as Argilla 2.8 does.

    Its search knows the filters that a live server uses. ``writes`` counts records that were written in bulk.
    """

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "owner.apikey")
        self.role, self.away, self.writes = "owner", False, 0
        self.users = {"u1": "ann", "u2": "bob"}
        self.all: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.of: dict[str, list[dict[str, Any]]] = {}
        self.hooks: list[dict[str, Any]] = []
        self.before_write: Callable[[], None] = lambda: None
        self.after_write: Callable[[], None] = lambda: None
        self._clock, self._number = datetime(2030, 1, 1), 0
        self.dataset_id = self._made_dataset()

    def _made_dataset(self) -> str:
        made = self.create_dataset("tickets", workspace="w", about={})["id"]
        options = [{"value": label, "text": label.title()} for label in LABELS]
        settings = {"type": "label_selection", "options": options}
        self.add_setting(made, "fields", {"name": "text", "title": "T", "required": True, "settings": {"type": "text"}})
        self.add_setting(made, "questions", {"name": "label", "title": "L", "required": True, "settings": settings})
        self.publish(made)
        return made

    def tick(self) -> str:
        self._clock += timedelta(milliseconds=1)
        return self._clock.isoformat()

    def add(self, text: str, **more: Any) -> dict[str, Any]:
        """A record arrives."""
        self._number += 1
        now = self.tick()
        record = {"id": f"r{self._number}", "external_id": None, "fields": {"text": text}, "metadata": None}
        record |= {"responses": [], "suggestions": [], "status": "pending", "updated_at": now, "inserted_at": now}
        self.of[self.dataset_id].append(record | more)
        return self.of[self.dataset_id][-1]

    def answer(self, record: dict[str, Any], label: str, *, by: str = "u1", status: str = "submitted") -> str:
        """A person answers by the page; the record is completed."""
        self._number += 1
        values = {"label": {"value": label}} if status != "discarded" else {}
        row = {"id": f"a{self._number}", "user_id": by, "status": status, "values": values}
        record["responses"].append(row | {"updated_at": self.tick()})
        record["updated_at"] = self.tick()
        return row["id"]

    def second_looks(self) -> list[dict[str, Any]]:
        return [record for id, some in self.of.items() if id != self.dataset_id for record in some]

    def get(self, path: str, *, what: str, params: Any = None, names: Any = ()) -> Any:
        self._reach()
        parts = path.strip("/").split("/")
        users = [{"id": id, "username": name, "role": "annotator"} for id, name in self.users.items()]
        if path == "/me":
            return {"id": "u1", "username": "ann", "role": self.role}
        if path == "/users" or parts[0] == "workspaces":
            return {"items": users}
        if path == "/me/workspaces":
            return {"items": [{"id": "w", "name": "quality"}]}
        if path == "/me/datasets":
            return {"items": list(self.all.values())}
        if path == "/webhooks":
            return {"items": self.hooks}
        if parts[-1] == "records":
            return {"items": self._seen(self.of[parts[1]][params["offset"] :][: params["limit"]], params["include"])}
        if parts[-1] == "progress":
            said = [row["status"] for record in self.of[parts[1]] for row in record["responses"]]
            return {"users": [{"completed": {status: said.count(status) for status in said}, "pending": {}}]}
        return {"items": self.settings[parts[-2]].get(parts[-1], [])}

    def send(self, method: str, path: str, *, what: str, body: Any = None, params: Any = None, names: Any = ()) -> Any:
        self._reach()
        parts = path.strip("/").split("/")
        if path == "/datasets":
            if any(row["name"] == body["name"] for row in self.all.values()):
                error = RefusedError("There is one of this name")
                error.status = 409
                raise error
            made = {"id": f"d{len(self.all)}", "status": "draft", "inserted_at": self.tick(), "metadata": {}, **body}
            self.all[made["id"]], self.of[made["id"]], self.settings[made["id"]] = made, [], {}
            return made
        if parts[0] == "webhooks":
            hook = next((row for row in self.hooks if row["id"] == parts[-1]), None)
            if hook is None:
                hook = {"id": f"h{len(self.hooks)}", "secret": "c2VjcmV0", **body}
                self.hooks.append(hook)
            return hook
        if parts[-1] == "publish":
            self.all[parts[1]]["status"] = "ready"
            return {}
        if parts[-1] == "search":
            return self._find(parts[1], body, params)
        if parts[-1] == "bulk":
            return {"items": self._store(parts[1], body["items"])}
        row = {"id": f"s{len(self.settings[parts[1]].get(parts[2], []))}-{parts[2]}", **body}
        self.settings[parts[1]].setdefault(parts[2], []).append(row)
        return row

    def delete(self, path: str, *, what: str, params: Any = None) -> None:
        self._reach()
        parts = path.strip("/").split("/")
        if parts[0] == "webhooks":
            self.hooks = [row for row in self.hooks if row["id"] != parts[1]]
            return
        if parts[-1] == "records":
            self.of[parts[1]] = [row for row in self.of[parts[1]] if row["id"] not in params["ids"].split(",")]
            return
        for record in self.of[self.dataset_id]:
            if record["id"] == parts[1]:
                gone = params["ids"].split(",")
                record["suggestions"] = [row for row in record["suggestions"] if row["id"] not in gone]

    def _reach(self) -> None:
        if self.away:
            raise PlatformError("Argilla at http://127.0.0.1:1 could not be reached")

    def _find(self, dataset: str, body: Any, params: Any) -> Any:
        rows = list(self.of[dataset])
        for item in body.get("filters", {}).get("and", ()):
            name = item["scope"]["property"]
            if item["scope"]["entity"] == "response":
                rows = [row for row in rows if {said["status"] for said in row["responses"]} & set(item["values"])]
            elif item["type"] == "range":
                rows = [row for row in rows if row[name] >= item["ge"]]
            else:
                rows = [row for row in rows if row[name] in item["values"]]
        for item in body.get("sort", ()):
            rows.sort(key=lambda row: row[item["scope"]["property"]], reverse=item["order"] == "desc")
        rows = rows[params["offset"] :][: params["limit"]]
        return {"items": [{"record": row, "query_score": None} for row in self._seen(rows, params["include"])]}

    def _seen(self, rows: list[dict[str, Any]], include: Any) -> list[dict[str, Any]]:
        left_out = {"responses", "suggestions"} - set(include)
        return json.loads(json.dumps([{key: row[key] for key in row if key not in left_out} for row in rows]))

    def _store(self, dataset: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.before_write()
        properties = {
            row["name"]: row["settings"]["type"] for row in self.settings[dataset].get("metadata-properties", ())
        }
        rows = []
        for position, item in enumerate(items):
            for name, value in (item.get("metadata") or {}).items():
                if (properties.get(name) == "float" and not isinstance(value, float)) or value == "refused":
                    error = RefusedError("Argilla refused a record")
                    error.status, error.said = 422, f"Record at position {position} is not valid because {name}"
                    raise error
        for item in items:
            known = [row for row in self.of[dataset] if row["id"] == item.get("id")]
            known = known or [row for row in self.of[dataset] if row["external_id"] == item.get("external_id", 0)]
            if not known:
                self._number += 1
                known = [{"id": f"r{self._number}", "external_id": None, "metadata": None, "status": "pending"}]
                known[0] |= {"responses": [], "suggestions": []}
                self.of[dataset].append(known[0])
            row, now = known[0], self.tick()
            row |= {key: item[key] for key in ("external_id", "fields", "metadata") if key in item}
            for suggestion in item.get("suggestions", ()):
                kept = [one for one in row["suggestions"] if one["question_id"] != suggestion["question_id"]]
                row["suggestions"] = [*kept, {"id": f"s{now}", **suggestion}]
            row["updated_at"] = now
            rows.append(row)
        self.writes += len(items)
        self.after_write()
        return rows


@dataclass
class Live:
    """A live server with everything that a test wants to look into."""

    app: Any
    handlers: Handlers
    work: Work
    shelf: Shelf
    database: Database
    out: io.StringIO

    def settle(self) -> None:
        """Ask what changed, and do what the queue holds, in this thread."""
        for _ in range(3):
            self.work.polling._next = 0.0
            self.handlers.worker.catch_up()
            while self.handlers.worker.step():
                pass

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def make_live() -> Iterator[Callable[..., Live]]:
    open_: list[Database] = []

    def make(
        store: Path, shelf: Shelf, *, second_look: bool = True, url: str | None = "http://127.0.0.1:9/webhook"
    ) -> Live:
        while open_:
            open_.pop().close()
        out = io.StringIO()
        log, kept, database = Log(out), Store(store), Database(store)
        open_.append(database)
        entries = open_datasets(shelf, {PROJECT: "latest"}, store=kept, folder=database.folder, log=log)
        for entry in entries.values():
            entry.served.load()
        looks = SecondLooks(database, kept.ledger, log=log)
        answers = Answers(shelf, AnswerLog(database), looks) if second_look else None
        webhook = Webhook(shelf, url, log=log)
        work = Work(shelf, entries, Polling(database, log=log), webhook, answers=answers, log=log)
        work.begin()
        worker = Worker(database, work, log=log, sweep=0.0)
        webhook.register()
        runs = [entry.served for entry in entries.values()]
        handlers = Handlers(entries, runs, worker, work.polling, webhook, problems=work.problems, log=log)
        return Live(create_app(handlers, secret=None, any_host=True), handlers, work, shelf, database, out)

    yield make
    for database in open_:
        database.close()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def live(store: Path, shelf: Shelf, make_live: Callable[..., Live]) -> Live:
    return make_live(store, shelf)
