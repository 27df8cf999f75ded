"""The tabs through which people work, as JSON and on the real server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.label_studio.convert import tabs
from labelsift.review.dealing import groups_of, parts_of
from labelsift.review.items import queue_of

RUN, SINCE = "20261123-101500-4f2a", "2026-11-25T10:00:00.000000Z"
CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
<Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
</Choices><Choices name="labelsift_doubt" toName="body"><Choice value="Unclear" alias="labelsift_unclear"/></Choices>
</View>"""


def test_the_tabs_of_the_queue_are_golden(golden):
    golden("tabs_review", tabs.queue_tabs(run=RUN, grouped=True, lanes=2))
    golden("tabs_existing", tabs.project_tabs((), run=RUN, grouped=True, since=SINCE, lanes=2))


def test_the_first_tab_of_a_review_project_neither_filters_nor_sorts():
    first = tabs.queue_tabs(run=RUN, grouped=False)[0]
    # With a filter or an order the server would serve two people the same task.
    assert (first["title"], first["filters"]["items"], first["ordering"]) == ("Review now", [], [])


def test_when_a_run_was_first_pushed_is_read_from_its_tab():
    made = tabs.project_tabs((), run=RUN, grouped=False, since=SINCE)
    assert tabs.since_of(made, run=RUN) == SINCE
    assert tabs.since_of(made, run="another") is None
    assert tabs.since_of([{"title": "⚑ Review now"}, {"title": "Ours"}], run=RUN) is None


@pytest.fixture
def clusters(make_queue) -> Any:
    """Twelve flagged samples; 1, 4 and 7 are one cluster through two groups, 2 and 5 another, 3 is alone in its own."""
    report = make_queue(12)
    groups = [
        ("t00001", "exact_duplicate", "same:t00001"),
        ("t00004", "exact_duplicate", "same:t00001"),
        ("t00004", "near_duplicate", "near:t00004"),
        ("t00007", "near_duplicate", "near:t00004"),
        ("t00002", "near_duplicate", "near:t00002"),
        ("t00005", "near_duplicate", "near:t00002"),
        ("t00003", "near_duplicate", "near:t00003"),
    ]
    more = [Finding(id, issue, 0.1, "As another", group_id=group) for id, issue, group in groups]
    rows = [*report.findings.to_pylist(), *findings_table(more).to_pylist()]
    report.findings = report.findings.from_pylist(rows, schema=report.findings.schema)
    return report


def test_groups_that_share_a_sample_are_one_cluster_and_who_is_alone_is_in_none(clusters):
    groups = groups_of(queue_of(clusters).items)
    assert groups == {
        **dict.fromkeys(("t00001", "t00004", "t00007"), "near:t00004"),
        **dict.fromkeys(("t00002", "t00005"), "near:t00002"),
    }
    assert groups_of(queue_of(clusters, only=["label"], budget=1).items) == {}


def test_what_two_people_answer_does_not_change_with_the_budget(make_queue):
    report = make_queue(400)
    all_of, some = (parts_of(queue_of(report, budget=of).items, run="r", overlap=0.1) for of in (None, 100))
    ids = {name: [flag.id for flag in flags] for name, flags in all_of.items()}
    assert ids["b"][: len(some["b"])] == [flag.id for flag in some["b"]]
    assert 20 <= len(ids["b"]) <= 60
    assert sorted(ids[""] + ids["b"]) == sorted(flag.id for flag in queue_of(report).items)
    assert [flag.rank for flag in all_of["b"]] == list(range(1, len(ids["b"]) + 1))
    other = parts_of(queue_of(report).items, run="another", overlap=0.1)["b"]
    assert {flag.id for flag in other} != set(ids["b"])


@pytest.fixture
def shown(client) -> Callable[[int, str], list[str]]:
    """The samples that a tab shows, in its order."""

    def show(project: int, title: str) -> list[str]:
        (view,) = [view["id"] for view in client.views(project) if view["data"]["title"] == title]
        page = client.get("/api/tasks", what="a tab", params={"view": view, "page_size": 100})
        return [task["data"].get("labelsift_id", task["data"].get("ticket")) for task in page["tasks"]]

    return show


@pytest.fixture
def answer(client) -> Callable[..., None]:
    def answered(task: int, value: str, *, control: str = "label", to: str = "text") -> None:
        result = [{"from_name": control, "to_name": to, "type": "choices", "value": {"choices": [value]}}]
        body = {"result": result, "lead_time": 3.5}
        client.send("POST", f"/api/tasks/{task}/annotations/", body=body, what="an annotation")

    return answered


@pytest.mark.server
def test_each_tab_of_a_review_project_shows_what_its_title_says(
    platform, clusters, name, client, tasks_of, shown, answer
):
    receipt = clusters.push("label-studio", project=name)
    project = receipt.details["project_id"]
    titles = [view["data"]["title"] for view in client.views(project)]
    assert titles[0] == "Review now"
    assert titles[-4:] == ["Duplicates", "Second look", "Unclear", "Done"]
    assert receipt.links["review"] == receipt.links["Review now"]
    tasks = {task["data"]["labelsift_id"]: task for task in tasks_of(project)}
    worst = sorted(tasks, key=lambda id: tasks[id]["data"]["labelsift_rank"])
    assert shown(project, "Review now") == worst
    together = shown(project, "Duplicates")
    assert [sorted(together[:2]), sorted(together[2:])] == [["t00002", "t00005"], ["t00001", "t00004", "t00007"]]
    assert shown(project, "Done") == shown(project, "Unclear") == shown(project, "Second look") == []

    answer(tasks["t00001"]["id"], "refund")
    answer(tasks["t00002"]["id"], "labelsift_unclear", control="labelsift_doubt")
    answer(tasks["t00003"]["id"], "labelsift_unusable", control="labelsift_doubt")
    client.write_task(tasks["t00004"]["id"], tasks["t00004"]["data"] | {"labelsift_second_look": "a@example.com"})
    assert sorted(shown(project, "Done")) == ["t00001", "t00002", "t00003"]
    assert shown(project, "Unclear") == ["t00002"]
    assert shown(project, "Second look") == ["t00004"]
    again = clusters.push("label-studio", project=name)
    assert (again.created, again.updated, again.details["tabs_written"]) == (0, 0, 0)
    assert shown(project, "Second look") == ["t00004"]  # a push leaves alone what it did not write


@pytest.mark.server
def test_lanes_deal_out_the_queue_and_another_number_takes_their_place(
    platform, make_queue, name, client, tasks_of, shown, answer
):
    report = make_queue(11)
    five = report.push("label-studio", lanes=5, project=name)
    project = five.details["project_id"]
    worst = [task["data"]["labelsift_id"] for task in tasks_of(project)]
    lanes = [shown(project, f"{lane}/5 ▾ Displayed") for lane in range(1, 6)]
    assert lanes == [worst[lane::5] for lane in range(5)]
    first = tasks_of(project)[0]
    answer(first["id"], "refund")
    assert shown(project, "1/5 ▾ Displayed") == worst[5::5]
    two = report.push("label-studio", lanes=2, project=name)
    assert two.details["project_id"] == project
    titles = [view["data"]["title"] for view in client.views(project)]
    assert sorted(title for title in titles if "/" in title) == ["1/2 ▾ Displayed", "2/2 ▾ Displayed"]
    assert shown(project, "2/2 ▾ Displayed") == worst[1::2]
    assert report.push("label-studio", project=name).updated == 0  # without the option they stay


@pytest.mark.server
def test_columns_and_order_of_a_tab_belong_to_the_people(platform, make_queue, name, client):
    project = make_queue(6).push("label-studio", project=name).details["project_id"]
    (view,) = [view for view in client.views(project) if view["data"]["title"] == "Done"]
    theirs = {"hiddenColumns": {"explore": ["tasks:data.channel"], "labeling": []}, "ordering": ["-tasks:id"]}
    client.write_view(view["id"], project, view["data"] | theirs | {"filters": {"conjunction": "and", "items": []}})
    make_queue(6).push("label-studio", project=name)
    (after,) = [changed_view["data"] for changed_view in client.views(project) if changed_view["id"] == view["id"]]
    assert after == view["data"] | theirs  # the filter is ours, and was mended


@pytest.mark.server
def test_in_a_project_of_theirs_what_was_answered_before_the_flag_is_asked(
    platform, clusters, name, client, tasks_of, shown, answer
):
    project = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
    old = [
        {"result": [{"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}]}
    ]
    ids, texts = clusters.samples.ids.to_pylist(), clusters.samples.texts.to_pylist()
    tasks: list[dict[str, Any]] = [
        {"data": {"ticket": id, "text": text}, "meta": {"theirs": index}, "annotations": old if index % 2 else []}
        for index, (id, text) in enumerate(zip(ids, texts, strict=True))
    ]
    client.import_tasks(project, [*tasks, {"data": {"ticket": "unknown", "text": "no sample"}}])
    clusters.push("label-studio", lanes=2, project=name, match="ticket")
    task_of = {task["data"]["ticket"]: task for task in tasks_of(project)}
    assert [task_of[id]["meta"] for id in ids] == [task["meta"] for task in tasks]
    worst = sorted(ids, key=lambda id: task_of[id]["data"]["labelsift_rank"])
    assert shown(project, "⚑ Review now") == worst
    assert shown(project, "⚑ Review 1/2") == worst[::2]
    assert shown(project, "⚑ Done") == []

    answer(task_of["t00001"]["id"], "refund", control="intent", to="body")
    answer(task_of["t00002"]["id"], "labelsift_unclear", control="labelsift_doubt", to="body")
    assert sorted(shown(project, "⚑ Done")) == ["t00001", "t00002"]
    assert shown(project, "⚑ Unclear") == ["t00002"]
    assert shown(project, "⚑ Review now") == [id for id in worst if id not in ("t00001", "t00002")]
    again = clusters.push("label-studio", project=name, match="ticket")
    assert (again.updated, again.details["tabs_written"]) == (0, 0)
    replace(clusters, run="later").push("label-studio", project=name, match="ticket")
    assert shown(project, "⚑ Review now") == worst  # a new run asks anew
    assert shown(project, "⚑ Done") == []
