"""A round with probes on the real server: every task looks alike, the order tells nothing, a second push is none."""

from __future__ import annotations

import random
from collections import Counter

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.corrections.probe_estimates import probed
from labelsift.data.adjudication import resolve
from labelsift.store.store import Store

CHOICE = {"from_name": "label", "to_name": "text", "type": "choices"}


@pytest.fixture
def report(make_queue, tmp_path) -> ls.Report:
    report = make_queue(60, flagged=20)
    scores = [random.Random(number).uniform(0.3, 1) if number < 40 else (60 - number) / 61 for number in range(60)]
    report.scores = pa.table(
        {
            "id": report.samples.ids,
            "label_score": pa.array(scores, pa.float32()),
            "is_label_issue": [s < 0.3 for s in scores],
        }
    )
    report.store = Store(tmp_path / "kept")
    report.store.prepare()
    report.store.save(report)
    return report


def test_tasks_of_probes_look_like_those_of_flagged_samples(platform, report, name, client, tasks_of):
    first = report.push("label-studio", project=name, mode="blind", probe=0.5)
    project = int(first.details["project_id"])
    tasks = tasks_of(project)
    (plan,) = [record for record in report.store.ledger.records() if record["kind"] == "round"]
    assert {task["data"]["labelsift_id"] for task in tasks} == {*plan["flagged"], *plan["probes"]}
    assert len({tuple(task["data"]) for task in tasks}) == 1
    assert {task["data"]["labelsift_issues"] for task in tasks} == {"label"}
    assert not any(label in str(task["data"]) for task in tasks for label in report.samples.classes)
    assert client.predictions(project) == []
    second = report.push("label-studio", project=name, mode="blind", probe=0.5)
    assert (second.created, second.updated, second.unchanged) == (0, 0, len(tasks))


def test_repeats_are_unmarked_second_tasks_whose_answers_are_no_second_votes(platform, report, name, client, tasks_of):
    first = report.push("label-studio", project=name, mode="blind", probe=0.5, repeat=0.1)
    project = int(first.details["project_id"])
    tasks = tasks_of(project)
    (plan,) = [record for record in report.store.ledger.records() if record["kind"] == "round"]
    times = Counter(task["data"]["labelsift_id"] for task in tasks)
    assert {id for id, count in times.items() if count == 2} == set(plan["repeats"])
    assert (len(times), len(tasks), len(plan["repeats"])) == (len(plan["scores"]), len(plan["scores"]) + 10, 10)
    assert len({tuple(task["data"]) for task in tasks}) == 1
    order = [task["data"]["labelsift_id"] for task in tasks]
    gaps = [len(order) - 1 - order[::-1].index(id) - order.index(id) for id in plan["repeats"]]
    assert min(gaps) >= len(times) // 3
    for id in plan["repeats"]:  # the two differ in their place, and in nothing else
        former, other = (task["data"] for task in tasks if task["data"]["labelsift_id"] == id)
        assert {key for key in former if former[key] != other[key]} == {"labelsift_rank", "labelsift_label_score"}
    client.delete_tasks(project, [tasks[order.index(next(iter(plan["repeats"])))]["id"]])
    second = report.push("label-studio", project=name, mode="blind", probe=0.5, repeat=0.1)
    assert (second.created, second.updated, second.unchanged) == (1, 0, len(tasks) - 1)
    rest = report.push("label-studio", project=name, mode="blind")  # a second task is no double to be cleared away
    assert (rest.details["project_id"], "doubles_removed" in rest.details) == (project, False)

    answered: set[str] = set()
    changed = set(sorted(plan["repeats"])[:2])
    asked = [task for task in tasks_of(project) if task["data"]["labelsift_id"] in plan["repeats"]]
    for task in sorted(asked, key=lambda task: task["data"]["labelsift_label_score"]):
        id = task["data"]["labelsift_id"]
        label = "refund" if id in changed and id in answered else "top_up"
        answered.add(id)
        body = {"result": [{**CHOICE, "value": {"choices": [label]}}]}
        client.send("POST", f"/api/tasks/{task['id']}/annotations/", body=body, what="an annotation")
    pulled = platform.pull(project=name, store=report.store.folder)
    assert Counter(pulled["asked"].to_pylist()) == {"blind": 10, "repeat": 10}
    ls.record(pulled, store=report.store.folder)
    decided = resolve(pulled).decided
    assert decided.keys() == plan["repeats"].keys()
    assert {value for action, value in decided.values() if action == "relabel"} == {'"top_up"'}
    estimated = probed(store=report.store.folder)
    assert estimated.agreement is not None
    assert (estimated.repeated, estimated.agreement.value) == (10, 0.8)
    assert platform.forget([sorted(plan["repeats"])[0]], project=name) == 2


def test_a_blind_share_shows_no_label_among_tasks_that_do(platform, report, make_queue, name, client, tasks_of):
    report.findings = make_queue(60).findings
    report.store = Store(report.store.folder.with_name("shared"))
    report.store.prepare()
    report.store.save(report)
    first = report.push("label-studio", project=name, blind_share=0.25)
    project = int(first.details["project_id"])
    (plan,) = [record for record in report.store.ledger.records() if record["kind"] == "assignment"]
    tasks = {task["data"]["labelsift_id"]: task for task in tasks_of(project)}
    blind = set(plan["blind"])
    assert (len(tasks), len(blind)) == (60, 15)
    for id, task in tasks.items():
        assert any(label in str(task["data"]) for label in report.classes) == (id not in blind)
    predicted = {prediction["task"] for prediction in client.predictions(project)}
    assert predicted == {tasks[id]["id"] for id in plan["shown"]}
    second = report.push("label-studio", project=name)  # who is asked blind was drawn, and stays so
    assert (second.created, second.updated, second.unchanged) == (0, 0, 60)

    given = dict(zip(report.samples.ids.to_pylist(), report.samples.labels.to_pylist(), strict=True))
    asked = {plan["blind"][0]: "blind", plan["shown"][0]: "choose"}
    for id in asked:
        body = {"result": [{**CHOICE, "value": {"choices": [given[id]]}}]}
        client.send("POST", f"/api/tasks/{tasks[id]['id']}/annotations/", body=body, what="an annotation")
    pulled = platform.pull(project=name, store=report.store.folder).to_pylist()
    assert {row["id"]: row["asked"] for row in pulled} == asked
    assert {(row["action"], row["verdict"]) for row in pulled} == {("keep", "refused")}
    with pytest.raises(ls.InputError, match="asks blind about samples"):
        platform.pull(project=name, store=report.store.folder.with_name("elsewhere"))
