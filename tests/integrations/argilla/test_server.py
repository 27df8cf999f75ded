"""The launcher of a real Argilla: stops all of it, brings it back with its data, tells it nothing of the user's own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import requests
from labelsift.demo.local_servers import environment
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.argilla import server as launcher
from labelsift.integrations.argilla.server import ArgillaServer

FOREIGN = {
    "ARGILLA_DATABASE_URL": "sqlite:////nowhere/of-the-user.db",
    "ARGILLA_BASE_URL": "/of-the-user",
    "ARGILLA_API_KEY": "key-of-the-user",
    "ARGILLA_LABEL_SELECTION_OPTIONS_MAX_ITEMS": "1",
}


def said(process: Path, what: str) -> str:
    """The command or the environment of a process, empty where it has just ended."""
    try:
        return (process / what).read_text(errors="replace")
    except OSError:
        return ""


def of_folder(folder: Path) -> list[Path]:
    """The processes in whose command or environment this folder stands."""
    everything = [process for process in Path("/proc").glob("[0-9]*") if process.name != str(os.getpid())]
    return [process for process in everything if str(folder) in said(process, "cmdline") + said(process, "environ")]


def gone(folder: Path) -> bool:
    """Wait until all of them have ended, at most half a minute."""
    end = time.monotonic() + 30
    while of_folder(folder) and time.monotonic() < end:
        time.sleep(0.1)
    return not of_folder(folder)


def add_dataset(api: Callable[..., Any], workspace_id: str, name: str) -> str:
    """Publish a dataset of three records with a vector, a suggestion and a float."""
    id = api("POST", "/datasets", {"name": name, "workspace_id": workspace_id})["id"]
    text = {"type": "text", "use_markdown": False}
    options = [{"value": value, "text": value} for value in ("refund", "top_up")]
    asks = {"type": "label_selection", "options": options, "visible_options": None}
    api("POST", f"/datasets/{id}/fields", {"name": "text", "title": "Text", "required": True, "settings": text})
    question = api(
        "POST", f"/datasets/{id}/questions", {"name": "label", "title": "Label", "required": True, "settings": asks}
    )
    api("POST", f"/datasets/{id}/metadata-properties", {"name": "q", "title": "Q", "settings": {"type": "float"}})
    api("POST", f"/datasets/{id}/vectors-settings", {"name": "v", "title": "V", "dimensions": 2})
    api("PUT", f"/datasets/{id}/publish")
    items = [
        {
            "external_id": f"r{row}",
            "fields": {"text": f"ticket number {row} カード"},
            "metadata": {"q": 1.0 - row / 10},
            "vectors": {"v": [1.0, row]},
            "suggestions": [{"question_id": question["id"], "value": "refund", "score": 0.9, "agent": "a"}],
        }
        for row in range(3)
    ]
    records = api("PUT", f"/datasets/{id}/records/bulk", {"items": items})["items"]
    response = {"status": "submitted", "values": {"label": {"value": "top_up"}}}
    api("POST", f"/records/{records[0]['id']}/responses", response)
    return id


def order(api: Callable[..., Any], dataset: str, body: object) -> list[str]:
    found = api("POST", f"/datasets/{dataset}/records/search", body)["items"]
    return [item["record"]["external_id"] for item in found]


def what_search_says(api: Callable[..., Any], dataset: str) -> list[list[str]]:
    """Sorted by metadata, answered, of a word, similar to a vector, by a score of a suggestion."""
    scope = {"entity": "metadata", "metadata_property": "q"}
    answered = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["submitted"]}
    score = {"entity": "suggestion", "question": "label", "property": "score"}
    return [
        order(api, dataset, {"sort": [{"scope": scope, "order": "asc"}]}),
        order(api, dataset, {"filters": {"and": [answered]}}),
        order(api, dataset, {"query": {"text": {"q": "カード"}}, "sort": [{"scope": scope, "order": "desc"}]}),
        order(api, dataset, {"query": {"vector": {"name": "v", "value": [1.0, 2.0]}}}),
        order(api, dataset, {"filters": {"and": [{"type": "range", "scope": score, "ge": 0.5}]}}),
    ]


EXPECTED = [["r2", "r1", "r0"], ["r0"], ["r0", "r1", "r2"], ["r2", "r1", "r0"], ["r0", "r1", "r2"]]


def test_a_killed_server_comes_again_with_its_data_and_its_index(server, api, workspace_id, name):
    dataset = add_dataset(api, workspace_id, name)
    before = what_search_says(api, dataset)
    server.kill()
    with pytest.raises(requests.ConnectionError):
        api("GET", "/me")
    server.start()
    assert [*map(sorted, what_search_says(api, dataset))] == [*map(sorted, before)] == [*map(sorted, EXPECTED)]
    assert what_search_says(api, dataset)[:4] == before[:4] == EXPECTED[:4]


def test_a_response_is_found_changed_and_deleted_in_the_index(server, api, workspace_id, name):
    dataset = add_dataset(api, workspace_id, name)
    (record,) = [
        record
        for record in api("GET", f"/datasets/{dataset}/records", include="responses")["items"]
        if record["external_id"] == "r0"
    ]
    response = record["responses"][0]["id"]
    with_label = {"type": "terms", "scope": {"entity": "response", "question": "label"}, "values": ["refund"]}
    assert order(api, dataset, {"filters": {"and": [with_label]}}) == []
    api("PUT", f"/responses/{response}", {"status": "submitted", "values": {"label": {"value": "refund"}}})
    assert order(api, dataset, {"filters": {"and": [with_label]}}) == ["r0"]
    api("DELETE", f"/responses/{response}")
    assert order(api, dataset, {"filters": {"and": [with_label]}}) == []
    record = api("GET", f"/datasets/{dataset}/records", include="suggestions")["items"][0]
    api("DELETE", f"/records/{record['id']}/suggestions", ids=record["suggestions"][0]["id"])
    suggested = {"type": "terms", "scope": {"entity": "suggestion", "question": "label"}, "values": ["refund"]}
    assert record["external_id"] not in order(api, dataset, {"filters": {"and": [suggested]}})


@pytest.fixture
def listener() -> Iterator[tuple[str, Event]]:
    """An address, and what is set once something is posted to it."""
    came = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            came.set()

        def log_message(self, *words: object) -> None:
            """Stay quiet."""

    answering = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=answering.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{answering.server_port}/hook", came
    answering.shutdown()
    answering.server_close()


def test_webhooks_come_through_the_worker_also_after_redis_and_it_were_killed(
    server, api, workspace_id, name, listener
):
    url, came = listener
    hook = api("POST", "/webhooks", {"url": url, "events": ["response.created"], "description": "a test"})["id"]
    try:
        add_dataset(api, workspace_id, name)
        assert came.wait(30)
        server.worker.kill()
        server.redis.kill()
        server.redis.start()
        server.worker.start()
        came.clear()
        add_dataset(api, workspace_id, f"{name} again")
        assert came.wait(30)
    finally:
        api("DELETE", f"/webhooks/{hook}")


def test_a_person_is_logged_in_and_sees_the_dataset(server, api, workspace_id, name, make_user, chromium, log_in):
    dataset = add_dataset(api, workspace_id, name)
    person = make_user("annotator")
    context = chromium.new_context(locale="en-US")
    log_in(context, server.url, person)
    page = context.new_page()
    page.goto(f"{server.url}/dataset/{dataset}/annotation-mode?page=1&status=pending&sort=metadata.q.asc")
    page.get_by_text("ticket number 2").first.wait_for(timeout=60_000)
    context.close()


def test_secrets_stand_in_no_command_and_no_log(server):
    password = re.search(r"requirepass (\S+)", (server.folder / "redis.conf").read_text())[1]
    hidden = (password, server.api_key, server.password)
    for process in Path("/proc").glob("[0-9]*"):
        assert not any(word in said(process, "cmdline") for word in hidden)
    for log in server.folder.glob("*.log"):
        assert not any(word in log.read_text(errors="replace") for word in hidden)
    assert server.folder.stat().st_mode & 0o077 == 0
    assert (server.folder / "redis.conf").stat().st_mode & 0o077 == 0


def test_redis_asks_for_its_password(server):
    port = int(re.search(r"port (\d+)", (server.folder / "redis.conf").read_text())[1])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(b"DBSIZE\r\nQUIT\r\n")
        assert line.recv(99).startswith(b"-NOAUTH")


STARTER = """
import sys, time
from pathlib import Path
from labelsift.integrations.argilla.server import ArgillaServer
with ArgillaServer(Path(sys.argv[1])) as server:
    print(server.url, server.api_key, flush=True)
    time.sleep(600)
"""


def test_nothing_of_the_user_reaches_it_and_nothing_is_left_when_its_starter_is_killed(redis, tmp_path):
    (tmp_path / ".oauth.yaml").write_text("not: [yaml")  # the server looks for it in the current folder
    command = [sys.executable, "-c", STARTER, str(tmp_path / "data of it")]
    env = {**os.environ, **FOREIGN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=tmp_path) as starter:
        url, key = starter.stdout.readline().split()
        me = requests.get(f"{url}/api/v1/me", headers={"X-Argilla-Api-Key": key}, timeout=60)
        assert me.json()["role"] == "owner"
        serving = [
            process for process in of_folder(tmp_path) if "search_stand_in.py\0serve" in said(process, "cmdline")
        ]
        (told,) = {said(process, "environ") for process in serving}
        names = {line.partition("=")[0] for line in told.split("\0")}
        assert {"ARGILLA_HOME_PATH", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"} <= names
        assert names.isdisjoint(FOREIGN)
        parts = [said(process, "cmdline") for process in of_folder(tmp_path)]
        for program in ("redis-server", "osmem-server", "work", "serve"):
            assert any(program in part for part in parts)
        starter.send_signal(signal.SIGKILL)
    assert gone(tmp_path), of_folder(tmp_path)


def test_a_missing_redis_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(InputError, match="apt-get install redis-server"):
        ArgillaServer(tmp_path / "data").start()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("version", "good"), [("8.1.8", True), ("8.2", False), ("8.5.0", False), ("9.0.dev1", False)])
def test_a_click_with_which_it_does_not_run_is_named(tmp_path, version, good):
    (tmp_path / f"lib/python3.11/site-packages/click-{version}.dist-info").mkdir(parents=True)
    if good:
        return launcher.refuse_click(tmp_path / "bin")
    with pytest.raises(PlatformError, match=re.escape(f"does not run with click {version}")) as error:
        launcher.refuse_click(tmp_path / "bin")
    assert f"{tmp_path}/bin/python -m pip install 'click<8.2'" in str(error.value)


def test_the_server_really_breaks_with_the_newest_click(redis, tmp_path):
    """The day on which this fails, the pin and the message can go."""
    import click

    python = environment("argilla", launcher.REQUIREMENTS, say=print, constraints=launcher._CONSTRAINTS) / "python"
    (tmp_path / "click").symlink_to(Path(click.__file__).parent)
    command = [python, "-m", "argilla_server", "database", "--help"]
    env = {**os.environ, "ARGILLA_HOME_PATH": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    assert subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0
    env["PYTHONPATH"] = str(tmp_path)
    broken = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert broken.returncode != 0
    assert "make_metavar" in broken.stderr or "TypeError" in broken.stderr
