"""One real Argilla for all of these tests, people on it, and reports to push to it."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from faultproxy import FaultProxy
from flagged_queue import build_queue
from labelsift.integrations.argilla import Argilla
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.server import WORKSPACE, ArgillaServer
from labelsift.report import Report

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """One person's login, key and id on the server."""

    username: str
    password: str
    api_key: str
    id: str


@pytest.fixture(scope="session")
def make_queue() -> Callable[..., Report]:
    return build_queue


@pytest.fixture(scope="session")
def redis() -> None:
    """Skip what needs Redis where there is none."""
    if shutil.which("redis-server") is None:
        hint = "redis-server is missing: apt-get install redis-server"
        (pytest.fail if os.environ.get("LABELSIFT_CI") == "1" else pytest.skip)(hint)


@pytest.fixture(scope="session")
def server(redis: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgillaServer]:
    with ArgillaServer(tmp_path_factory.mktemp("argilla")) as running:
        yield running


@pytest.fixture
def reached(server: ArgillaServer, monkeypatch: pytest.MonkeyPatch) -> ArgillaServer:
    """The server, where the commands look for it."""
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def platform(reached: ArgillaServer) -> Argilla:
    return Argilla()


@pytest.fixture(scope="session")
def client(server: ArgillaServer) -> Client:
    return Client(server.url, server.api_key)


@pytest.fixture
def proxy(reached: ArgillaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Stand before the server, where the commands look for it."""
    with FaultProxy(reached.url) as between:
        monkeypatch.setenv("ARGILLA_API_URL", between.url)
        yield between


@pytest.fixture
def name() -> str:
    """A dataset's name that no other test uses."""
    return f"Tickets {next(_numbers)}"


@pytest.fixture(scope="session")
def api(server: ArgillaServer) -> Callable[..., Any]:
    """Ask the server without labelsift: ``api("GET", "/me")``; the owner asks, or whose key is given."""

    def ask(method: str, path: str, body: object = None, *, key: str | None = None, **params: Any) -> Any:
        headers = {"X-Argilla-Api-Key": key or server.api_key}
        url = f"{server.url}/api/v1{path}"
        answer = requests.request(method, url, json=body, params=params, headers=headers, timeout=120)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    return ask


@pytest.fixture(scope="session")
def workspace_id(api: Callable[..., Any]) -> str:
    return next(found["id"] for found in api("GET", "/me/workspaces")["items"] if found["name"] == WORKSPACE)


@pytest.fixture(scope="session")
def make_user(api: Callable[..., Any], workspace_id: str) -> Callable[..., Account]:
    """Make an account of a role, and put it into the workspace."""

    def make(role: str = "annotator", *, member: bool = True) -> Account:
        username, password = f"{role}-{next(_numbers)}", secrets.token_urlsafe(12)
        body = {"first_name": role, "username": username, "password": password, "role": role}
        user = api("POST", "/users", body)
        if member:
            api("POST", f"/workspaces/{workspace_id}/users", {"user_id": user["id"]})
        return Account(username, password, user["api_key"], user["id"])

    return make


@pytest.fixture(scope="session")
def log_in() -> Callable[..., None]:
    """Log a context of Chromium in without a page: the pages look for a token in the browser's local storage."""

    def post(context: Any, url: str, account: Account | ArgillaServer) -> None:
        form = {"username": account.username, "password": account.password}
        answer = context.request.post(f"{url}/api/v1/token", form=form)
        assert answer.ok, answer.status
        kept = {"auth.strategy": "local", "auth._token.local": f"Bearer {answer.json()['access_token']}"}
        lines = "".join(f"localStorage.setItem({json.dumps(key)}, {json.dumps(value)});" for key, value in kept.items())
        context.add_init_script(f"if (location.origin === {json.dumps(url)}) {{{lines}}}")

    return post


@pytest.fixture(scope="session")
def logged_in(chromium: Any, server: ArgillaServer, log_in: Callable[..., None]) -> Iterator[Any]:
    """A context of the owner; shared by all tests, so that Chromium loads the scripts of the pages once."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(60_000)
    log_in(context, server.url, server)
    yield context
    context.close()
