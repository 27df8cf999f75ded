"""Where the backend meets erasure, pulls, corrections that labelsift wrote, and configs with other names."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
from labelsift.corrections.erase import forget
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.backend.predictions import entry
from labelsift.integrations.label_studio.convert.label_config import label_control_of
from labelsift.integrations.label_studio.pull.existing_project import pull_project
from labelsift.serving.run_index import Prediction
from labelsift.store import hash_chain
from labelsift.store.store import Store
from starlette.testclient import TestClient

from .conftest import CONFIG, LABELS, WRONG, Bench, Cable, ask, build_samples
from .test_events import _agree, _contradict, _event, _send, _texts


def _looked(bench: Bench) -> None:
    for number in range(3, 9):
        _send(bench, _event(_agree(bench.cable, number)))
    _send(bench, _event(_contradict(bench.cable)))
    bench.work()
    assert len(bench.cable.second_looks()) == 2


def _contents(bench: Bench) -> bytes:
    folder = bench.database.folder
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock")


@pytest.mark.slow
def test_what_is_erased_leaves_the_backend_that_runs_its_disk_and_the_second_looks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _looked(bench)
    text = _texts()["t0000"]
    task = {"id": 7, "data": {"text": text, "labelsift_id": "t0000", "labelsift_given": WRONG["t0000"]}}
    client = TestClient(bench.app)
    assert client.post("/predict", json=ask([task])).json()["results"][0]["reason"]
    assert b"t0000" in _contents(bench) and any(look["text"] == text for look in bench.cable.second_looks())
    asked: list[Any] = []

    def erased(self: LabelStudio, ids: list[str], *, project: str, match: str | None, dry_run: bool) -> int:
        asked.append((project, list(ids)))
        return 0

    monkeypatch.setattr(LabelStudio, "forget", erased)
    forget(["t0000"], store=bench.served.store.folder)
    [(project, ids)] = asked
    keys = {look["labelsift_key"] for look in bench.cable.second_looks() if look["text"] == text}
    assert project == "1" and set(ids) == {"t0000", *keys} and len(keys) == 1
    assert b"t0000" not in _contents(bench)
    assert not (bench.database.folder / "models").exists() or not any((bench.database.folder / "models").iterdir())
    assert bench.served.refresh() and not bench.served.refresh()
    assert bench.served.scorer is not None and bench.served.scorer.able
    assert bench.served.scorer.run_index.row(id="t0000") is None and len(bench.served.scorer.run_index) == 239
    answer = client.post("/predict", json=ask([task])).json()["results"][0]
    assert "quality" not in answer  # judged as a text that nobody knows, or not at all


def test_a_run_that_is_removed_is_answered_no_more(bench: Bench) -> None:
    import shutil

    shutil.rmtree(Path(bench.served.store.folder) / "runs" / bench.served.run)
    assert bench.served.refresh()
    task = {"id": 7, "data": {"text": _texts()["t0005"], "labelsift_id": "t0005", "labelsift_given": "x"}}
    assert TestClient(bench.app).post("/predict", json=ask([task])).json()["results"] == [[]]
    assert bench.served.scorer is None and bench.served.problem


def test_a_second_opinion_comes_back_as_a_decision(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _looked(bench)
    cable = bench.cable
    [place] = [number for number in cable.all if number != 1]
    task_of = {task["data"]["text"]: task["id"] for task in cable.of[place]}
    scan = ls.load(store=bench.served.store.folder).scores
    suggested = dict(zip(scan["id"].to_pylist(), scan["suggested_label"].to_pylist(), strict=True))["t0000"]
    cable.answer(task_of[_texts()["t0000"]], suggested, by=2)
    client: Any = cable
    monkeypatch.setattr(cable, "url", "http://x", raising=False)
    monkeypatch.setattr(cable, "newest_change", lambda project, **_: None, raising=False)
    kept, numbers, hash_of = Store(bench.served.store.folder), [], hash_chain.hash_of
    monkeypatch.setattr(hash_chain, "hash_of", lambda record: (numbers.append(record["number"]), hash_of(record))[1])
    table = pull_project(client, project="1", store=kept)
    [row] = table.to_pylist()
    assert (row["id"], row["person"], row["run"]) == ("t0000", "bob@example.com", bench.served.run)
    assert (row["verdict"], json.loads(row["value"])) == ("accepted", suggested)
    assert (row["round"], row["asked"]) == ("second_look", "second_look")
    assert ls.record(table, store=kept).new == 1
    assert numbers == sorted(set(numbers))  # the log was verified once, for the pull and for what it adds
    assert ls.agreement(table, store=bench.served.store.folder) == ()  # drawn because it was in doubt


def test_what_apply_wrote_is_no_answer_of_a_person(bench: Bench) -> None:
    number = _contradict(bench.cable)
    bench.cable.annotations[number] |= {"import_id": (1 << 52) + 5, "created_at": "2030-01-01T00:00:00.000001Z"}
    _send(bench, _event(number))
    bench.work()
    assert bench.cable.second_looks() == [] and not bench.database.rows("SELECT * FROM answers")


@pytest.mark.slow
def test_a_project_of_second_looks_that_is_gone_is_made_anew_and_loses_no_look(bench: Bench) -> None:
    from labelsift.errors import PlatformError

    _looked(bench)
    cable = bench.cable
    [place] = [number for number in cable.all if number != 1]
    assert bench.worker.work.answers.server.exists(place)
    del cable.all[place], cable.of[place]  # by a person; the backend still thinks that it is there
    load = cable.import_tasks

    def refused(project: int, tasks: list[dict[str, Any]]) -> int:
        if project == place:
            raise PlatformError(f"Label Studio has no project {place}")
        return load(project, tasks)

    cable.import_tasks = refused
    _send(bench, _event(_contradict(cable, "t0001")))
    bench.worker.step()
    assert [row["state"] for row in bench.database.rows("SELECT state FROM jobs WHERE state != 'done'")] == ["pending"]
    assert bench.database.rows("SELECT 1 FROM answers WHERE sample = 't0001'")
    cable.all[place + 5] = {"id": place + 5, "title": "", "description": ""}  # numbers are not used again
    with bench.database.turn() as connection:
        connection.execute("UPDATE jobs SET due = 0")
    bench.worker.work.answers.server._cache.clear()  # a minute later
    bench.work()
    assert any(look["text"] == _texts()["t0001"] for look in cable.second_looks())


def test_nobody_is_asked_about_a_task_that_they_answered_themselves(bench: Bench) -> None:
    bench.cable.accounts[3] = "eve@example.com"
    first = _contradict(bench.cable)
    second = bench.cable.answer(bench.cable.annotations[first]["task"], "card", by=2)
    _send(bench, _event(second), _event(first))
    bench.work()
    [look] = bench.database.rows("SELECT asked, kind FROM looks")  # and not the same text twice
    assert (look["asked"], look["kind"]) == ("eve@example.com", "contradiction")


def test_answers_that_agree_are_looked_for_before_a_contradiction_is_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _agree(bench.cable, 4)  # nobody told the backend
    monkeypatch.setattr(bench.cable, "get", _tasks_of(bench.cable))
    bench.cable.all[1]["num_tasks_with_annotations"] = 2
    _send(bench, _event(_contradict(bench.cable)))
    bench.work()
    assert len(bench.cable.second_looks()) == 2 and bench.cable.imports == 1


def _tasks_of(cable: Cable) -> Callable[..., Any]:
    get = cable.get
    return lambda path, **more: {"tasks": cable.of[1]} if path == "/api/tasks" else get(path, **more)


def test_labels_that_the_config_names_otherwise_are_answered_and_understood(store: Path, make_bench: Any) -> None:
    config = CONFIG.replace('value="refund"', 'value="Refund" alias="rf"')
    target = label_control_of(config, project="P")
    prediction = entry(Prediction("refund", 0.9), target, version="v", text="…")
    assert isinstance(prediction, dict) and prediction["result"][0]["value"] == {"choices": ["rf"]}
    cable = Cable()
    cable.all[1]["label_config"] = config
    bench = make_bench(store, cable=cable)
    data = {"text": _texts()["t0004"], "labelsift_id": "t0004", "labelsift_given": "refund"}
    assert LABELS[1] == "refund" and "t0004" in build_samples().ids.to_pylist()
    _send(bench, _event(cable.answer(cable.task(data), "rf")))
    bench.work()
    [row] = bench.database.rows("SELECT value, verdict FROM answers")
    assert (row["value"], row["verdict"]) == ('"refund"', "agrees")


def test_jobs_that_fail_are_seen_in_health(bench: Bench) -> None:
    assert TestClient(bench.app).get("/health").json()["jobs"] == {"pending": 0, "failed": 0}
    _send(bench, _event(1))
    assert TestClient(bench.app).get("/health").json()["jobs"] == {"pending": 1, "failed": 0}
