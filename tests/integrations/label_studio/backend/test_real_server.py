"""The backend as a process, connected to a real Label Studio."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from backend_process import BackendServer
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.server import LabelStudioServer
from labelsift.store.store import Store

from .conftest import CONFIG, LABELS, WRONG, build_samples, until

SECRET = "correct-horse-battery"
OTHER = "second-person@example.com"


def _choice(label: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]


class Project:
    """A project with the samples of the run as tasks, and what is asked of it."""

    def __init__(self, client: Client, title: str) -> None:
        self.client = client
        self.number = client.create_project(title=title, description="", label_config=CONFIG, model_version="")
        samples = build_samples()
        self.texts = dict(zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True))
        data = [{"data": {"text": text, "id": id}} for id, text in list(self.texts.items())[:40]]
        unseen = {"text": "my plastic card was shipped by post, PLANTED-7f3a", "id": "unseen"}
        client.import_tasks(self.number, [*data, {"data": unseen}, {"data": {"text": "", "id": "empty"}}])
        self.tasks = {task["data"]["id"]: task["id"] for page in client.tasks(self.number) for task in page}

    def connect(self, backend: BackendServer) -> int:
        body: dict[str, Any] = {"url": backend.url, "project": self.number, "title": "labelsift"}
        if backend.auth:
            user, secret = backend.auth
            body |= {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": secret}
        return int(self.client.send("POST", "/api/ml", body=body, what="a backend")["id"])

    def open(self, id: str) -> list[dict[str, Any]]:
        """Return the predictions that the labeling page of a task gets."""
        path = f"/api/tasks/{self.tasks[id]}/"
        return self.client.get(path, what="a task", params={"project": self.number})["predictions"]

    def retrieve(self, *ids: str) -> list[int]:
        """Press “Retrieve Predictions” for some tasks."""
        some = [self.tasks[id] for id in ids]
        body = {"selectedItems": {"all": False, "included": some}}
        params = {"id": "retrieve_tasks_predictions", "project": self.number}
        self.client.send("POST", "/api/dm/actions", params=params, body=body, what="predictions")
        return some

    def answer(self, id: str, label: str) -> dict[str, Any]:
        path = f"/api/tasks/{self.tasks[id]}/annotations/"
        return self.client.send("POST", path, body={"result": _choice(label)}, what="an annotation")

    def second_look_projects(self) -> list[int]:
        """Return the numbers of the projects with second looks at answers of this project, and of no other test's."""
        title = self.client.project(self.number)["title"]
        return [row["id"] for row in self.client.projects() if row["title"] == f"{title} · labelsift second look"]

    def second_looks(self) -> list[dict[str, Any]]:
        projects = self.second_look_projects()
        return [task["data"] for number in projects for page in self.client.tasks(number) for task in page]


@pytest.fixture
def project(client: Client, name: str) -> Project:
    return Project(client, name)


@pytest.fixture(scope="module")
def second_account(client: Client) -> str:
    if OTHER not in client.people().values():
        body = {"email": OTHER, "username": "second", "password": "a-long-password-1"}
        client.send("POST", "/api/users/", body=body, what="an account")
    assert OTHER in client.people().values()
    return OTHER


@pytest.fixture
def start(server: LabelStudioServer, store: Path, tmp_path: Path) -> Iterator[Callable[..., BackendServer]]:
    running: list[BackendServer] = []

    def started(*projects: str, options: tuple[str, ...] = (), password: str | None = SECRET) -> BackendServer:
        made = BackendServer(
            store, projects, log=tmp_path / "log", variables=server.variables(), password=password, options=options
        )
        running.append(made)
        made.start()
        return made

    yield started
    for backend in running:
        backend.stop()


def _label(prediction: dict[str, Any]) -> str:
    return prediction["result"][0]["value"]["choices"][0]


def test_predictions_arrive_when_a_task_is_opened(
    start: Callable[..., BackendServer], project: Project, server: LabelStudioServer
) -> None:
    backend = start(str(project.number))
    assert requests.get(f"{backend.url}/health", timeout=5).status_code == 401
    number = project.connect(backend)
    run = next(iter(backend.health()["runs"]))
    [known] = project.open("t0000")
    assert (_label(known), known["model_version"]) == (LABELS[0], f"labelsift/{run}")
    assert known["score"] > 0.5 and known["result"][0]["meta"]["labelsift"]["reason"]
    [unseen] = project.open("unseen")
    assert _label(unseen) == "card" and unseen["score"] > 0.5
    for _ in range(2):  # nothing is stored of an empty answer, so it is asked again each time
        assert project.open("empty") == []
    asked = [line for line in backend.lines() if line["event"] == "predict"]
    assert [line["empty"] for line in asked] == [0, 0, 1, 1]
    some = project.retrieve("t0004", "empty", "t0005")
    made = {prediction["task"]: _label(prediction) for prediction in project.client.predictions(project.number)}
    assert made[some[0]] == LABELS[1] and made[some[2]] == LABELS[2] and some[1] not in made
    versions = project.client.get(f"/api/ml/{number}/versions", what="the versions")
    assert versions == {"versions": [f"labelsift/{run}"]}
    text = backend.log.read_text()
    assert not any(secret in text for secret in ("PLANTED", server.api_key, SECRET, project.texts["t0000"]))


def test_a_contradiction_reaches_another_person_within_seconds(
    start: Callable[..., BackendServer], project: Project, second_account: str, store: Path
) -> None:
    backend = start(str(project.number), options=("--second-look",))
    project.connect(backend)
    for number in range(3, 8):
        project.answer(f"t{number:04d}", LABELS[number % 3])
    began = time.monotonic()
    project.answer("t0000", WRONG["t0000"])
    asked = until(lambda: looks if len(looks := project.second_looks()) > 1 else None, seconds=60)
    print(f"second look after {time.monotonic() - began:.2f} s")
    assert len(asked) == 2
    assert {look["labelsift_reason"] for look in asked} == {"A second opinion is asked for."}
    assert {look["labelsift_second_look"] for look in asked} <= set(project.client.people().values()) - {
        "admin@example.com"
    }
    records = until(lambda: [record for record in Store(store).ledger.records() if record["kind"] == "second_look"])
    assert [record["id"] for record in records if record["of"] == "contradiction"] == ["t0000"]
    [number] = project.second_look_projects()
    titles = [view["data"]["title"] for view in project.client.views(number)]
    assert titles[0] == "Second look" and titles[1] == f"Second look: {asked[0]['labelsift_second_look']}"


def test_killed_after_the_acknowledgement_and_started_again_each_look_is_asked_once(
    start: Callable[..., BackendServer], project: Project, second_account: str, store: Path
) -> None:
    backend = start(str(project.number), options=("--second-look",))
    project.connect(backend)
    for id, label in WRONG.items():
        project.answer(id, label)  # answers once the webhook was acknowledged
        backend.kill()
        backend.start()
    backend.kill()
    for number in range(3, 8):  # nobody is there to be told
        project.answer(f"t{number:04d}", LABELS[number % 3])
    backend.start()
    until(lambda: len(project.second_looks()) >= 6, seconds=60)
    time.sleep(2)
    asked = project.second_looks()
    assert len(asked) == 6 and len({look["labelsift_key"] for look in asked}) == 6
    records = [record for record in Store(store).ledger.records() if record["kind"] == "second_look"]
    assert sorted(record["of"] for record in records) == ["agreement"] * 3 + ["contradiction"] * 3


def test_start_training_changes_the_versions_and_a_prediction(
    start: Callable[..., BackendServer], project: Project
) -> None:
    backend = start(str(project.number), options=("--train",))
    number = project.connect(backend)
    run = next(iter(backend.health()["runs"]))
    assert _label(project.open("t0003")[0]) == "card"
    for index in range(3, 33):
        project.answer(f"t{index:04d}", "refund" if index % 3 == 0 else LABELS[index % 3])
    project.client.send("POST", f"/api/ml/{number}/train", body={}, what="training")

    def versions() -> list[str]:
        return project.client.get(f"/api/ml/{number}/versions", what="the versions")["versions"]

    until(lambda: len(versions()) == 2)
    assert versions() == [f"labelsift/{run}+1", f"labelsift/{run}"]
    # A task that has a prediction is not asked about when it is opened, whatever version that is of: "Retrieve" does.
    assert len(project.open("t0003")) == 1
    project.retrieve("t0003")
    made = {prediction["model_version"]: _label(prediction) for prediction in project.open("t0003")}
    assert made == {f"labelsift/{run}": "card", f"labelsift/{run}+1": "refund"}
    backend.stop()
    backend.start()
    assert versions() == [f"labelsift/{run}+1", f"labelsift/{run}"]
    assert [line["event"] for line in backend.lines()].count("stopped") == 1
