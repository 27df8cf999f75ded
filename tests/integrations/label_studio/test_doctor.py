"""What doctor finds on the real server, each trouble provoked, and what it says to do."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result
from labelsift.cli import main
from labelsift.errors import PlatformError
from labelsift.integrations.label_studio.client.auth import KeyFacts, facts_of
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.doctor import key_notes, key_problems
from labelsift.integrations.label_studio.enable import enable as enabling
from labelsift.integrations.label_studio.server import LabelStudioServer

CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body"><Choice value="refund"/>
<Choice value="top_up"/></Choices></View>"""
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def jwt(**claims: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, {})
    )


def doctor(*more: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "label-studio", *more])


def ends(**ago: float) -> int:
    return int((NOW + timedelta(**ago)).timestamp())


def test_a_key_tells_its_kind_and_its_end():
    assert facts_of("a" * 40) == KeyFacts("legacy")
    assert facts_of("a.b.c").kind == facts_of("").kind == facts_of(jwt(exp="x", token_type=[])).kind == "unknown"
    assert facts_of(jwt(token_type="refresh", exp=ends(days=1))) == KeyFacts("personal", NOW + timedelta(days=1))
    for key, says in {
        jwt(token_type="access", exp=ends(minutes=5)): "access token, which lasts five minutes",
        jwt(token_type="refresh", exp=ends(days=-1)): "expired on 2026-11-24",
    }.items():
        ((problem, hint),) = key_problems(key, now=NOW)
        assert says in problem
        assert "Personal Access Token" in hint
        assert key not in problem + hint
    soon, later = (jwt(token_type="refresh", exp=ends(days=days)) for days in (3, 30))
    assert [problem for problem, _ in key_notes(soon, now=NOW)] == ["The personal access token expires on 2026-11-28"]
    assert not list(key_notes(later, now=NOW))
    assert not list(key_problems(soon, now=NOW))


def test_an_access_token_and_a_readable_file_are_named_without_asking_the_server(monkeypatch, tmp_path):
    key = jwt(token_type="access", exp=ends(minutes=5))
    (tmp_path / "key").write_text(key)
    (tmp_path / "key").chmod(0o644)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY_FILE", str(tmp_path / "key"))
    result = doctor()
    assert result.exit_code == 2
    assert "access token, which lasts five minutes" in result.stdout
    assert 'chmod 600 "$LABEL_STUDIO_API_KEY_FILE"' in result.stdout
    assert key not in result.output


@pytest.fixture
def project(client: Client, name: str) -> int:
    return client.create_project(title=name, description="", label_config=CONFIG, model_version="")


@pytest.fixture
def connected(
    platform: Any, client: Client, project: int, name: str, make_backend: Callable[..., Any], tmp_path
) -> Any:
    """A project with a backend that works, and how to change the webhook."""
    backend = make_backend()
    enabling.enable(client, project=name, run="r", issues=["label"], backend=backend.url, store=tmp_path / "s")
    return backend


def webhook(client: Client, project: int) -> dict[str, Any]:
    return client.get("/api/webhooks/", what="webhooks", params={"project": project})[0]


@pytest.mark.server
def test_notes_are_no_problems(connected, name):
    result = doctor(name)
    assert result.exit_code == 0, result.output
    assert "all is well" in result.stdout
    assert "note: The community edition has no roles. Every account can read" in result.stdout
    machine = doctor(name, "--json")
    assert json.loads(machine.stdout) == {}
    assert "no roles" in machine.stderr


@pytest.mark.server
def test_an_unreachable_server_and_a_missing_project_are_named(platform, monkeypatch):
    assert "has no project Nothing" in doctor("Nothing").stdout
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://127.0.0.1:9")
    result = doctor()
    assert result.exit_code == 2
    assert "could not be reached" in result.stdout


@pytest.mark.server
def test_what_is_wrong_with_a_backend_and_its_webhook_is_named(connected, client, project, name):
    connected.failing = True
    result = doctor(name)
    assert result.exit_code == 2
    assert "answers /setup with an error: 500" in result.stdout
    connected.failing = False

    hook = webhook(client, project)
    path = f"/api/webhooks/{hook['id']}/"
    for change, says in {"is_active": "is switched off", "send_for_all_actions": "not send all"}.items():
        client.send("PATCH", path, body={change: False}, what="webhook")
        assert says in doctor(name).stdout
        client.send("PATCH", path, body={change: True}, what="webhook")
    assert doctor(name).exit_code == 0

    client.delete(path, what="webhook")
    result = doctor(name)
    assert "has no webhook" in result.stdout
    assert "SSRF_PROTECTION_ENABLED=false" in result.stdout
    connected.stop()
    assert "does not answer Label Studio" in doctor(name).stdout


@pytest.mark.server
def test_a_webhook_that_a_removed_backend_left_behind_is_named(connected, client, project, name):
    (backend,) = client.get("/api/ml", what="backends", params={"project": project})
    client.delete(f"/api/ml/{backend['id']}", what="backend")
    assert doctor(name).exit_code == 0  # somebody listens there
    connected.stop()
    result = doctor(name)
    assert f"Nobody listens at the webhook {connected.url}/webhook" in result.stdout
    assert "leaves its webhook behind" in result.stdout


@pytest.mark.server
def test_model_versions_that_lead_nowhere_are_named(platform, client, project, name):
    result = {"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    versions = ["labelsift/20261101-a", "labelsift/20261102-b"]
    made = [{"model_version": version, "score": 0.5, "result": [result]} for version in versions]
    client.import_tasks(project, [{"data": {"text": "a"}, "predictions": made}])
    client.set_model_version(project, versions[0])
    assert f"an older run; the newest is {versions[1]}" in doctor(name).stdout
    client.set_model_version(project, versions[1])
    newest = doctor(name)
    assert newest.exit_code == 0
    assert f"note: {name} pre-fills" in newest.stdout
    for prediction in client.predictions(project):
        client.delete_prediction(prediction["id"])
    result = doctor(name)
    assert result.exit_code == 2
    assert f"has the model version {versions[1]}, of which no task has a prediction" in result.stdout


@pytest.mark.server
def test_answers_that_the_server_no_longer_counts_are_named(platform, client, project, name, server):
    result = {"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    for task in client.import_tasks(project, [{"data": {"text": "a"}}, {"data": {"text": "b"}}]):
        client.send("POST", f"/api/tasks/{task}/annotations/", body={"result": [result]}, what="an annotation")
    assert doctor(name).exit_code == 0
    # What a server leaves undone whose signals are gone.
    with contextlib.closing(sqlite3.connect(server.folder / "data" / "label_studio.sqlite3", timeout=60)) as database:
        database.execute("UPDATE task SET is_labeled = 0 WHERE id = ?", [task])
        database.commit()
    examined = doctor(name)
    assert examined.exit_code == 2
    assert f"{name} has 2 tasks with an answer, and Label Studio counts 1 as labeled" in examined.stdout
    assert "start it again" in examined.stdout


@pytest.mark.server
def test_a_config_that_does_not_fit_and_another_version_are_named(platform, client, name, monkeypatch):
    client.create_project(title=name, description="", label_config="<View/>", model_version="")
    assert "needs exactly one Choices, Labels or Taxonomy" in doctor(name).stdout
    monkeypatch.setattr("labelsift.integrations.label_studio.doctor.TESTED", "1.99.")
    assert "Label Studio 1.23.2 has not been tested" in doctor().stdout


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A server that may not reach private addresses by webhook, as by default."""
    with LabelStudioServer(tmp_path_factory.mktemp("strict"), settings={"SSRF_PROTECTION_ENABLED": "true"}) as running:
        yield running


@pytest.fixture
def on_strict(strict: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> Client:
    for variable, value in strict.variables().items():
        monkeypatch.setenv(variable, value)
    return Client(strict.url, strict.api_key)


@pytest.mark.server
def test_a_server_that_forbids_private_addresses_keeps_no_half_made_backend(on_strict, name, make_backend, tmp_path):
    """SSRF_PROTECTION_ENABLED alone: Label Studio stores the row, answers 403 and makes no webhook."""
    project = on_strict.create_project(title=name, description="", label_config=CONFIG, model_version="")
    options = {"project": name, "run": "r", "issues": ["label"], "store": tmp_path / "s"}
    with pytest.raises(PlatformError, match="half-made backend was taken off") as refused:
        enabling.enable(on_strict, **options, backend=make_backend().url)
    assert "SSRF_PROTECTION_ENABLED=false" in refused.value.hint
    assert on_strict.get("/api/ml", what="backends", params={"project": project}) == []
    assert on_strict.project(project)["label_config"] == CONFIG
    assert on_strict.project(project)["model_version"] == ""
    assert on_strict.views(project) == []

    with pytest.raises(PlatformError, match="reserved network address"):  # as pasting the address would
        body = {"project": project, "url": make_backend().url, "title": "labelsift"}
        on_strict.send("POST", "/api/ml", body=body, what="a backend")
    result = doctor(name)
    assert result.exit_code == 2
    assert "has no webhook: Label Studio made it by halves" in result.stdout


@pytest.mark.server
def test_a_legacy_token_that_the_organization_forbids_and_real_tokens(on_strict, strict, monkeypatch):
    with requests.Session() as browser:
        browser.get(f"{strict.url}/user/login/")
        form = {"email": strict.username, "password": strict.password}
        browser.post(
            f"{strict.url}/user/login/", data=form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        ).raise_for_status()
        headers = {"X-CSRFToken": browser.cookies["csrftoken"]}
        personal = browser.post(f"{strict.url}/api/token/", headers=headers).json()["token"]
    access = requests.post(f"{strict.url}/api/token/refresh/", json={"refresh": personal}, timeout=30).json()["access"]
    assert facts_of(personal).kind == "personal"
    assert facts_of(access).kind == "access"
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", access)
    assert "access token, which lasts five minutes" in doctor().stdout
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", personal)
    assert doctor().exit_code == 0
    switch = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": False}
    try:
        on_strict.send("POST", "/api/jwt/settings", body=switch, what="the switch")
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", strict.api_key)
        result = doctor()
        assert "is a legacy token, and the organization does not allow those" in result.stdout
        assert result.exit_code == 2
    finally:
        switch["legacy_api_tokens_enabled"] = True
        Client(strict.url, personal).send("POST", "/api/jwt/settings", body=switch, what="the switch")
    assert time.time() < (facts_of(personal).expires or NOW).timestamp()
