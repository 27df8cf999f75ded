"""The live server beside a real Argilla: what comes is judged, a kill loses nothing, a second look comes back.

The index of this Argilla is a stand-in and not Lucene, unless a real Elasticsearch is named.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
from backend_process import BackendServer

from .conftest import LABELS, WRONG, known_texts

pytestmark = pytest.mark.server


def until(done: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not (result := done()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return result


@pytest.fixture
def dataset(api: Callable[..., Any], workspace_id: str, name: str) -> dict[str, Any]:
    made = api("POST", "/datasets", {"name": name, "workspace_id": workspace_id})
    at = f"/datasets/{made['id']}"
    options = [{"value": label, "text": label.title()} for label in LABELS]
    settings = {"type": "label_selection", "options": options}
    api("POST", f"{at}/fields", {"name": "text", "title": "Text", "required": True, "settings": {"type": "text"}})
    api("POST", f"{at}/questions", {"name": "label", "title": "L", "required": True, "settings": settings})
    return api("PUT", f"{at}/publish")


@pytest.fixture
def serve(reached: Any, store: Path, name: str, tmp_path: Path) -> Iterator[Callable[[], BackendServer]]:
    started: list[BackendServer] = []

    def start() -> BackendServer:
        port = started[0].port if started else None
        options = ["--second-look"]
        made = BackendServer(
            store,
            [f"quality/{name}"],
            log=tmp_path / f"serve{len(started)}.log",
            variables={**os.environ, **reached.variables()},
            options=options,
            port=port,
            platform="argilla",
        )
        started.append(made)
        made.start()
        return made

    yield start
    for made in started:
        made.stop()


def test_records_are_judged_answers_looked_at_again_and_a_kill_loses_nothing(
    api: Callable[..., Any],
    dataset: dict[str, Any],
    make_user: Callable[..., Any],
    serve: Callable[[], BackendServer],
    store: Path,
    name: str,
    reached: Any,
) -> None:
    at, texts = f"/datasets/{dataset['id']}", known_texts()
    ann, bob = make_user(), make_user()

    def add(*ids: str) -> dict[str, str]:
        items = [{"external_id": id, "fields": {"text": texts[id]}, "metadata": {"channel": "mail"}} for id in ids]
        return {row["external_id"]: row["id"] for row in api("PUT", f"{at}/records/bulk", {"items": items})["items"]}

    def records() -> dict[str, Any]:
        rows = api("GET", f"{at}/records", include=["suggestions", "responses"], limit=100)["items"]
        return {row["external_id"]: row for row in rows}

    def judged(count: int) -> bool:
        return sum(bool(row["suggestions"]) for row in records().values()) == count

    before = add("t0000", "t0003", "t0004")
    server = serve()
    assert until(lambda: judged(3))
    numbers = before | add("t0005", "t0006")
    until(lambda: judged(5))
    row = records()["t0000"]
    assert [(one["value"], one["agent"]) for one in row["suggestions"]] == [("card", "labelsift/label")]
    assert row["metadata"]["channel"] == "mail" and row["metadata"]["labelsift_issues"] == ["label"]
    assert row["fields"] == {"text": texts["t0000"]}
    [hook] = [one for one in api("GET", "/webhooks")["items"] if one["url"] == f"{server.url}/webhook"]
    until(lambda: any(line.get("path") == "/webhook" and line["status"] == 200 for line in server.lines()))

    server.kill()
    stamps = {id: row["updated_at"] for id, row in records().items()}
    numbers |= add("t0007")
    server = serve()
    until(lambda: judged(6))
    assert {id: records()[id]["updated_at"] for id in stamps} == stamps  # what was judged was not written again
    assert [one["id"] for one in api("GET", "/webhooks")["items"] if one["url"] == hook["url"]] == [hook["id"]]

    def answer(id: str, label: str, who: Any) -> None:
        body = {"status": "submitted", "values": {"label": {"value": label}}}
        api("POST", f"/records/{numbers[id]}/responses", body, key=who.api_key)

    for id in ("t0003", "t0004", "t0005"):
        answer(id, LABELS[int(id[1:]) % 3], ann)
    answer("t0000", WRONG["t0000"], ann)

    def looks() -> Any:
        rows = [one for one in api("GET", "/me/datasets")["items"] if one["name"] == f"{name} second look"]
        return rows and api("GET", f"/datasets/{rows[0]['id']}/records")["items"]

    until(lambda: len(looks() or ()) == 2)
    for look in looks():
        assert look["fields"].keys() == {"text"} and not look["metadata"]
        [true] = [LABELS[int(id[1:]) % 3] for id, text in texts.items() if text == look["fields"]["text"]]
        values = {"label": {"value": true}, "decision": {"value": "other"}}
        api("POST", f"/records/{look['id']}/responses", {"status": "submitted", "values": values}, key=bob.api_key)
    server.stop()
    assert hook["url"] not in [one["url"] for one in api("GET", "/webhooks")["items"]]
    rows = ls.pull("argilla", project=f"quality/{name}", store=store).to_pylist()
    found = {row["id"]: (row["action"], row["verdict"], row["person"], row["asked"]) for row in rows}
    assert found.pop("t0000") == ("relabel", "accepted", bob.username, "second_look")
    [agreed] = found.values()
    assert agreed == ("keep", "refused", bob.username, "second_look")
    assert len(looks()) == 2
