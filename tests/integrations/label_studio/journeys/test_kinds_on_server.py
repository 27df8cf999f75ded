"""Every kind of label on the real server: push, answer, pull, apply; a second push changes nothing."""

from __future__ import annotations

import json
from typing import Any

import labelsift as ls
import pytest
from labelsift.integrations.label_studio.convert.label_config import label_control_of
from labelsift.integrations.label_studio.convert.regions import to_result
from labelsift.platforms import PushRequest
from labelsift.review.items import queue_of
from labelsift.review.suggestions import settled
from labelsift.store.store import Store

from .. import kinds

REPORTS = {
    "sets": kinds.sets,
    "spans": kinds.spans,
    "tree": kinds.tree,
    "trees": kinds.trees,
    "image": lambda run: kinds.seen("image", run=run),
    "audio": lambda run: kinds.seen("audio", "https://example.com/a.wav", run=run),
}
ANSWER = {"from_name": "label", "to_name": "text"}


def answer(client: Any, task: dict[str, Any], result: list[dict[str, Any]]) -> None:
    client.send("POST", f"/api/tasks/{task['id']}/annotations/", body={"result": result}, what="an annotation")


def suggested(report: ls.Report) -> dict[str, Any]:
    """Sample id → the whole value that its findings suggest."""
    values = {}
    given = dict(zip(report.samples.ids.to_pylist(), report.samples.given.to_pylist(), strict=True))
    for row in report.findings.to_pylist():
        if row["issue"] == "span":
            dispute = (json.loads(row["given"]), json.loads(row["suggested"]))
            values[row["id"]] = settled(json.loads(given[row["id"]]), [dispute])
        elif row["issue"] == "label":
            values[row["id"]] = json.loads(row["suggested"])
    return values


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *((kind, "choose") for kind in REPORTS),
        *(pytest.param(kind, "blind", marks=() if kind in ("sets", "spans") else pytest.mark.soak) for kind in REPORTS),
    ],
)
def test_suggestions_that_people_accept_arrive_in_the_data(
    platform, client, tasks_of, counts, name, tmp_path, kind, mode
):
    report = REPORTS[kind](run=f"20261123-101500-{kind}")
    Store(tmp_path / "kept").save(report)
    receipt = report.push("label-studio", project=name, mode=mode)
    project = receipt.details["project_id"]
    before, stored = counts(project), tasks_of(project)
    again = report.push("label-studio", project=name, mode=mode)
    assert (again.created, again.updated, again.unchanged) == (0, 0, len(stored))
    assert (counts(project), tasks_of(project)) == (before, stored)
    predictions = {prediction["task"]: prediction["result"] for prediction in client.predictions(project)}
    assert bool(predictions) == (mode == "choose")

    target = label_control_of(client.project(project)["label_config"], project=name)
    wanted = suggested(report)
    for task in stored:
        id = task["data"]["labelsift_id"]
        if id in wanted:
            whole = to_result(wanted[id], target, text=task["data"].get("text", ""))
            answer(client, task, predictions.get(task["id"], whole))
    pulled = platform.pull(project=name, store=tmp_path / "kept")

    assert {row["id"]: json.loads(row["value"]) for row in pulled.to_pylist()} == {
        task["data"]["labelsift_id"]: wanted[task["data"]["labelsift_id"]]
        for task in stored
        if task["data"]["labelsift_id"] in wanted
    }
    assert set(pulled["verdict"].to_pylist()) == {"accepted"}
    assert set(pulled["action"].to_pylist()) == {"respan" if kind == "spans" else "relabel"}
    after = report.samples.apply(pulled, new_labels=kind in ("trees", "image", "audio"))
    cells = dict(zip(after.ids.to_pylist(), after.given.to_pylist(), strict=True))
    for row in pulled.to_pylist():
        value = json.loads(row["value"])
        assert (cells[row["id"]] if isinstance(value, str) else json.loads(cells[row["id"]])) == value
    assert ls.record(pulled, store=tmp_path / "kept").new == len(pulled)
    assert report.push("label-studio", project=name, mode=mode).unchanged == len(stored)


def test_the_whole_truth_of_a_text_is_pulled_where_people_marked_it_blind(platform, client, tasks_of, name, tmp_path):
    report = kinds.spans(run="20261123-101500-b11e")
    Store(tmp_path / "kept").save(report)
    project = report.push("label-studio", project=name, mode="blind").details["project_id"]
    tasks = {task["data"]["labelsift_id"]: task for task in tasks_of(project)}
    target = label_control_of(client.project(project)["label_config"], project=name)
    answers = {
        "ghost": kinds.SPANS["ghost"],  # as it was given
        "missed": [kinds.mark("missed", "Ann", "PER")],  # Müller and Rome are not
        "shifted": [],
    }
    for id, value in answers.items():
        answer(client, tasks[id], to_result(value, target, text=tasks[id]["data"]["text"]))
    answer(client, tasks["rtl"], [])  # as no page would send it
    pulled = {row["id"]: row for row in platform.pull(project=name, store=tmp_path / "kept").to_pylist()}
    assert {id: (row["action"], row["verdict"]) for id, row in pulled.items()} == {
        "ghost": ("keep", "refused"),
        "missed": ("respan", "changed"),
        "shifted": ("respan", "changed"),
    }
    assert {id: json.loads(row["value"]) for id, row in pulled.items()} == answers
    assert {row["asked"] for row in pulled.values()} == {"blind"}


def test_one_blind_text_among_others_is_read_whole(platform, client, tasks_of, name, tmp_path):
    report = kinds.spans(run="20261123-101500-b11f")
    Store(tmp_path / "kept").save(report)
    receipt = platform.push(queue_of(report, blind={"ghost"}), PushRequest(name))
    tasks = {task["data"]["labelsift_id"]: task for task in tasks_of(receipt.details["project_id"])}
    assert not any(label in str(tasks["ghost"]["data"]) for label in ("PER", "LOC"))
    target = label_control_of(client.project(receipt.details["project_id"])["label_config"], project=name)
    only = [kinds.mark("ghost", "Berlin", "LOC")]
    for id in ("ghost", "wrong_tag"):
        value = only if id == "ghost" else [kinds.DISPUTES[id][1]]
        answer(client, tasks[id], to_result(value, target, text=tasks[id]["data"]["text"]))
    pulled = {row["id"]: row for row in platform.pull(project=name, store=tmp_path / "kept").to_pylist()}
    assert {id: (row["verdict"], row["asked"]) for id, row in pulled.items()} == {
        "ghost": ("accepted", "blind"),
        "wrong_tag": ("accepted", "choose"),
    }
    assert json.loads(pulled["ghost"]["value"]) == only


ALIASED = """<View><Text name="txt" value="$body"/><Labels name="ner" toName="txt"><Label value="Person" alias="per"/>
<Label value="LOC"/></Labels></View>"""
SETS = """<View><Text name="txt" value="$body"/><Choices name="tags" toName="txt" choice="multiple">
<Choice value="Insult" alias="i"/><Choice value="Toxic"/></Choices></View>"""


def existing(client: Any, name: str, config: str, report: ls.Report) -> tuple[int, dict[str, int]]:
    project = client.create_project(title=name, description="theirs", label_config=config, model_version="")
    ids, texts = report.samples.ids.to_pylist(), report.samples.texts.to_pylist()
    client.import_tasks(project, [{"data": {"body": text, "key": id}} for id, text in zip(ids, texts, strict=True)])
    return project, {task["data"]["key"]: task["id"] for page in client.tasks(project) for task in page}


def test_an_existing_project_gets_all_spans_under_its_own_names(platform, client, name):
    report = kinds.spans()
    project, tasks = existing(client, name, ALIASED.replace("per", "PER").replace('"PER"', '"per"'), report)
    receipt = report.push("label-studio", project=name, match="data.key", mode="prefill")
    assert receipt.failed == {}
    results = {prediction["task"]: prediction["result"] for prediction in client.predictions(project)}
    for id, (_, new) in kinds.DISPUTES.items():
        want = settled(kinds.SPANS[id], [kinds.DISPUTES[id]])
        made = [
            [value["start"], value["end"], value["labels"][0]]
            for value in (region["value"] for region in results[tasks[id]])
        ]
        assert made == [[start, end, {"PER": "per"}.get(label, label)] for start, end, label in want]
        assert new is None or new in want
    again = report.push("label-studio", project=name, match="data.key", mode="prefill")
    assert (again.updated, again.unchanged) == (0, 6)


def test_labels_that_an_existing_project_lacks_are_refused_by_name(platform, client, name):
    report = kinds.sets()
    project, tasks = existing(client, name, SETS, report)
    receipt = report.push("label-studio", project=name, match="data.key")
    assert {id: why for id, why in receipt.failed.items() if "threat" in why}.keys() == {"m1", "m2"}
    results = {prediction["task"]: prediction["result"] for prediction in client.predictions(project)}
    assert [region["value"] for region in results[tasks["m0"]]] == [{"choices": ["Toxic"]}]
    assert results[tasks["m3"]] == []  # no label at all
    assert tasks["m1"] not in results


def test_labels_of_another_kind_than_the_projects_are_refused(platform, client, name):
    report = kinds.sets()
    existing(client, name, ALIASED, report)
    with pytest.raises(ls.InputError, match=r"sets of labels, and ner .* takes spans"):
        report.push("label-studio", project=name, match="data.key")


def test_places_in_another_text_are_not_sent(platform, client, name):
    report = kinds.spans()
    project, tasks = existing(client, name, ALIASED.replace('alias="per"', 'alias="PER"'), report)
    client.write_task(tasks["ghost"], {"body": "Another text", "key": "ghost"})
    receipt = report.push("label-studio", project=name, match="data.key")
    assert "another text" in receipt.failed["ghost"]
    assert tasks["ghost"] not in {prediction["task"] for prediction in client.predictions(project)}


IMAGES = """<View><Image name="img" value="$url"/><Choices name="kind" toName="img"><Choice value="Cat"/>
<Choice value="DOG"/></Choices></View>"""


def test_images_of_an_existing_project_get_their_suggestions_and_tasks_where_they_have_none(platform, client, name):
    report = kinds.seen("image")
    project = client.create_project(title=name, description="theirs", label_config=IMAGES, model_version="")
    client.import_tasks(project, [{"data": {"url": kinds.PIXEL, "key": "image-0"}}])
    receipt = report.push("label-studio", project=name, match="data.key", create=True)
    tasks = {task["data"]["key"]: task for page in client.tasks(project) for task in page}
    assert tasks.keys() == {"image-0", "image-1"}
    assert tasks["image-1"]["data"]["url"] == kinds.PIXEL
    assert receipt.failed.keys() == {"image-2"}  # it has no address
    results = {prediction["task"]: prediction["result"][0]["value"] for prediction in client.predictions(project)}
    assert results == {task["id"]: {"choices": ["DOG"]} for task in tasks.values()}


def test_no_task_is_made_of_a_text_in_a_project_of_images(platform, client, name):
    client.create_project(title=name, description="theirs", label_config=IMAGES, model_version="")
    with pytest.raises(ls.InputError, match="shows images"):
        kinds.tree().push("label-studio", project=name, match="data.key", create=True)


def test_the_store_settles_what_people_decided_about_sets_and_spans(platform, client, tasks_of, name, tmp_path):
    """Through report.push, as a user calls it: what was decided stays out of the next run's push."""
    for kind in ("sets", "spans"):
        report, store = REPORTS[kind](run=f"20261123-101500-{kind}"), Store(tmp_path / kind)
        store.save(report)
        report.store = store
        project = report.push("label-studio", project=f"{name} {kind}").details["project_id"]
        predictions = {prediction["task"]: prediction["result"] for prediction in client.predictions(project)}
        for task in tasks_of(project)[:2]:
            answer(client, task, predictions[task["id"]])
        pulled = ls.pull("label-studio", project=f"{name} {kind}", store=store.folder)
        ls.record(pulled, store=store.folder)
        after = report.samples.apply(ls.recorded(store=store.folder))
        following = REPORTS[kind](run=f"20261124-101500-{kind}")
        following.samples, following.store = after, store
        receipt = following.push("label-studio", project=f"{name} {kind}", dry_run=True)
        assert (receipt.created, receipt.details["verified_before"]) == (4, 2)
