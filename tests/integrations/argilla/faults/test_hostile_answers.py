"""Answers that no Argilla gives: the key and the texts stay here, and a person learns what is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from faultproxy import Fault, FaultProxy
from labelsift.errors import PlatformError
from labelsift.integrations import _http
from labelsift.integrations.argilla.client import transport
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.state import rounds
from labelsift.integrations.argilla.state.rounds import rounds_in

DATASET = "/api/v1/datasets/[^/]+"
STEPS = [
    *("GET /api/v1/me/workspaces", r"GET /api/v1/me/datasets\?", r"POST /api/v1/datasets$", rf"GET {DATASET}$"),
    *(rf"GET {DATASET}/fields", rf"GET {DATASET}/questions", rf"GET {DATASET}/vectors-settings"),
    *("GET /api/v1/me/datasets/[^/]+/metadata-properties", rf"GET {DATASET}/records\?", rf"PUT {DATASET}/records/bulk"),
]
AGAIN = rf"POST {DATASET}/records/search"
READS = ["GET /api/v1/me$", "GET /api/v1/users$", rf"POST {DATASET}/records/search", rf"GET {DATASET}/users/progress"]
WRONG = '"id": "7", "name": 7, "status": 7, "inserted_at": 7, "username": 7, "role": 7, "settings": 7, "title": 7'
RECORD = '"id": "7", "fields": 7, "metadata": 7, "suggestions": 7, "responses": 7, "status": 7, "external_id": 7'
ODD = {
    "a page": "<!doctype html><title>Log in</title>",
    "nothing": "",
    "null": "null",
    "a list": "[]",
    "an empty object": "{}",
    "a list of null": "[null]",
    "items of null": '{"items": null, "total": null, "id": null, "users": null}',
    "items of nothing": '{"items": [null], "total": "x", "id": 3, "users": [null]}',
    "rows of another kind": f'{{"items": [{{{WRONG}}}], "total": "x", "users": [{{}}], {WRONG}}}',
    "records of another kind": f'{{"items": [{{{RECORD}, "updated_at": 7, "record": 7}}], "users": 7, {RECORD}}}',
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(rounds, "PATIENCE", 0.1)


def standing(client: Client, name: str) -> list[str]:
    found = rounds_in(client.datasets(client.workspaces()[0]["id"]))
    return [review.dataset for review in found if review.of == name]


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_answer_of_another_shape_is_never_taken_for_one(proxy, platform, make_queue, name, client, body):
    report = make_queue(3)
    for step in STEPS:
        fault = Fault(step, 200, times=None, body=body)
        proxy.plan(fault)
        # What the server calls a new dataset is believed, and then it knows of none.
        with pytest.raises(PlatformError, match=r"does not answer like Argilla|refused fields called text") as refused:
            report.push("argilla", project=name)
        assert fault.happened
        assert "\n" not in str(refused.value)
    proxy.clear()
    report.push("argilla", project=name)
    (dataset,) = standing(client, name)
    assert client.indexed(dataset) == 3
    (page,) = client.records(dataset)
    client.respond(page[0]["id"], {"decision": "given"})
    proxy.plan(Fault(AGAIN, 200, times=None, body=body))
    with pytest.raises(PlatformError, match="does not answer like Argilla"):
        report.push("argilla", project=name)
    for step in READS:
        proxy.plan(Fault(step, 200, times=None, body=body))
        with pytest.raises(PlatformError, match="does not answer like Argilla"):
            platform.pull(project=name)


@pytest.fixture
def elsewhere() -> Iterator[FaultProxy]:
    """Somebody else's server, under another name, that is glad of whatever comes."""
    with FaultProxy(choose=lambda request: Fault(".", 200, body='{"items": []}')) as other:
        other.url = other.url.replace("127.0.0.1", "localhost")
        yield other


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_key_and_texts_follow_no_redirection(proxy, elsewhere, platform, make_queue, name, status):
    to = {"Location": f"{elsewhere.url}/login?next=/secret-4711"}
    for step in (*STEPS[:3], STEPS[-1]):
        proxy.plan(Fault(step, status, times=None, headers=to, body=""))
        with pytest.raises(PlatformError, match=f"redirects to {elsewhere.url}, and the key") as refused:
            make_queue(3).push("argilla", project=name)
        assert "secret-4711" not in str(refused.value)
    assert elsewhere.requests == []


def test_a_key_that_is_echoed_is_not_shown(proxy, platform, server):
    said = f'{{"detail": "no key {server.api_key} of eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"}}'
    for status in (400, 401, 403, 418, 422, 500):
        proxy.plan(Fault("GET /api/v1/me/workspaces", status, times=None, body=said))
        with pytest.raises(PlatformError) as refused:
            platform.pull(project="any")
        assert server.api_key not in str(refused.value)
        assert "eyJ" not in str(refused.value)


def test_an_answer_that_trickles_in_is_given_up(proxy, platform, monkeypatch):
    monkeypatch.setattr(_http, "WHOLE", 0.5)
    proxy.plan(Fault("GET /api/v1/me/workspaces", "drip", seconds=0.1))
    began = time.monotonic()
    with pytest.raises(PlatformError, match=r"could not be reached \(Timeout\)"):
        platform.pull(project="any")
    assert time.monotonic() - began < 10  # the whole answer takes longer


def test_a_server_that_is_silent_is_given_up_and_what_it_stored_meanwhile_counts(
    proxy, platform, make_queue, name, client, monkeypatch
):
    report = make_queue(6)
    with monkeypatch.context() as patch:
        patch.setattr(transport, "TIMEOUT", 2.0)
        proxy.plan(Fault(STEPS[-1], "delay", seconds=4))
        with pytest.raises(PlatformError, match="has not answered in time when asked for 6 records"):
            report.push("argilla", project=name)
    receipt = report.push("argilla", project=name)
    assert (receipt.created, receipt.unchanged) == (0, 6)
    assert client.indexed(standing(client, name)[0]) == 6
