"""What Label Studio's two buttons do in a tab, and what a key does on a row that was clicked, in Chromium."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.store.store import Store

expect = pytest.importorskip("playwright.sync_api").expect
CLASSES = ("card_arrival", "lost_or_stolen_card", "refund", "top_up")
CHOICES = "".join(f'<Choice value="{label}"/>' for label in CLASSES)
CONFIG = f'<View><Text name="body" value="$text"/><Choices name="c" toName="body">{CHOICES}</Choices></View>'
SUBMIT = "Submit current annotation"


@pytest.fixture
def page(logged_in: Any) -> Any:
    page = logged_in.new_page()
    yield page
    page.close()


def served(page: Any, address: str, *, displayed: bool) -> dict[str, Any]:
    """Press a button of a tab; return what the page asked the server for."""
    page.goto(address)
    page.get_by_text("Label All Tasks").wait_for()
    with page.expect_request(lambda request: "id=next_task" in request.url) as asked:
        if displayed:
            page.get_by_label("Toggle open").last.click()
            page.get_by_text("Label Tasks As Displayed").click()
        else:
            page.get_by_text("Label All Tasks").click()
    page.get_by_role("button", name=SUBMIT).wait_for()
    return json.loads(asked.value.post_data)


def test_in_a_lane_the_big_button_deals_out_everything_and_the_other_one_the_lane(
    platform, make_queue, name, page, tasks_of
):
    receipt = make_queue(8).push("label-studio", project=name, lanes=2)
    worst = [task["data"]["text"] for task in tasks_of(receipt.details["project_id"])]
    title = "2/2 ▾ Displayed"
    page.goto(receipt.links[title])
    tab = page.get_by_text(title, exact=True)
    assert tab.evaluate("one => one.scrollWidth <= one.clientWidth")  # what to press is not cut off

    asked = served(page, receipt.links[title], displayed=True)
    expect(page.locator(".ls-text")).to_contain_text(worst[1])
    assert "filters" in asked
    assert "As Displayed" in receipt.details["press"]

    asked = served(page, receipt.links[title], displayed=False)
    assert asked.keys() <= {"project"}  # no filter and no order: the whole project, with locks
    expect(page.locator(".ls-text")).to_contain_text(worst[1])  # which gives back what this person has open


@pytest.fixture
def labeled(platform: Any, make_queue: Any, client: Any, name: str, tmp_path: Any) -> int:
    """A labeled project of people's own, as Label Studio's page makes them, with five flagged tasks."""
    report = make_queue(6, flagged=5)
    Store(tmp_path).save(report)
    made = client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    client.write_project(made, {"enable_empty_annotation": True})
    rows = zip(*(getattr(report.samples, of).to_pylist() for of in ("ids", "texts", "labels")), strict=True)
    said = {"from_name": "c", "to_name": "body", "type": "choices"}
    tasks = [
        {"data": {"text": text, "ticket": id}, "annotations": [{"result": [said | {"value": {"choices": [label]}}]}]}
        for id, text, label in rows
    ]
    client.import_tasks(made, tasks)
    report.push("label-studio", project=name, match="ticket")
    return made


def take_off(page: Any, address: str, text: str) -> str:
    """Open a task by its row, and press the key of the label that is ticked; return that label."""
    page.goto(address)
    page.get_by_text(text).first.click()
    page.get_by_test_id("bottombar-update-button").wait_for()
    ticked = page.locator("input:checked[name]")
    expect(ticked).to_have_count(1)
    label = str(ticked.get_attribute("name"))
    page.keyboard.press(str(CLASSES.index(label) + 1))
    expect(ticked).to_have_count(0)
    return label


def test_a_label_that_its_own_key_took_off_is_told_by_pull_and_doctor_until_it_is_mended(
    platform, client, name, labeled, page, tasks_of, tmp_path
):
    address = f"{client.url}/projects/{labeled}/data"
    task = tasks_of(labeled)[-2]
    page.goto(address)
    page.get_by_text("Label All Tasks").click()
    expect(page.get_by_text("No More Tasks Left in Queue")).to_be_visible()  # as the receipt says
    label = take_off(page, address, task["data"]["text"])
    with page.expect_response(lambda answer: answer.request.method == "PATCH" and "/annotations" in answer.url):
        page.get_by_test_id("bottombar-update-button").click()

    pull = ["pull", "label-studio", name, "--store", str(tmp_path)]
    for _ in range(2):  # also by a pull that reads only what changed since
        pulled = CliRunner().invoke(main, pull)
        assert "1 emptied" in pulled.stdout, pulled.output
        assert "WARNING: the labels of 1 samples were taken off" in pulled.stderr
        assert f"none was put in their place: {task['data']['ticket']} ({label})" in pulled.stderr
    examined = CliRunner().invoke(main, ["doctor", "label-studio", name])
    assert examined.exit_code == 2
    assert f"whose answer holds no label any more: {task['id']}." in examined.stdout

    said = {"from_name": "c", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    annotation = task["annotations"][0]["id"]
    client.send("PATCH", f"/api/annotations/{annotation}/", body={"result": [said]}, what="an answer")
    pulled = CliRunner().invoke(main, pull)
    assert "emptied" not in pulled.stdout
    assert "WARNING" not in pulled.stderr
    assert "no label any more" not in CliRunner().invoke(main, ["doctor", "label-studio", name]).stdout


def test_a_control_that_is_required_keeps_its_label(client, labeled, page, tasks_of):
    client.write_config(labeled, CONFIG.replace('toName="body"', 'toName="body" required="true"'))
    task = tasks_of(labeled)[-3]
    take_off(page, f"{client.url}/projects/{labeled}/data", task["data"]["text"])
    page.get_by_test_id("bottombar-update-button").click()
    expect(page.get_by_text("is required").first).to_be_visible()
    assert next(one for one in tasks_of(labeled) if one["id"] == task["id"])["annotations"][0]["result"]
