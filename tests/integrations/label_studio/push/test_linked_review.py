"""A review project beside a labeled project of people's own: it links by itself, and all its tasks wait."""

from __future__ import annotations

import re
from typing import Any

import pytest
from labelsift.integrations.label_studio.doctor import examine

CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
<Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
</Choices></View>"""


@pytest.fixture
def make_labeled(client, name):
    """Make a project where every sample has a task with its label, in an order of the server's own."""

    def make(report: Any, *, field: str | None = "ticket", texts: bool = True) -> dict[str, int]:
        project = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
        rows = zip(*(getattr(report.samples, of).to_pylist() for of in ("ids", "texts", "labels")), strict=True)
        tasks = []
        for id, text, label in reversed(list(rows)):
            said = {"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": [label]}}
            data = {"text": text if texts else f"no. {id}"} | ({field: id} if field else {})
            tasks.append({"data": data, "annotations": [{"result": [said]}]})
        client.import_tasks(project, tasks)
        return {task["data"]["text"]: task["id"] for page in client.tasks(project) for task in page}

    return make


@pytest.mark.parametrize("field", ["ticket", None])
def test_the_tasks_lead_to_those_that_show_the_same_text(platform, make_queue, make_labeled, name, tasks_of, field):
    report = make_queue(12, flagged=5)
    own = make_labeled(report, field=field)
    before = tasks_of(own_project := _project_of(platform, name))
    receipt = report.push("label-studio", project=name)
    review = tasks_of(receipt.details["project_id"])
    assert [task["total_annotations"] for task in review] == [0] * 5  # all of them wait for an answer
    sources = {task["data"]["text"]: task["data"]["labelsift_source"] for task in review}
    assert {text: int(re.findall(r"task=(\d+)", source)[0]) for text, source in sources.items()} == {
        text: own[text] for text in sources
    }
    assert receipt.details["linked"].startswith("5 to the tasks of")
    assert "Label All Tasks" in receipt.details["press"]
    assert tasks_of(own_project) == before  # not a byte of it was written
    again = report.push("label-studio", project=name)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)


def test_nothing_is_linked_where_the_texts_differ_or_people_judge_blind(
    platform, make_queue, make_labeled, name, tasks_of
):
    report = make_queue(6)
    make_labeled(report, texts=False)
    choose, blind = (report.push("label-studio", project=name, mode=mode) for mode in ("choose", "blind"))
    for receipt in (choose, blind):
        assert "linked" not in receipt.details
        assert not any("labelsift_source" in task["data"] for task in tasks_of(receipt.details["project_id"]))


def test_an_answer_that_was_emptied_beside_a_review_is_named(platform, client, make_queue, make_labeled, name):
    report = make_queue(12, flagged=5)
    own = make_labeled(report)
    report.push("label-studio", project=name)
    assert not examine(name).problems
    last, first = report.samples.texts[11].as_py(), report.samples.texts[0].as_py()  # of these the last is reviewed
    number = _project_of(platform, name)
    for page in client.tasks(number, annotations=True, ids=[own[last], own[first]]):
        for task in page:
            client.send("PATCH", f"/api/annotations/{task['annotations'][0]['id']}/", body={"result": []}, what="none")
    ((problem, cure),) = examine(name).problems.items()
    assert problem.endswith(f"whose answer holds no label any more: {own[last]}")
    assert f"They had {report.samples.labels[11].as_py()}:" in cure


def test_in_the_project_itself_the_receipt_says_what_to_press(platform, make_queue, make_labeled, name):
    report = make_queue(6)
    make_labeled(report)
    press = report.push("label-studio", project=name, match="ticket").details["press"]
    assert "click the rows of “⚑ Review now”: 6 of these tasks have an answer" in press


def _project_of(platform: Any, name: str) -> int:
    from labelsift.integrations.label_studio.client.connect import connect

    return next(project["id"] for project in connect().projects() if project["title"] == name)
