"""A server, a Redis, an index or a push that dies in the middle: the next push leaves every sample exactly once."""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from faultproxy import Fault
from killed_push import end, start_push
from labelsift.errors import PlatformError
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.convert.review_schema import DECISION, GIVEN, RANK
from labelsift.integrations.argilla.push import review_dataset
from labelsift.integrations.argilla.state import rounds
from labelsift.integrations.argilla.state.rounds import rounds_in

BULK = r"PUT /api/v1/datasets/[^/]+/records/bulk$"
PUSH = "labelsift.integrations.argilla.push.review_dataset"


def dataset_of(client: Client, name: str) -> str:
    (review,) = [found for found in rounds_in(client.datasets(client.workspaces()[0]["id"])) if found.of == name]
    return review.dataset


def exact(client: Client, name: str, rows: int) -> None:
    """See that every sample is there once, in the database and in the index, worst first."""
    dataset = dataset_of(client, name)
    ids = [record["external_id"] for page in client.records(dataset) for record in page]
    assert (len(ids), len(set(ids))) == (rows, rows)
    scope = {"entity": "metadata", "metadata_property": RANK}
    pages = client.search(dataset, sort=[{"scope": scope, "order": "asc"}], include=())
    assert [record["metadata"][RANK] for page in pages for record, _ in page] == [*range(1, rows + 1)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(rounds, "PATIENCE", 1.0)


@pytest.fixture
def started_again(server, proxy) -> Callable[..., None]:
    """Kill something when a request comes that matches, at its start or at its end, and start it when told."""

    def kill_at(what: str, where: str, *, number: int = 1) -> Callable[[], None]:
        part, seen = getattr(server, what), []

        def choose(request: str) -> Fault | None:
            if re.search(where, request):
                seen.append(request)
                if len(seen) == number:
                    part.kill()
            return None

        proxy._choose = choose

        def revive() -> None:
            proxy.clear()
            if len(seen) >= number:
                part.start()
                server.worker.kill()  # does not outlive Redis
                server.worker.start()

        return revive

    return kill_at


@pytest.mark.parametrize("what", ["server", "redis"])
@pytest.mark.parametrize("number", [1, 3])
def test_what_dies_is_named_and_the_next_push_completes(
    started_again, platform, make_queue, name, client, server, monkeypatch, what, number
):
    monkeypatch.setattr(review_dataset, "BATCH", 8)
    report = make_queue(30)
    revive = started_again(what, BULK, number=number)
    try:
        if what == "server":
            with pytest.raises(PlatformError) as refused:
                report.push("argilla", project=name)
            assert "could not be reached" in str(refused.value)
            assert server.api_key not in str(refused.value)
        else:  # without webhooks nothing asks Redis
            report.push("argilla", project=name)
    finally:
        revive()
    report.push("argilla", project=name)
    exact(client, name, 30)
    assert report.push("argilla", project=name).unchanged == 30


def test_redis_that_dies_while_webhooks_listen_loses_nothing(
    started_again, platform, make_queue, name, client, api, monkeypatch
):
    monkeypatch.setattr(review_dataset, "BATCH", 8)
    body = {"url": "http://127.0.0.1:9/hook", "events": ["record.created", "record.updated"], "description": "-"}
    hook = api("POST", "/webhooks", body)["id"]
    report = make_queue(30)
    revive = started_again("redis", BULK, number=2)
    try:
        with pytest.raises(PlatformError, match="failed with 500") as refused:
            report.push("argilla", project=name)
        assert refused.value.hint
    finally:
        revive()
        api("DELETE", f"/webhooks/{hook}")
    report.push("argilla", project=name)
    exact(client, name, 30)


@pytest.fixture
def index(server) -> Callable[..., None]:
    """Change documents of the search index behind the server's back, as it leaves them that dies before it tells it."""
    if server.index is None:
        pytest.skip("a real Elasticsearch is left alone")

    def change(dataset: str, records: list[str], *, rank: int | None = None) -> None:
        for record in records:
            url = f"{server._search[1]}/rg.{dataset}/_doc/{record}?refresh=true"
            if rank is None:
                answer = requests.delete(url, timeout=30)
            else:
                source = requests.get(url, timeout=30).json()["_source"]
                source["metadata"][RANK] = rank
                answer = requests.put(url, json=source, timeout=30)
            assert answer.ok, answer.text

    return change


def test_records_that_the_index_did_not_take_are_found_by_the_next_push(platform, make_queue, name, client, index):
    report = make_queue(30)
    report.push("argilla", project=name)
    dataset = dataset_of(client, name)
    (page,) = client.records(dataset)
    client.respond(page[0]["id"], {DECISION: GIVEN})
    before = [*client.records(dataset)]
    index(dataset, [record["id"] for record in page[3:9]])
    assert client.indexed(dataset) == 24
    receipt = report.push("argilla", project=name)
    assert (receipt.created, receipt.updated, receipt.unchanged) == (0, 0, 30)
    exact(client, name, 30)
    assert [*client.records(dataset)] == before


def test_changes_that_the_index_did_not_take_are_brought_there_by_the_next_push(
    platform, make_queue, name, client, index, monkeypatch
):
    report = make_queue(20)
    report.push("argilla", project=name)
    dataset = dataset_of(client, name)
    (page,) = client.records(dataset)
    wrong = [{"external_id": row["external_id"], "metadata": {**row["metadata"], RANK: 99}} for row in page[5:15]]
    client.upsert(dataset, wrong, ids=["-"] * 10)
    upsert = Client.upsert

    def upsert_and_die(self: Client, *args: Any, **more: Any) -> Any:
        upsert(self, *args, **more)
        index(dataset, [row["id"] for row in page[5:15]], rank=99)
        raise PlatformError("it died", hint="-")

    with monkeypatch.context() as patch:
        patch.setattr(Client, "upsert", upsert_and_die)
        with pytest.raises(PlatformError, match="it died"):
            report.push("argilla", project=name)
    with pytest.raises(AssertionError):
        exact(client, name, 20)
    assert report.push("argilla", project=name).unchanged == 20
    exact(client, name, 20)
    assert report.push("argilla", project=name, dry_run=True).unchanged == 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moments", "rows", "batch"), [(3, 400, 50), pytest.param(12, 10_000, 500, marks=pytest.mark.soak)]
)
@pytest.mark.timeout(7200)
def test_killed_at_any_moment_the_next_push_ends_exact(
    platform, make_queue, name, client, tmp_path, monkeypatch, moments, rows, batch
):
    monkeypatch.setattr(review_dataset, "BATCH", batch)
    seed = int(os.environ.get("LABELSIFT_SOAK_SEED", "20261129"))
    rng, report = random.Random(seed), make_queue(rows)
    began = time.monotonic()
    assert report.push("argilla", project=f"{name} whole").created == rows
    takes, arrived = time.monotonic() - began, []
    for moment in range(moments):  # one push, killed again and again until it is through
        process = start_push(report, "argilla", name, tmp_path, module=PUSH, batch=batch)
        # One moment in each slice of what a whole push takes.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(takes * (moment + rng.random()) / moments / 2)
        end(process)
        standing = [found for found in rounds_in(client.datasets(client.workspaces()[0]["id"])) if found.of == name]
        arrived.append(sum(len(page) for found in standing for page in client.records(found.dataset, include=())))
    receipt = report.push("argilla", project=name)
    assert receipt.created + receipt.unchanged == rows
    exact(client, name, rows)
    assert report.push("argilla", project=name).unchanged == rows
    print(f"{rows:,} records, seed {seed}: arrived after each kill {arrived}")
    assert arrived == sorted(arrived)
    assert 0 < max(arrived)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_server_killed_at_random_moments_loses_and_doubles_nothing(platform, make_queue, name, client, server):
    seed = int(os.environ.get("LABELSIFT_SOAK_SEED") or random.randrange(2**32))
    print(f"\nseed {seed}: LABELSIFT_SOAK_SEED={seed} does it again")
    rng, report, interrupted = random.Random(seed), make_queue(1500), 0
    for _ in range(int(os.environ.get("LABELSIFT_SOAK_KILLS", "12"))):
        timer = threading.Timer(rng.uniform(0, 12), rng.choice((server.server, server.redis)).kill)
        timer.start()
        try:
            report.push("argilla", project=name)
        except PlatformError as error:
            assert error.hint
            assert server.api_key not in str(error)
            interrupted += 1
        timer.join()
        server.redis.start()
        server.server.kill()
        server.server.start()
    report.push("argilla", project=name)
    exact(client, name, 1500)
    print(f"{interrupted} pushes were interrupted")
