"""Pushes into a dataset of the user's own, and what people answer there, against the real server."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from flagged_queue import CLASSES
from labelsift.data.requests import PushRequest
from labelsift.data.review_queue import ReviewItem, ReviewQueue
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.integrations.argilla.push import existing_dataset
from labelsift.report import Report

from ..own_datasets import Made, make_dataset

OPTIONS = {"type": "label_selection", "options": [{"value": name.title(), "text": f"A {name}"} for name in CLASSES]}
OWN = "labelsift_"


def logged(made: Made, report: Report, said: dict[str, Any] | None = None, *, but: int = 0) -> None:
    """Log the records of a report's samples as their owner would have, with the answers of people to some."""
    table = report.samples.table.to_pylist()
    for row in table[: len(table) - but]:
        body = made.record(0, (said or {}).get(row["id"], {}), text=row["text"])
        made.log({**body, "external_id": row["id"]})


def theirs(record: dict[str, Any]) -> dict[str, Any]:
    """Return what of a record is not labelsift's."""
    metadata = {name: value for name, value in record["metadata"].items() if not name.startswith(OWN)}
    others = [row for row in record["suggestions"] if not str(row["agent"]).startswith("labelsift/")]
    return {**record, "metadata": metadata, "suggestions": others, "vectors": {}}


@pytest.fixture
def made(api, workspace_id, name) -> Made:
    return make_dataset(api, workspace_id, name, settings=OPTIONS, extra=False)


@pytest.mark.parametrize("mode", ["choose", "prefill", "blind"])
def test_what_was_found_comes_onto_the_records_and_nothing_else_changes(
    mode, made, name, platform, make_queue, make_user
):
    report, ann = make_queue(8, flagged=4), make_user()
    logged(made, report, {"t00007": {ann.id: "Top_Up"}})
    made.log({"external_id": "t00006", "suggestions": [
        {"question_id": made.question, "value": "Refund", "agent": "their model"}
    ]})  # fmt: skip
    before = made.records()
    plan = report.push("argilla", project=name, match="external_id", mode=mode, dry_run=True)
    assert (plan.updated, plan.unchanged) == (4, 0) and made.records() == before
    receipt = report.push("argilla", project=name, match="external_id", mode=mode)
    assert (receipt.created, receipt.updated, receipt.failed) == (0, 4, {})
    after = made.records()
    assert {id: theirs(record) for id, record in after.items()} == {id: theirs(before[id]) for id in before}
    assert [id for id in after if after[id] != before[id]] == ["t00004", "t00005", "t00006", "t00007"]
    shown = after["t00005"]["metadata"]
    assert shown["labelsift_rank"] == 2 and shown["labelsift_run"] == report.run
    assert set(shown["labelsift_issues"]) == {"label", "outlier"} and shown["labelsift_quality"] == pytest.approx(0.2)
    if mode == "blind":
        assert not {"labelsift_given", "labelsift_suggested", "labelsift_reason"} & shown.keys()
        assert "refund" not in json.dumps(shown)
        assert "1 records show somebody else's suggestion" in receipt.details["others_suggestions"]
    else:
        assert shown["labelsift_given"] == ["lost_or_stolen_card"] and shown["labelsift_suggested"] == ["refund"]
        assert shown["labelsift_reason"].startswith("Labeled lost_or_stolen_card. Maybe refund? Labeled")
    drafts = {id: [(row["value"], row["score"], row["agent"]) for row in after[id]["suggestions"]] for id in after}
    assert drafts["t00006"] == [("Refund", None, "their model")]  # a question holds one suggestion
    assert drafts["t00005"] == ([("Refund", 0.94, "labelsift/label")] if mode == "prefill" else [])
    again = report.push("argilla", project=name, match="external_id", mode=mode)
    assert (again.updated, again.unchanged) == (0, 4) and made.records() == after
    assert "1 of these records are completed" in receipt.details["answered"]
    assert f"sort=metadata.labelsift_rank.asc&metadata=labelsift_run.{report.run}" in receipt.links["review"]


def test_a_new_run_takes_the_place_of_an_earlier_one(made, name, platform, make_queue):
    first, second = make_queue(6, flagged=4), make_queue(6, run="20261124-101500-4f2b", flagged=2)
    logged(made, first)
    before = made.records()
    first.push("argilla", project=name, match="external_id", mode="prefill")
    assert len(made.records()["t00003"]["suggestions"]) == 1
    receipt = second.push("argilla", project=name, match="external_id", mode="prefill")
    assert receipt.details["round"] == 2 and receipt.details["cleared"] == 2
    assert receipt.details["stale_suggestions"] == 2
    after = made.records()
    for id in ("t00002", "t00003"):  # flagged no more
        assert after[id]["suggestions"] == []
        assert {key for key in after[id]["metadata"] if key.startswith(OWN)} == {"labelsift_pushes"}
    assert after["t00004"]["metadata"]["labelsift_run"] == second.run
    assert {id: theirs(record) for id, record in after.items()} == {id: theirs(before[id]) for id in before}
    second.push("argilla", project=name, match="external_id")  # mode choose has no drafts
    assert not any(record["suggestions"] for record in made.records().values())


def test_decisions_have_verdicts_and_a_second_push_loses_none(made, name, platform, api, make_queue, make_user):
    ann, bob = make_user(), make_user()
    first, second = make_queue(6, flagged=5), make_queue(6, run="20261124-101500-4f2b", flagged=2)
    logged(made, first, {"t00001": {ann.id: "Lost_Or_Stolen_Card"}, "t00002": {ann.id: "Refund"}})
    first.push("argilla", project=name, match="external_id")
    ids = {id: record["id"] for id, record in made.records().items()}

    def answer(person: Any, id: str, value: str | None, status: str = "submitted") -> None:
        body = {"status": status, "values": {"label": {"value": value}} if value else {}}
        api("POST", f"/records/{ids[id]}/responses", body, key=person.api_key)

    assert platform.pull(project=name).num_rows == 0  # what stood there before decides nothing
    answer(bob, "t00001", "Refund")
    answer(bob, "t00002", None, "discarded")
    answer(bob, "t00003", "Top_Up", "draft")
    answer(bob, "t00004", "Card_Arrival")
    answer(bob, "t00000", "Refund")  # not flagged
    response = next(row["id"] for row in made.records()["t00002"]["responses"] if row["user_id"] == ann.id)
    api("PUT", f"/responses/{response}", {"status": "submitted", "values": {"label": {"value": "Card_Arrival"}}})
    second.push("argilla", project=name, match="external_id", mode="prefill")
    answer(ann, "t00004", "Lost_Or_Stolen_Card")
    rows = {(row["id"], row["person"]): row for row in platform.pull(project=name).to_pylist()}
    said = {key: (row["verdict"], json.loads(row["value"]), row["round"], row["asked"]) for key, row in rows.items()}
    assert said == {
        ("t00001", bob.username): ("accepted", "refund", "1", "choose"),
        ("t00002", bob.username): ("skipped", "refund", "1", "choose"),
        ("t00002", ann.username): ("changed", "Card_Arrival", "1", "choose"),  # what the data call it is in a store
        ("t00004", bob.username): ("refused", "card_arrival", "1", "choose"),
        ("t00004", ann.username): ("accepted", "lost_or_stolen_card", "2", "prefill"),
    }
    assert rows["t00001", bob.username]["run"] == first.run and rows["t00004", ann.username]["run"] == second.run
    before = made.records()
    assert {id: record["responses"] for id, record in before.items()} == {
        id: record["responses"] for id, record in made.records().items()
    }


def test_records_are_found_by_any_place_and_made_where_they_are_missing(api, workspace_id, name, platform, make_queue):
    report = make_queue(6, flagged=3)
    made = make_dataset(api, workspace_id, name, settings=OPTIONS)
    for row in report.samples.table.to_pylist()[:5]:
        made.log({"external_id": f"x{row['id']}", "fields": {"text": row["text"]}, "metadata": {"source": row["id"]}})
    receipt = report.push("argilla", project=name, match="metadata.source")
    assert receipt.updated == 2 and receipt.failed.keys() == {"t00005"}
    assert "has this sample in metadata.source" in receipt.failed["t00005"]
    assert made.records()["xt00004"]["metadata"]["labelsift_id"] == "t00004"
    assert report.push("argilla", project=name, match="fields.text").unchanged == 2  # the text, too, names a sample
    receipt = report.push("argilla", project=name, match="metadata.source", create=True)
    assert receipt.created == 1 and not receipt.failed
    new = made.records()["t00005"]
    assert (
        new["fields"] == {"text": "Message 5: my card has not arrived, what now?"}
        and new["metadata"]["source"] == "t00005"
    )
    assert report.push("argilla", project=name, match="metadata.source", create=True).unchanged == 3
    with pytest.raises(InputError, match=r"has no place fields.nope. It has: external_id, id, fields.text"):
        report.push("argilla", project=name, match="fields.nope")
    with pytest.raises(InputError, match="an id of the server's own"):
        report.push("argilla", project=name, match="id", create=True)


def test_what_the_server_cannot_change_is_refused_and_nothing_sent(api, workspace_id, name, platform, make_queue):
    report = make_queue(6, flagged=3)
    few = {"type": "label_selection", "options": [{"value": name, "text": name} for name in CLASSES[1:]]}
    made = make_dataset(api, workspace_id, name, settings=few)
    logged(made, report)
    with pytest.raises(InputError, match="nothing was pushed into the dataset of this name"):
        platform.pull(project=name)
    receipt = report.push("argilla", project=name, match="external_id")
    assert receipt.failed.keys() == {"t00003"}  # card_arrival is suggested
    assert "no label 'card_arrival', and Argilla changes no labels" in receipt.failed["t00003"]
    spans = make_dataset(api, workspace_id, f"{name} spans", "spans")
    with pytest.raises(InputError, match=r"have single labels, and the question label of .* takes spans"):
        report.push("argilla", project=f"{name} spans", match="external_id")
    property = {"name": "labelsift_rank", "title": "r", "settings": {"type": "terms"}}
    api("POST", f"/datasets/{spans.id}/metadata-properties", property)
    other = make_dataset(api, workspace_id, f"{name} other", settings=OPTIONS)
    api("POST", f"/datasets/{other.id}/metadata-properties", property)
    logged(other, report)
    before = other.records()
    with pytest.raises(InputError, match="labelsift_rank"):
        report.push("argilla", project=f"{name} other", match="external_id")
    assert other.records() == before


@pytest.mark.parametrize("kind", ["multi", "spans"])
def test_sets_and_spans_are_drafted_whole_and_vectors_go_along(kind, api, client, workspace_id, name, monkeypatch):
    made = make_dataset(api, workspace_id, name, kind)
    made.log(*(made.record(number, {}, text=f"Anna met 🙂\r\nBob {number}") for number in range(3)))
    task, column, given, suggested, stored = {
        "multi": ("multilabel", "labels", ["Lost card"], ["card_arrival", "lost_card"], ["card_arrival", "lost_card"]),
        "spans": ("spans", "spans", [], [[0, 4, "PER"]], [{"label": "PER", "start": 0, "end": 4}]),
    }[kind]
    texts = [f"Anna met 🙂\r\nBob {number}" for number in range(3)]
    samples = Samples(
        pa.table({"id": ["t0", "t1", "t2"], "text": texts, column: [json.dumps(given)] * 3}), pa.table({}), "mine"
    )
    issue = "span" if kind == "spans" else "label"
    items = tuple(
        ReviewItem(
            id,
            rank + 1,
            (issue,),
            {issue: 0.1},
            texts[rank].replace("\r", " "),  # as a queue has it
            given,
            suggested,
            0.9,
            "Why.",
            task=task,
        )
        for rank, id in enumerate(("t0", "t1"))
    )
    vectors = np.eye(3, dtype=np.float32)
    queue = ReviewQueue("r1", samples, items, vectors=lambda ids: vectors[[int(id[1]) for id in ids]].reshape(-1, 3))
    made.log({"external_id": "t1", "fields": {"text": "Another text"}})
    request = PushRequest(name, mode="prefill", match="external_id")
    receipt = existing_dataset.push_existing(client, queue, request)
    record = made.records()["t0"]
    assert record["suggestions"][0]["value"] == stored and record["suggestions"][0]["score"] == [0.9] * len(stored)
    assert record["vectors"] == {"labelsift": [1, 0, 0]}
    assert ("t1" in receipt.failed) is (kind == "spans")
    again = existing_dataset.push_existing(client, queue, request)
    assert again.updated == 0 and made.records()["t0"] == record
    refusal = PushRequest(name, mode="choose", match="external_id")
    monkeypatch.setattr(existing_dataset, "MANY", 0)
    with pytest.raises(InputError, match=r"records of .* would be written, which takes about"):
        existing_dataset.push_existing(client, queue, refusal)
    assert made.records()["t0"] == record


def test_forgetting_a_sample_takes_what_is_labelsifts_and_nothing_else(made, name, platform, make_queue, make_user):
    report, ann = make_queue(4), make_user()
    logged(made, report, {"t00001": {ann.id: "Top_Up"}})
    before = made.records()
    report.push("argilla", project=name, match="external_id", mode="prefill")
    pushed = made.records()
    count = platform.forget(["t00001", "gone"], project=name, match="external_id", dry_run=True)
    assert count == 1 and made.records() == pushed
    assert platform.forget(["t00001", "gone"], project=name, match="external_id") == 1
    after = made.records()
    assert after["t00001"] == before["t00001"] and after["t00002"] == pushed["t00002"]
    assert platform.forget(["t00001"], project=name, match="external_id") == 0
