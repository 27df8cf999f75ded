"""Decisions made on a real server, recorded once, and remembered by the next push."""

from __future__ import annotations

from dataclasses import replace

import labelsift as ls
import pytest
from labelsift.corrections.verify import verify
from labelsift.store.store import Store

CHOICE = {"from_name": "label", "to_name": "text", "type": "choices"}


@pytest.mark.server
def test_decisions_are_recorded_once_and_verified_samples_stay_out(
    platform, make_queue, name, client, tasks_of, tmp_path
):
    store = Store(tmp_path / "kept")
    report = make_queue(8, run="r-first")
    store.save(report)
    project = report.push("label-studio", project=name).details["project_id"]
    tasks = tasks_of(project)
    suggested = {row["task"]: row["result"][0]["value"]["choices"][0] for row in client.predictions(project)}

    def answer(task: dict, label: str) -> dict:
        return {"result": [{**CHOICE, "value": {"choices": [label]}}], "lead_time": 2.0}

    made = [
        client.send(
            "POST",
            f"/api/tasks/{task['id']}/annotations/",
            body=answer(task, suggested[task["id"]]),
            what="an annotation",
        )
        for task in tasks[:3]
    ]
    assert ls.record(ls.pull("label-studio", project=name), store=store.folder).new == 3
    assert ls.record(ls.pull("label-studio", project=name), store=store.folder).new == 0
    changed = answer(tasks[0], tasks[0]["data"]["labelsift_given"])
    client.send("PATCH", f"/api/annotations/{made[0]['id']}/", body=changed, what="a changed mind")
    assert ls.record(ls.pull("label-studio", project=name), store=store.folder).new == 1

    records = store.ledger.records()
    assert {(record["run"], record["platform"], record["dataset"]) for record in records} == {
        ("r-first", "label-studio", report.samples.name)
    }
    assert all(record["text_hash"] and record["issues"] for record in records)
    assert verify(store=store.folder).problems == ()

    following = replace(make_queue(8, run="r-next"), store=store)
    receipt = following.push("label-studio", project=name)
    assert (receipt.created, receipt.details["verified_before"]) == (5, 3)
    verified = {task["data"]["labelsift_id"] for task in tasks[:3]}
    ids = {task["data"]["labelsift_id"] for task in tasks_of(receipt.details["project_id"])}
    assert len(ids) == 5
    assert not ids & verified
