"""What people do reaches the queue, and is worked on exactly once."""

from __future__ import annotations

import os
import random
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from labelsift.corrections.audit import audit_rows
from labelsift.corrections.verify import verify
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.label_studio.convert.correction import mark_of
from labelsift.integrations.label_studio.second_look_project import NEUTRAL
from labelsift.serving import second_looks as second_look
from labelsift.serving.database import Database
from labelsift.store.store import Store
from starlette.testclient import TestClient

from .conftest import CONFIG, LABELS, WRONG, Bench, Cable, ask, build_samples, until

pytestmark = pytest.mark.slow


class Killed(BaseException):
    """Ends a test's backend where a kill would."""


def _event(
    annotation: int, *, action: str = "ANNOTATION_CREATED", updated: str = "2030-01-01T00:00:00.000001Z"
) -> dict[str, Any]:
    return {"action": action, "project": {"id": 1}, "annotation": {"id": annotation, "updated_at": updated}}


def _texts() -> dict[str, str]:
    samples = build_samples()
    return dict(zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True))


def _send(bench: Bench, *events: dict[str, Any]) -> None:
    client = TestClient(bench.app)
    for event in events:
        assert client.post("/webhook", json=event).status_code == 200


def _contradict(cable: Cable, id: str = "t0000", **more: Any) -> int:
    """A person keeps a label that the scan says is wrong."""
    data = {
        "text": _texts()[id],
        "labelsift_id": id,
        "labelsift_given": WRONG[id],
        "channel": "mail",
        "old_label": WRONG[id],
    }
    return cable.answer(cable.task(data), WRONG[id], **more)


def _agree(cable: Cable, number: int, **more: Any) -> int:
    id = f"t{number:04d}"
    data = {
        "text": _texts()[id],
        "labelsift_id": id,
        "labelsift_given": LABELS[number % 3],
        "channel": "mail",
        "old_label": LABELS[number % 3],
    }
    return cable.answer(cable.task(data), LABELS[number % 3], **more)


def test_a_contradiction_goes_blind_to_another_person_with_as_many_agreements(bench: Bench) -> None:
    for number in range(3, 9):
        _send(bench, _event(_agree(bench.cable, number)))
    _send(bench, _event(_contradict(bench.cable)))
    bench.work()
    asked = bench.cable.second_looks()
    assert len(asked) == 2
    assert {look["labelsift_second_look"] for look in asked} == {"bob@example.com"}
    assert {look["labelsift_reason"] for look in asked} == {NEUTRAL}
    assert set(asked[0]) == set(asked[1])
    assert all("old_label" not in look and look["channel"] == "mail" for look in asked)
    assert not {"labelsift_id", "labelsift_given", "labelsift_suggested", "labelsift_run"} & {
        name for look in asked for name in look
    }
    [project] = [project for project in bench.cable.all.values() if project["id"] != 1]
    assert project["title"] == "Tickets · labelsift second look" and project["label_config"] == CONFIG
    assert [view["data"]["title"] for view in bench.cable.tabs[project["id"]]] == [
        "Second look",
        "Second look: bob@example.com",
    ]
    records = [row for row in Store(bench.served.store.folder).ledger.records() if row["kind"] == second_look.KIND]
    assert sorted(record["of"] for record in records) == ["agreement", "contradiction"]
    [contradiction] = [record for record in records if record["of"] == "contradiction"]
    assert (
        contradiction["id"] == "t0000"
        and contradiction["person"] == "ann@example.com"
        and "the scan gives" in contradiction["reason"]
    )
    rows = audit_rows(records)
    assert all("bob@example.com" in row["why"] for row in rows)
    assert verify(store=bench.served.store.folder).problems == ()


def test_agreements_that_come_later_are_mixed_in(bench: Bench) -> None:
    _send(bench, _event(_contradict(bench.cable)))
    bench.work()
    assert len(bench.cable.second_looks()) == 1
    for number in (3, 4, 5):
        _send(bench, _event(_agree(bench.cable, number)))
    bench.work()
    assert len(bench.cable.second_looks()) == 2


def test_the_same_webhook_twice_and_out_of_order_is_one_look(bench: Bench) -> None:
    number = _contradict(bench.cable, updated="2030-01-01T00:00:09.000001Z")
    late = _event(number, action="ANNOTATION_UPDATED", updated="2030-01-01T00:00:09.000001Z")
    early = _event(number, updated="2030-01-01T00:00:01.000001Z")
    _send(bench, late, late, early, early, late)
    bench.work()
    _send(bench, early, late)
    bench.work()
    assert len(bench.cable.second_looks()) == 1
    assert bench.database.job_counts() == {"done": 1}


def test_random_orders_and_repeats_of_events_end_in_the_same_looks(
    store: Path, make_bench: Callable[..., Bench]
) -> None:
    rng, cable = random.Random(100), Cable()
    events = [_event(_contradict(cable, id)) for id in WRONG] + [_event(_agree(cable, row)) for row in range(3, 13)]
    events = rng.choices(events, k=20) + events
    rng.shuffle(events)
    bench = make_bench(store, cable=cable)
    for event in events:
        _send(bench, event)
        if rng.random() < 0.3:
            bench.work()
    bench.work()
    asked = cable.second_looks()
    assert len(asked) == 6 and len({look["labelsift_key"] for look in asked}) == 6
    records = [record for record in Store(store).ledger.records() if record["kind"] == second_look.KIND]
    assert sorted(record["of"] for record in records) == ["agreement"] * 3 + ["contradiction"] * 3


@pytest.mark.parametrize("where", ["before_import", "after_import", "before_work"])
def test_killed_anywhere_and_started_again_it_is_done_once(
    store: Path, make_bench: Callable[..., Bench], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_look, "PATIENCE", 0.2)
    bench, cable = make_bench(store), Cable()
    bench = make_bench(store, cable=cable)
    _send(bench, _event(_agree(cable, 4)), _event(_contradict(cable)))
    if where != "before_work":

        def die() -> None:
            raise Killed

        setattr(cable, where, die)
        with pytest.raises(Killed):
            bench.work()
        setattr(cable, where, lambda: None)
    again = make_bench(store, cable=cable)
    again.work()
    asked = cable.second_looks()
    assert len(asked) == 2 and len({look["labelsift_key"] for look in asked}) == 2
    records = [record for record in Store(store).ledger.records() if record["kind"] == second_look.KIND]
    assert len(records) == 2
    again.work()
    assert len(cable.second_looks()) == 2


def test_with_one_account_a_look_waits_until_there_is_another(bench: Bench) -> None:
    del bench.cable.accounts[2]
    _send(bench, _event(_contradict(bench.cable)))
    bench.work()
    assert bench.cable.second_looks() == []
    assert [line["why"] for line in bench.lines() if line["event"] == "second_look_waits"] == [
        "There is no other account to ask"
    ]
    assert "Waits for another account" in Store(bench.served.store.folder).ledger.records()[-1]["reason"]
    bench.cable.accounts[3] = "eve@example.com"
    bench.worker.work.answers.server._cache.clear()  # as after a minute
    _send(bench, _event(_agree(bench.cable, 5)))
    bench.work()
    assert {look["labelsift_second_look"] for look in bench.cable.second_looks()} == {"eve@example.com"}


def test_an_answer_on_a_second_look_is_not_asked_about(bench: Bench) -> None:
    task = bench.cable.task({"text": _texts()["t0000"], "labelsift_second_look": "bob@example.com"})
    _send(bench, _event(bench.cable.answer(task, WRONG["t0000"])))
    bench.work()
    assert bench.cable.second_looks() == []


def test_what_apply_wrote_is_no_answer_until_a_person_changes_it(bench: Bench) -> None:
    made, later = "2030-01-01T00:00:00.000001Z", "2030-01-01T00:05:00.000001Z"
    mark = mark_of(1, 1, WRONG["t0000"])
    number = _contradict(bench.cable, import_id=mark, created_at=made)
    _agree(bench.cable, 3, import_id=mark + 1, created_at=made)
    _send(bench, _event(number))
    bench.work()
    bench.worker.catch_up()
    bench.work()
    assert bench.cable.second_looks() == [] and bench.database.rows("SELECT * FROM answers") == []
    bench.cable.annotations[number]["updated_at"] = later
    _send(bench, _event(number, action="ANNOTATION_UPDATED", updated=later))
    bench.work()
    assert len(bench.cable.second_looks()) == 1


def test_what_was_answered_just_before_the_first_start_is_not_looked_at(store: Path, make_bench: Any) -> None:
    cable = Cable()
    now = datetime.now(UTC)
    _contradict(cable, updated=(now - timedelta(minutes=1)).isoformat())
    bench = make_bench(store, cable=cable)
    bench.worker.start()
    _contradict(cable, id="t0001", updated=(now + timedelta(minutes=1)).isoformat())
    bench.worker.stop()
    bench.worker.catch_up()
    bench.work()
    assert [row["sample"] for row in bench.database.rows("SELECT sample FROM answers")] == ["t0001"]


def test_what_was_deleted_or_belongs_elsewhere_does_nothing(bench: Bench) -> None:
    number = _contradict(bench.cable)
    bench.cable.annotations[number]["task"] = 5000  # of another project
    _send(
        bench,
        _event(number),
        _event(99),
        {"action": "ANNOTATIONS_DELETED", "project": {"id": 1}, "annotations": [{"id": 4}]},
    )
    bench.work()
    assert bench.cable.second_looks() == []
    assert bench.database.job_counts() == {"done": 2}  # of an answer that nobody knew, none can be gone


def test_an_unseen_text_is_weighed_by_the_model(bench: Bench) -> None:
    task = bench.cable.task({"text": "plastic card shipped by post in an envelope, chip inside, delivery mail"})
    _send(bench, _event(bench.cable.answer(task, "transfer")))
    bench.work()
    assert len(bench.cable.second_looks()) == 1


@pytest.mark.slow
def test_a_server_that_is_away_costs_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _send(bench, _event(_contradict(bench.cable)))

    def away(*_: Any, **__: Any) -> Any:
        raise PlatformError("Label Studio at http://x could not be reached")

    with monkeypatch.context() as patched:
        patched.setattr(bench.cable, "get", away)
        bench.work()
    assert bench.cable.second_looks() == []
    assert bench.database.job_counts() == {"pending": 1}
    time.sleep(1.1)
    bench.work()
    assert len(bench.cable.second_looks()) == 1


def test_a_full_disk_is_said_and_what_it_cost_is_found_later(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _send(bench, _event(_agree(bench.cable, 4)))
    bench.work()
    pages = bench.database.rows("PRAGMA page_count")[0][0]
    bench.database.rows(f"PRAGMA max_page_count = {pages}")
    client, statuses = TestClient(bench.app), []
    for index in range(400):
        statuses.append(client.post("/webhook", json=_event(1000 + index)).status_code)
        if statuses[-1] == 503:
            break
    assert statuses[-1] == 503 and set(statuses) == {200, 503}
    assert any(line["event"] == "queue_full" and line["cure"] for line in bench.lines())
    number = _contradict(bench.cable)
    assert client.post("/webhook", json=_event(number)).status_code == 503
    bench.database.rows("PRAGMA max_page_count = 1000000")
    bench.worker.catch_up()
    bench.work()
    assert len(bench.cable.second_looks()) == 2


def test_the_queue_is_for_its_owner_and_one_backend_only(store: Path, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(store)
    file = bench.database.folder / "queue.sqlite3"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.database.folder.stat().st_mode) == 0o700
    with pytest.raises(InputError, match="Another backend"):
        Database(store)
    _send(bench, _event(3) | {"task": {"data": {"text": "PLANTED"}}})
    kept = b"".join(path.read_bytes() for path in bench.database.folder.iterdir() if path.is_file())
    assert b"PLANTED" not in kept


def test_stopping_finishes_the_job_at_hand(bench: Bench) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slowly() -> None:
        entered.set()
        leave.wait(5)

    bench.cable.before_import = slowly
    bench.worker.catch_up()  # so that the thread, at its start, does not find the answer before the event tells it
    with TestClient(bench.app) as client:
        assert client.post("/webhook", json=_event(_contradict(bench.cable))).status_code == 200
        assert entered.wait(10)
        threading.Timer(0.3, leave.set).start()
    assert len(bench.cable.second_looks()) == 1
    assert bench.database.job_counts() == {"done": 1}


def test_training_publishes_a_version_that_survives_a_restart(store: Path, make_bench: Callable[..., Bench]) -> None:
    cable = Cable()
    bench = make_bench(store, cable=cable)
    client = TestClient(bench.app)
    probe = [{"id": 1, "data": {"text": _texts()["t0003"]}}, {"id": 2, "data": {"text": "plastic card delivery"}}]
    before = client.post("/predict", json=ask(probe)).json()["results"]
    for number in range(3, 33):  # people say that what was called a card is a refund
        id = f"t{number:04d}"
        task = cable.task({"text": _texts()[id]})
        _send(bench, _event(cable.answer(task, "refund" if number % 3 == 0 else LABELS[number % 3])))
    start = {"action": "START_TRAINING", "project": {"id": 1}}
    answer = client.post("/webhook", json=start).json()
    assert client.post("/job_status", json={"job": answer["job"]}).json() == {"job_status": "queued"}
    bench.work()
    assert client.post("/job_status", json={"job": answer["job"]}).json() == {"job_status": "finished"}
    run = bench.served.run
    assert client.get("/versions").json()["versions"] == [f"labelsift/{run}+1", f"labelsift/{run}"]
    assert client.post("/setup", json={"project": "1.1", "schema": CONFIG}).json() == {
        "model_version": f"labelsift/{run}+1"
    }
    after = client.post("/predict", json=ask(probe)).json()["results"]
    assert [prediction["model_version"] for prediction in after] == [f"labelsift/{run}+1"] * 2
    assert [prediction["result"][0]["value"]["choices"] for prediction in before] == [["card"], ["card"]]
    assert [prediction["result"][0]["value"]["choices"] for prediction in after] == [["refund"], ["refund"]]
    client.post("/webhook", json=start)
    bench.work()
    assert len(client.get("/versions").json()["versions"]) == 2  # nothing new was verified
    again = make_bench(store, cable=cable)
    assert TestClient(again.app).post("/predict", json=ask(probe)).json()["results"] == after
    file = next((store / "backend" / "models").glob("*+1.npz"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and os.path.getsize(file) < 1_000_000


def test_training_without_verified_labels_is_refused(bench: Bench) -> None:
    _send(bench, {"action": "START_TRAINING", "project": {"id": 1}})
    bench.work()
    assert [line["why"] for line in bench.lines() if line["event"] == "training_refused"] == ["Too few verified labels"]
    assert len(bench.served.versions()) == 1


def test_the_worker_takes_what_the_queue_holds(bench: Bench) -> None:
    with TestClient(bench.app) as client:
        client.post("/webhook", json=_event(_contradict(bench.cable)))
        until(bench.cable.second_looks, seconds=5)
