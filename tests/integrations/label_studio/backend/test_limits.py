"""What one event, one config or many of them can cost."""

from __future__ import annotations

import json
from unittest.mock import create_autospec

import pytest
from labelsift.integrations.label_studio.backend import app, projects
from labelsift.serving.database import OF_SOURCE
from starlette.testclient import TestClient

from .conftest import CONFIG, Bench


def _event(**more: object) -> dict[str, object]:
    return {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 5, "task": 1000}} | more


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {"action": "x" * 1000},
        {"annotation": {"id": 5, "updated_at": "2" * 1000}},
        {"annotation": {"id": 2**70}},
        {"project": {"id": -1}},
    ],
)
def test_fields_have_bounds(bench: Bench, more: dict[str, object]) -> None:
    assert TestClient(bench.app).post("/webhook", json=_event(**more)).status_code == 422
    assert bench.database.job_counts() == {}


@pytest.mark.slow
def test_a_large_field_is_kept_nowhere(bench: Bench) -> None:
    client = TestClient(bench.app)
    assert client.post("/webhook", json=_event(task={"data": "x" * 2_000_000})).status_code == 413
    assert client.post("/webhook", json=_event(task={"data": "PLANTED" * 1000})).status_code == 200
    kept = b"".join(path.read_bytes() for path in bench.database.folder.iterdir() if path.is_file())
    assert b"PLANTED" not in kept


def test_twenty_thousand_ids_that_nobody_knows_are_no_job(bench: Bench) -> None:
    gone = [{"id": number} for number in range(20_000)]
    answer = TestClient(bench.app).post("/webhook", json=_event(action="ANNOTATIONS_DELETED", annotations=gone))
    assert answer.json() == {"status": "ok", "queued": 0}
    assert bench.database.job_counts() == {}


def test_a_full_queue_is_said_and_what_was_missed_is_asked_for_soon(bench: Bench) -> None:
    tasks = [(None, 10_000 + number) for number in range(OF_SOURCE)]
    bench.database.add_jobs("annotation", 1, tasks, source="testclient")
    bench.worker._pause = 300.0
    assert TestClient(bench.app).post("/webhook", json=_event()).status_code == 503
    assert bench.worker._pause < 5
    assert bench.database.job_counts() == {"pending": OF_SOURCE}


@pytest.mark.slow
def test_a_flood_of_tasks_that_are_not_there_costs_few_requests(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    client, asked = TestClient(bench.app), create_autospec(bench.cable.tasks, side_effect=bench.cable.tasks)
    monkeypatch.setattr(bench.cable, "tasks", asked)
    for number in range(300):
        client.post("/webhook", json=_event(annotation={"id": number, "task": 50_000 + number}))
    bench.work()
    assert asked.call_count == 3
    assert bench.database.job_counts() == {"done": 300}


@pytest.mark.slow
def test_configs_are_remembered_by_their_size(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "CONFIGS", 10_000)
    for number in range(50):
        assert bench.projects.target(f"{CONFIG}<!-- {number} {'x' * 900} -->", project=1) is not None
    assert 1 < len(bench.projects._configs) < 12
    assert bench.projects.target(CONFIG + " " * projects.CONFIG, project=1) is None
    assert "longer than" in bench.projects.problems[1]
    for number in range(500):
        bench.projects.target("<no config", project=number)
    assert len(bench.projects.problems) == projects.PROBLEMS
    assert all("xxx" not in json.dumps(key[1]) for key in bench.projects._configs)


def test_setups_that_wait_are_counted(bench: Bench) -> None:
    client = TestClient(bench.app)
    for _ in range(app.SETUPS):
        assert bench.handlers._setups.acquire(blocking=False)
    assert client.post("/setup", json={"project": "1.1", "schema": "<odd"}).status_code == 200
    assert 1 not in bench.projects.problems  # nobody looked
