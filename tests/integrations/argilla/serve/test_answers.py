"""Answers that contradict strong evidence go blind to another person, once, mixed with such that agree."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labelsift.corrections.audit import audit_rows
from labelsift.corrections.verify import verify
from labelsift.integrations.argilla.erase import erase_records
from labelsift.integrations.argilla.pull.second_looks import second_looks
from labelsift.integrations.argilla.serve import webhooks
from labelsift.io.formats.argilla import APPLIED, mark_of
from labelsift.serving import second_looks as kit
from labelsift.store.store import Store
from starlette.testclient import TestClient

from .conftest import LABELS, WRONG, Live, Shelf, known_texts

SPACE = {"id": "w", "name": "quality"}


class Killed(BaseException):
    """Ends a test's server where a kill would."""


def contradict(shelf: Shelf, id: str = "t0000", **more: Any) -> dict[str, Any]:
    """A person keeps a label that the scan says is wrong."""
    record = shelf.add(known_texts()[id], external_id=id, metadata={"old_label": WRONG[id]})
    shelf.answer(record, WRONG[id], **more)
    return record


def agree(shelf: Shelf, row: int) -> dict[str, Any]:
    record = shelf.add(known_texts()[f"t{row:04d}"], external_id=f"t{row:04d}")
    shelf.answer(record, LABELS[row % 3])
    return record


def records_of(store: Path) -> list[dict[str, Any]]:
    return [row for row in Store(store).ledger.records() if row["kind"] == kit.KIND]


def pulled(shelf: Shelf, store: Path) -> list[dict[str, Any]]:
    return list(second_looks(shelf, Store(store), shelf.people(), workspace=SPACE, name="tickets"))


@pytest.mark.slow
def test_a_contradiction_goes_blind_to_others_with_as_many_agreements(live: Live, store: Path) -> None:
    for row in range(3, 9):
        agree(live.shelf, row)
    contradict(live.shelf)
    live.settle()
    looks = live.shelf.second_looks()
    assert len(looks) == 2
    texts = known_texts()
    for look in looks:  # nothing but a text and a key
        assert look["fields"].keys() == {"text"} and look["metadata"] is None and look["suggestions"] == []
        assert look["fields"]["text"] in texts.values() and look["external_id"] not in texts
    [about] = [row for row in live.shelf.all.values() if row["id"] != live.shelf.dataset_id]
    assert about["name"] == "tickets second look" and about["distribution"]["min_submitted"] == 1
    questions = {row["name"]: row for row in live.shelf.settings[about["id"]]["questions"]}
    assert [option["value"] for option in questions["label"]["settings"]["options"]] == sorted(LABELS)
    decisions = [option["value"] for option in questions["decision"]["settings"]["options"]]
    assert "unclear" in decisions and "suggested" not in decisions and "given" not in decisions
    assert "metadata-properties" not in live.shelf.settings[about["id"]]
    said = records_of(store)
    assert sorted(record["of"] for record in said) == ["agreement", "contradiction"]
    [record] = [record for record in said if record["of"] == "contradiction"]
    assert (record["id"], record["person"], record["target"]) == ("t0000", "ann", "quality/tickets")
    assert "the scan gives" in record["reason"] and record["reason"].endswith("Asked: anybody else in the workspace.")
    assert len(audit_rows(said)) == 2 and verify(store=store).problems == ()


def test_the_answer_of_another_person_is_pulled_and_that_of_the_same_is_not(live: Live, store: Path) -> None:
    agree(live.shelf, 3)
    contradict(live.shelf)
    live.settle()
    assert pulled(live.shelf, store) == []
    key = next(record["key"] for record in records_of(store) if record["of"] == "contradiction")
    [look] = [look for look in live.shelf.second_looks() if look["external_id"] == key]
    for user, label in (("u1", "refund"), ("u2", "card")):
        values = {"label": {"value": label}, "decision": {"value": "other"}}
        row = {"id": f"x{user}", "user_id": user, "status": "submitted", "values": values}
        look["responses"].append(row | {"updated_at": "2030-01-02T00:00:00"})
    [row] = pulled(live.shelf, store)
    assert (row["id"], row["person"], row["action"], row["verdict"]) == ("t0000", "bob", "relabel", "accepted")
    assert (row["value"], row["round"], row["asked"], row["platform"]) == (
        '"card"',
        "second_look",
        "second_look",
        "argilla",
    )


def test_erasing_a_sample_deletes_its_second_look_by_its_key(live: Live, store: Path) -> None:
    agree(live.shelf, 3)
    contradict(live.shelf)
    live.settle()
    [key] = [record["key"] for record in records_of(store) if record["id"] == "t0000"]
    assert erase_records(live.shelf, ["t0000", key], project="quality/tickets", dry_run=True) == 1
    assert len(live.shelf.second_looks()) == 2
    assert erase_records(live.shelf, ["t0000", key], project="quality/tickets", dry_run=False) == 1
    assert key not in [look["external_id"] for look in live.shelf.second_looks()]
    assert len(live.shelf.second_looks()) == 1 and len(live.shelf.of[live.shelf.dataset_id]) == 2


def test_who_answered_alone_in_a_workspace_is_waited_for(live: Live, store: Path) -> None:
    live.shelf.users = {"u1": "ann"}
    contradict(live.shelf)
    live.settle()
    assert live.shelf.second_looks() == [] and records_of(store)[0]["waits"] is True
    live.shelf.users["u2"] = "bob"
    agree(live.shelf, 4)
    live.settle()
    assert len(live.shelf.second_looks()) == 2


@pytest.mark.slow
def test_drafts_discards_and_what_apply_wrote_contradict_nothing(live: Live) -> None:
    texts = known_texts()
    contradict(live.shelf, status="draft")
    contradict(live.shelf, "t0001", status="discarded")
    applied = live.shelf.add(texts["t0002"], metadata={APPLIED: mark_of("u1", "card")})
    live.shelf.answer(applied, "card")
    live.settle()
    assert live.shelf.second_looks() == []
    noted = live.database.rows("SELECT person, value FROM answers")
    assert [tuple(row) for row in noted] == [("ann", None)]  # of the discard: who saw it is no second person


def test_what_was_answered_before_the_first_start_is_noted_and_asked_about_by_nobody(
    store: Path, shelf: Shelf, make_live: Callable[..., Live]
) -> None:
    old = contradict(shelf)
    old["responses"][0]["updated_at"] = "2020-01-01T00:00:00"
    live = make_live(store, shelf)
    live.settle()
    assert shelf.second_looks() == []
    assert [row["verdict"] for row in live.database.rows("SELECT verdict FROM answers")] == ["contradicts"]
    old["responses"][0]["updated_at"] = shelf.tick()  # and no time of the record tells
    live.work.polling._states[shelf.dataset_id].next_sweep = 0.0
    live.settle()
    assert len(shelf.second_looks()) == 1


def test_an_answer_that_is_gone_is_forgotten(live: Live) -> None:
    record = agree(live.shelf, 3)
    live.settle()
    assert len(live.database.rows("SELECT 1 FROM answers")) == 1
    record |= {"responses": [], "updated_at": live.shelf.tick()}
    live.settle()
    assert live.database.rows("SELECT 1 FROM answers") == []


def test_without_the_option_answers_are_left_alone(store: Path, shelf: Shelf, make_live: Callable[..., Live]) -> None:
    live = make_live(store, shelf, second_look=False)
    contradict(shelf)
    live.settle()
    assert shelf.second_looks() == [] and live.database.rows("SELECT 1 FROM answers") == []


@pytest.mark.slow
@pytest.mark.parametrize("where", ["before_write", "after_write"])
def test_killed_anywhere_and_started_again_each_look_is_asked_once(
    store: Path, shelf: Shelf, make_live: Callable[..., Live], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "PATIENCE", 0.0)
    live = make_live(store, shelf)
    records = [agree(shelf, row) for row in (3, 4, 5)]
    live.settle()
    assert all(record["suggestions"] for record in records)
    contradict(shelf)
    calls = 0

    def kill() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:  # the first is the judgement, the second the looks
            raise Killed

    setattr(shelf, where, kill)
    with pytest.raises(Killed):
        live.settle()
    setattr(shelf, where, lambda: None)
    for _ in range(2):
        make_live(store, shelf).settle()
    looks = shelf.second_looks()
    assert len(looks) == 2 and len({look["external_id"] for look in looks}) == 2
    assert len(records_of(store)) == 2


def event(record: dict[str, Any], dataset: str, *, type: str = "record.created") -> bytes:
    told = {**record, "dataset": {"id": dataset}}
    data = told if type.startswith("record.") else {"id": "a", "record": told}
    return json.dumps({"type": type, "version": 1, "timestamp": "x", "data": data}).encode()


def signed(body: bytes, *, key: bytes = b"secret", age: float = 0.0) -> dict[str, str]:
    sent = str(int(time.time() - age))
    signature = base64.b64encode(hmac.new(key, f"m.{sent}.".encode() + body, hashlib.sha256).digest()).decode()
    named = {"webhook-id": "m", "webhook-timestamp": sent, "webhook-signature": f"v1,{signature}"}
    return named | {"content-type": "application/json"}


def test_events_are_hints_in_any_order_and_number(live: Live) -> None:
    record, client = contradict(live.shelf), TestClient(live.app)
    bodies = [event(record, live.shelf.dataset_id, type=type) for type in ("response.created", "record.created")] * 3
    for body in [*bodies, event(record, "another"), b"[]", b'{"type": 1}', b'{"type": "record.x", "data": {}}']:
        assert client.post("/webhook", content=body, headers=signed(body)).status_code == 200
    assert live.database.job_counts() == {"pending": 1}
    while live.handlers.worker.step():
        pass
    assert len(record["suggestions"]) == 1 and len(live.shelf.second_looks()) == 1
    body = event(record, live.shelf.dataset_id, type="record.updated")  # of what was just written
    assert client.post("/webhook", content=body, headers=signed(body)).json() == {"queued": 0}


@pytest.mark.slow
def test_what_is_not_signed_is_refused_and_nothing_of_it_kept(live: Live) -> None:
    record, client = live.shelf.add("plastic card"), TestClient(live.app)
    body = event(record, live.shelf.dataset_id)
    json_only = {"content-type": "application/json"}
    for headers in (json_only, signed(body, key=b"other"), signed(body, age=3_600), signed(body + b" ")):
        assert client.post("/webhook", content=body, headers=headers).status_code == 401
    assert client.post("/webhook", content=b"x", headers=signed(b"x")).status_code == 400
    large = b" " * 1_100_000
    assert client.post("/webhook", content=large, headers=signed(large)).status_code == 413
    assert live.database.job_counts() == {}
    health = client.get("/health").json()
    assert set(health["runs"].values()) == {"ready"} and health["problems"] == {} and health["webhook"] is True


def test_the_webhook_is_made_once_taken_over_and_taken_away(
    store: Path, shelf: Shelf, make_live: Callable[..., Live]
) -> None:
    first = make_live(store, shelf)  # and killed
    second = make_live(store, shelf)
    assert len(shelf.hooks) == 1 and first.handlers.events.stands and second.handlers.events.stands
    assert shelf.hooks[0]["url"] == "http://127.0.0.1:9/webhook" and "response.created" in shelf.hooks[0]["events"]
    second.handlers.events.remove()
    assert shelf.hooks == []


def test_a_webhook_of_which_no_event_comes_is_taken_away(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE", -1.0)
    live.settle()
    assert live.shelf.hooks  # nothing was written, so nothing is owed
    record, client = live.shelf.add("plastic card shipped by post, delivery mail"), TestClient(live.app)
    live.handlers.worker.catch_up()
    assert live.handlers.worker.step()
    body = event(record, live.shelf.dataset_id)
    assert client.post("/webhook", content=body, headers=signed(body)).status_code == 200
    live.settle()
    assert live.shelf.hooks and record["suggestions"]
    live.shelf.add("plastic card shipped by post, delivery")
    live.settle()
    assert live.shelf.hooks == [] and not live.handlers.events.stands
    assert [line["why"][:13] for line in live.lines() if line["event"] == "polling_only"] == ["No event came"]
    assert client.post("/webhook", content=body, headers=signed(body)).status_code == 401


@pytest.mark.slow
@pytest.mark.parametrize(("role", "url"), [("admin", "http://127.0.0.1:9/webhook"), ("owner", None)])
def test_without_a_webhook_polling_is_enough_and_said(
    store: Path, shelf: Shelf, make_live: Callable[..., Live], role: str, url: str | None
) -> None:
    shelf.role = role
    live = make_live(store, shelf, url=url)
    record = shelf.add("plastic card shipped by post, delivery mail")
    live.settle()
    assert record["suggestions"] and shelf.hooks == []
    assert [line["why"] for line in live.lines() if line["event"] == "polling_only"]
    body = event(record, shelf.dataset_id)
    assert TestClient(live.app).post("/webhook", content=body, headers=signed(body, key=b"")).status_code == 401
