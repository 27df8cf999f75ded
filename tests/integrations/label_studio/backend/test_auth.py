"""Who may ask, how much they may send, and what the log holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from labelsift.cli import main as cli
from labelsift.errors import InputError
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.backend import app
from labelsift.integrations.label_studio.backend.app import create_app
from labelsift.serving import auth as access
from labelsift.serving.auth import PASSWORD, PASSWORD_FILE, USER
from starlette.testclient import TestClient

from .conftest import CONFIG, Bench, ask

SECRET = "correct-horse-battery"
AUTH = ("labelsift", SECRET)
JSON = {"content-type": "application/json"}


def test_label_studio_can_be_served() -> None:
    LabelStudio().require("serve")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [None, ("labelsift", "x"), ("admin", SECRET), ("labelsift", SECRET + "x"), ("", "")])
def test_without_the_password_nothing_is_answered(bench: Bench, wrong: Any) -> None:
    client = TestClient(create_app(bench.handlers, secret=SECRET, any_host=True))
    for method, path in [
        ("GET", "/health"),
        ("POST", "/setup"),
        ("POST", "/predict"),
        ("GET", "/versions"),
        ("GET", "/openapi.json"),
        ("GET", "/x"),
    ]:
        answer = client.request(method, path, auth=wrong, json=ask([]) if method == "POST" else None)
        assert answer.status_code == 401 and "Basic" in answer.headers["www-authenticate"]
    assert client.get("/health", auth=AUTH).status_code == 200


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Bearer abc", "Basic é", "Basic " + "A" * 9000])
def test_broken_credentials_are_refused(header: str) -> None:
    assert not access.allows(header, SECRET, user=USER)


@pytest.mark.slow
def test_a_stranger_may_hint_at_an_annotation_but_not_start_training(bench: Bench) -> None:
    client = TestClient(create_app(bench.handlers, secret=SECRET, any_host=True))
    event = {"action": "START_TRAINING", "project": {"id": 1}}
    assert client.post("/webhook", json=event).json()["queued"] == 0
    assert client.post("/webhook", json=event, auth=AUTH).json()["queued"] == 1
    hint = {"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 77, "updated_at": "x"}}
    assert client.post("/webhook", json=hint).json()["queued"] == 1
    bench.served.ready.set()
    bench.work()
    assert bench.cable.second_looks() == []  # the server has no such annotation


def test_without_a_password_only_this_machine_is_meant(bench: Bench) -> None:
    client = TestClient(create_app(bench.handlers, secret=None), base_url="http://127.0.0.1:9090")
    assert client.get("/health").status_code == 200
    assert client.get("/health", headers={"host": "evil.example:9090"}).status_code == 403
    assert client.post("/webhook", content="{}", headers={"content-type": "text/plain"}).status_code == 415


def test_serving_other_machines_without_a_password_is_refused_at_the_start(
    run_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    monkeypatch.delenv(PASSWORD_FILE, raising=False)
    done = CliRunner().invoke(cli, ["serve", "label-studio", "3", "--store", str(run_store), "--host", "0.0.0.0"])
    assert done.exit_code == 2 and "this machine only" in done.output + done.stderr
    assert not (run_store / "backend").exists()


def test_serving_before_any_scan_leaves_nothing_that_a_scan_would_refuse(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["serve", "label-studio", "3", "--store", str(tmp_path / "store")])
    assert done.exit_code == 2 and "Scan first" in done.output + done.stderr
    assert not (tmp_path / "store").exists()


def test_second_looks_need_the_address_of_label_studio(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_API_KEY_FILE", PASSWORD):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="address or key is not known"):
        LabelStudio().serve(projects={"3": "latest"}, store=store, second_look=True)
    with pytest.raises(InputError, match="named by their titles"):
        LabelStudio().serve(projects={"Tickets": "latest"}, store=store)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com", ""])
def test_another_host_needs_a_password(host: str) -> None:
    with pytest.raises(InputError, match="this machine only"):
        access.require_safe(host, None, variable=PASSWORD, user=USER)
    access.require_safe(host, SECRET, variable=PASSWORD, user=USER)
    access.require_safe("127.0.0.1", None, variable=PASSWORD, user=USER)


def test_the_password_comes_from_a_file_that_nobody_else_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    monkeypatch.delenv(PASSWORD_FILE, raising=False)
    assert access.password(PASSWORD) is None
    file = tmp_path / "password"
    file.write_text(SECRET + "\n")
    monkeypatch.setenv(PASSWORD_FILE, str(file))
    file.chmod(0o644)
    with pytest.raises(InputError, match="Others may read") as error:
        access.password(PASSWORD)
    assert SECRET not in str(error.value)
    file.chmod(0o600)
    assert access.password(PASSWORD) == SECRET
    monkeypatch.setenv(PASSWORD, "short")
    with pytest.raises(InputError, match="no password of at least 12"):
        access.password(PASSWORD)
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "none"))
    with pytest.raises(InputError, match="cannot be read"):
        access.password(PASSWORD)


def test_large_bodies_are_refused_with_and_without_a_length(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bench.app.limits, "/predict", 10_000)
    client = TestClient(bench.app)
    body = json.dumps(ask([{"id": 1, "data": {"text": "card " * 3_000}}])).encode()
    assert client.post("/predict", content=body, headers=JSON).status_code == 413
    assert client.post("/predict", content=iter([body[:8_000], body[8_000:]]), headers=JSON).status_code == 413
    assert client.post("/predict", json=ask([{"id": 1, "data": {"text": "card"}}])).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"tasks": 1}', b'"\xff"', b'{"tasks": [1], "label_config": ""}']
)
def test_what_is_no_request_is_refused_and_not_repeated(bench: Bench, body: bytes) -> None:
    for path in ("/predict", "/setup", "/webhook"):
        answer = TestClient(bench.app).post(path, content=body, headers=JSON)
        assert answer.status_code in (400, 422) and set(answer.json()) == {"detail"}


def test_no_line_of_the_log_holds_a_text_a_token_or_a_body(bench: Bench) -> None:
    client = TestClient(bench.app)
    planted = "PLANTED-7f3a"
    client.post("/setup", json={"project": "1.1", "schema": CONFIG, "access_token": planted, "hostname": planted})
    task = {"id": 1, "data": {"text": f"card {planted}", planted: planted}, "meta": {planted: planted}}
    client.post("/predict", json=ask([task]) | {"params": {"login": planted, "password": planted}})
    client.post("/predict", json={"tasks": [planted], planted: planted}, headers={"authorization": planted})
    client.post(
        "/webhook", json={"action": planted, "project": {"id": 1, "token": planted}, "annotation": {"id": planted}}
    )
    client.post(
        "/webhook",
        json={"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 5, "updated_at": planted}},
    )
    client.get(f"/{planted}?{planted}={planted}")
    client.request("GET", "/health", headers={"user-agent": planted, "host": planted})
    client.post("/predict", json=ask([task], config=f"<View>{planted}"))
    bench.cable.all[1]["label_config"] = f"<View>{planted}"
    task_number = bench.cable.task({"text": planted})
    bench.cable.answer(task_number, planted)
    client.post(
        "/webhook",
        json={"action": "ANNOTATION_CREATED", "project": {"id": 1}, "annotation": {"id": 1, "updated_at": "t"}},
    )
    bench.work()
    assert len(bench.lines()) > 9
    assert planted not in bench.out.getvalue()


def test_an_error_is_logged_by_its_place_only(
    store: Path, make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(store)

    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("PLANTED-7f3a")

    monkeypatch.setattr(app, "answer", fails)
    answer = TestClient(bench.app, raise_server_exceptions=False).post("/predict", json=ask([{"data": {}}]))
    assert answer.status_code == 200 and answer.json() == {"results": [[]]}
    assert "PLANTED" not in bench.out.getvalue()
    assert any(
        line.get("error") == "RuntimeError" and line["where"].startswith(Path(__file__).name) for line in bench.lines()
    )
