"""Existing projects, and what Label Studio exports of them, as data sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import labelsift as ls
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.errors import InputError
from labelsift.integrations.label_studio.client import read as reader
from labelsift.integrations.label_studio.client.client import Client

TEXT = "Ann Lee left Rome, didn't she?"
TAGS = {
    "single": '<Choices name="c" toName="body"><Choice value="x"/><Choice value="y"/></Choices>',
    "multiple": '<Choices name="c" toName="body" choice="multiple"><Choice value="x"/><Choice value="y"/></Choices>',
    "taxonomy": '<Taxonomy name="c" toName="body"><Choice value="x"><Choice value="y"/></Choice><Choice value="z"/>'
    "</Taxonomy>",
    "entities": '<Labels name="c" toName="body"><Label value="PER"/><Label value="LOC"/></Labels>',
}
VALUES = {
    "single": [("choices", {"choices": ["x"]})],
    "multiple": [("choices", {"choices": ["y", "x"]})],
    "taxonomy": [("taxonomy", {"taxonomy": [["x", "y"], ["z"]]})],
    "entities": [
        ("labels", {"start": 0, "end": 7, "text": "Ann Lee", "labels": ["PER"]}),
        ("labels", {"start": 13, "end": 17, "text": "Rome", "labels": ["LOC"]}),
    ],
}
CELLS = {
    "single": ("label", "x", None),
    "multiple": ("labels", '["x", "y"]', "[]"),
    "taxonomy": ("labels", '["x / y", "z"]', "[]"),
    "entities": ("spans", '[[0,7,"PER"],[13,17,"LOC"]]', "[]"),
}


def annotation(kind: str, **more: Any) -> dict[str, Any]:
    regions = [{"from_name": "c", "to_name": "body", "type": type, "value": value} for type, value in VALUES[kind]]
    return {"result": regions} | more


@pytest.fixture
def make(client: Client, name: str) -> Callable[..., int]:
    def make(kind: str) -> int:
        config = f'<View><Text name="body" value="$text"/>{TAGS[kind]}</View>'
        project = client.create_project(title=name, description="", label_config=config, model_version="")
        answers = [[annotation(kind)], [{"result": []}], [], [annotation(kind, was_cancelled=True)]]
        tasks = [
            {"data": {"text": TEXT, "n": index, "deep": {"x": 1}}, "annotations": answer, "predictions": []}
            for index, answer in enumerate(answers)
        ]
        tasks[2]["predictions"] = [annotation(kind, model_version="bert-7")]
        client.import_tasks(project, tasks)
        return project

    return make


@pytest.mark.parametrize("kind", TAGS)
def test_a_project_and_its_exports_are_the_same_data_set(platform, client, make, name, tasks_of, kind, tmp_path):
    project = make(kind)
    role, labeled, nothing = CELLS[kind]
    samples = ls.read(f"label-studio://{name}")
    assert samples.table[role].to_pylist() == [labeled, nothing, None, None]
    assert samples.ids.to_pylist() == [str(task["id"]) for task in tasks_of(project)]
    assert samples.texts.to_pylist() == [TEXT] * 4
    assert samples.metadata.to_pydict() == {"n": [0, 1, 2, 3]}
    assert samples.name == name

    for form, file in (("JSON", "a.json"), ("JSON_MIN", "b.json"), ("CSV", "c.csv"), ("CONLL2003", "d.conll")):
        answer = client._session.get(
            f"{client.url}/api/projects/{project}/export", params={"exportType": form, "download_all_tasks": "true"}
        )
        (tmp_path / file).write_text(answer.text, encoding="utf-8")
    named = {} if kind == "single" else {role: "c"}
    every = ls.read(tmp_path / "a.json")
    assert every.table.equals(samples.table)
    # Tasks that were only skipped are not in these.
    rows = samples.table.slice(0, 3)
    assert ls.read(tmp_path / "b.json", **named).table.equals(rows)
    assert ls.read(tmp_path / "c.csv", **{role: "c"}).table.equals(rows)
    if kind == "entities":
        tagged = ls.read(tmp_path / "d.conll")
        marked = [tagged.texts[0].as_py()[start:end] for start, end, _ in json.loads(tagged.table["spans"][0].as_py())]
        assert marked == ["Ann Lee", "Rome"]
        assert len(tagged) == 3


def test_several_people_give_opinions_and_the_label_is_what_most_say(platform, client, name, second_person):
    config = f'<View><Text name="body" value="$text"/>{TAGS["single"]}</View>'
    project = client.create_project(title=name, description="", label_config=config, model_version="")
    other = [{"from_name": "c", "to_name": "body", "type": "choices", "value": {"choices": ["y"]}}]
    client.import_tasks(
        project,
        [
            {
                "data": {"text": TEXT, "ticket": "t1"},
                "annotations": [annotation("single"), {"result": other, "completed_by": second_person[0]}],
            },
            {"data": {"text": TEXT, "ticket": "t2"}, "annotations": [{"result": other}]},
        ],
    )
    samples = ls.read(f"label-studio://{project}", id="ticket")
    assert samples.ids.to_pylist() == ["t1", "t2"]
    assert json.loads(samples.table["annotations"][0].as_py()) == {"admin@example.com": "x", second_person[1]: "y"}
    assert samples.labels.to_pylist() == ["y", "y"]  # a tie goes to the more frequent label


def test_a_project_of_images_is_known_by_ids(platform, client, name):
    config = (
        '<View><Image name="body" value="$image"/><Choices name="c" toName="body"><Choice value="x"/></Choices></View>'
    )
    project = client.create_project(title=name, description="", label_config=config, model_version="")
    client.import_tasks(project, [{"data": {"image": "http://127.0.0.1/a.png"}, "annotations": [annotation("single")]}])
    samples = ls.read(f"label-studio://{name}")
    assert (samples.has_texts, samples.labels.to_pylist()) == (False, ["x"])
    assert samples.metadata.to_pydict() == {"image": ["http://127.0.0.1/a.png"]}


def test_pages_are_put_together_and_scanned_from_the_command_line(
    platform, client, make_queue, name, monkeypatch, tmp_path
):
    monkeypatch.setattr(reader, "PAGE", 30)
    report = make_queue(100)
    config = f'<View><Text name="body" value="$text"/>{TAGS["single"]}</View>'
    project = client.create_project(title=name, description="", label_config=config, model_version="")
    client.import_tasks(
        project,
        [{"data": {"text": text}, "annotations": [annotation("single")]} for text in report.samples.texts.to_pylist()],
    )
    samples = ls.read(f"label-studio://{name}")
    assert samples.texts.to_pylist() == report.samples.texts.to_pylist()
    arguments = [
        "scan",
        f"label-studio://{name}",
        "--only",
        "exact_duplicate,empty",
        "--json",
        "--store",
        str(tmp_path / "s"),
    ]
    scanned = CliRunner().invoke(main, arguments)
    assert scanned.exit_code == 0, scanned.output
    assert ls.load(store=tmp_path / "s").samples.name == name


def test_tasks_without_ids_of_their_own_are_pushed_by_their_numbers(platform, client, name):
    config = f'<View><Text name="body" value="$text"/>{TAGS["single"]}</View>'
    project = client.create_project(title=name, description="", label_config=config, model_version="")
    client.import_tasks(project, [{"data": {"text": "the same text"}}] * 3 + [{"data": {"text": ""}}])
    report = ls.scan(ls.read(f"label-studio://{name}"), only=["exact_duplicate", "empty"], store=None)
    receipt = report.push("label-studio", project=name, match="id")
    assert receipt.failed == {}
    pushed = [task for page in client.tasks(project) for task in page if "labelsift_id" in task["data"]]
    assert pushed
    assert [task["data"]["labelsift_id"] for task in pushed] == [str(task["id"]) for task in pushed]
    assert not [task for task in pushed if "id" in task["data"]]


def test_what_cannot_be_read_is_refused(platform, client, name):
    with pytest.raises(InputError, match="has no project nothing"):
        ls.read("label-studio://nothing")
    client.create_project(title=name, description="", label_config="<View/>", model_version="")
    with pytest.raises(InputError, match="no control at all") as refused:
        ls.read(f"label-studio://{name}")
    assert "Export the project" in (refused.value.hint or "")
