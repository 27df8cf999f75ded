"""Push → answers → pull → push on the real server, with data as odd as data is: nothing is lost, doubled or changed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client.client import Client
from labelsift.report import Report

SHARP = [
    *("$text", "$5 fee", "${a}", "a & b", "&amp;", "<b>bold</b>", "</Choices>", "'single'", '"double"', "`tick`"),
    *("a, b", "a / b", "[1, 2]", '{"a": 1}', "null", "None", "true", "0", "1e5", "%s %(x)s", "{{x}}", "\\n", "a\\"),
    *(
        "💥 boom",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "مرحبا بالعالم",
        "שלום \u202eabc",
        "नमस्ते",
        "ﷺ",
        "e\u0301",
        "\u00a0x",
        "x ",
        " x",
        "X",
        "x",
        "İ",
        "ß",
    ),
    *("labelsift_id", "text", "id", "../../etc", "日本語" * 30),
]
words = st.one_of(
    st.sampled_from(SHARP), st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=20)
)
labels = st.lists(words.filter(lambda label: label.strip() != ""), min_size=2, max_size=5, unique=True)
texts = st.one_of(
    words,
    st.text(
        st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60
    ),  # with line breaks and the null character
    words.map(lambda word: word * (100_000 // len(word.encode()) + 1)),
)
scalars = {
    "string": words,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(),
    "bool": st.booleans(),
    "day": st.dates(date(1, 1, 1), date(9999, 12, 31)),
    "moment": st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
    "list": st.lists(words, max_size=3),
    "object": st.fixed_dictionaries({"a": st.none() | words, "b": st.lists(st.integers(-9, 9), max_size=2)}),
}


@dataclass
class Case:
    """What is scanned, and what people answer: sample → accept, keep, other or skip."""

    report: Report
    answers: dict[str, str]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    classes = draw(labels)
    ids = draw(st.lists(words, min_size=1, max_size=6, unique=True))
    rows = len(ids)
    metadata = {}
    for name in draw(st.lists(words, max_size=4, unique=True)):
        of = draw(st.sampled_from(sorted(scalars)))
        metadata[name] = draw(st.lists(st.none() | scalars[of], min_size=rows, max_size=rows))
    given_labels = draw(st.lists(st.sampled_from(classes), min_size=rows, max_size=rows))
    findings = []
    for index, id in enumerate(ids):
        score, sure = draw(st.floats(0, 1)), draw(st.floats(0, 1))
        other = draw(st.sampled_from([label for label in classes if label != given_labels[index]]))
        why = draw(words)
        if draw(st.integers(0, 3)):
            findings.append(
                Finding(id, "label", score, why, given=given_labels[index], suggested=other, confidence=sure)
            )
        else:
            findings.append(Finding(id, "outlier", score, why))
    report = Report(
        run=f"run-{uuid4().hex[:8]}",
        created=datetime(2026, 11, 25, tzinfo=UTC),
        samples=Samples(
            pa.table({"id": ids, "text": draw(st.lists(texts, min_size=rows, max_size=rows)), "label": given_labels}),
            pa.table(metadata) if metadata else pa.table({"none": pa.nulls(rows)}),
            "odd",
        ),
        scores=pa.table({"id": ids}),
        findings=findings_table(findings),
        classes=tuple(classes),
    )
    kinds = st.sampled_from(["accept", "keep", "other", "skip"])
    return Case(report, draw(st.dictionaries(st.sampled_from(ids), kinds, max_size=rows)))


def everything(client: Client, project: int) -> bytes:
    """What the server says of a project's tasks, with their answers, its predictions and its tabs: byte for byte."""
    answers = b""
    for path in (
        f"/api/tasks?project={project}&fields=all&page_size=1000",
        f"/api/predictions/?project={project}",
        f"/api/dm/views?project={project}",
        f"/api/projects/{project}/",
    ):
        answers += client._session.get(f"{client.url}{path}", timeout=60).content
    return answers


def stored(value: object) -> object:
    """What a task should hold of a user's value."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: stored(part) for name, part in value.items()}
    if isinstance(value, list):
        return [stored(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def round_trip(platform: LabelStudio, client: Client, case: Case) -> None:
    name = f"Odd {uuid4().hex[:8]}"
    report = case.report
    ids = report.samples.ids.to_pylist()
    findings = {row["id"]: row for row in report.findings.to_pylist()}
    receipt = report.push("label-studio", project=name)
    assert (receipt.created, receipt.failed) == (len(ids), {})
    project = receipt.details["project_id"]
    tasks = {task["data"]["labelsift_id"]: task for page in client.tasks(project) for task in page}
    assert sorted(tasks) == sorted(ids)
    metadata = report.samples.metadata.to_pylist()
    for index, id in enumerate(ids):
        data = tasks[id]["data"]
        assert data["text"] == stored(report.samples.texts[index].as_py())
        for field, value in metadata[index].items():
            if field not in ("text", "labelsift_id") and stored(value) is not None:
                assert data[field] == stored(value), field

    expected = {}
    for id, kind in case.answers.items():
        row = findings[id]
        given_label = report.samples.labels[ids.index(id)].as_py()
        suggested = json.loads(row["suggested"]) if row["suggested"] not in (None, "null") else None
        if kind == "accept" and suggested is None:
            kind = "keep"
        others = [label for label in report.classes if label not in (given_label, suggested)]
        if kind == "other" and not others:
            kind = "skip"
        label = {"accept": suggested, "keep": given_label, "other": (others or [""])[0], "skip": given_label}[kind]
        result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
        body = {"result": [], "was_cancelled": True} if kind == "skip" else {"result": result, "lead_time": 2.5}
        client.send("POST", f"/api/tasks/{tasks[id]['id']}/annotations/", body=body, what="an annotation")
        expected[id] = ({"accept": "accepted", "keep": "refused", "other": "changed", "skip": "skipped"}[kind], label)

    before = everything(client, project)
    pulled = platform.pull(project=name)
    assert pulled.num_rows == len(expected)
    assert {row["id"]: (row["verdict"], json.loads(row["value"])) for row in pulled.to_pylist()} == expected
    again = report.push("label-studio", project=name)
    assert (again.created, again.updated, again.unchanged) == (0, 0, len(ids))
    assert everything(client, project) == before
    assert platform.pull(project=name).equals(pulled)
    client.delete_project(project)


@pytest.fixture(scope="module")
def here(server) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in server.variables().items():
            patch.setenv(variable, value)
        yield LabelStudio()


untimed = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(untimed, max_examples=4, derandomize=True)
@given(case=cases())
def test_push_pull_push_changes_nothing(here, client, case):
    round_trip(here, client, case)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(untimed, max_examples=100, print_blob=True)
@given(case=cases())
def test_push_pull_push_changes_nothing_for_long(here, client, case):
    round_trip(here, client, case)
