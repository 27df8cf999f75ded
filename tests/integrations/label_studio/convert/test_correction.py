"""The annotation that says what was decided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from labelsift.integrations.label_studio.convert.correction import annotation_of, is_correction, mark_of
from labelsift.integrations.label_studio.convert.label_config import LabelControl
from labelsift.integrations.label_studio.convert.regions import from_result

CHOICES = LabelControl("intent", "body", ("x", "y", "z"), "text", kind="choices")
TIMES = {"created_at": "2026-11-25T17:25:43.813423Z", "updated_at": "2026-11-25T17:25:43.813445Z"}


@given(
    task=st.integers(1, 10**9),
    value=st.lists(st.sampled_from(["x", "y", "z"]), unique=True).map(sorted),
    person=st.none() | st.integers(1, 10**6),
)
def test_a_correction_can_be_told_and_says_its_value(task, value, person):
    body = annotation_of(task, value, CHOICES, person=person, text="", note="n")
    assert from_result(body["result"], CHOICES) == value
    assert body["import_id"] == mark_of(task, person, value)
    assert 1 << 52 <= body["import_id"] < 1 << 53  # a browser's numbers hold it exactly
    assert body["ground_truth"] is body["was_cancelled"] is False
    assert is_correction(body | TIMES)
    assert not is_correction(body | TIMES | {"updated_at": "2026-11-25T17:25:45.9Z"})
    assert not is_correction(body | TIMES | {"import_id": task})
    assert body.get("completed_by") == person
    assert body["unique_id"] != annotation_of(task + 1, value, CHOICES, person=person, text="", note="n")["unique_id"]
