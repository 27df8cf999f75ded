"""Small runs, and backends on them without a server of Label Studio."""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.integrations.label_studio.backend.app import Handlers, create_app
from labelsift.integrations.label_studio.backend.projects import Projects
from labelsift.integrations.label_studio.backend.work import Work
from labelsift.serving.database import Database
from labelsift.serving.logs import Log
from labelsift.serving.served_run import Served
from labelsift.serving.worker import Worker
from labelsift.store.store import Store

WORDS = {
    "card": "card arrived plastic delivery post mail envelope chip waiting shipped",
    "refund": "refund money back returned merchant purchase cancel order reimbursed shop",
    "transfer": "transfer bank account iban sent payee beneficiary wire pending recipient",
}
LABELS = tuple(WORDS)
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="single">'
    + "".join(f'<Choice value="{label}"/>' for label in LABELS)
    + "</Choices></View>"
)
WRONG = {"t0000": "refund", "t0001": "transfer", "t0002": "card"}  # planted: what the label is changed to


def text_for(label: str, rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS[label].split(), k=9)) + f" number {rng.randrange(10**6)}"


def build_samples(rows: int = 240, *, seed: int = 100, name: str = "tickets") -> Samples:
    rng = random.Random(seed)
    labels = [LABELS[row % 3] for row in range(rows)]
    texts = [text_for(label, rng) for label in labels]
    ids = [f"t{row:04d}" for row in range(rows)]
    given = [WRONG.get(id, label) for id, label in zip(ids, labels, strict=True)]
    return Samples(pa.table({"id": ids, "text": texts, "label": given}), pa.table({"channel": ["mail"] * rows}), name)


@pytest.fixture(scope="session")
def run_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one run, in which three labels are wrong; never written to."""
    folder = tmp_path_factory.mktemp("store") / ".labelsift"
    ls.scan(build_samples(), store=folder)
    return folder


@pytest.fixture
def store(run_store: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    import shutil

    return Path(shutil.copytree(run_store, tmp_path / ".labelsift"))


class Cable:
    """Stands in for a client of Label Studio: holds tasks, annotations and accounts, and takes what is imported."""

    def __init__(self) -> None:
        self.accounts = {1: "ann@example.com", 2: "bob@example.com"}
        self.all: dict[int, dict[str, Any]] = {1: {"id": 1, "title": "Tickets", "label_config": CONFIG}}
        self.of: dict[int, list[dict[str, Any]]] = {1: []}
        self.annotations: dict[int, dict[str, Any]] = {}
        self.tabs: dict[int, list[dict[str, Any]]] = {}
        self.imports = self.asked = 0
        self.before_import: Callable[[], None] = lambda: None
        self.after_import: Callable[[], None] = lambda: None

    def task(self, data: dict[str, Any], *, project: int = 1) -> int:
        number = 1000 * project + len(self.of[project])
        self.of[project].append({"id": number, "data": data, "annotations": []})
        return number

    def answer(
        self, task: int, label: str, *, by: int = 1, updated: str = "2030-01-01T00:00:00.000001Z", **more: Any
    ) -> int:
        number = len(self.annotations) + 1
        region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
        self.annotations[number] = {
            "id": number,
            "task": task,
            "project": task // 1000,
            "completed_by": by,
            "result": [region],
            "updated_at": updated,
            **more,
        }
        next(entry for entry in self.of[task // 1000] if entry["id"] == task)["annotations"].append(
            self.annotations[number]
        )
        return number

    def get(self, path: str, *, what: str, params: Any = None, names: Any = ()) -> Any:
        from labelsift.errors import PlatformError

        self.asked += 1
        if path == "/api/tasks":
            return {"tasks": []}
        number = int(path.strip("/").split("/")[-1])
        if number not in self.annotations:
            raise PlatformError(f"Label Studio has no {what}")
        return self.annotations[number]

    def project(self, project: int) -> dict[str, Any]:
        return self.all[project]

    def projects(self) -> list[dict[str, Any]]:
        return list(self.all.values())

    def people(self) -> dict[int, str]:
        return self.accounts

    def tasks(
        self, project: int, *, annotations: bool = False, include: str = "", filters: Any = (), ids: Any = None
    ) -> Iterator[Any]:
        tasks = [task for task in self.of.get(project, []) if ids is None or task["id"] in ids]
        for item in filters:
            if item["filter"].startswith("filter:tasks:data."):
                name = item["filter"].removeprefix("filter:tasks:data.")
                tasks = [task for task in tasks if task["data"].get(name) == item["value"]]
        if tasks:
            yield tasks

    def create_project(self, *, title: str, description: str, label_config: str, model_version: str) -> int:
        number = max(self.all) + 1
        self.all[number] = {"id": number, "title": title, "description": description, "label_config": label_config}
        self.of[number] = []
        return number

    def views(self, project: int) -> list[dict[str, Any]]:
        return self.tabs.get(project, [])

    def create_view(self, project: int, data: dict[str, Any]) -> int:
        self.tabs.setdefault(project, []).append({"data": data})
        return len(self.tabs[project])

    def import_tasks(self, project: int, tasks: list[dict[str, Any]]) -> int:
        self.before_import()
        for task in tasks:
            self.task(task["data"], project=project)
        self.imports += 1
        self.after_import()
        return len(tasks)

    def second_looks(self) -> list[dict[str, Any]]:
        return [task["data"] for project, some in self.of.items() if project != 1 for task in some]


@dataclass
class Bench:
    """A backend with everything that a test wants to look into."""

    app: Any
    handlers: Handlers
    projects: Projects
    database: Database
    served: Served
    cable: Cable
    out: io.StringIO = field(default_factory=io.StringIO)

    @property
    def worker(self) -> Worker:
        assert self.handlers.worker is not None
        return self.handlers.worker

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def work(self) -> None:
        """Do what the queue holds, in this thread."""
        while self.worker.step():
            pass


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    open_: list[Database] = []

    def make(store: Path, *, cable: Cable | None = None, secret: str | None = None, load: bool = True) -> Bench:
        while open_:
            open_.pop().close()
        out = io.StringIO()
        log, kept = Log(out), Store(store)
        database = Database(store)
        open_.append(database)
        served = Served(kept, kept.find(), folder=database.folder, log=log)
        if load:
            served.load()
        projects = Projects({1: served}, None, log=log)
        projects.target(CONFIG, project=1)  # importing what reads configs takes longer than a page is held
        cable = cable or Cable()
        client: Any = cable
        work = Work(client, projects, database, kept.ledger, log=log, second_look=True, training=True)
        worker = Worker(database, work, log=log)
        handlers = Handlers(projects, worker, log=log)
        app = create_app(handlers, secret=secret, any_host=True)
        return Bench(app, handlers, projects, database, served, cable, out)

    yield make
    for bench in open_:
        bench.close()


@pytest.fixture
def bench(store: Path, make_bench: Callable[..., Bench]) -> Bench:
    return make_bench(store)


def ask(tasks: list[dict[str, Any]], *, config: str = CONFIG, project: int = 1) -> dict[str, Any]:
    return {"tasks": tasks, "project": f"{project}.1795401660", "label_config": config, "params": {"context": None}}


def until(done: Callable[[], Any], *, seconds: float = 20.0) -> Any:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not (result := done()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return result
