"""A round with probes on the real server: every task looks alike, the order tells nothing, a second push is none."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from labelsift.store import Store

pytestmark = pytest.mark.server


def test_tasks_of_probes_look_like_those_of_flagged_samples(platform, make_queue, name, client, tasks_of, tmp_path):
    report = make_queue(60, flagged=20)
    scores = [random.Random(at).uniform(0.3, 1) if at < 40 else (60 - at) / 61 for at in range(60)]
    report.scores = pa.table(
        {
            "id": report.samples.ids,
            "label_score": pa.array(scores, pa.float32()),
            "is_label_issue": [s < 0.3 for s in scores],
        }
    )
    report.store = Store(tmp_path / "kept")
    report.store.prepare()
    first = report.push("label-studio", project=name, mode="blind", probe=0.5)
    project = int(first.details["project_id"])
    tasks = tasks_of(project)
    (plan,) = [one for one in report.store.ledger.records() if one["kind"] == "round"]
    assert {task["data"]["labelsift_id"] for task in tasks} == {*plan["flagged"], *plan["probes"]}
    assert len({tuple(task["data"]) for task in tasks}) == 1
    assert {task["data"]["labelsift_issues"] for task in tasks} == {"label"}
    assert not any(label in str(task["data"]) for task in tasks for label in report.samples.classes)
    assert client.predictions(project) == []
    second = report.push("label-studio", project=name, mode="blind", probe=0.5)
    assert (second.created, second.updated, second.unchanged) == (0, 0, len(tasks))
