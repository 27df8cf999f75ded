"""What doctor finds on the real server, each trouble provoked, and what it says to do."""

from __future__ import annotations

import importlib.metadata
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import labelsift
import pytest
import requests
from click.testing import CliRunner, Result
from faultproxy import Fault, FaultProxy
from labelsift.cli import main
from labelsift.demo.local_servers import environment, free_port
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.server import WORKSPACE, ArgillaServer

# argilla as published, on versions of what it names that do not happen to bring requests along.
BROKEN = ("argilla==2.8.0", "datasets==5.2.0", "huggingface-hub==2.4.0")


def doctor(*more: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "argilla", *more])


@pytest.fixture
def dataset(client: Client, workspace_id: str, name: str) -> str:
    """The id of a published dataset of one record."""
    id = client.create_dataset(name, workspace=workspace_id, about={})["id"]
    text = {"name": "text", "title": "Text", "required": True, "settings": {"type": "text"}}
    for kind in ("fields", "questions"):
        client.add_setting(id, kind, text)
    client.publish(id)
    client.upsert(id, [{"external_id": "r0", "fields": {"text": "a ticket"}}], ids=["r0"])
    return id


def test_all_is_well(reached, dataset, name):
    for more in ((), (name,), (f"{WORKSPACE}/{name}",)):
        result = doctor(*more)
        assert (result.exit_code, result.stdout) == (0, "argilla: all is well\n"), result.output
        assert result.stderr == ""


def test_what_is_not_set_or_wrong_is_named(reached, monkeypatch, tmp_path):
    wrong = "key-that-nobody-has"
    monkeypatch.setenv("ARGILLA_API_KEY", wrong)
    result = doctor()
    assert result.exit_code == 2
    assert "Argilla does not accept the key. Argilla shows the key under My settings" in result.stdout
    assert wrong not in result.output
    (tmp_path / "key").write_text(reached.api_key)
    (tmp_path / "key").chmod(0o644)
    monkeypatch.delenv("ARGILLA_API_KEY")
    monkeypatch.setenv("ARGILLA_API_KEY_FILE", str(tmp_path / "key"))
    assert 'ARGILLA_API_KEY_FILE can be read by other accounts. chmod 600 "$ARGILLA_API_KEY_FILE"' in doctor().stdout
    (tmp_path / "key").chmod(0o600)
    assert doctor().exit_code == 0
    monkeypatch.delenv("ARGILLA_API_KEY_FILE")
    assert "Neither ARGILLA_API_KEY nor ARGILLA_API_KEY_FILE is set" in doctor().stdout
    monkeypatch.delenv("ARGILLA_API_URL")
    monkeypatch.setenv("ARGILLA_API_KEY", wrong)
    assert "ARGILLA_API_URL is not set" in doctor().stdout


def test_a_server_that_is_not_there_or_no_argilla_is_named(monkeypatch):
    monkeypatch.setenv("ARGILLA_API_KEY", "some-key")
    monkeypatch.setenv("ARGILLA_API_URL", "http://127.0.0.1:9")
    assert "could not be reached" in doctor().stdout
    with FaultProxy() as stranger:
        stranger.plan(Fault("", 200, times=None, body="<html>hello</html>"))
        monkeypatch.setenv("ARGILLA_API_URL", stranger.url)
        assert "does not answer like Argilla" in doctor().stdout


def test_an_untested_version_is_named(proxy):
    proxy.plan(Fault(r"GET /api/v1/version", 200, body='{"version": "2.9.1"}'))
    assert "Argilla 2.9.1 has not been tested with labelsift. Use 2.8.x" in doctor().stdout


def test_roles_are_told_apart(reached, make_user, monkeypatch):
    monkeypatch.setenv("ARGILLA_API_KEY", make_user("admin").api_key)
    result = doctor()
    assert result.exit_code == 0
    assert "note: Only owners may use Argilla's webhooks" in result.stdout
    annotator = make_user("annotator")
    monkeypatch.setenv("ARGILLA_API_KEY", annotator.api_key)
    result = doctor()
    assert result.exit_code == 2
    assert f"The account {annotator.username} is an annotator: it can answer, but neither push" in result.stdout
    outside = make_user("admin", member=False)
    monkeypatch.setenv("ARGILLA_API_KEY", outside.api_key)
    assert f"The account {outside.username} is in no workspace" in doctor().stdout


def test_a_workspace_or_dataset_that_is_not_there_is_named(reached, monkeypatch, dataset, name):
    assert "There is no dataset Absent in the workspace quality" in doctor("Absent").stdout
    monkeypatch.setenv("ARGILLA_WORKSPACE", "elsewhere")
    assert "ARGILLA_WORKSPACE names no workspace that the account sees. There is: quality" in doctor().stdout


def test_a_draft_and_a_prefilled_review_are_named(reached, platform, client, workspace_id, name, make_queue):
    draft = client.create_dataset(name, workspace=workspace_id, about={})
    assert f"{name} is a draft: it takes no records yet" in doctor(name).stdout
    client.delete_dataset(draft["id"])
    for mode in ("choose", "prefill"):
        report = make_queue(2)
        report.push("argilla", project=name, mode=mode)
        result = doctor(name)
        assert result.exit_code == 0
        named = f"note: The page of {name} review {report.run} prefill pre-selects the suggestions" in result.stdout
        assert named is (mode == "prefill")


def test_a_webhook_that_reaches_nobody_is_named(reached, client, make_user, monkeypatch):
    address = f"http://127.0.0.1:{free_port()}/webhook"
    body = {"url": address, "events": ["record.created"], "description": "a test"}
    hook = client.send("POST", "/webhooks", body=body, what="a webhook")
    try:
        result = doctor()
        assert result.exit_code == 2
        assert f"argilla: Nobody listens at the webhook {address}. Start what listened there" in result.stdout
        with socket.create_server(("127.0.0.1", int(address.split(":")[2].split("/")[0]))):
            assert doctor().exit_code == 0
        client.send("PATCH", f"/webhooks/{hook['id']}", body={"enabled": False}, what="a webhook")
        assert doctor().exit_code == 0
    finally:
        client.delete(f"/webhooks/{hook['id']}", what="a webhook")


@pytest.fixture
def whole(server: ArgillaServer) -> Iterator[ArgillaServer]:
    """The server, whose parts a test may kill."""
    yield server
    server.kill()
    server.start()


def test_redis_and_a_search_index_that_are_not_there_or_lost_their_records_are_named(reached, whole, dataset, name):
    whole.redis.kill()
    result = doctor()
    assert result.exit_code == 2
    assert "Argilla does not reach Redis: where webhooks are set" in result.stdout
    assert result.stdout.count("argilla: ") == 1
    whole.redis.start()
    assert doctor().exit_code == 0
    if whole.index is None:
        pytest.skip("A real Elasticsearch is not stopped")
    whole.index.kill()
    result = doctor(name)
    assert result.exit_code == 2
    assert "search index (Elasticsearch or OpenSearch) does not answer" in result.stdout
    whole.index.start()
    result = doctor(name)
    assert f"{name} cannot be searched, so that its page shows no records" in result.stdout
    assert "argilla_server search-engine reindex" in result.stdout
    assert doctor().exit_code == 0


def test_records_that_are_not_in_the_index_are_named(reached, client, dataset, name):
    if reached.index is None:
        pytest.skip("A real Elasticsearch is left alone")
    records = [{"external_id": f"r{row}", "fields": {"text": "a ticket"}} for row in range(1, 3)]
    lost = client.upsert(dataset, records, ids=["r1", "r2"])[0]["id"]
    assert doctor(name).exit_code == 0
    requests.delete(f"{reached.index.ready}/rg.{dataset}/_doc/{lost}?refresh=true", timeout=30).raise_for_status()
    assert f"{name} has more records than the 2 in its search index" in doctor(name).stdout


@pytest.mark.slow  # installs the package the first time
def test_the_published_package_that_cannot_be_imported_is_named_with_its_cure(tmp_path):
    """In an environment with the real package: first that it breaks, then what doctor says of it."""
    python = environment("argilla-client", BROKEN, say=print) / "python"
    plain = subprocess.run([python, "-c", "import argilla"], capture_output=True, text=True, check=False)
    assert "No module named 'requests'" in plain.stderr
    # labelsift as installed there: its package and its entry points, nothing else of this environment.
    (tmp_path / "labelsift").symlink_to(next(iter(labelsift.__path__)))
    about = Path(str(importlib.metadata.distribution("labelsift")._path))
    (tmp_path / about.name).symlink_to(about)
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARGILLA_")}
    command = [python, "-c", "from labelsift.cli import main; main()", "doctor", "argilla"]
    broken = subprocess.run(
        command, env={**env, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert broken.returncode == 2, broken.stderr
    assert broken.stdout == (
        "argilla: argilla 2.8.0 is installed and cannot be imported: it needs the package requests, which is missing, "
        "and does not say so itself. pip install requests\n"
    )
