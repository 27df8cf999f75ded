"""One real Label Studio for all of these tests, and reports to push to it."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from accounts import Account, new_account
from faultproxy import FaultProxy
from flagged_queue import build_queue
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.server import LabelStudioServer
from labelsift.report import Report

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def make_queue() -> Callable[..., Report]:
    return build_queue


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    with LabelStudioServer(tmp_path_factory.mktemp("label-studio")) as running:
        yield running


@pytest.fixture
def platform(server: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> LabelStudio:
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)
    return LabelStudio()


@pytest.fixture(scope="session")
def client(server: LabelStudioServer) -> Client:
    return Client(server.url, server.api_key)


@pytest.fixture
def name() -> str:
    """A project name that no other test uses."""
    return f"Tickets {next(_numbers)}"


@pytest.fixture(scope="session")
def tasks_of(client: Client) -> Callable[[int], list[dict[str, Any]]]:
    """Every task of a project, in the order in which it was imported."""
    return lambda project: [task for page in client.tasks(project, annotations=True) for task in page]


@pytest.fixture(scope="session")
def counts(client: Client) -> Callable[[int], tuple[int, int, int]]:
    """What the server says that a project holds: tasks, predictions, tabs."""

    def count(project: int) -> tuple[int, int, int]:
        settings = client.project(project)
        return settings["task_number"], settings["total_predictions_number"], len(client.views(project))

    return count


@pytest.fixture(scope="session")
def log_in() -> Callable[..., None]:
    """Log a context of Chromium in without a page, which takes seconds to load."""

    def post(context: Any, url: str, account: Account | LabelStudioServer) -> None:
        page = f"{url}/user/login/"
        context.request.get(page)
        token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrftoken")
        form = {"email": account.username, "password": account.password, "csrfmiddlewaretoken": token}
        context.request.post(page, form=form, headers={"Referer": page}, max_redirects=0)
        assert "sessionid" in {cookie["name"] for cookie in context.cookies()}

    return post


@pytest.fixture(scope="session")
def logged_in(chromium: Any, server: LabelStudioServer, log_in: Callable[..., None]) -> Iterator[Any]:
    """A context of the one account; shared by all tests, so that Chromium loads the scripts of the pages once."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(60_000)
    log_in(context, server.url, server)
    yield context
    context.close()


@pytest.fixture
def label_all(logged_in: Any) -> Iterator[Callable[[str], Any]]:
    """Open a review project's page and press Label All Tasks, as a labeler does."""
    pages = []

    def opened(address: str) -> Any:
        page = logged_in.new_page()
        pages.append(page)
        page.goto(address)
        page.get_by_text("Label All Tasks").click()
        page.get_by_role("button", name="Submit current annotation").wait_for()
        return page

    yield opened
    for page in pages:
        page.close()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Compare with a JSON file under golden/, or with --golden-write write it; the review shows what changed."""

    def compare(name: str, made: object) -> None:
        path = Path(__file__).parent / "golden" / f"{name}.json"
        if request.config.getoption("--golden-write"):
            path.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            return
        assert json.loads(path.read_text(encoding="utf-8")) == made

    return compare


class StubBackend:
    """A backend that answers as the real one does, and keeps what it was asked; ``failing`` makes /setup fail."""

    def __init__(self, *, password: str | None = None) -> None:
        self.asked: list[str] = []
        self.hooks: list[str] = []
        self.failing = False
        self.label, self.control = "refund", ("intent", "body")
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer({"status": "UP"} if "health" in self.path else {"versions": ["labelsift/stub"]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/predict":
                    return self.answer({"results": [stub.prediction() for _ in body["tasks"]]})
                if self.path == "/webhook":
                    stub.hooks.append(body["action"])
                elif stub.failing:
                    return self.answer({"detail": "the run is gone"}, status=500)
                return self.answer({"model_version": "labelsift/stub"})

            def answer(self, value: object, status: int = 200) -> None:
                stub.asked.append(self.path)
                good = password is None or self.headers["Authorization"] == basic("labelsift", password)
                content = json.dumps(value if good else {"detail": "no"}).encode()
                self.send_response(status if good else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def prediction(self) -> dict[str, Any]:
        name, to = self.control
        result = [{"from_name": name, "to_name": to, "type": "choices", "value": {"choices": [self.label]}}]
        return {"model_version": "labelsift/stub", "score": 0.93, "result": result}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def make_backend() -> Iterator[Callable[..., StubBackend]]:
    """Start backends that stop with the test."""
    made: list[StubBackend] = []

    def make(**settings: Any) -> StubBackend:
        made.append(StubBackend(**settings))
        return made[-1]

    yield make
    for backend in made:
        backend.stop()


@pytest.fixture
def state_of(client: Client) -> Callable[[int], dict[str, Any]]:
    """Everything that enable may change of a project, as the server tells it."""

    def state(project: int) -> dict[str, Any]:
        settings = client.project(project)
        backends = client.get("/api/ml", what="backends", params={"project": project})
        return {
            "project": {name: value for name, value in settings.items() if name not in ("updated_at", "queue_total")},
            # Listing them makes the server ask each for its state, and note when.
            "backends": [
                {name: value for name, value in backend.items() if name != "updated_at"} for backend in backends
            ],
            "webhooks": client.get("/api/webhooks/", what="webhooks", params={"project": project}),
            "views": client.views(project),
        }

    return state


@pytest.fixture(scope="session")
def second_person(server: LabelStudioServer, client: Client) -> tuple[int, str]:
    """The number and the e-mail address of another account."""
    email = new_account(server, "second@example.com").username
    return next((id, mail) for id, mail in client.people().items() if mail == email)


@pytest.fixture(scope="session")
def personal(server: LabelStudioServer) -> str:
    """A personal access token of the server's account: one a user, and shown whole only when it is made."""
    import requests

    with requests.Session() as browser:
        browser.get(f"{server.url}/user/login/", timeout=60).raise_for_status()
        form = {"email": server.username, "password": server.password}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        browser.post(f"{server.url}/user/login/", data=form, timeout=60).raise_for_status()
        headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
        made = browser.post(f"{server.url}/api/token/", headers=headers, timeout=60)
        made.raise_for_status()
        return str(made.json()["token"])


@pytest.fixture
def proxy(server: LabelStudioServer, platform: LabelStudio, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """Stand before the server, where the commands look for it."""
    with FaultProxy(server.url) as between:
        monkeypatch.setenv("LABEL_STUDIO_URL", between.url)
        yield between
