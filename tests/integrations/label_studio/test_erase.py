"""Erasing what was pushed: in review projects whole tasks, in a project of the user's only what is labelsift's."""

from __future__ import annotations

import pyarrow as pa
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import ApplyRequest


def test_tasks_of_a_review_project_are_deleted_and_no_others(platform, make_queue, name, client, tasks_of):
    receipt = make_queue(12).push("label-studio", project=name)
    project = int(receipt.details["project_id"])
    assert platform.forget(["t00003", "t00005", "nobody"], project=name, dry_run=True) == 2
    assert len(tasks_of(project)) == 12
    assert platform.forget(["t00003", "t00005", "nobody"], project=name) == 2
    left = {task["data"]["labelsift_id"] for task in tasks_of(project)}
    assert left == {f"t{number:05d}" for number in range(12)} - {"t00003", "t00005"}
    assert platform.forget(["t00003"], project=name) == 0


def test_in_a_users_project_the_task_and_its_answers_stay(platform, make_queue, name, client, tasks_of):
    report = make_queue(6)
    config = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
    <Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
    </Choices></View>"""
    project = client.create_project(title=name, description="theirs", label_config=config, model_version="")
    answer = {"from_name": "intent", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    theirs = [{"ticket": id, "text": f"text of {id}"} for id in report.samples.ids.to_pylist()]
    client.import_tasks(project, [{"data": data, "annotations": [{"result": [answer]}]} for data in theirs])
    report.push("label-studio", project=name, match="data.ticket")
    decision = {"id": "t00003", "action": "relabel", "verdict": "changed", "value": '"top_up"', "person": "a"}
    assert platform.apply(pa.Table.from_pylist([decision], CORRECTIONS_SCHEMA), ApplyRequest(project=name)).created == 1
    assert platform.forget(["t00003"], project=name, match="data.ticket") == 1
    after = {task["data"]["ticket"]: task for task in tasks_of(project)}
    assert len(after) == 6
    assert after["t00003"]["data"] == {"ticket": "t00003", "text": "text of t00003"}
    assert after["t00003"]["total_annotations"] == 1
    assert "labelsift_id" in after["t00004"]["data"]
    predicted = {prediction["task"] for prediction in client.predictions(project)}
    assert predicted == {after[id]["id"] for id in ("t00000", "t00001", "t00002", "t00004")}  # the last is an outlier


def test_second_looks_of_a_sample_are_deleted_by_their_keys(platform, name, client, tasks_of):
    from labelsift.integrations.label_studio.second_look_project import KEY, find_or_make

    config = '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>'
    project = client.create_project(title=name, description="", label_config=config, model_version="")
    place = find_or_make(client, project)
    client.import_tasks(place, [{"data": {"text": f"text {number}", KEY: f"key{number}"}} for number in range(3)])
    assert platform.forget(["t00003", "key1"], project=str(project), dry_run=True) == 1
    assert platform.forget(["t00003", "key1"], project=str(project)) == 1
    assert [task["data"][KEY] for task in tasks_of(place)] == ["key0", "key2"]
