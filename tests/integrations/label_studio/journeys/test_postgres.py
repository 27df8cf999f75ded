"""Label Studio on PostgreSQL, as teams run it: five people at once, and a push and its repeat."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from accounts import new_account
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.server import LabelStudioServer
from postgres import postgres, programs

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]
PEOPLE, ROUNDS = 5, 40


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if programs() is None:
        hint = "PostgreSQL is missing: apt-get install postgresql"
        (pytest.fail if os.environ.get("LABELSIFT_CI") == "1" else pytest.skip)(hint)
    token = secrets.token_hex(20)
    with postgres() as variables:
        first = {
            "LABEL_STUDIO_USERNAME": "admin@example.com",
            "LABEL_STUDIO_PASSWORD": secrets.token_urlsafe(12),
            "LABEL_STUDIO_USER_TOKEN": token,
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        }
        made = LabelStudioServer(tmp_path_factory.mktemp("on-postgres") / "server", settings=variables | first)
        made.timeout = 1800  # its first start makes the tables
        with made:
            made.api_key = token  # of this database, not of the template's
            yield made


def next_task(client: Client, project: int) -> dict[str, Any]:
    """What "Label All Tasks" asks for."""
    body = {"project": str(project)}
    return client.send("POST", "/api/dm/actions/", params={"id": "next_task", **body}, body=body, what="the next task")


def test_five_people_in_the_plain_stream_never_share_a_task(server, make_queue, monkeypatch):
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)
    report = make_queue(PEOPLE * ROUNDS + 20)
    receipt = report.push("label-studio", project="On PostgreSQL")
    project = receipt.details["project_id"]
    people = [Client(server.url, new_account(server, f"p{number}@example.com").api_key) for number in range(PEOPLE)]
    given: list[int] = []
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(PEOPLE) as at_once:
            tasks = list(at_once.map(lambda person: next_task(person, project)["id"], people))
        assert len(set(tasks)) == PEOPLE  # while each holds one
        given += tasks
        for person, task in zip(people, tasks, strict=True):
            result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}]
            person.send("POST", f"/api/tasks/{task}/annotations/", body={"result": result}, what="an answer")
    assert max(Counter(given).values()) == 1
    again = report.push("label-studio", project="On PostgreSQL")
    assert (again.created, again.updated, again.failed) == (0, 0, {})


def test_flags_on_100_000_tasks_and_their_repeat_end_exact(server, make_queue, monkeypatch):
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)
    client, rows, flagged = Client(server.url, server.api_key), 100_000, 200
    report = make_queue(rows, flagged=flagged)
    choices = "".join(f'<Choice value="{label}"/>' for label in report.samples.classes)
    config = f'<View><Text name="b" value="$text"/><Choices name="i" toName="b">{choices}</Choices></View>'
    project = client.create_project(title="Large", description="", label_config=config, model_version="")
    columns = (report.samples.ids, report.samples.texts, report.samples.labels)
    tasks = [
        {
            "data": {"ticket": id, "text": text},
            "annotations": [
                {"result": [{"from_name": "i", "to_name": "b", "type": "choices", "value": {"choices": [label]}}]}
            ],
        }
        for id, text, label in zip(*(column.to_pylist() for column in columns), strict=True)
    ]
    for start in range(0, rows, 2_000):
        client.import_tasks(project, tasks[start : start + 2_000])
    took = []
    for updated in (flagged, 0):
        began = time.monotonic()
        receipt = report.push("label-studio", project="Large", match="ticket")
        took.append(time.monotonic() - began)
        assert (receipt.updated, receipt.unchanged, receipt.failed) == (updated, flagged - updated, {})
        assert len(client.predictions(project)) == flagged - 1
    print(f"push {took[0]:.0f} s, its repeat {took[1]:.0f} s")
