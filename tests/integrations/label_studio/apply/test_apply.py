"""Decisions written into the project that the samples are from, and taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.samples import Samples
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.platforms import ApplyRequest
from labelsift.store.store import Store

CHOICES = "".join(f'<Choice value="{label}"/>' for label in ("card_arrival", "lost_or_stolen_card", "refund", "top_up"))
CONFIG = f'<View><Text name="body" value="$text"/><Choices name="c" toName="body">{CHOICES}</Choices></View>'
SETS = CONFIG.replace('name="c"', 'name="c" choice="multiple"')
LABELS = '<Labels name="c" toName="body"><Label value="PER"/><Label value="LOC"/></Labels>'
ENTITIES = f'<View><Text name="body" value="$text"/>{LABELS}</View>'


def region(value: dict[str, Any], type: str = "choices") -> dict[str, Any]:
    return {"from_name": "c", "to_name": "body", "type": type, "value": value}


def decision(id: str, value: object, *, action: str = "relabel", person: str = "admin@example.com") -> dict[str, Any]:
    return {
        "id": id,
        "action": action,
        "verdict": "refused" if action == "keep" else "changed",
        "value": json.dumps(value),
        "person": person,
        "time": datetime(2026, 11, 25, 12, tzinfo=UTC),
        "platform": "label-studio",
        "run": "r1",
    }


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=CORRECTIONS_SCHEMA)


@pytest.fixture
def make(client: Client, name: str) -> Callable[..., int]:
    def make(config: str, answers: list[list[dict[str, Any]] | None]) -> int:
        project = client.create_project(title=name, description="", label_config=config, model_version="")
        tasks = [
            {
                "data": {"text": f"Ann {index} left Rome", "ticket": f"t{index}"},
                "annotations": [{"result": answer}] if answer else [],
            }
            for index, answer in enumerate(answers)
        ]
        client.import_tasks(project, tasks)
        return project

    return make


@pytest.fixture
def everything(client: Client) -> Callable[[int], dict[int, Any]]:
    """Every annotation of a project as the server tells it, but for how long ago it was made."""

    def read(project: int) -> dict[int, Any]:
        params = {"project": project, "page_size": 1000, "fields": "all"}
        page = client.get("/api/tasks", what="all", params=params)
        assert len(page["tasks"]) == page["total"]
        return {
            annotation["id"]: {name: value for name, value in annotation.items() if name != "created_ago"}
            for task in page["tasks"]
            for annotation in task["annotations"]
        }

    return read


def test_the_correction_is_by_who_decided_and_exports_can_prefer_it(
    platform, client, name, make, everything, second_person, tmp_path
):
    refund, top_up = ([region({"choices": [label]})] for label in ("refund", "top_up"))
    project = make(CONFIG, [refund, refund, refund, None])
    before = everything(project)
    first = table(
        decision("t0", "top_up", person=second_person[1]),
        decision("t1", "refund"),  # as it stands
        decision("t2", "top_up", person="nobody@example.com"),
        decision("t3", "card_arrival"),
    )
    receipt = platform.apply(first, ApplyRequest(project=name, match="data.ticket"))
    assert (receipt.created, receipt.updated, receipt.unchanged, receipt.failed) == (3, 0, 1, {})
    after = everything(project)
    made = {annotation["task"]: annotation for id, annotation in after.items() if id not in before}
    tasks = {task["data"]["ticket"]: task for page in client.tasks(project) for task in page}
    assert made[tasks["t0"]["id"]]["completed_by"] == second_person[0]
    assert second_person[1] in made[tasks["t0"]["id"]]["result"][0]["meta"]["text"][0]
    assert made[tasks["t2"]["id"]]["completed_by"] == 1  # without an account it is that of the key, and is named
    assert "nobody@example.com" in made[tasks["t2"]["id"]]["result"][0]["meta"]["text"][0]
    assert not any(annotation["ground_truth"] for annotation in made.values())
    assert tasks["t0"]["data"]["labelsift_correction"] == made[tasks["t0"]["id"]]["id"]

    expected = ["top_up", "refund", "top_up", "card_arrival"]
    for form, file in (("JSON", "a.json"), ("JSON_MIN", "b.json"), ("CSV", "c.csv")):
        params = {"exportType": form, "download_all_tasks": "true"}
        answer = client._session.get(f"{client.url}/api/projects/{project}/export", params=params)
        (tmp_path / file).write_text(answer.text, encoding="utf-8")
        assert ls.read(tmp_path / file, label="c").labels.to_pylist() == expected

    # Another decision takes its place; one that is taken back goes; what a person changed stays, and is theirs.
    theirs = made[tasks["t3"]["id"]]["id"]
    client.send("PATCH", f"/api/annotations/{theirs}/", body={"result": top_up}, what="a change")
    second = table(
        decision("t0", "card_arrival"), decision("t2", "refund", action="keep"), decision("t3", "card_arrival")
    )
    receipt = platform.apply(second, ApplyRequest(project=name, match="ticket"))
    assert (receipt.details["annotations_written"], receipt.details["annotations_deleted"]) == (1, 2)
    assert ls.read(f"label-studio://{name}").labels.to_pylist() == ["card_arrival", "refund", "refund", "top_up"]
    receipt = platform.apply(table(), ApplyRequest(project=name, undo=True))
    assert list(receipt.failed) == [str(tasks["t3"]["id"])]
    assert "theirs now" in receipt.failed[str(tasks["t3"]["id"])]
    left = everything(project)
    assert left.keys() == before.keys() | {theirs}
    assert {id: left[id] for id in before} == before


def test_what_no_annotation_can_say_is_named(platform, name, make, everything):
    refund = [region({"choices": ["refund"]})]
    project = make(CONFIG, [refund] * 6)
    before = everything(project)
    decisions = table(
        decision("t0", None, action="remove"),
        decision("t1", "new text", action="edit"),
        decision("t2", "nonsense"),
        decision("t3", "top_up", person="a"),
        decision("t3", "card_arrival", person="b"),
        decision("t9", "top_up"),
        decision("t4", ["top_up"]),
        decision("t5", "refund", action="keep"),
    )
    receipt = platform.apply(decisions, ApplyRequest(project=name, match="ticket"))
    assert sorted(receipt.failed) == ["t0", "t1", "t2", "t3", "t4", "t9"]
    for sample, words in (("t0", "action remove"), ("t1", "action edit"), ("t2", "no label 'nonsense'"),
                          ("t3", "People differ (a, b)"), ("t4", "holds one label"), ("t9", "No task")):  # fmt: skip
        assert words in receipt.failed[sample]
    assert everything(project) == before
    with pytest.raises(InputError, match="is a sample of these decisions") as refused:
        platform.apply(table(decision("zzz", "top_up")), ApplyRequest(project=name))
    assert "--match" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("config", "role", "answer", "decided", "action", "cell", "before"),
    [
        (SETS, "labels", [region({"choices": ["refund"]})], ["refund", "top_up"], "relabel",
         '["refund", "top_up"]', '["refund"]'),
        (SETS, "labels", [region({"choices": ["refund"]})], [], "relabel", "[]", '["refund"]'),
        (ENTITIES, "spans", [region({"start": 0, "end": 3, "text": "Ann", "labels": ["LOC"]}, "labels")],
         [[0, 3, "PER"], [11, 15, "LOC"]], "respan", '[[0,3,"PER"],[11,15,"LOC"]]', '[[0,3,"LOC"]]'),
        (ENTITIES, "spans", [region({"start": 0, "end": 3, "text": "Ann", "labels": ["LOC"]}, "labels")],
         [], "respan", "[]", '[[0,3,"LOC"]]'),
    ],
)  # fmt: skip
def test_sets_and_spans_go_from_the_project_through_a_scan_and_back(
    platform, client, name, make, everything, tmp_path, config, role, answer, decided, action, cell, before
):
    project = make(config, [answer] * 12)
    samples = ls.read(f"label-studio://{name}")
    report = ls.scan(samples, only=["exact_duplicate", "empty", "outlier"], store=tmp_path / "s")
    untouched = everything(project)
    # A push puts these on the tasks that it flags.
    task = next(client.tasks(project))[3]
    fields = {"labelsift_id": str(task["id"]), "labelsift_run": report.run, "labelsift_round": 1}
    client.write_task(task["id"], {**task["data"], **fields})
    own = {"task": task["id"], "result": answer, "model_version": f"labelsift/{report.run}"}
    client.import_predictions(project, [own])
    value = {
        "spans": [region({"start": s, "end": e, "labels": [t]}, "labels") for s, e, t in decided]
        if role == "spans"
        else [],
        "labels": [region({"choices": decided})] if decided else [],
    }[role]
    client.send("POST", f"/api/tasks/{task['id']}/annotations/", body={"result": value}, what="an answer")

    pulled = ls.pull("label-studio", project=name, store=tmp_path / "s")
    (row,) = pulled.to_pylist()
    assert (row["id"], row["action"], row["verdict"], json.loads(row["value"])) == (
        str(task["id"]), action, "changed", decided,
    )  # fmt: skip
    ls.record(pulled, store=tmp_path / "s")
    people = everything(project)
    client.delete_annotation(next(id for id in people if id not in untouched))  # as if it had been said elsewhere
    receipt = platform.apply(ls.recorded(store=tmp_path / "s"), ApplyRequest(project=name, store=tmp_path / "s"))
    assert (receipt.created, receipt.failed) == (1, {})
    after = ls.read(f"label-studio://{name}")
    assert after.table[role].to_pylist() == [before] * 3 + [cell] + [before] * 8
    created = platform.apply(pulled, ApplyRequest(project=name)).created
    assert (created, platform.apply(pulled, ApplyRequest(project=name, undo=True)).updated) == (
        0,
        1,
    )
    assert everything(project) == untouched
    assert samples.apply(pulled, new_labels=True).table[role][3].as_py() == cell


def test_a_number_is_no_proof_that_a_task_is_the_sample(platform, client, name, make, make_queue, everything, tmp_path):
    """Samples of a file may be called 1, 2, 3 as well: their decisions must not reach the tasks of these numbers."""
    report, store = make_queue(6), tmp_path / "s"
    Store(store).save(report)
    project = make(CONFIG, [[region({"choices": ["refund"]})]] * 3)
    before = everything(project)
    number = str(next(client.tasks(project))[0]["id"])
    decisions = table(decision(number, "top_up") | {"run": report.run})
    with pytest.raises(InputError, match="is a sample of these decisions"):
        platform.apply(decisions, ApplyRequest(project=name, store=store))
    assert everything(project) == before
    receipt = platform.apply(decisions, ApplyRequest(project=name, store=store, match="id"))
    assert receipt.created == 1  # said by a person


@pytest.mark.parametrize("twin", [False, True])
def test_the_field_of_the_ids_is_found_by_the_texts_that_people_judged(
    platform, client, name, make_queue, everything, tmp_path, twin
):
    """After a review beside a project no task has labelsift's field; a field that names others is no sample's id."""
    report, store = make_queue(6), tmp_path / "s"
    Store(store).save(report)
    project = client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    rows = [*zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True), ("copy", "Else")]
    if twin:
        rows[-1] = ("copy", rows[1][1])
    client.import_tasks(
        project, [{"data": {"text": text, "ticket": id, "copy_of": "t00001"}} for id, text in reversed(rows)]
    )
    ids = ["t00001", "t00002"]
    decisions = table(*(decision(id, "top_up") | {"run": report.run} for id in ids))
    assert platform.apply(decisions, ApplyRequest(project=name, store=store)).created == 2
    tasks = {task["id"]: task["data"]["ticket"] for page in client.tasks(project) for task in page}
    assert sorted(tasks[annotation["task"]] for annotation in everything(project).values()) == ids
    platform.apply(decisions, ApplyRequest(project=name, store=store, undo=True))
    assert not everything(project)


def test_decisions_on_several_data_sets_are_not_mixed(tmp_path, make_queue):
    store = tmp_path / "s"
    for run, dataset in (("r1", "one"), ("r2", "two")):
        made = make_queue(6, run=run)
        report = replace(made, samples=Samples(made.samples.table, made.samples.metadata, dataset))
        Store(store).save(report)
        ls.record(table(decision("t00001", "top_up") | {"run": run}), store=store)
    done = CliRunner().invoke(main, ["apply", "label-studio", "P", "--store", str(store)])
    assert done.exit_code == 2 and "--dataset" in done.stderr


def test_a_review_project_takes_no_corrections(platform, name, make_queue):
    title = make_queue(6).push("label-studio", project=name).details["project"]
    with pytest.raises(InputError, match="review project of labelsift's own"):
        platform.apply(table(decision("t00001", "top_up")), ApplyRequest(project=title))


def test_a_correction_goes_under_the_names_of_the_config(platform, client, name, make):
    make(CONFIG.replace('value="top_up"', 'value="Top up" alias="tu"'), [[region({"choices": ["refund"]})]] * 2)
    decisions = table(decision("t0", "top_up"), decision("t1", "top up"))
    receipt = platform.apply(decisions, ApplyRequest(project=name, match="ticket"))
    assert (receipt.created, receipt.failed) == (2, {})
    assert ls.read(f"label-studio://{name}").labels.to_pylist() == ["tu", "tu"]


def test_two_who_apply_at_once_write_one_correction(platform, client, name, make, everything, monkeypatch):
    project = make(CONFIG, [[region({"choices": ["refund"]})]])
    decisions = table(decision("t0", "top_up"))
    create = Client.create_annotation

    def slow(self: Client, task: int, annotation: dict[str, Any]) -> int | None:
        create(self, task, annotation)  # the other one was faster
        return create(self, task, annotation)

    monkeypatch.setattr(Client, "create_annotation", slow)
    assert platform.apply(decisions, ApplyRequest(project=name, match="ticket")).created == 1
    assert len(everything(project)) == 2
    assert "labelsift_correction" in next(client.tasks(project))[0]["data"]
