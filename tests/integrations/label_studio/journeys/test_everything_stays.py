"""Annotations of people's, through everything that labelsift does to a project: the same after it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.integrations.label_studio.client.client import Client

from ..apply import test_apply as applying
from ..backend import test_real_server as real
from ..backend.conftest import CONFIG, LABELS, WRONG, build_samples, until

start, second_account, everything = real.start, real.second_account, applying.everything  # fixtures
ROWS = [60, pytest.param(500, marks=pytest.mark.soak)]
THEIRS = {"title": "Mine", "type": "list", "target": "tasks", "ordering": ["tasks:id"], "filters": {}}
# What a project counts: labelsift's predictions and people's new answers stay.
COUNTS = (
    "total_annotations_number",
    "total_predictions_number",
    "num_tasks_with_annotations",
    "useful_annotation_number",
)


def region(label: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / ".labelsift"


@pytest.fixture
def project(client: Client, name: str, rows: int) -> int:
    made = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
    samples = build_samples(rows)
    columns = zip(samples.ids.to_pylist(), samples.texts.to_pylist(), samples.labels.to_pylist(), strict=True)
    data = [({"text": text, "ticket": id}, [{"result": [region(label)]}]) for id, text, label in columns]
    client.import_tasks(made, [{"data": fields, "annotations": said} for fields, said in data])
    client.create_view(made, THEIRS)
    return made


@pytest.fixture
def settings_of(state_of: Any) -> Any:
    def read(project: int) -> dict[str, Any]:
        state = state_of(project)
        state["project"] = {name: value for name, value in state["project"].items() if name not in COUNTS}
        return state

    return read


def run(*words: object) -> dict[str, Any]:
    done = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("rows", ROWS)
def test_annotations_of_people_are_the_same_after_everything(
    platform, client, name, project, rows, store, start, second_account, everything, settings_of, monkeypatch, tasks_of
):
    before, settings = everything(project), settings_of(project)
    data = {task["id"]: task["data"] for task in tasks_of(project)}
    assert len(before) == rows

    def same() -> bool:
        now = everything(project)
        return {id: now[id] for id in before} == before

    report = ls.scan(ls.read(f"label-studio://{name}", id="ticket"), store=store)
    assert everything(project) == before
    backend = start(str(project), options=("--second-look",))
    monkeypatch.setenv("LABELSIFT_BACKEND_PASSWORD", real.SECRET)
    run("enable", "label-studio", name, "--backend", backend.url, "--store", store, "--yes")
    run("push", "label-studio", name, "--match", "data.ticket", "--only", "label", "--store", store)
    assert everything(project) == before

    flagged = {task["data"]["labelsift_id"]: task for task in tasks_of(project) if "labelsift_id" in task["data"]}
    assert flagged.keys() >= WRONG.keys()
    right = {id: LABELS[int(id[1:]) % len(LABELS)] for id in WRONG}
    # One person takes a label that the scan gives next to nothing: a second look, once.
    third = next(label for label in LABELS if label not in (WRONG["t0000"], right["t0000"]))
    said = right | {"t0000": third}
    for id, label in said.items():
        path = f"/api/tasks/{flagged[id]['id']}/annotations/"
        client.send("POST", path, body={"result": [region(label)]}, what="an answer")
    people = everything(project)
    assert len(people) == rows + len(WRONG) and same()

    def looks() -> list[dict[str, Any]]:
        places = [project for project in client.projects() if project["title"] == f"{name} · labelsift second look"]
        return [task for place in places for task in tasks_of(place["id"])]

    until(lambda: len(looks()) >= 2, seconds=60)
    answered = sqlite3.connect(f"file:{store / 'backend' / 'queue.sqlite3'}?mode=ro", uri=True)

    def noted() -> set[int]:
        return {number for (number,) in answered.execute("SELECT annotation FROM answers")}

    until(lambda: noted() >= people.keys() - before.keys())
    known, asked = noted(), looks()

    assert len(ls.pull("label-studio", project=name, store=store)) == len(WRONG)
    run("pull", "label-studio", name, "--store", store)
    plan = CliRunner().invoke(main, ["apply", "label-studio", name, "--store", str(store), "--dry-run"])
    assert "Plan, nothing was sent" in plan.output and f"annotations written: {len(WRONG)}" in plan.output
    assert everything(project) == people

    def done() -> int:
        return sum(line["jobs"] for line in backend.lines() if line["event"] == "jobs_done")

    jobs = done()
    assert run("apply", "label-studio", name, "--store", store)["created"] == len(WRONG)
    applied = everything(project)
    assert {id: applied[id] for id in people} == people and len(applied) == len(people) + len(WRONG)
    # The backend is told of each, and takes none for a person's answer.
    until(lambda: done() >= jobs + len(WRONG))
    assert noted() == known and looks() == asked
    twice = run("apply", "label-studio", name, "--store", store)
    assert [twice[name] for name in ("created", "updated", "unchanged")] == [0, 0, len(WRONG)]
    assert everything(project) == applied
    # What labelsift wrote decides nothing.
    assert len(ls.pull("label-studio", project=name, store=store)) == len(WRONG)
    labels = ls.read(f"label-studio://{name}", id="ticket")
    now = dict(zip(labels.ids.to_pylist(), labels.labels.to_pylist(), strict=True))
    assert {id: now[id] for id in said} == said
    assert report.samples.labels.to_pylist()[3:] == labels.labels.to_pylist()[3:]

    undone = run("apply", "label-studio", name, "--undo", "--store", store)
    assert undone["details"]["annotations_deleted"] == len(WRONG)
    assert everything(project) == people
    doctor = CliRunner().invoke(main, ["doctor", "label-studio", name])
    assert f"{name} · labelsift second look holds {len(asked)} second looks" in doctor.output
    gone = run("disable", "label-studio", name, "--store", store)
    assert f"{name} · labelsift second look" in gone["details"]["projects_left"]
    assert everything(project) == people and same()
    restored = settings_of(project)
    assert [name for name in restored["project"] if restored["project"][name] != settings["project"][name]] == []
    assert restored == settings
    after = {task["id"]: task["data"] for task in tasks_of(project)}
    assert {id: {key: fields[key] for key in data[id]} for id, fields in after.items()} == data
    assert all(key.startswith("labelsift_") for id, fields in after.items() for key in fields.keys() - data[id].keys())
    assert [id for id, fields in after.items() if fields != data[id]] == [task["id"] for task in flagged.values()]
