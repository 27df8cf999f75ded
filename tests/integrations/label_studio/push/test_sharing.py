"""Items that two people answer, links back, and what is refused, on the real server."""

from __future__ import annotations

import io
import secrets
import time
from collections import Counter
from typing import Any

import pytest
from labelsift.cli.print_tables import print_receipt
from labelsift.errors import InputError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.push import dry_run as planned
from rich.console import Console

CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
<Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
</Choices></View>"""


@pytest.fixture(scope="module")
def colleague(server) -> Client:
    """Another account of the same organization."""
    import requests

    session = requests.Session()
    page = f"{server.url}/user/signup/"
    session.get(page)
    account = {"email": f"{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(12)}
    form = account | {"csrfmiddlewaretoken": session.cookies["csrftoken"]}
    session.post(page, data=form, headers={"Referer": page}).raise_for_status()
    return Client(server.url, session.get(f"{server.url}/api/current-user/token").json()["token"])


def next_task(client: Client, project: int) -> dict[str, Any]:
    """What Label All Tasks asks for in a tab without filter and order."""
    body = {"project": str(project)}
    return client.send("POST", "/api/dm/actions/", params={"id": "next_task", **body}, body=body, what="the next task")


def answer(client: Client, task: int, label: str) -> None:
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
    client.send("POST", f"/api/tasks/{task}/annotations/", body={"result": result, "lead_time": 2}, what="an answer")


def test_two_people_answer_an_item_and_the_second_does_not_see_the_first(
    platform, make_queue, name, client, colleague, tasks_of
):
    report = make_queue(60)
    first = report.push("label-studio", project=name, twice=0.2)
    main, twice = first.details["project_id"], first.details["b_project_id"]
    assert (first.created, first.failed) == (60, {})
    assert [client.project(part)["maximum_annotations"] for part in (main, twice)] == [1, 2]
    assert client.project(twice)["title"] == f"{name} · labelsift review 1 b"
    parts = [[task["data"] for task in tasks_of(part)] for part in (main, twice)]
    assert sorted(data["labelsift_id"] for part in parts for data in part) == report.samples.ids.to_pylist()
    assert {frozenset(data) for data in parts[1]} <= {frozenset(data) for data in parts[0]}  # nothing marks them
    assert len(parts[1]) > 2
    for twice_again in (0.2, 0.0):  # what stands is known without the option, too
        receipt = report.push("label-studio", project=name, twice=twice_again)
        assert (receipt.created, receipt.updated, receipt.unchanged) == (0, 0, 60)

    task = next_task(client, twice)
    assert task["data"]["labelsift_rank"] == 1
    answer(client, task["id"], "refund")
    other = next_task(colleague, twice)
    assert other["id"] == task["id"]
    assert (other["annotations"], other["drafts"]) == ([], [])
    assert "refund" not in str({key: value for key, value in other.items() if key != "data"})
    answer(colleague, other["id"], "top_up")
    assert next_task(client, twice)["id"] != task["id"] != next_task(colleague, twice)["id"]

    pulled = platform.pull(project=name).to_pylist()
    assert Counter(row["id"] for row in pulled) == {task["data"]["labelsift_id"]: 2}
    assert len({row["person"] for row in pulled}) == 2
    with pytest.raises(InputError, match="pushed with 20% of its items"):
        report.push("label-studio", twice=0.5, project=name)


def test_two_people_in_the_first_tab_are_given_different_tasks(platform, make_queue, name, client, colleague):
    project = make_queue(8).push("label-studio", project=name).details["project_id"]
    mine, theirs = next_task(client, project), next_task(colleague, project)
    assert [task["data"]["labelsift_rank"] for task in (mine, theirs)] == [1, 2]


def test_a_push_that_was_not_parted_is_not_parted_later(platform, make_queue, name):
    make_queue(8).push("label-studio", project=name)
    with pytest.raises(InputError, match="pushed without items for two people"):
        make_queue(8).push("label-studio", twice=0.5, project=name)


def project_of_theirs(client: Client, name: str, report: Any) -> int:
    project = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
    rows = zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True)
    client.import_tasks(project, [{"data": {"ticket": id, "text": text}} for id, text in rows])
    return project


def test_a_review_project_links_back_to_the_tasks_that_its_samples_are_from(
    platform, make_queue, name, client, tasks_of
):
    report = make_queue(8)
    theirs = project_of_theirs(client, name, report)
    original = {task["data"]["ticket"]: task["id"] for task in tasks_of(theirs)}
    receipt = report.push("label-studio", project=name, link="data.ticket")
    for task in tasks_of(receipt.details["project_id"]):
        data = task["data"]
        address = f"{client.url}/projects/{theirs}/data?task={original[data['labelsift_id']]}"
        assert data["labelsift_source"] == address
        assert f'href="{address}"' in data["labelsift_origin"]
    assert "$labelsift_origin" in client.project(receipt.details["project_id"])["label_config"]
    assert report.push("label-studio", project=name, link="data.ticket").unchanged == 8
    with pytest.raises(InputError, match="not blind"):
        report.push("label-studio", project=name, link="data.ticket", mode="blind")


def test_thousands_of_writes_are_refused_with_the_other_ways_and_what_they_take(
    platform, make_queue, name, client, tasks_of, monkeypatch
):
    report = make_queue(12)
    project = project_of_theirs(client, name, report)
    before = tasks_of(project)
    monkeypatch.setattr(planned, "MANY", 5)
    with pytest.raises(InputError, match=r"12 tasks .* one by one") as refused:
        report.push("label-studio", project=name, match="ticket")
    assert all(way in refused.value.hint for way in ("--link data.ticket", "--budget 5", "--anyway", "second"))
    plan = report.push("label-studio", project=name, match="ticket", dry_run=True)
    assert "--anyway" in plan.details["instead"]
    assert tasks_of(project) == before
    assert report.push("label-studio", anyway=True, project=name, match="ticket").updated == 12
    assert report.push("label-studio", project=name, match="ticket").unchanged == 12  # nothing is left to write


def test_what_does_not_go_together_is_refused(platform, make_queue, name, client):
    report = make_queue(3)
    project_of_theirs(client, name, report)
    for options in ({"twice": 0.1}, {"link": "ticket"}):
        with pytest.raises(InputError, match="belong to a review project"):
            report.push("label-studio", project=name, match="ticket", **options)


def test_a_dry_run_says_what_would_be_made_and_how_long_it_takes(platform, make_queue, name, client):
    before = len(client.projects())
    plan = make_queue(30).push("label-studio", lanes=2, twice=0.3, project=name, dry_run=True)
    console = Console(record=True, width=200, file=io.StringIO())
    print_receipt(plan, console=console)
    said = console.export_text()
    assert "Plan, nothing was sent" in said
    assert "30 to create, 0 to update, 0 unchanged" in said
    assert f"project: {name} · labelsift review 1 (will be made)" in said
    assert f"b project: {name} · labelsift review 1 b (will be made)" in said
    assert "tab titles: Review now, 1/2 ▾ Displayed, 2/2 ▾ Displayed, Suspicious labels" in said
    assert '    <Choice value="refund"/>' in "\n".join(line.rstrip() for line in said.splitlines())
    assert plan.details["estimated_seconds"] >= 1
    assert "<Style>" not in said
    assert len(client.projects()) == before


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_plan_takes_about_as_long_as_it_says(platform, make_queue, name):
    report = make_queue(4000)
    plan = report.push("label-studio", project=name, dry_run=True)
    began = time.monotonic()
    report.push("label-studio", project=name)
    assert time.monotonic() - began <= 5 * plan.details["estimated_seconds"]
