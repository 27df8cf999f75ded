"""Findings become tasks, predictions and tabs."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.errors import InputError
from labelsift.integrations.label_studio.convert import tabs
from labelsift.integrations.label_studio.convert import task_fields as convert
from labelsift.integrations.label_studio.convert.review_config import config_of, review_target
from labelsift.report import Report
from labelsift.review.blind import visible_metadata
from labelsift.review.items import queue_of

RUN = "20261123-101500-4f2a"
MODES = ("choose", "prefill", "blind")


def report_of(findings: list[Finding], *, metadata: dict[str, list] | None = None) -> Report:
    ids = ["a", "b", "c", "d"]
    return Report(
        run=RUN,
        created=datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC),
        samples=Samples(
            pa.table({"id": ids, "text": ["one", "two", "", "fo\x00ur"], "label": ["x", "y", None, "x"]}),
            pa.table(metadata or {"channel": ["mail", "mail", "phone", None]}),
        ),
        scores=pa.table({"id": ids}),
        findings=findings_table(findings),
        classes=("x", "y"),
    )


FINDINGS = [
    Finding("d", "outlier", 0.0, "Unlike every other sample."),
    Finding("b", "label", 0.3, "Labeled y; the model says x", given="y", suggested="x", confidence=0.8),
    Finding("a", "label", 0.1, "Labeled x; the model says y", given="x", suggested="y", confidence=1.00001),
    Finding("a", "outlier", 0.05, "Unlike every other sample"),
    Finding("c", "empty", 0.0, "Nothing to read"),
    Finding("x", "imbalance", 0.0, "Rare", scope="class"),
]


@pytest.mark.parametrize("mode", MODES)
def test_tasks_and_predictions_are_golden(mode, golden):
    flags = queue_of(report_of(FINDINGS)).items
    shown = visible_metadata(flags, mode=mode, taken=("text",))
    target = review_target(["x", "y"])
    made = [
        {
            "data": convert.task_data(flag, shown=shown, run=RUN, round=2, mode=mode),
            "prediction": convert.prediction_of(flag, target, run=RUN),
        }
        for flag in flags
    ]
    golden(f"tasks_{mode}", made)


BESIDE = [
    Finding("a", "label", 0.1, "Odd", given="x", suggested="y", confidence=0.8, related_ids=["d", "b"]),
    Finding("b", "near_duplicate", 0.2, "Almost the same text", given="y", related_ids=["d"], group_id="near:b"),
    Finding("d", "near_duplicate", 0.2, "Almost the same text", given="x", related_ids=["b"], group_id="near:b"),
]


@pytest.mark.parametrize("mode", MODES)
def test_what_stands_beside_a_text_is_golden(mode, golden):
    flags = queue_of(report_of(BESIDE), alone=mode == "blind", blind={"d"} if mode == "prefill" else ()).items
    shown = visible_metadata(flags, mode=mode, taken=("text",))
    said = {"shown": shown, "run": RUN, "round": 1, "mode": mode, "definitions": {"x": "<The first>", "y": "Other"}}
    golden(f"beside_{mode}", [convert.task_data(flag, **said) for flag in flags])
    # A page from before has no place for it, and neither has mode blind.
    assert all("labelsift_beside" not in convert.task_data(flag, **said, beside=False) for flag in flags)


def test_definitions_stand_in_the_config_wherever_a_label_can_be_pointed_at():
    config = config_of(review_target(["x", "y"]), mode="blind", definitions={"x": 'A "first" one'})
    assert config.count("hint=") == 1
    assert """<Choice value="x" hint='A "first" one'/>""" in config


def test_tab_is_golden(golden):
    golden("tab_label", tabs.tab_of("label", run=RUN))


@pytest.mark.parametrize("mode", MODES)
def test_review_config_is_golden(mode, golden):
    golden(f"config_{mode}", config_of(review_target(["x", "y"]), mode=mode).splitlines())


def test_without_an_address_the_fields_of_the_original_task_are_there_and_empty():
    assert convert.source_fields(None) == convert.source_fields("") == {"labelsift_source": "", "labelsift_origin": ""}
    assert convert.source_fields("http://h/1")["labelsift_source"] == "http://h/1"


def test_disputed_labels_come_before_every_other_issue():
    assert [flag.id for flag in queue_of(report_of(FINDINGS)).items] == ["a", "b", "c", "d"]
    assert [flag.rank for flag in queue_of(report_of(FINDINGS)).items] == [1, 2, 3, 4]


def test_only_and_budget_limit_what_is_pushed():
    assert [flag.id for flag in queue_of(report_of(FINDINGS), only=["outlier"]).items] == ["d", "a"]
    assert [flag.id for flag in queue_of(report_of(FINDINGS), budget=2).items] == ["a", "b"]
    with pytest.raises(InputError, match="no such issues: mislabel"):
        queue_of(report_of(FINDINGS), only=["mislabel"])


def test_an_issue_that_a_stranger_adds_is_pushed_last():
    findings = [*FINDINGS, Finding("b", "tone", 0.0, "Rude")]
    flags = queue_of(report_of(findings), only=["tone", "label"]).items
    assert [flag.issues for flag in flags] == [("label",), ("label", "tone")]


def test_a_users_field_never_hides_ours_or_the_text():
    metadata = {
        "text": ["mine"] * 4,
        "text_2": ["mine, too"] * 4,
        "labelsift_id": ["mine"] * 4,
        "when": [datetime.date(2026, 11, 23)] * 4,
        "size": [float("nan"), 1.5, 2.0, 3.0],
    }
    flags = queue_of(report_of(FINDINGS, metadata=metadata)).items
    shown = visible_metadata(flags, mode="choose", taken=("text",))
    data = convert.task_data(flags[0], shown=shown, run=RUN, round=1, mode="choose")
    assert data["text"] == "one"
    assert (data["text_2"], data["text_3"]) == ("mine, too", "mine")  # nothing of the user's is dropped
    assert data["labelsift_id"] == "a"
    assert data["when"] == "2026-11-23"
    assert "size" not in data


def test_blind_tells_neither_label_not_even_in_the_users_own_fields():
    metadata = {"intent": ["X", "q", "q", "q"], "guess": ["q", "x", "q", "q"], "channel": ["mail"] * 4}
    flags = queue_of(report_of(FINDINGS, metadata=metadata)).items
    assert visible_metadata(flags, mode="choose", taken=("text",)) == {
        name: name for name in ("intent", "guess", "channel")
    }
    assert visible_metadata(flags, mode="blind", taken=("text",)) == {"channel": "channel"}
    data = convert.task_data(flags[0], shown={"channel": "channel"}, run=RUN, round=1, mode="blind")
    assert not {"labelsift_given", "labelsift_suggested", "labelsift_reason", "labelsift_header"} & data.keys()
    assert not {"x", "y"} & {str(value) for value in data.values()}


# What XML can hold, without the characters that no config can.
TEXT = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
LABELS = st.lists(st.text(TEXT, min_size=1).filter(lambda text: text.strip()), min_size=1, max_size=20, unique=True)


@pytest.mark.slow
@given(labels=LABELS, mode=st.sampled_from(MODES))
def test_any_label_survives_the_labeling_config(labels, mode):
    from label_studio_sdk.label_interface.interface import LabelInterface

    interface = LabelInterface(config_of(review_target(labels), mode=mode))
    control = interface.get_control("label")
    for label in labels:
        flag = queue_of(
            report_of([Finding("a", "label", 0.1, "Because", given="x", suggested=label, confidence=0.5)])
        ).items[0]
        prediction = convert.prediction_of(flag, review_target(labels), run=RUN)
        assert interface.validate_prediction(prediction, return_errors=True) == []
        assert label in control.labels


@pytest.mark.parametrize("label", ["", "  ", "a\x00b", "a\x07", "\ufffe"])
def test_a_label_that_no_config_can_hold_is_refused_by_name(label):
    with pytest.raises(InputError) as refused:
        review_target(["fine", label])
    assert repr(label) in str(refused.value)
    assert refused.value.exit_code == 2
