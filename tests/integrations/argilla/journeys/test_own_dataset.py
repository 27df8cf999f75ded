"""The whole way of a dataset of the user's own: read, scan, push, answer, pull, apply, undo."""

from __future__ import annotations

import json
from typing import Any

import labelsift as ls
import pytest
from labelsift.cli import main
from labelsift.io.formats.argilla import APPLIED

from ..own_datasets import make_dataset

WORDS = {
    "card_arrival": (
        ("my new card has not arrived", "the card is not in the post", "still waiting for the delivery of the card"),
        ("when will it come", "it was ordered two weeks ago", "where is the letter", "how long does the post take"),
    ),
    "lost_card": (
        ("I lost my wallet on the bus", "somebody stole my purse", "my card is gone, a thief took it"),
        ("block it at once", "please freeze the account", "can you stop payments", "I need to report the theft"),
    ),
}


def theirs(record: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in record["metadata"].items() if not name.startswith("labelsift_")}
    return {**record, "metadata": metadata, "vectors": {}}


@pytest.mark.filterwarnings("ignore:.*answers of several people")
@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_wrong_label_is_found_decided_and_written_back(
    kind, reached, api, workspace_id, name, make_user, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    ann, reviewer = make_user(), make_user()
    made = make_dataset(api, workspace_id, name, kind)
    labels = [label for label, (starts, ends) in WORDS.items() for _ in range(len(starts) * len(ends))]
    texts = [f"{start}, {end}" for starts, ends in WORDS.values() for start in starts for end in ends]
    labels[7], wrong = labels[-1], labels[7]  # by mistake
    said = [[label] if kind == "multi" else label for label in labels]
    made.log(*(made.record(number, {ann.id: said[number]}, text=texts[number]) for number in range(len(texts))))
    before = made.records()
    report = ls.scan(ls.read(f"argilla://{name}"), only=["label"], budget=1, store="store")
    assert "t7" in report.findings["id"].to_pylist()
    report.push("argilla", project=name, match="external_id")
    record = made.records()["t7"]
    suggested = record["metadata"]["labelsift_suggested"]
    assert wrong in suggested
    taken = suggested if kind == "multi" else wrong
    answer = {"status": "submitted", "values": {"label": {"value": taken}}}
    api("POST", f"/records/{record['id']}/responses", answer, key=reviewer.api_key)
    run = lambda *words: main([*words, "--store", "store"], standalone_mode=False)  # noqa: E731
    run("pull", "argilla", name)
    rows = [row for row in ls.load(report.run, store="store").store.ledger.records() if row.get("kind") == "decision"]
    assert [(row["id"], row["person"], row["verdict"]) for row in rows] == [("t7", reviewer.username, "accepted")]
    answered = made.records()
    run("apply", "argilla", name)
    after = made.records()
    given = ls.read(f"argilla://{name}").given.to_pylist()[7]
    assert (json.loads(given) if kind == "multi" else given) == taken
    assert [id for id in after if after[id] != answered[id]] == ["t7"] and APPLIED in after["t7"]["metadata"]
    run("apply", "argilla", name, "--undo")
    assert made.records() == answered
    assert {id: theirs(row) for id, row in before.items() if id != "t7"} == {
        id: theirs(row) for id, row in answered.items() if id != "t7"
    }
    assert answered["t7"]["responses"][0] == before["t7"]["responses"][0]
    assert json.dumps(answered["t7"]["fields"]) == json.dumps(before["t7"]["fields"])
