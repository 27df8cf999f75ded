"""Every kind of label, both ways: what a review project shows, and what an answer becomes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from labelsift.data.media import required, shown_of
from labelsift.data.spans import fault
from labelsift.errors import InputError
from labelsift.integrations.label_studio.convert import task_fields as convert
from labelsift.integrations.label_studio.convert.label_config import NONE, LabelControl, label_control_of
from labelsift.integrations.label_studio.convert.regions import from_result, to_result
from labelsift.integrations.label_studio.convert.review_config import config_of, review_target
from labelsift.integrations.label_studio.push.plan import Common, plan_review
from labelsift.report import Report
from labelsift.review.items import queue_of
from labelsift.review.suggestions import disputed, labels_to_choose

from .. import kinds

MODES = ("choose", "prefill", "blind")
REPORTS = {
    "sets": kinds.sets,
    "spans": kinds.spans,
    "tree": kinds.tree,
    "trees": kinds.trees,
    "image": lambda: kinds.seen("image"),
    "audio": lambda: kinds.seen("audio", "https://example.com/a.wav"),
}


def planned(report: Report, mode: Any) -> tuple[LabelControl, dict[str, Any]]:
    queue = queue_of(report)
    target = review_target(labels_to_choose(queue), task=report.samples.task, medium=required(report.samples))
    plan = plan_review(queue.items, Common(target, mode=mode), run=report.run, round=1)
    tasks = [{"data": data, "prediction": plan.predictions.get(key)} for key, data in plan.data.items()]
    config = [line for line in config_of(target, mode=mode).splitlines() if line.lstrip().startswith("<")]
    return target, {"config": config[2:], "tasks": tasks, "failed": plan.failed}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", REPORTS)
def test_what_a_review_project_shows_is_golden(kind, mode, golden):
    _, made = planned(REPORTS[kind](), mode)
    golden(f"kind_{kind}_{mode}", made)


@pytest.mark.parametrize("kind", REPORTS)
def test_what_answers_become_is_golden(kind, golden):
    """Accept the suggestion, confirm what is given, say that nothing fits, skip, and leave the answer empty."""
    report = REPORTS[kind]()
    target, made = planned(report, "choose")
    read = label_control_of(config_of(target, mode="choose"), project="P")
    rows = []
    for task in made["tasks"]:
        data = task["data"]
        kept = convert.read_cell(data["labelsift_given"], target)
        if target.kind == "labels":  # people mark what is in dispute only
            kept, _ = disputed(kept, convert.read_cell(data["labelsift_suggested"], target))
        answers = {
            "accept": (task["prediction"] or {}).get("result", []),
            "confirm": to_result(kept, target, text=data.get("text", "")) if kept is not None else [],
            "none": to_result([], target) if target.none else [],
            "empty": [],
        }
        for name, result in answers.items():
            row = kinds.correction(data, {"result": result, "updated_at": "2026-11-23T10:15:00Z"}, target=read)
            verdict = row and {key: row[key] for key in ("action", "verdict", "value")}
            rows.append({"id": data["labelsift_id"], "answer": name, "result": result, "correction": verdict})
        skipped = {"result": [], "was_cancelled": True, "updated_at": "2026-11-23T10:15:00Z"}
        row = kinds.correction(data, skipped, target=read)
        assert row is not None
        assert (row["action"], row["verdict"]) == ("keep", "skipped")
    golden(f"answers_{kind}", rows)


@pytest.mark.parametrize("kind", ["sets", "spans"])
def test_blind_tells_no_label_and_sends_no_prediction(kind):
    report = REPORTS[kind]()
    _, made = planned(report, "blind")
    assert len(made["tasks"]) == 6
    for task in made["tasks"]:
        assert task["prediction"] is None
        cells = {str(value) for name, value in task["data"].items() if name != "text"}
        assert not any(label in cell for cell in cells for label in report.classes)
        assert "tags" not in task["data"]  # it holds given labels, in a list


def test_a_task_that_is_blind_among_others_shows_none_and_its_answer_is_whole():
    flags = queue_of(kinds.spans()).items
    target = review_target(["LOC", "PER"], task="spans")
    plan = plan_review([replace(flags[0], blind=True), flags[1]], Common(target), run="r", round=1)
    data = plan.data[flags[0].id]
    assert convert.is_unseen(data)
    assert not any(label in str(data) for label in ("PER", "LOC"))
    assert flags[0].id not in plan.predictions
    assert not convert.is_unseen(plan.data[flags[1].id])


# Values to results and back

# What XML can hold, without the characters that no config can.
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
NAMES = st.text(CHARACTERS, min_size=1, max_size=60).filter(lambda name: name.strip() and name != NONE)
LABELS = st.lists(NAMES, min_size=1, max_size=8, unique=True)


@given(labels=LABELS, chosen=st.data())
@example(labels=["مرحبا", "🙂🚄", "a / b", "a / c", "$labelsift_id", "<b>\"'&", "x" * 3000], chosen=None)
def test_any_set_survives_config_result_and_answer(labels, chosen):
    value = labels if chosen is None else chosen.draw(st.lists(st.sampled_from(labels), unique=True))
    read = label_control_of(config_of(review_target(labels, task="multilabel"), mode="choose"), project="P")
    assert set(read.labels) >= set(labels)
    assert read.none
    assert from_result(to_result(sorted(value), read), read) == sorted(value)
    assert from_result([], read) is None


@given(
    parts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=6),
    kinds_=LABELS,
)
@example(parts=["🙂 Ann ", "مرحبا", "\r\n", "x" * 100_000], kinds_=["PER", "$5"])
def test_any_spans_survive(parts, kinds_):
    text, spans = "".join(parts), []
    position = 0
    for number, part in enumerate(parts):
        if part:
            spans.append([position, position + len(part), kinds_[number % len(kinds_)]])
        position += len(part)
    read = label_control_of(config_of(review_target(kinds_, task="spans"), mode="choose"), project="P")
    result = to_result(spans, read, text=text)
    assert from_result(result, read) == sorted(spans)
    assert fault([tuple(span) for span in spans], text) is None
    assert [region["value"].get("text") for region in result] == [text[s:e] for s, e, _ in spans] or not spans


def test_a_person_may_choose_an_inner_node_and_place_in_html_counts_as_in_text():
    target = review_target(kinds.PATHS)
    assert from_result([{"from_name": "label", "value": {"taxonomy": [["plant"]]}}], target) == "plant"
    spans = review_target(["PER"], task="spans")
    html = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "globalOffsets": {"start": 3, "end": 6}}
    assert from_result([{"from_name": "label", "value": html | {"labels": ["PER"]}}], spans) == [[3, 6, "PER"]]


def test_labels_beside_none_count():
    target = review_target(["a", "b"], task="multilabel")
    result = [{"from_name": "label", "value": {"choices": [NONE, "b"]}}]
    assert from_result(result, target) == ["b"]


def test_a_label_called_like_none_is_refused():
    with pytest.raises(InputError, match="labelsift_none"):
        review_target(["a", NONE], task="multilabel")


# Images and sounds


def test_samples_of_which_nothing_can_be_shown_are_refused():
    report = kinds.seen("image", address="/home/me/cat.png")
    with pytest.raises(InputError, match="no images or sounds") as refused:
        required(report.samples)
    assert "--match" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("name", "values", "medium"),
    [
        ("file", ["https://example.com/a.PNG?x=1", "s3://bucket/b.jpg"], "image"),
        ("file", ["https://example.com/a.mp3", None], "audio"),
        ("photo", ["https://example.com/1", "/data/upload/2"], "image"),
        ("recording", ["gs://bucket/1"], "audio"),
        ("homepage", ["https://example.com/"], None),
        ("image", ["https://example.com/a.png", "see above"], None),
        ("audio", ["data:audio/wav;base64,UklG"], None),  # Label Studio's player does not open it
    ],
)
def test_a_column_of_addresses_says_what_it_shows(name, values, medium):
    ids = [f"i{number}" for number in range(len(values))]
    report = kinds.report_of({"id": ids, "label": ["a"] * len(ids)}, [], metadata={name: values})
    visible = shown_of(report.samples)
    assert (visible and (visible.medium, visible.column)) == (medium and (medium, name))


def test_ids_that_are_addresses_are_shown():
    report = kinds.report_of({"id": ["https://example.com/a.png"], "label": ["a"]}, [], metadata={"n": [1]})
    assert required(report.samples) == "image"


@pytest.mark.parametrize("kind", ["sets", "spans", "tree", "trees", "image"])
def test_corrections_are_what_samples_apply_takes(kind):
    recorded = json.loads((Path(__file__).parents[1] / "golden" / f"answers_{kind}.json").read_text(encoding="utf-8"))
    samples = REPORTS[kind]().samples
    changing = [answer for answer in recorded if answer["correction"] and answer["correction"]["action"] != "keep"]
    assert changing
    for answer in changing:
        row = {"id": answer["id"], "person": "ann", **answer["correction"]}
        after = samples.apply(pa.Table.from_pylist([row]), new_labels=kind in ("trees", "image"))
        cell = after.given.to_pylist()[int(after.positions([answer["id"]])[0])] if after.given is not None else None
        value = json.loads(row["value"])
        assert (cell if isinstance(value, str) else json.loads(cell)) == value


@pytest.mark.slow
@given(labels=LABELS, chosen=st.data())
def test_any_set_that_is_pushed_and_accepted_comes_back_as_suggested(labels, chosen):
    subsets = st.lists(st.sampled_from(labels), unique=True).map(sorted)
    old, new = chosen.draw(subsets) or labels[:1], chosen.draw(subsets)
    findings = [kinds.Finding("a", "label", 0.1, "Why", given=old, suggested=new, confidence=0.5)]
    report = kinds.report_of({"id": ["a"], "text": ["t"], "labels": [json.dumps(old)]}, findings)
    check_accepted(report, old, new)


@pytest.mark.slow
@given(
    parts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), min_size=2, max_size=5),
    labels=LABELS,
)
def test_any_span_that_is_pushed_and_accepted_comes_back_as_suggested(parts, labels):
    place = len(parts[0])
    end = place + len(parts[1])
    old, new = [[0, place, labels[0]], [place, end, labels[0]]], [place, end, labels[-1]]
    findings = [kinds.Finding("a", "span", 0.1, "Why", given=old[1], suggested=new, confidence=0.5)]
    report = kinds.report_of({"id": ["a"], "text": ["".join(parts)], "spans": [json.dumps(old)]}, findings)
    check_accepted(report, old, [old[0], new])


def check_accepted(report: Report, old: Any, new: Any) -> None:
    target, made = planned(report, "prefill")
    read = label_control_of(config_of(target, mode="prefill"), project="P")
    assert made["failed"] == {}
    (task,) = made["tasks"]
    answer = {"result": task["prediction"]["result"], "updated_at": "2026-11-23T10:15:00Z"}
    row = kinds.correction(task["data"], answer, target=read)
    assert row is not None
    assert (row["verdict"], json.loads(row["value"])) == ("refused" if new == old else "accepted", new)
    after = report.samples.apply(pa.Table.from_pylist([row | {"person": "ann"}]), new_labels=True)
    assert after.given is not None and json.loads(after.given[0].as_py()) == new
