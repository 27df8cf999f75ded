"""What stands in the draft when somebody opens an unanswered task by its row, not by "Label All Tasks"."""

from __future__ import annotations

from typing import Any

import pytest
from labelsift.integrations.label_studio.client.client import Client
from labelsift.store.store import Store

from . import test_kinds_page as pages

expect = pages.expect
CLASSES = ("card_arrival", "lost_or_stolen_card", "refund", "top_up")
CHOICES = "".join(f'<Choice value="{label}"/>' for label in CLASSES)
CONFIG = f'<View><Text name="body" value="$text"/><Choices name="c" toName="body">{CHOICES}</Choices></View>'


@pytest.fixture
def page(logged_in: Any) -> Any:
    page = logged_in.new_page()
    yield page
    page.close()


@pytest.fixture
def report(make_queue: Any, tmp_path: Any) -> Any:
    made = make_queue(6)
    Store(tmp_path).save(made)
    return made


@pytest.fixture
def project(client: Client, name: str, report: Any) -> int:
    """A project of people's own; the first task has an answer, the others have none."""
    made = client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    rows = list(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    said = {"from_name": "c", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    tasks = [{"data": {"text": text, "ticket": id}} for id, text in rows]
    client.import_tasks(made, [tasks[0] | {"annotations": [{"result": [said]}]}, *tasks[1:]])
    return made


def click_row(page: Any, address: str, text: str) -> Any:
    """Open a task as a person does in the Data Manager."""
    page.goto(address)
    page.get_by_text(text, exact=True).first.click()
    page.get_by_test_id("bottombar-submit-button").or_(page.get_by_test_id("bottombar-update-button")).wait_for()
    page.wait_for_timeout(1000)  # a draft may come a moment later; nothing on the page says that none will
    return page.locator("input:checked[name]")


def labels(ticked: Any) -> list[str]:
    return [str(box.get_attribute("name")) for box in ticked.all()]


def asked(platform: Any, name: str, store: Any) -> list[tuple[str, str]]:
    rows = platform.pull(project=name, store=store).to_pylist()
    return [(row["asked"], row["verdict"]) for row in rows]


@pytest.mark.parametrize("mode", ["choose", "blind"])
def test_a_row_of_a_review_project(platform, client, name, page, report, tasks_of, tmp_path, mode):
    receipt = report.push("label-studio", project=name, mode=mode)
    number = int(receipt.links["review"].split("/projects/")[1].split("/")[0])
    tasks = tasks_of(number)
    ticked = click_row(page, f"{client.url}/projects/{number}/data", tasks[0]["data"]["text"])
    if mode == "blind":
        assert labels(ticked) == []
        return
    # Label Studio makes the first prediction the draft, whatever the project's model version; the record says so.
    assert labels(ticked) == [tasks[0]["data"]["labelsift_suggested"]]
    pages.submit(page)
    assert asked(platform, name, tmp_path) == [("prefill", "accepted")]
    # The stream of the same project pre-fills nothing.
    page.goto(f"{client.url}/projects/{number}/data")
    page.get_by_text("Label All Tasks").click()
    page.get_by_role("button", name=pages.SUBMIT).wait_for()
    pages.shows(page, tasks[1]["data"]["text"])
    assert pages.ticked(page) == []
    pages.tick(page, tasks[1]["data"]["labelsift_suggested"])
    pages.submit(page)
    assert asked(platform, name, tmp_path) == [("prefill", "accepted"), ("choose", "accepted")]


@pytest.mark.parametrize("mode", ["choose", "blind"])
def test_a_row_of_a_project_of_people_s_own(platform, client, name, page, report, project, tasks_of, tmp_path, mode):
    report.push("label-studio", project=name, mode=mode, match="ticket")
    first, _, third = tasks_of(project)[:3]
    address = f"{client.url}/projects/{project}/data"
    if mode == "blind":
        assert (
            not {"labelsift_given", "labelsift_suggested", "labelsift_reason", "labelsift_header"}
            & third["data"].keys()
        )
        assert client.predictions(project) == []
    ticked = click_row(page, address, third["data"]["text"])
    assert labels(ticked) == ([] if mode == "blind" else [third["data"]["labelsift_suggested"]])
    if mode == "choose":
        pages.submit(page)
        assert asked(platform, name, tmp_path) == [("prefill", "accepted")]
    # A task that people have answered shows their answer, and nothing else is ticked.
    ticked = click_row(page, address, first["data"]["text"])
    expect(ticked).to_have_count(1)
    assert labels(ticked) == ["refund"]
