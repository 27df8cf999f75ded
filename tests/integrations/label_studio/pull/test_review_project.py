"""Bringing people's decisions back."""

from __future__ import annotations

import json

import labelsift as ls
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.store.store import Store

from ..kinds import correction

CHOICE = {"from_name": "label", "to_name": "text", "type": "choices"}
DATA = {"labelsift_id": "a", "labelsift_given": "x", "labelsift_suggested": "y"}


def annotation(label: str | None, **more) -> dict:
    result = [] if label is None else [{**CHOICE, "value": {"choices": [label]}}]
    return {"result": result, "updated_at": "2026-11-23T10:15:00.5Z", **more}


@pytest.mark.parametrize(
    ("label", "action", "verdict"),
    [("x", "keep", "refused"), ("y", "relabel", "accepted"), ("z", "relabel", "changed")],
)
def test_an_answer_is_a_verdict_on_the_suggestion(label, action, verdict):
    made = correction(DATA, annotation(label))
    assert made is not None
    assert (made["action"], made["verdict"], made["value"]) == (action, verdict, json.dumps(label))


def test_a_skipped_task_decides_nothing_and_keeps_the_label():
    made = correction(DATA, annotation(None, was_cancelled=True))
    assert made is not None
    assert (made["action"], made["verdict"], made["value"]) == ("keep", "skipped", '"x"')


def test_an_empty_answer_and_a_task_of_somebody_else_are_no_corrections():
    assert correction(DATA, annotation(None)) is None
    assert correction({"text": "theirs"}, annotation("x")) is None


@pytest.mark.server
@pytest.mark.parametrize("mode", ["choose", "blind"])
def test_decisions_come_back_by_sample(platform, make_queue, name, client, tasks_of, server, mode, tmp_path):
    report = make_queue(8, run="r7")
    kept = tmp_path / "kept"
    Store(kept).save(report)
    project = report.push("label-studio", project=name, mode=mode).details["project_id"]
    tasks = tasks_of(project)
    assert len(client.predictions(project)) == (0 if mode == "blind" else 7)
    labeled = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    suggested = {row["id"]: json.loads(row["suggested"]) for row in labeled}
    for task in tasks[:2]:
        body = {
            "result": [{**CHOICE, "value": {"choices": [suggested[task["data"]["labelsift_id"]]]}}],
            "lead_time": 4.5,
        }
        client.send("POST", f"/api/tasks/{task['id']}/annotations/", body=body, what="an annotation")
    client.send(
        "POST", f"/api/tasks/{tasks[2]['id']}/annotations/", body={"result": [], "was_cancelled": True}, what="a skip"
    )

    pulled = platform.pull(project=name, store=kept)

    assert pulled.schema == CORRECTIONS_SCHEMA
    rows = pulled.to_pylist()
    assert [row["id"] for row in rows] == [task["data"]["labelsift_id"] for task in tasks[:3]]
    assert [row["verdict"] for row in rows] == ["accepted", "accepted", "skipped"]
    assert {row["person"] for row in rows} == {server.username}
    assert {(row["run"], row["round"], row["platform"]) for row in rows} == {("r7", "1", "label-studio")}
    assert rows[0]["seconds"] == pytest.approx(4.5)
    # A push after people have answered leaves their answers alone.
    assert report.push("label-studio", project=name, mode=mode).unchanged == 8
    assert platform.pull(project=name, store=kept).num_rows == 3


@pytest.mark.server
def test_a_project_that_nobody_pushed_is_refused_and_no_file_is_touched(platform, make_queue, name, tmp_path):
    make_queue(4).push("label-studio", project=name)
    mine = tmp_path / "c.csv"
    mine.write_text("precious")
    asked = ("--to", str(mine), "--store", str(tmp_path / "kept"))

    result = CliRunner().invoke(main, ["pull", "label-studio", "Typo", *asked])
    assert result.exit_code == 2
    assert "no review project that was pushed as Typo" in result.stderr
    assert name in result.stderr
    assert "--match" in result.stderr

    result = CliRunner().invoke(main, ["pull", "label-studio", name, *asked])
    assert (result.exit_code, result.stdout) == (0, "0 decisions; 0 new\n")
    assert result.stderr == f"{mine} stays as it was: there are no decisions to write\n"
    assert mine.read_text() == "precious"


@pytest.mark.server
def test_blind_decisions_know_the_given_label_from_the_named_store_or_are_refused(
    platform, make_queue, name, client, tasks_of, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    report = make_queue(4, run="20261123-101500-b11d")
    Store("elsewhere").save(report)
    project = report.push("label-studio", project=name, mode="blind").details["project_id"]
    assert platform.pull(project=name).num_rows == 0  # nobody has decided: no label needs to be known
    task = tasks_of(project)[0]
    sample = task["data"]["labelsift_id"]
    given = dict(zip(report.samples.ids.to_pylist(), report.samples.labels.to_pylist(), strict=True))
    body = {"result": [{**CHOICE, "value": {"choices": [given[sample]]}}]}
    client.send("POST", f"/api/tasks/{task['id']}/annotations/", body=body, what="an annotation")

    refused = CliRunner().invoke(main, ["pull", "label-studio", name, "--to", "c.csv"])
    assert refused.exit_code == 2
    assert "20261123-101500-b11d" in refused.stderr
    assert sample in refused.stderr
    assert "--store" in refused.stderr
    assert not (tmp_path / "c.csv").exists()
    assert not (tmp_path / ".labelsift").exists()

    pulled = CliRunner().invoke(main, ["pull", "label-studio", name, "--store", "elsewhere"])
    assert pulled.exit_code == 0
    assert pulled.stdout == "1 decisions, 1 refused; 1 new\nSuggestions taken: label 0 % of 1\n"
    (record,) = Store("elsewhere").ledger.records()
    assert (record["action"], record["verdict"], record["given"]) == ("keep", "refused", json.dumps(given[sample]))
    assert ls.pull("label-studio", project=name, store="elsewhere")["verdict"].to_pylist() == ["refused"]
