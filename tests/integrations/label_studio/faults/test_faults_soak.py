"""Faults at random, for long: whatever happened, the next command that gets through leaves everything exactly once."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from faultproxy import CUTS, Fault, FaultProxy
from labelsift.errors import PlatformError
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.state import rounds as review
from labelsift.report import Report

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]

SECONDS = float(os.environ.get("LABELSIFT_SOAK_SECONDS", "600"))
KILLS = int(os.environ.get("LABELSIFT_SOAK_KILLS", "50"))
ROWS = 60
KINDS = (401, 403, 409, 429, 500, 502, *CUTS, "delay")


@pytest.fixture
def rng() -> random.Random:
    seed = int(os.environ.get("LABELSIFT_SOAK_SEED") or random.randrange(2**32))
    print(f"\nseed {seed}: LABELSIFT_SOAK_SEED={seed} does it again")
    return random.Random(seed)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(review, "PATIENCE", 3.0)


@pytest.fixture
def answer(client, rng) -> Callable[[int], None]:
    """Let somebody answer a task that nobody has answered yet."""

    def push_and_pull(project: int) -> None:
        free = [task for page in client.tasks(project) for task in page if not task["total_annotations"]]
        if free:
            result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}
            task = rng.choice(free)["id"]
            client.send("POST", f"/api/tasks/{task}/annotations/", body={"result": [result]}, what="an annotation")

    return push_and_pull


def exact(client: Client, counts: Any, name: str) -> int:
    """See that a project holds every sample once, each with its prediction, and its tabs; return its number."""
    (project,) = [project["id"] for project in client.projects() if project["title"].startswith(f"{name} ·")]
    assert counts(project) == (ROWS, ROWS - 1, 6)
    copies = Counter(task["data"]["labelsift_id"] for page in client.tasks(project) for task in page)
    assert (len(copies), set(copies.values())) == (ROWS, {1})
    return project


def tried(does: Callable[[], object], *, secret: str) -> bool:
    """Tell whether a command got through; what stopped it must be said, and no secret with it."""
    try:
        does()
    except PlatformError as error:
        assert error.hint
        assert "\n" not in str(error)
        assert secret not in str(error)
        return False
    return True


def until_it_gets_through(does: Callable[[], object], *, secret: str) -> None:
    for _ in range(20):
        if tried(does, secret=secret):
            return
    raise AssertionError("nothing gets through any more")


@pytest.fixture
def flaky(server, platform, monkeypatch, rng) -> Iterator[FaultProxy]:
    """A proxy at which one request in twelve fails."""

    def choose(request: str) -> Fault | None:
        if rng.random() > 1 / 12:
            return None
        return Fault(".", rng.choice(KINDS), headers={"Retry-After": "0"}, seconds=rng.uniform(0, 0.5))

    with FaultProxy(server.url, choose=choose) as between:
        monkeypatch.setenv("LABEL_STUDIO_URL", between.url)
        yield between


def test_random_faults_lose_and_double_nothing(flaky, platform, make_queue, server, client, counts, rng, name, answer):
    end, choose, failed, passed = time.monotonic() + SECONDS, flaky._choose, 0, 0
    turn = 0
    while time.monotonic() < end:
        turn += 1
        project = f"{name} turn {turn}"
        report: Report = make_queue(ROWS, run=f"run-{turn}")
        flaky._choose = choose
        for _ in range(rng.randrange(1, 5)):
            got_through = tried(lambda: report.push("label-studio", project=project), secret=server.api_key)  # noqa: B023
            passed, failed = passed + got_through, failed + (not got_through)
        flaky._choose = None
        until_it_gets_through(lambda: report.push("label-studio", project=project), secret=server.api_key)  # noqa: B023
        number = exact(client, counts, project)
        for _ in range(3):
            answer(number)
        flaky._choose = choose
        pulled: list[Any] = []
        until_it_gets_through(lambda: pulled.append(platform.pull(project=project)), secret=server.api_key)  # noqa: B023
        assert len({row["id"] for row in pulled[-1].to_pylist()}) == pulled[-1].num_rows == 3
        flaky._choose = None
        assert report.push("label-studio", project=project).unchanged == ROWS
        client.delete_project(number)
    print(f"{turn} projects, {len(flaky.requests):,} requests; {failed} pushes failed and {passed} got through")
    assert turn == 1 or failed > 0


def test_a_server_killed_at_random_moments_loses_and_doubles_nothing(
    platform: LabelStudio, make_queue, server, client, counts, rng, name, answer, tmp_path: Path
):
    report: Report = make_queue(ROWS)
    began = time.monotonic()
    report.push("label-studio", project=f"{name} first")
    takes = time.monotonic() - began
    interrupted = decided = 0
    for kill in range(KILLS):
        fresh = kill % 5 == 0  # a project of its own now and then, so that every stage is hit
        project = f"{name} {kill // 5}"
        if kill % 5 in (2, 4):
            does = partial(platform.pull, project=project)
        else:
            does = partial(report.push, "label-studio", project=project)
        timer = threading.Timer(rng.uniform(0, takes), server.kill)
        timer.start()
        interrupted += not tried(does, secret=server.api_key)
        timer.join()
        server.start()
        until_it_gets_through(lambda: report.push("label-studio", project=project), secret=server.api_key)  # noqa: B023
        number = exact(client, counts, project)
        decided = 0 if fresh else decided
        assert platform.pull(project=project).num_rows == decided
        answer(number)
        decided += 1
        assert platform.pull(project=project).num_rows == decided
    print(f"{KILLS} kills, {interrupted} of which interrupted a command")
    assert interrupted > 0
