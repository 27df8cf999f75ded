"""The whole way of each kind of label: read a dataset, scan, push, decide in Chromium, pull, apply, undo."""

from __future__ import annotations

import json
from typing import Any

import labelsift as ls
import pytest
from labelsift import platforms
from labelsift.integrations.argilla.convert.values import TYPES, to_argilla
from labelsift.integrations.argilla.server import WORKSPACE
from labelsift.platforms import ApplyRequest

playwright = pytest.importorskip("playwright.sync_api")
SAYINGS = {
    "refund": ("I want my money back for order {}", "please refund the {} euros you took", "refund request number {}"),
    "delivery": ("where is parcel {}", "my package {} has not been delivered", "the courier lost shipment {}"),
    "login": ("I cannot log in to account {}", "password reset {} does not work", "my login {} is locked"),
}
PEOPLE, PLACES = ("Ann", "Bob", "Cleo", "Dora", "Egon", "Fay"), ("Bonn", "Paris", "Rome", "Oslo", "Wien", "Lima")
Sample = tuple[str, Any, Any]  # text, the right value, the value that is given


def single_labels() -> list[Sample]:
    texts = [
        (saying.format(number), label)
        for label, sayings in SAYINGS.items()
        for saying in sayings
        for number in range(100, 120)
    ]
    wrong = {5: "login", 70: "login", 130: "refund"}
    return [(text, label, wrong.get(row, label)) for row, (text, label) in enumerate(texts)]


def sets() -> list[Sample]:
    labels = list(SAYINGS)
    samples: list[Sample] = []
    for row in range(135):
        first, second = labels[row % 3], labels[(row + 1) % 3]
        right = sorted({first, second} if row % 2 else {first})
        text = ". ".join(SAYINGS[label][row % 3].format(row) for label in right)
        samples.append((text, right, ["login"] if row == 6 else right))
    return samples


def spans() -> list[Sample]:
    samples: list[Sample] = []
    for row in range(120):
        person, place = PEOPLE[row % 6], PLACES[row // 6 % 6]
        text = (f"{person} lives in {place}", f"Yesterday {person} flew to {place} {row}", f"In {place} met {person}")[
            row % 3
        ]
        right = [
            [text.index(words), text.index(words) + len(words), kind]
            for words, kind in ((person, "PER"), (place, "LOC"))
        ]
        right.sort()
        given = [[*span[:2], "PER"] for span in right] if row == 50 else right
        samples.append((text, right, given))
    return samples


KINDS = {"classification": single_labels, "multilabel": sets, "spans": spans}


@pytest.fixture
def make_dataset(api, workspace_id, make_user):
    """Make a dataset of one's own, whose records an annotator has answered; return its id."""

    def make(name: str, task: str, samples: list[Sample]) -> str:
        labels = ["LOC", "PER"] if task == "spans" else list(SAYINGS)
        settings: dict[str, Any] = {
            "type": TYPES[task],
            "options": [{"value": label, "text": label} for label in labels],
        }
        settings |= {"field": "message"} if task == "spans" else {}
        dataset = api("POST", "/datasets", {"name": name, "workspace_id": workspace_id})["id"]
        field = {"name": "message", "title": "Message", "required": True, "settings": {"type": "text"}}
        api("POST", f"/datasets/{dataset}/fields", field)
        question = {"name": "intent", "title": "Intent", "required": True, "settings": settings}
        api("POST", f"/datasets/{dataset}/questions", question)
        api("PUT", f"/datasets/{dataset}/publish")
        person = make_user("annotator")
        items = [
            {
                "external_id": f"m{row}",
                "fields": {"message": text},
                "metadata": {"channel": ("mail", "phone")[row % 2]},
                "responses": [
                    {"user_id": person.id, "status": "submitted", "values": {"intent": {"value": to_argilla(given)}}}
                ],
            }
            for row, (text, _, given) in enumerate(samples)
        ]
        api("PUT", f"/datasets/{dataset}/records/bulk", {"items": items})
        return dataset

    return make


@pytest.mark.parametrize("task", KINDS)
def test_a_wrong_label_comes_right_and_can_be_taken_back(
    platform, client, make_dataset, name, logged_in, tmp_path, task
):
    samples = KINDS[task]()
    wrong = {f"m{row}": right for row, (_, right, given) in enumerate(samples) if right != given}
    dataset = make_dataset(name, task, samples)
    before = _records(client, dataset)

    data = ls.read(f"argilla://{WORKSPACE}/{name}")
    assert (data.task, len(data)) == (task, len(samples))
    assert data.ids.to_pylist() == [f"m{row}" for row in range(len(samples))]
    report = ls.scan(data, store=tmp_path / "store", only=["span" if task == "spans" else "label"])
    assert wrong.keys() <= set(report.findings["id"].to_pylist())
    receipt = report.push("argilla", project=name)
    for sample in wrong:
        page = logged_in.new_page()
        page.goto(receipt.sample_links[sample])
        page.locator('label[for="decision_suggested"]').click()
        with page.expect_response(lambda answer: "/responses" in answer.url and answer.request.method == "POST"):
            page.get_by_role("button", name="Submit").click()
        page.close()

    corrections = ls.pull("argilla", project=name, store=tmp_path / "store")
    assert {row["id"]: json.loads(row["value"]) for row in corrections.to_pylist()} == wrong
    assert set(corrections["verdict"].to_pylist()) == {"accepted"}
    assert _records(client, dataset) == before  # neither scan nor push nor pull touched it

    request = ApplyRequest(project=name, store=tmp_path / "store")
    applied = platforms.labeler("argilla", "apply").apply(corrections, request)
    assert (applied.created, applied.failed) == (len(wrong), {})
    after = _records(client, dataset)
    for sample, (fields, _, responses) in before.items():
        theirs = [response for response in after[sample][2] if response in responses]
        added = [response for response in after[sample][2] if response not in responses]
        assert (after[sample][0], theirs) == (fields, responses)
        values = [response["values"]["intent"]["value"] for response in added]
        assert values == ([to_argilla(wrong[sample])] if sample in wrong else [])

    undone = ApplyRequest(project=name, store=tmp_path / "store", undo=True)
    assert platforms.labeler("argilla", "apply").apply(corrections, undone).updated == len(wrong)
    assert _records(client, dataset) == before


def _records(client: Any, dataset: str) -> dict[str, Any]:
    return {
        record["external_id"]: (record["fields"], record["metadata"], record["responses"])
        for page in client.records(dataset)
        for record in page
    }
