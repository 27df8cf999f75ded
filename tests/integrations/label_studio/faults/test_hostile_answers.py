"""Answers that no Label Studio gives: the key and the texts stay here, and a person learns what is wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from faultproxy import Fault, FaultProxy
from labelsift.errors import PlatformError
from labelsift.integrations import _http
from labelsift.integrations.label_studio.client import transport as wire
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.state import rounds as review

STEPS = [
    *(r"GET /api/projects\?", r"POST /api/projects/$", "GET /api/predictions", "GET /api/tasks", r"POST .*/import\b"),
    *("GET /api/dm/views", "POST /api/dm/views", r"PATCH /api/projects/\d+/"),
]
READS = ["GET /api/users", "GET /api/tasks", r"GET /api/projects\?"]
ODD = {
    "a page": "<!doctype html><title>Log in</title>",
    "nothing": "",
    "null": "null",
    "an empty list": "[]",
    "an empty object": "{}",
    "a list of null": "[null]",
    "a list of lists": "[[1]]",
    "an object of null": '{"results": null, "tasks": null, "total": null, "id": null, "task_count": null}',
    "an object of numbers": '{"results": 7, "tasks": 7, "total": "x", "id": "x", "task_count": [], "next": 3}',
    "rows of nothing": '[{"id": null, "task": null, "model_version": "labelsift/x", "data": {}, "result": 3}]',
    "rows of another kind": '{"results": [{"id": "x"}], "tasks": [{"id": "x"}], "total": 1}',
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(review, "PATIENCE", 0.5)


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_answer_of_another_shape_is_never_taken_for_one(proxy, platform, make_queue, name, counts, client, body):
    report = make_queue(6)
    for step in STEPS:
        proxy.plan(Fault(step, 200, times=None, body=body))
        # What the server says to a note or a tab that it has taken is of no use, so nobody looks at it closely.
        try:
            report.push("label-studio", project=name)
            assert step.startswith("PATCH") or body == "[]", step
        except PlatformError as refused:
            assert "\n" not in str(refused)
            assert re.search("like Label Studio|has gone again", str(refused)), refused
    proxy.clear()
    receipt = report.push("label-studio", project=name)
    assert counts(receipt.details["project_id"]) == (6, 5, 6)
    assert len([project for project in client.projects() if project["title"].startswith(f"{name} ·")]) == 1
    for step in READS:
        proxy.plan(Fault(step, 200, times=None, body=body))
        try:
            assert platform.pull(project=name).num_rows == 0
            assert body == "[]", step
        except PlatformError as refused:
            assert "like Label Studio" in str(refused)


@pytest.fixture
def elsewhere() -> Iterator[FaultProxy]:
    """Somebody else's server, under another name, that is glad of whatever comes."""
    with FaultProxy(
        choose=lambda request: Fault(".", 200, body='{"access": "x", "results": [], "next": null}')
    ) as other:
        other.url = other.url.replace("127.0.0.1", "localhost")
        yield other


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_key_and_texts_follow_no_redirection(proxy, elsewhere, platform, make_queue, name, server, status):
    to = {"Location": f"{elsewhere.url}/login?next=/secret-4711"}
    for step in (*STEPS[:2], STEPS[-1], *STEPS[2:-1]):
        proxy.plan(Fault(step, status, times=None, headers=to, body=""))
        with pytest.raises(PlatformError, match=f"redirects to {elsewhere.url}, and the key") as refused:
            make_queue(4).push("label-studio", project=name)
        assert "secret-4711" not in str(refused.value)
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", [302, 307])
def test_a_personal_token_follows_no_redirection(proxy, elsewhere, platform, monkeypatch, personal, status):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", personal)
    proxy.plan(Fault("POST /api/token/refresh", status, headers={"Location": elsewhere.url}, body=""))
    with pytest.raises(PlatformError, match="redirects to"):
        platform.pull(project="any")
    assert elsewhere.requests == []


def test_a_personal_token_goes_nowhere_but_below_the_path_of_the_address(personal):
    with FaultProxy(choose=lambda request: Fault(".", 404, body="<title>Not here</title>")) as front:
        with pytest.raises(PlatformError, match="does not answer like Label Studio"):
            Client(f"{front.url}/labels", personal).projects()
        assert {request.split()[1] for request in front.requests} == {"/labels/api/token/refresh/"}


def test_a_token_that_cannot_be_renewed_for_a_while_is_no_stranger(proxy, platform, monkeypatch, personal):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", personal)
    proxy.plan(Fault("POST /api/token/refresh", 502, body="<html><title>502 Bad Gateway</title></html>"))
    with pytest.raises(PlatformError, match=r"failed with 502 when asked for .*: 502 Bad Gateway"):
        platform.pull(project="any")


@pytest.mark.parametrize("step", STEPS)
def test_an_access_token_that_runs_out_in_the_middle_is_renewed(
    proxy, platform, make_queue, name, counts, client, monkeypatch, personal, step
):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", personal)
    said = '{"detail": "Given token not valid for any token type", "code": "token_not_valid"}'
    expired: list[str] = []
    fault = Fault(step, 401, times=None, body=said)

    def refuse_what_the_server_has_forgotten(request: str) -> Fault | None:
        token = proxy.headers[-1].get("Authorization", "")
        if not expired and fault.takes(request):
            expired.append(token)
        return fault if token in expired else None

    proxy._choose = refuse_what_the_server_has_forgotten
    receipt = make_queue(6).push("label-studio", project=name)
    assert len(expired) == 1
    assert proxy.count("POST /api/token/refresh") >= 2
    assert counts(receipt.details["project_id"]) == (6, 5, 6)
    assert len([project for project in client.projects() if project["title"].startswith(f"{name} ·")]) == 1


def test_a_token_that_is_refused_again_is_not_tried_for_ever(proxy, platform, monkeypatch, personal):
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", personal)
    said = f'{{"detail": "bad token {personal}", "and": "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"}}'
    proxy.plan(Fault("GET /api/projects", 401, times=None, body=said))
    with pytest.raises(PlatformError, match="does not accept the key") as refused:
        platform.pull(project="any")
    assert "eyJ" not in str(refused.value)
    assert proxy.count("GET /api/projects") == 2
    proxy.plan(Fault("GET /api/projects", 400, times=None, body=said))
    with pytest.raises(PlatformError, match=r"with 400: bad token …") as refused:
        platform.pull(project="any")
    assert "eyJ" not in str(refused.value)


def test_an_answer_that_trickles_in_is_given_up(proxy, platform, monkeypatch):
    monkeypatch.setattr(_http, "WHOLE", 0.5)
    proxy.plan(Fault("GET /api/projects", "drip", seconds=0.1))
    began = time.monotonic()
    with pytest.raises(PlatformError, match=r"could not be reached \(Timeout\)"):
        platform.pull(project="any")
    assert time.monotonic() - began < 10  # the whole answer takes longer than a minute


def test_a_read_that_takes_too_long_is_not_called_unreachable(proxy, platform, monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT", 0.3)
    proxy.plan(Fault("GET /api/projects", "delay", seconds=2, times=None))
    with pytest.raises(PlatformError, match="has not answered in time when asked for the list of projects"):
        platform.pull(project="any")


def test_a_server_that_is_silent_is_given_up_and_what_it_stored_meanwhile_counts(
    proxy, platform, make_queue, name, counts, monkeypatch
):
    report = make_queue(6)
    make_queue(1).push("label-studio", project=name)  # the reader of configs has been loaded
    with monkeypatch.context() as patch:
        patch.setattr(wire, "TIMEOUT", 1.0)
        proxy.plan(Fault(r"POST .*/import\b", "delay", seconds=3))
        with pytest.raises(PlatformError, match="has not answered in time when asked for"):
            report.push("label-studio", project=f"{name} late")
    receipt = report.push("label-studio", project=f"{name} late")
    assert (receipt.created, receipt.unchanged) == (0, 6)
    assert counts(receipt.details["project_id"]) == (6, 5, 6)
