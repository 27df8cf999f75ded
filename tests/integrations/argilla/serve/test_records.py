"""Records that come get a suggestion, a reason and a quality, once in effect; what others wrote stays."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from labelsift.errors import InputError
from labelsift.integrations.argilla.serve.datasets import open_datasets
from labelsift.serving.database import Database
from labelsift.serving.logs import Log
from labelsift.store.store import Store

from .conftest import PROJECT, Live, Shelf, known_texts, text_for

pytestmark = pytest.mark.slow

CARD = "plastic card shipped by post in an envelope, chip inside, delivery mail"
OWN = {"labelsift_run", "labelsift_reason"}


class Killed(BaseException):
    """Ends a test's server where a kill would."""


def suggestion(value: str, agent: str) -> dict[str, Any]:
    return {"id": "s", "question_id": "s0-questions", "value": value, "score": None, "agent": agent}


def test_a_record_that_comes_gets_a_suggestion_and_a_reason_and_keeps_its_metadata(live: Live) -> None:
    live.settle()
    record = live.shelf.add(CARD, metadata={"channel": "mail"})
    live.settle()
    [made] = record["suggestions"]
    assert (made["value"], made["agent"], made["question_id"]) == ("card", "labelsift/label", "s0-questions")
    assert 0.5 < made["score"] <= 1
    assert record["metadata"]["channel"] == "mail" and record["metadata"].keys() == {"channel", *OWN}
    assert record["metadata"]["labelsift_reason"].endswith("say card.")
    assert record["metadata"]["labelsift_run"] == live.work.entries[live.shelf.dataset_id].served.run
    assert record["fields"] == {"text": CARD}


def test_a_sample_of_the_run_gets_what_the_scan_says_of_it(live: Live) -> None:
    texts = known_texts()
    wrong, right = (live.shelf.add(texts[id], external_id=id) for id in ("t0000", "t0010"))
    live.settle()
    assert wrong["suggestions"][0]["value"] == "card" and right["suggestions"][0]["value"] == "refund"
    assert wrong["metadata"]["labelsift_issues"] == ["label"] and wrong["metadata"]["labelsift_quality"] < 0.1
    assert "labelsift_issues" not in right["metadata"] and right["metadata"]["labelsift_quality"] > 0.5
    assert right["metadata"]["labelsift_reason"].startswith("The scan gives refund ")


def test_a_label_that_a_record_came_with_is_judged(live: Live) -> None:
    said = {"id": "a", "user_id": "u1", "status": "submitted", "values": {"label": {"value": "transfer"}}}
    answered = live.shelf.add(CARD, responses=[said | {"updated_at": "2020-01-01T00:00:00"}])
    draft = live.shelf.add(f"{CARD}!", responses=[said | {"updated_at": "2020-01-01T00:00:00", "status": "draft"}])
    live.settle()
    assert answered["metadata"]["labelsift_quality"] < 0.1 and answered["metadata"]["labelsift_issues"] == ["label"]
    assert draft["metadata"].keys() == OWN  # what nobody submitted is no label


def test_the_suggestion_of_somebody_else_stays_and_is_judged(live: Live) -> None:
    record = live.shelf.add(CARD, suggestions=[suggestion("transfer", "our-model")])
    live.settle()
    assert record["suggestions"] == [suggestion("transfer", "our-model")]
    assert record["metadata"]["labelsift_quality"] < 0.1 and record["metadata"]["labelsift_issues"] == ["label"]


def test_what_was_pushed_is_left_to_the_push(live: Live) -> None:
    metadata = {"labelsift_rank": 1, "labelsift_run": "another", "labelsift_quality": 0.5}
    record = live.shelf.add(CARD, metadata=dict(metadata))
    live.settle()
    assert (record["metadata"], record["suggestions"], live.shelf.writes) == (metadata, [], 0)


def test_looked_at_again_nothing_is_written_and_after_a_restart_neither(
    live: Live, store: Path, make_live: Callable[..., Live]
) -> None:
    rng = random.Random(100)
    for label in ("card", "refund", "transfer") * 4:
        live.shelf.add(text_for(label, rng))
    live.settle()
    assert live.shelf.writes == 12
    live.work.polling._states.clear()
    live.settle()
    again = make_live(store, live.shelf)
    again.settle()
    assert live.shelf.writes == 12
    assert any(line["event"] == "jobs_done" for line in again.lines())  # they were looked at


def test_a_record_whose_text_changes_is_judged_anew(live: Live) -> None:
    record = live.shelf.add(CARD)
    live.settle()
    record |= {
        "fields": {"text": "refund my money back, merchant cancelled the order"},
        "updated_at": live.shelf.tick(),
    }
    live.settle()
    assert [row["value"] for row in record["suggestions"]] == ["refund"]


def test_a_text_of_which_nothing_is_known_loses_the_old_suggestion(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from labelsift.serving.run_index import NOTHING

    record = live.shelf.add(CARD)
    live.settle()
    entry = live.work.entries[live.shelf.dataset_id]
    monkeypatch.setattr(entry.served, "judge", lambda samples, **_: [NOTHING for _ in samples])
    record["updated_at"] = live.shelf.tick()
    live.settle()
    assert record["suggestions"] == [] and record["metadata"].keys() == OWN
    assert record["metadata"]["labelsift_reason"].startswith("Nothing can be said")
    live.shelf.add("")  # no text at all
    writes = live.shelf.writes
    live.settle()
    assert live.shelf.writes == writes


def test_a_label_that_the_question_lacks_is_said_and_not_suggested(
    store: Path, shelf: Shelf, make_live: Callable[..., Live]
) -> None:
    shelf.settings[shelf.dataset_id]["questions"][0]["settings"]["options"] = [{"value": "refund", "text": "x"}] * 2
    live = make_live(store, shelf)
    record = shelf.add(CARD)
    live.settle()
    assert record["suggestions"] == []
    assert record["metadata"]["labelsift_reason"].endswith("has no label 'card', so nothing is suggested.")


@pytest.mark.parametrize("where", ["before_write", "after_write"])
def test_killed_anywhere_and_started_again_each_record_is_as_it_should_be(
    store: Path, shelf: Shelf, make_live: Callable[..., Live], where: str
) -> None:
    live = make_live(store, shelf)
    records = [shelf.add(f"{CARD} {number}") for number in range(5)]

    def kill() -> None:
        raise Killed

    setattr(shelf, where, kill)
    with pytest.raises(Killed):
        live.settle()
    setattr(shelf, where, lambda: None)
    make_live(store, shelf).settle()
    assert all(len(record["suggestions"]) == 1 for record in records)
    assert shelf.writes == 5


def test_one_that_the_server_refuses_does_not_stop_the_others(live: Live) -> None:
    refused = live.shelf.add(CARD, metadata={"odd": "refused"})
    others = [live.shelf.add(f"{CARD} {number}") for number in range(3)]
    live.settle()
    assert refused["suggestions"] == [] and all(record["suggestions"] for record in others)
    assert {line["record"] for line in live.lines() if line["event"] == "record_refused"} == {refused["id"]}
    assert live.database.job_counts().keys() == {"done"}
    writes = live.shelf.writes
    live.settle()
    assert live.shelf.writes == writes


def test_a_server_that_is_away_costs_nothing_and_is_said_once(live: Live) -> None:
    live.settle()
    record = live.shelf.add(CARD)
    live.shelf.away = True
    live.settle()
    live.shelf.away = False
    live.settle()
    assert len(record["suggestions"]) == 1
    assert len([line for line in live.lines() if line["event"] == "polling_failed"]) == 1


def test_no_text_of_a_record_and_no_key_is_in_the_log_or_the_queue(live: Live) -> None:
    live.shelf.add("PLANTED plastic card", metadata={"x": "PLANTED"})
    live.settle()
    kept = b"".join(path.read_bytes() for path in live.database.folder.iterdir() if path.is_file())
    assert b"PLANTED" not in kept and "PLANTED" not in live.out.getvalue()
    assert b"owner.apikey" not in kept and "owner.apikey" not in live.out.getvalue()


def _open(shelf: Shelf, store: Path, projects: dict[str, str]) -> None:
    open_datasets(shelf, projects, store=Store(store), folder=store, log=Log())


def test_what_cannot_be_served_is_refused_before_anything_is_written(store: Path, shelf: Shelf) -> None:
    about = shelf.all[shelf.dataset_id]
    with pytest.raises(InputError, match="Say which datasets"):
        _open(shelf, store, {"": "latest"})
    with pytest.raises(InputError, match="no dataset other"):
        _open(shelf, store, {"quality/other": "latest"})
    about["metadata"] = {"labelsift": {"of": "x"}}
    with pytest.raises(InputError, match="labelsift's own"):
        _open(shelf, store, {PROJECT: "latest"})
    about |= {"metadata": {}, "status": "draft"}
    with pytest.raises(InputError, match="is a draft"):
        _open(shelf, store, {PROJECT: "latest"})
    about["status"] = "ready"
    assert "metadata-properties" not in shelf.settings[shelf.dataset_id]
    shelf.add_setting(shelf.dataset_id, "metadata-properties", {"name": "labelsift_run", "settings": {"type": "float"}})
    with pytest.raises(InputError, match="other types") as raised:
        _open(shelf, store, {PROJECT: "latest"})
    assert raised.value.ids == ("labelsift_run",)


def test_a_question_of_another_kind_is_named_in_the_health(
    store: Path, shelf: Shelf, make_live: Callable[..., Live]
) -> None:
    shelf.settings[shelf.dataset_id]["questions"][0]["settings"]["type"] = "multi_label_selection"
    live = make_live(store, shelf)
    record = shelf.add(CARD)
    live.settle()
    assert record["suggestions"] == []
    assert live.work.entries[shelf.dataset_id].misfit == (
        "The run is about classification, the question label about multilabel"
    )


def test_one_process_serves_a_store(live: Live, store: Path) -> None:
    with pytest.raises(InputError, match="Another backend"):
        Database(store)
