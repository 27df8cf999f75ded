"""Decisions written into the dataset that the samples are from, and taken back, against the real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.io.formats.argilla import APPLIED
from labelsift.platforms import ApplyRequest

from ..own_datasets import make_dataset

GIVEN = {"single": "lost_card", "multi": ["lost_card"], "spans": [{"start": 0, "end": 3, "label": "LOC"}], "rating": 2}
DECIDED = {"single": "Card arrival", "multi": ["Lost card", "card_arrival"], "spans": [[0, 3, "Person"]], "rating": "5"}
READ = {"single": "card_arrival", "multi": '["card_arrival", "lost_card"]', "spans": '[[0,3,"PER"]]', "rating": "5"}


def decision(id: str, value: object, *, action: str = "relabel", person: str = "eve", run: str = "") -> dict[str, Any]:
    verdict = "refused" if action == "keep" else "changed"
    row = {"id": id, "action": action, "verdict": verdict, "value": json.dumps(value), "person": person}
    return row | {"time": datetime(2026, 11, 25, 12, tzinfo=UTC), "platform": "argilla", "run": run or None}


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=CORRECTIONS_SCHEMA)


@pytest.mark.parametrize("kind", GIVEN)
@pytest.mark.filterwarnings("ignore:.*answers of several people")
def test_a_response_comes_beside_what_people_said_and_goes_again(kind, platform, api, workspace_id, name, make_user):
    ann = make_user()
    made = make_dataset(api, workspace_id, name, kind, extra=kind != "single")
    made.log(*(made.record(number, {ann.id: GIVEN[kind]}, suggested=GIVEN[kind]) for number in range(3)))
    before = made.records()
    rows = table(decision("t0", DECIDED[kind], action="respan" if kind == "spans" else "relabel"))
    plan = platform.apply(rows, ApplyRequest(name, dry_run=True))
    assert (plan.created, plan.details["responses_written"]) == (1, 1) and made.records() == before
    receipt = platform.apply(rows, ApplyRequest(name))
    assert (receipt.created, receipt.updated, receipt.failed) == (1, 0, {})
    after = made.records()
    assert [after[id] == before[id] for id in ("t0", "t1", "t2")] == [False, True, True]
    assert {**after["t0"]["metadata"], APPLIED: ""} == {**before["t0"]["metadata"], APPLIED: ""}
    assert after["t0"]["responses"][0] == before["t0"]["responses"][0] and len(after["t0"]["responses"]) == 2
    assert after["t0"]["suggestions"] == before["t0"]["suggestions"]
    assert ls.read(f"argilla://{name}").given.to_pylist()[0] == READ[kind]
    again = platform.apply(rows, ApplyRequest(name))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1) and made.records() == after
    undone = platform.apply(table(), ApplyRequest(name, undo=True))
    assert (undone.updated, undone.details["responses_deleted"]) == (1, 1) and made.records() == before
    assert platform.apply(table(), ApplyRequest(name, undo=True)).updated == 0


def test_what_no_response_can_say_is_named_and_the_rest_is_written(platform, api, workspace_id, name, make_user):
    ann, bob = make_user(), make_user()
    made = make_dataset(api, workspace_id, name)
    made.log(
        *(made.record(number, {ann.id: "lost_card"}) for number in range(5)), made.record(5, {bob.id: "card_arrival"})
    )
    rows = [
        decision("t0", "refund"),
        decision("t1", None, action="remove"),
        decision("t2", "card_arrival"),
        decision("t2", "lost_card", person="max"),
        decision("t3", "lost_card", action="keep"),
        decision("t4", "card_arrival"),
        decision("t5", "card_arrival"),
        decision("gone", "card_arrival"),
    ]
    receipt = platform.apply(table(*rows), ApplyRequest(name))
    assert receipt.created == 1 and len(made.records()["t4"]["responses"]) == 2
    for id, why in (
        ("t0", "no label 'refund', and Argilla changes no labels"),
        ("t1", "the action remove"),
        ("t2", "People differ (eve, max)"),
        ("gone", "No record of"),
    ):
        assert why in receipt.failed[id]
    assert receipt.failed.keys() == {"t0", "t1", "t2", "gone"}
    assert len(made.records()["t5"]["responses"]) == 1  # all say so already
    # A decision that was taken back takes its response with it, one that changed changes it.
    receipt = platform.apply(table(decision("t4", "lost_card", action="keep")), ApplyRequest(name))
    assert receipt.updated == 1 and APPLIED not in made.records()["t4"]["metadata"]
    assert len(made.records()["t4"]["responses"]) == 1


def test_what_the_account_answered_itself_is_never_replaced(platform, client, api, workspace_id, name, make_user):
    owner, ann = client.me()["id"], make_user()
    made = make_dataset(api, workspace_id, name)
    made.log(
        made.record(0, {owner: "lost_card"}),
        made.record(1, {owner: "lost_card"}, status="draft"),
        made.record(2, {owner: "card_arrival"}),
        made.record(3, {ann.id: "lost_card"}),
    )
    before = made.records()
    rows = table(*(decision(f"t{number}", "card_arrival") for number in range(4)))
    receipt = platform.apply(rows, ApplyRequest(name))
    assert receipt.created == 1 and receipt.failed.keys() == {"t0", "t1"}
    assert "use the key of an account that only labelsift has" in receipt.failed["t0"]
    after = made.records()
    assert all(after[id] == before[id] for id in ("t0", "t1", "t2"))
    # Somebody changes what labelsift wrote: it is theirs from then on.
    response = next(said for said in after["t3"]["responses"] if said["user_id"] == owner)
    api("PUT", f"/responses/{response['id']}", {"status": "submitted", "values": {"label": {"value": "lost_card"}}})
    assert "has answered this record itself" in platform.apply(rows, ApplyRequest(name)).failed["t3"]
    undone = platform.apply(table(), ApplyRequest(name, undo=True))
    assert "theirs now and stays" in undone.failed["t3"] and len(made.records()["t3"]["responses"]) == 2
    assert ls.read(f"argilla://{name}").column("annotations").to_pylist()[3].count("lost_card") == 2


def test_datasets_that_cannot_take_it_are_refused_before_anything_is_sent(platform, api, workspace_id, name):
    tone = {"name": "tone", "title": "t", "required": True, "settings": {"type": "text"}}
    made = make_dataset(api, workspace_id, name, questions=[tone])
    made.log(made.record(0, {}))
    with pytest.raises(InputError, match="without an answer to: tone"):
        platform.apply(table(decision("t0", "lost_card")), ApplyRequest(name))
    other = make_dataset(api, workspace_id, f"{name} 2")
    other.log(other.record(0, {}))
    with pytest.raises(InputError, match=r"No record of .* is a sample of these decisions"):
        platform.apply(table(decision("x", "lost_card")), ApplyRequest(f"{name} 2"))
    with pytest.raises(InputError, match=r"has no place fields.nope.*It has: external_id, id, fields.text"):
        platform.apply(table(decision("t0", "lost_card")), ApplyRequest(f"{name} 2", match="fields.nope"))


def test_an_external_id_is_no_proof_that_a_record_shows_what_people_judged(
    platform, api, workspace_id, name, make_user, tmp_path
):
    made = make_dataset(api, workspace_id, name)
    ann = make_user()
    made.log(*(made.record(number, {ann.id: ("lost_card", "card_arrival")[number // 2]}) for number in range(3)))
    report = ls.scan(ls.read(f"argilla://{name}"), store=tmp_path)
    made.log({"external_id": "t1", "fields": {"text": "Another text"}})
    rows = table(*(decision(f"t{number}", "card_arrival", run=report.run) for number in range(2)))
    receipt = platform.apply(rows, ApplyRequest(name, store=tmp_path))
    assert receipt.created == 1 and "another text than the one that people judged" in receipt.failed["t1"]
    assert platform.apply(rows, ApplyRequest(name, match="external_id", store=tmp_path)).created == 1
