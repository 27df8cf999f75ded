"""Decisions out of a project of the user's own, and only what changed since the last pull."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.errors import InputError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.report import Report
from labelsift.review import incremental
from labelsift.store.store import Store

CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
<Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
</Choices></View>"""


def result(label: str) -> list[dict[str, Any]]:
    return [{"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": [label]}}]


@pytest.fixture
def make_pushed(platform, client: Client, name: str, make_queue, tmp_path) -> Callable[..., tuple[int, Path]]:
    """A project where every task has a label, its run in a store, and flagged tasks pushed into it."""

    def make(rows: int, flagged: int, *, mode: str = "choose") -> tuple[int, Path]:
        report: Report = make_queue(rows, flagged=flagged)
        store = tmp_path / "store"
        Store(store).save(report)
        project = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
        given = zip(report.samples.ids.to_pylist(), report.samples.labels.to_pylist(), strict=True)
        tasks = [
            {"data": {"ticket": id, "text": f"text {id}"}, "annotations": [{"result": result(label)}]}
            for id, label in given
        ]
        for row in range(0, rows, 2000):
            client.import_tasks(project, tasks[row : row + 2000])
        ls.load(store=store).push("label-studio", project=name, match="ticket", mode=mode)
        return project, store

    return make


@pytest.fixture
def annotate(client: Client) -> Callable[..., int]:
    def annotate(task: dict[str, Any], label: str | None, **more: Any) -> int:
        body = {"result": [] if label is None else result(label)} | more
        return client.send("POST", f"/api/tasks/{task['id']}/annotations/", body=body, what="an answer")["id"]

    return annotate


@pytest.fixture
def reads(monkeypatch) -> Iterator[dict[str, list[int]]]:
    """Counts requests for tasks, and the tasks whose answers were read."""
    counted: dict[str, list[int]] = {"requests": [], "answers": [], "light": []}
    get = Client.get

    def counting(self: Client, path: str, **more: Any) -> Any:
        answer = get(self, path, **more)
        if path == "/api/tasks":
            counted["requests"].append(1)
            kind = "answers" if more["params"].get("fields") == "all" else "light"
            counted[kind] += [task["id"] for task in answer["tasks"] if "id" in task]
        return answer

    monkeypatch.setattr(Client, "get", counting)
    yield counted


def flagged_in(client: Client, project: int) -> list[dict[str, Any]]:
    pages = client.tasks(project, annotations=True)
    return [task for page in pages for task in page if "labelsift_id" in task["data"]]


@pytest.mark.parametrize("mode", ["choose", "blind"])
def test_only_what_people_said_after_the_push_decides(
    platform, client, name, make_pushed, annotate, second_person, mode
):
    project, store = make_pushed(12, 8, mode=mode)
    assert ls.pull("label-studio", project=name, store=store).num_rows == 0
    tasks = flagged_in(client, project)
    samples = ls.load(store=store).samples
    given = dict(zip(samples.ids.to_pylist(), samples.labels.to_pylist(), strict=True))
    findings = ls.load(store=store).findings.to_pylist()  # in mode blind the project does not say it
    suggested = {finding["id"]: json.loads(finding["suggested"]) for finding in findings if finding["issue"] == "label"}
    ids = [task["data"]["labelsift_id"] for task in tasks]
    annotate(tasks[0], suggested[ids[0]], lead_time=2.5)
    annotate(tasks[0], given[ids[0]], completed_by=second_person[0])
    annotate(tasks[1], given[ids[1]])
    annotate(tasks[2], None, was_cancelled=True)
    other = ({"card_arrival", "top_up", "refund"} - {given[ids[3]], suggested[ids[3]]}).pop()
    changed = tasks[3]["annotations"][0]["id"]
    client.send("PATCH", f"/api/annotations/{changed}/", body={"result": result(other)}, what="a change")

    rows = ls.pull("label-studio", project=str(project), store=store).to_pylist()
    decisions = {(row["id"], row["person"]): (row["action"], row["verdict"], json.loads(row["value"])) for row in rows}
    mine = "admin@example.com"
    assert decisions == {
        (ids[0], mine): ("relabel", "accepted", suggested[ids[0]]),
        (ids[0], second_person[1]): ("keep", "refused", given[ids[0]]),
        (ids[1], mine): ("keep", "refused", given[ids[1]]),
        (ids[2], mine): ("keep", "skipped", given[ids[2]]),
        (ids[3], mine): ("relabel", "changed", other),
    }
    assert {(row["run"], row["round"], row["asked"]) for row in rows} == {("20261123-101500-4f2a", "1", mode)}
    assert rows[0]["seconds"] == 2.5

    label = ls.agreement(ls.pull("label-studio", project=name, store=store), store=store)[0]
    assert (label.issue, label.accepted, label.changed, label.refused, label.skipped) == ("label", 1, 1, 2, 1)
    assert (label.share, label.seconds) == (0.25, 2.5)
    printed = CliRunner().invoke(main, ["pull", "label-studio", name, "--store", str(store)]).output
    assert "5 decisions, 1 accepted, 1 changed, 2 refused, 1 skipped; 5 new" in printed
    assert "label 25 % of 4, 2.5 s each" in printed
    again = CliRunner().invoke(main, ["pull", "label-studio", name, "--store", str(store), "--all"]).output
    assert "5 decisions, 1 accepted, 1 changed, 2 refused, 1 skipped; 0 new" in again


def test_decisions_stay_with_the_run_that_asked_and_go_with_their_annotation(
    platform, client, name, make_pushed, annotate, make_queue
):
    project, store = make_pushed(12, 8)
    tasks = flagged_in(client, project)
    kept, gone = annotate(tasks[0], "top_up"), annotate(tasks[1], "top_up")
    assert ls.pull("label-studio", project=name, store=store).num_rows == 2
    make_queue(12, run="r2", flagged=8).push("label-studio", project=name, match="ticket")
    client.delete_annotation(gone)
    annotate(tasks[0], "refund")
    rows = ls.pull("label-studio", project=name, store=store).to_pylist()
    assert [(row["run"], json.loads(row["value"])) for row in rows] == [
        ("20261123-101500-4f2a", "top_up"),
        ("r2", "refund"),
    ]
    assert kept != gone


@pytest.mark.parametrize(
    ("rows", "flagged", "said"),
    [(200, 12, 7), pytest.param(20_000, 300, 50, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
def test_a_second_pull_reads_only_what_changed(
    platform, client, name, make_pushed, annotate, reads, monkeypatch, rows, flagged, said
):
    _, store = make_pushed(rows, flagged)
    reads.update(requests=[], answers=[], light=[])
    assert ls.pull("label-studio", project=name, store=store).num_rows == 0
    assert len(reads["answers"]) == flagged  # the others were never pushed
    tasks = [{"id": id} for id in reads["answers"][:said]]
    for task in tasks:
        annotate(task, "refund")
    reads.update(requests=[], answers=[], light=[])
    assert ls.pull("label-studio", project=name, store=store).num_rows == said
    assert sorted(reads["answers"]) == sorted(task["id"] for task in tasks)
    # The newest change; which tasks are late; their answers.
    assert len(reads["requests"]) == 2 + -(-flagged // 1000)

    reads.update(requests=[], answers=[], light=[])
    assert ls.pull("label-studio", project=name, store=store).num_rows == said
    assert reads["answers"] == []
    monkeypatch.setattr(incremental, "MARGIN", incremental.timedelta(0))
    reads.update(requests=[], answers=[], light=[])
    assert ls.pull("label-studio", project=name, store=store).num_rows == said
    assert reads["light"] == reads["answers"] == []


def test_review_projects_and_the_project_itself_are_pulled_together(
    platform, client, name, make_pushed, annotate, make_queue
):
    project, store = make_pushed(12, 8)
    annotate(flagged_in(client, project)[0], "top_up")
    review = make_queue(6, run="r9").push("label-studio", project=name).details["project_id"]
    task = next(client.tasks(review))[0]
    body = {"result": [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["refund"]}}]}
    client.send("POST", f"/api/tasks/{task['id']}/annotations/", body=body, what="an answer")
    rows = ls.pull("label-studio", project=name, store=store).to_pylist()
    assert [row["run"] for row in rows] == ["20261123-101500-4f2a", "r9"]


def test_a_project_that_nothing_was_pushed_into_is_refused(platform, client, name):
    client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    with pytest.raises(InputError, match="no task of it carries what a push writes"):
        ls.pull("label-studio", project=name)


def test_answers_come_under_the_names_that_the_data_has(client, name, platform, make_queue, annotate, tmp_path):
    report, store = make_queue(6, flagged=6), tmp_path / "store"
    Store(store).save(report)
    config = CONFIG.replace('value="top_up"', 'value="Top up" alias="tu"').replace('"refund"', '"REFUND"')
    project = client.create_project(title=name, description="theirs", label_config=config, model_version="")
    client.import_tasks(
        project, [{"data": {"ticket": id, "text": f"text {id}"}} for id in report.samples.ids.to_pylist()]
    )
    ls.load(store=store).push("label-studio", project=name, match="ticket", mode="blind")
    given = dict(zip(report.samples.ids.to_pylist(), report.samples.labels.to_pylist(), strict=True))
    findings = {finding["id"]: finding for finding in report.findings.to_pylist() if finding["issue"] == "label"}
    tasks = [task for task in flagged_in(client, project) if task["data"]["labelsift_id"] in findings]
    written = {"top_up": "tu", "refund": "REFUND"}
    expected = {}
    for task, kept in zip(tasks[:4], (True, True, False, False), strict=True):
        id = task["data"]["labelsift_id"]
        label = given[id] if kept else json.loads(findings[id]["suggested"])
        annotate(task, written.get(label, label))
        expected[id] = ("refused" if kept else "accepted", label)
    rows = ls.pull("label-studio", project=name, store=store).to_pylist()
    assert {row["id"]: (row["verdict"], json.loads(row["value"])) for row in rows} == expected
    assert any(label in written for _, label in expected.values())


def test_decisions_on_a_run_that_was_pushed_over_before_a_pull_are_not_lost(
    client, name, make_pushed, annotate, make_queue
):
    project, store = make_pushed(12, 8)
    tasks = flagged_in(client, project)
    annotate(tasks[0], "top_up")
    second = make_queue(12, run="r2", flagged=8)
    Store(store).save(second)
    ls.load("r2", store=store).push("label-studio", project=name, match="ticket")
    annotate(tasks[1], "top_up")
    rows = ls.pull("label-studio", project=name, store=store).to_pylist()
    assert [(row["run"], json.loads(row["value"]), row["asked"]) for row in rows] == [
        ("20261123-101500-4f2a", "top_up", None),
        ("r2", "top_up", "choose"),
    ]


def test_remarks_in_a_project_of_peoples_own_are_heard(client, name, make_pushed, annotate):
    project, store = make_pushed(12, 8)
    tasks = flagged_in(client, project)
    for task, doubt in zip(tasks, ("labelsift_unclear", "labelsift_unusable"), strict=False):
        doubt_region = [
            {"from_name": "labelsift_doubt", "to_name": "body", "type": "choices", "value": {"choices": [doubt]}}
        ]
        note = {"from_name": "labelsift_note", "to_name": "body", "type": "textarea", "value": {"text": ["why"]}}
        client.send(
            "POST", f"/api/tasks/{task['id']}/annotations/", body={"result": [*doubt_region, note]}, what="an answer"
        )
    rows = ls.pull("label-studio", project=name, store=store).to_pylist()
    assert [(row["action"], row["verdict"], row["note"]) for row in rows] == [
        ("unclear", "unclear", "why"),
        ("remove", "changed", "why"),
    ]
