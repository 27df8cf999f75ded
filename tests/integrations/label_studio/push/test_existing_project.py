"""Pushing onto the tasks of a project that people already work in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from faultproxy import Fault
from labelsift.errors import InputError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.report import Report

CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
<Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
</Choices></View>"""


@pytest.fixture
def make_project(client: Client, name: str) -> Callable[..., int]:
    """A project of somebody else's, with a task a sample and fields and answers of their own."""

    def make(report: Report, *, answered: int = 0, config: str = CONFIG) -> int:
        project = client.create_project(title=name, description="theirs", label_config=config, model_version="")
        rows = zip(
            report.samples.ids.to_pylist(),
            report.samples.texts.to_pylist(),
            report.samples.labels.to_pylist(),
            strict=True,
        )
        tasks: list[dict[str, Any]] = []
        for index, (id, text, label) in enumerate(rows):
            data = {
                "ticket": id,
                "text": text,
                "note": f"note {index}",
                "nested": {"deep": [1, None, "x"]},
                "n": index / 7,
            }
            result = {"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": [label]}}
            tasks.append({"data": data, "annotations": [{"result": [result]}] if index < answered else []})
        for index in range(0, len(tasks), 1000):
            client.import_tasks(project, tasks[index : index + 1000])
        return project

    return make


def own(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key.startswith("labelsift_")}


def others(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if not key.startswith("labelsift_")}


@pytest.mark.parametrize(
    ("rows", "flagged"), [(300, 25), pytest.param(10_000, 500, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])]
)
def test_only_flagged_tasks_are_written_and_every_key_of_others_stays(
    platform, make_queue, make_project, name, client, tasks_of, rows, flagged
):
    report = make_queue(rows, flagged=flagged)
    project = make_project(report, answered=20)
    before = {task["id"]: task for task in tasks_of(project)}

    began = time.monotonic()
    receipt = report.push("label-studio", project=name, match="data.ticket")
    took = time.monotonic() - began

    assert (receipt.created, receipt.updated, receipt.unchanged, receipt.failed) == (0, flagged, 0, {})
    assert receipt.details["estimated_seconds"] > 0
    after = {task["id"]: task for task in tasks_of(project)}
    assert after.keys() == before.keys()
    for id, task in after.items():
        assert others(task["data"]) == before[id]["data"]
        assert task["annotations"] == before[id]["annotations"]
        assert bool(own(task["data"])) == (task["data"]["ticket"] in receipt.sample_links)
    assert len(receipt.sample_links) == flagged
    assert len(client.predictions(project)) == flagged - 1
    assert took <= 360

    again = report.push("label-studio", project=name, match="ticket")
    assert (again.created, again.updated, again.unchanged) == (0, 0, flagged)
    assert again.details["tabs_written"] == 0


@pytest.mark.parametrize(
    ("rows", "flagged"), [(300, 25), pytest.param(100_000, 200, marks=[pytest.mark.soak, pytest.mark.timeout(7200)])]
)
def test_a_push_whose_predictions_are_not_answered_ends_exact_and_so_does_its_repeat(
    proxy, make_queue, make_project, name, client, rows, flagged
):
    report = make_queue(rows, flagged=flagged)
    project = make_project(report, answered=rows)
    proxy.plan(Fault(r"POST /api/(projects/\d+/import/)?predictions", "cut after"))
    receipt = report.push("label-studio", project=name, match="ticket")
    assert proxy.faults[0].happened
    assert (receipt.updated, receipt.failed) == (flagged, {})
    order = [request for request in proxy.requests if re.match("PATCH /api/tasks|POST .*predictions", request)]
    assert [request[:5] for request in order[: flagged + 1]] == ["PATCH"] * flagged + ["POST "]  # the fields first

    def held() -> tuple[list[int], list[int]]:
        flags = [task["id"] for page in client.tasks(project) for task in page if "labelsift_id" in task["data"]]
        return flags, sorted(prediction["task"] for prediction in client.predictions(project))

    flags, predicted = held()
    assert len(flags) == flagged
    assert len(predicted) == len(set(predicted)) == flagged - 1  # one sample has no suggestion
    assert set(predicted) < set(flags)
    writes = proxy.count("PATCH /api/tasks|POST .*predictions")
    again = report.push("label-studio", project=name, match="ticket")
    assert (again.updated, again.unchanged, again.details["tabs_written"]) == (0, flagged, 0)
    assert proxy.count("PATCH /api/tasks|POST .*predictions") == writes
    assert held() == (flags, predicted)


def test_the_tabs_stand_beside_theirs_and_the_next_run_takes_them_over(
    platform, make_queue, make_project, name, client, tasks_of
):
    project = make_project(make_queue(20))
    theirs = client.create_view(project, {"title": "Ours", "type": "list", "target": "tasks"})
    others_prediction = {
        "result": [{"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}],
        "model_version": "bert-7",
    }
    client.import_predictions(project, [{"task": tasks_of(project)[0]["id"], **others_prediction}])
    make_queue(20, run="r1").push("label-studio", project=str(project), match="ticket")
    make_queue(20, run="r2", flagged=5).push("label-studio", project=str(project), match="ticket")

    views = {view["data"]["title"]: view for view in client.views(project)}
    issues = ["⚑ Suspicious labels", "⚑ Outliers"]
    rest = ["⚑ Second look", "⚑ Unclear", "⚑ Done"]
    assert list(views) == ["Ours", "⚑ Review now", *issues, *rest]
    assert views["Ours"]["id"] == theirs
    page = client.get("/api/tasks", what="a tab", params={"view": views["⚑ Suspicious labels"]["id"], "page_size": 99})
    assert [task["data"]["ticket"] for task in page["tasks"]] == ["t00018", "t00017", "t00016", "t00015"]
    assert {prediction["model_version"] for prediction in client.predictions(project)} == {"bert-7", "labelsift/r2"}
    flagged = [task["data"] for task in tasks_of(project) if task["data"].get("labelsift_run") == "r2"]
    assert {data["labelsift_round"] for data in flagged} == {2}


def test_the_predictions_of_an_earlier_run_go_in_one_request(
    platform, make_queue, make_project, name, client, monkeypatch
):
    project = make_project(make_queue(12))
    make_queue(12, run="r1").push("label-studio", project=name, match="ticket")
    deleted: list[str] = []
    delete = Client.delete_predictions

    def counted(self: Client, project: int, version: str) -> None:
        deleted.append(version)
        delete(self, project, version)

    monkeypatch.setattr(Client, "delete_predictions", counted)
    make_queue(12, run="r2").push("label-studio", project=name, match="ticket")
    assert deleted == ["labelsift/r1"]
    assert [prediction["model_version"] for prediction in client.predictions(project)] == ["labelsift/r2"] * 11


@pytest.mark.parametrize("mode", ["choose", "blind", "prefill"])
def test_modes_decide_what_is_pre_filled_and_what_is_told(
    platform, make_queue, make_project, name, client, tasks_of, mode
):
    report = make_queue(10, run="r1")
    project = make_project(report)
    report.push("label-studio", project=name, match="ticket", mode="prefill")
    report.push("label-studio", project=name, match="ticket", mode=mode)
    version = client.project(project)["model_version"]
    assert (version == "labelsift/r1") == (mode == "prefill")
    names = {key for task in tasks_of(project) for key in own(task["data"])}
    assert ("labelsift_suggested" in names) == (mode != "blind")


def test_samples_without_a_task_are_named_or_made(platform, make_queue, make_project, name, client, tasks_of):
    project = make_project(make_queue(10))
    report = make_queue(14)
    receipt = report.push("label-studio", project=name, match="data.ticket")
    assert sorted(receipt.failed) == ["t00010", "t00011", "t00012", "t00013"]
    assert "No task" in receipt.failed["t00010"]
    assert (receipt.created, receipt.updated) == (0, 10)

    receipt = report.push("label-studio", project=name, match="data.ticket", create=True)
    assert (receipt.created, receipt.updated, receipt.failed) == (4, 0, {})
    made = {task["data"]["ticket"]: task["data"] for task in tasks_of(project)}["t00012"]
    assert made["text"] == report.samples.texts[12].as_py()
    assert made["channel"] == "mail"
    # The first import into a project without a model version must not decide what is pre-filled.
    assert not client.project(project)["model_version"]
    again = report.push("label-studio", project=name, match="data.ticket", create=True)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 14)


def test_tasks_can_be_matched_by_text(platform, make_queue, make_project, name):
    texts = ["same", "same", "other", "last"]
    report = make_queue(texts=texts)
    make_project(report)
    receipt = report.push("label-studio", project=name, match="data.text")
    assert (receipt.updated, receipt.failed) == (4, {})
    assert len(set(receipt.sample_links.values())) == 4


def test_a_label_that_the_project_lacks_is_named(platform, make_queue, make_project, name, client):
    project = make_project(make_queue(8), config=CONFIG.replace('<Choice value="refund"/>', ""))
    receipt = make_queue(8).push("label-studio", project=name, match="ticket")
    assert receipt.failed
    assert all("'refund'" in why for why in receipt.failed.values())
    assert len(client.predictions(project)) == 7 - len(receipt.failed)


def test_what_cannot_be_found_is_refused_with_a_hint(platform, make_queue, make_project, name):
    report = make_queue(4)
    make_project(report)
    with pytest.raises(InputError, match="has no project") as refused:
        report.push("label-studio", project=name.lower() + "x", match="ticket")
    assert name in refused.value.hint
    with pytest.raises(InputError, match="has the field nothing") as refused:
        report.push("label-studio", project=name, match="data.nothing")
    assert "ticket" in refused.value.hint


def test_a_dry_run_writes_nothing(platform, make_queue, make_project, name, client, tasks_of):
    report = make_queue(10)
    project = make_project(report)
    before = tasks_of(project)
    receipt = report.push("label-studio", project=name, match="ticket", dry_run=True)
    assert (receipt.updated, receipt.dry_run) == (10, True)
    assert tasks_of(project) == before
    assert client.predictions(project) == []
    assert client.views(project) == []
