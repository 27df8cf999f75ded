"""Review projects that labelsift made before its modules moved: pushed to without a change, and pulled from."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
import requests
from accounts import new_account
from click.testing import CliRunner
from labelsift.cli import main

FIXTURES = Path(__file__).parents[1] / "fixtures"  # how they were made: tests/store/fixtures/README.md
MADE = json.loads((FIXTURES / "review_projects.json").read_text(encoding="utf-8"))
PUSHES = {
    "Tickets": ["--lanes", "2", "--twice", "40%"],
    "Tickets blind": ["--mode", "blind", "--probe", "50%", "--repeat", "30%"],
}


class Api:
    """Label Studio's own API, spoken as one person; not by labelsift's client, which is what is tested."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._headers = url, {"Authorization": f"Token {token}"}

    def __call__(self, method: str, path: str, **options: Any) -> Any:
        answer = requests.request(method, f"{self._url}{path}", headers=self._headers, timeout=60, **options)
        assert answer.ok, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def people(server) -> dict[str, Api]:
    ben = new_account(server, "ben@example.com")
    return {server.username: Api(server.url, server.api_key), ben.username: Api(server.url, ben.api_key)}


@pytest.fixture(scope="module")
def projects(people) -> list[int]:
    """The review projects as they were, with everybody's answers."""
    api = next(iter(people.values()))
    made = []
    for recorded in MADE["projects"]:
        project = api("POST", "/api/projects/", json=recorded["settings"])["id"]
        tasks = [{key: task[key] for key in ("data", "predictions")} for task in recorded["tasks"]]
        path = f"/api/projects/{project}/import?return_task_ids=true"
        ids = api("POST", path, json=tasks)["task_ids"]
        suggested = {row["task"]: row["id"] for row in api("GET", f"/api/predictions/?project={project}")}
        for task, recorded_task in zip(ids, recorded["tasks"], strict=True):
            assert not recorded_task["meta"]
            for answer in recorded_task["answers"]:
                opened = {"parent_prediction": suggested[task]} if answer["opened"] else {}
                body = answer["body"] | opened
                people[answer["person"]]("POST", f"/api/tasks/{task}/annotations/", json=body)
        for data in recorded["views"]:
            api("POST", "/api/dm/views/", json={"project": project, "data": data})
        made.append(project)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with zipfile.ZipFile(FIXTURES / "pushed_store.zip") as file:
        file.extractall(tmp_path / ".labelsift")
    return tmp_path / ".labelsift"


@pytest.mark.parametrize("name", PUSHES)
def test_a_push_changes_nothing(platform, projects, people, store, name):
    api = next(iter(people.values()))

    def state() -> list[Any]:
        return [
            (
                {key: value for key, value in api("GET", f"/api/projects/{project}/").items() if key != "queue_total"},
                api("GET", f"/api/projects/{project}/export?exportType=JSON&download_all_tasks=true"),
                api("GET", f"/api/predictions/?project={project}"),
                api("GET", f"/api/dm/views?project={project}"),
            )
            for project in projects
        ]

    before = state()
    command = ["push", "label-studio", name, "--run", MADE["runs"][name], "--store", str(store), *PUSHES[name]]
    done = CliRunner().invoke(main, [*command, "--json"])
    assert done.exit_code == 0, done.output
    receipt = json.loads(done.stdout)
    tasks = sum(len(row["tasks"]) for row in MADE["projects"] if f'"of": "{name}"' in row["settings"]["description"])
    assert (receipt["created"], receipt["updated"], receipt["unchanged"]) == (0, 0, tasks)
    assert receipt["details"]["tabs_written"] == 0
    assert state() == before


@pytest.mark.parametrize("name", PUSHES)
def test_a_pull_brings_the_same_decisions(platform, projects, store, name):
    def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [{key: value for key, value in row.items() if key != "time"} for row in rows]
        return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True))

    pulled = ls.pull("label-studio", project=name, store=store)
    assert plain(pulled.to_pylist()) == plain(MADE["pulled"][name])
    assert ls.record(pulled, store=store).new == len(MADE["pulled"][name])
    assert ls.record(ls.pull("label-studio", project=name, store=store), store=store).new == 0
