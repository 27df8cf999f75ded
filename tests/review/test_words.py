"""Words in a labeler's reason: underlined or quoted, escaped, where a mask leaves them, and none where asked blind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.review_queue import ReviewItem
from labelsift.data.schemas import Finding, findings_table
from labelsift.integrations.argilla.convert.why import why_of
from labelsift.integrations.label_studio.convert.task_fields import task_data
from labelsift.report import Report
from labelsift.review.items import queue_of
from labelsift.review.words import quoted, telling_of, underlined

MAIL = "jo@mail.example"
TEXT = f"{MAIL} wants <script>alert(1)</script> her money, MONEY and 'back' \u200bnow"
LABEL = '<i onload="x">refund'


def report(words: list[str], *, issue: str = "label", **more) -> Report:
    places = [[start, start + len(word), 2.0] for word in words if (start := TEXT.index(word)) >= 0]
    samples = ls.read(pa.table({"id": ["a"], "text": [TEXT], "label": ["lost"]}), id="id", label="label", name="n")
    evidence = {"model": 0.9, "neighbors": 10, "neighbors_suggested": 9, "words": places}
    finding = Finding(
        "a", issue, 0.1, "Core.", given="lost", suggested=LABEL, confidence=0.9, evidence=evidence, **more
    )
    scores = pa.table({"id": ["a"], "label_score": pa.array([0.1], pa.float32()), "is_label_issue": [True]})
    return Report(
        "r", datetime(2026, 11, 25, tzinfo=UTC), samples, scores, findings_table([finding]), ("lost", LABEL), {}, {}
    )


def item(words: list[str], **more) -> ReviewItem:
    (made,) = queue_of(report(words), **more).items
    return made


def data(made: ReviewItem, *, beside: bool = True) -> dict:
    return task_data(made, shown={}, run="r", round=1, mode="choose", beside=beside)


def test_label_studio_underlines_them_beside_the_text_and_does_not_say_them_twice():
    fields = data(item(["money", "MONEY", "back"]))
    assert "<u>money</u>, <u>MONEY</u> and &#x27;<u>back</u>" in fields["labelsift_beside"]
    assert "money" not in fields["labelsift_reason"]
    assert "<script" not in fields["labelsift_beside"]
    assert "<i " not in fields["labelsift_beside"]


def test_where_a_reason_is_plain_text_it_quotes_each_word_once():
    reason = data(item(["money", "MONEY", "back"]), beside=False)["labelsift_reason"]
    assert reason.endswith(f"Words that made the model say {LABEL}: “money”, “back”.")


def test_argilla_underlines_them_as_html():
    why = why_of(item(["money"]), metadata={}, definitions={})
    assert "<u>money</u>" in why
    assert "<script" not in why
    assert "<i " not in why


def test_who_is_asked_blind_sees_none():
    made = item(["money"], blind={"a"})
    assert (made.words, made.words_for) == ((), "")
    fields = data(made) | {"why": why_of(made, metadata={}, definitions={})}
    assert not any("<u>" in str(value) or "Words that" in str(value) for value in fields.values())


def test_in_a_masked_text_they_are_found_again_and_what_is_masked_is_not_told():
    made = item(["money", "mail", "back"], mask=True)
    assert [made.text[start:end] for start, end in made.words] == ["money", "back"]
    assert "[EMAIL_1]" in underlined(made)
    assert "mail.example" not in underlined(made) + quoted(made)


def test_the_excerpt_is_masked_where_the_text_is_not():
    made = item(["money", "mail", "back"])
    assert MAIL in made.text
    assert "[EMAIL_1]" in underlined(made)
    assert "mail.example" not in underlined(made) + why_of(made, metadata={}, definitions={})
    assert quoted(made).endswith(": “money”, “back”.")
    assert re.findall("<u>(.*?)</u>", underlined(made)) == ["money", "back"]


def test_they_are_called_those_of_the_users_model_where_it_was_asked():
    made = replace(item(["money"]), words_of_users=True)
    assert f"Words that made your own model say {LABEL}: “money”." in quoted(made)
    assert "Words that made your own model say" in data(made)["labelsift_beside"]


def test_a_label_too_many_has_none_and_a_missing_one_its_own():
    extra = report(["money"], kind="extra")
    assert queue_of(extra).items[0].words == ()
    found = json.loads(extra.findings["evidence"][0].as_py()) | {"label": "refund"}
    finding = replace(Finding("a", "label", 0.1, ""), kind="missing", suggested=["refund"], given=[], evidence=found)
    (row,) = findings_table([finding]).to_pylist()
    assert telling_of(row, TEXT).label == "refund"


@pytest.mark.parametrize("words", [[[0, 9_999, 1.0]], "money", [["a", 3, 1.0]], [[3]], {"a": 1}, [None]])
def test_evidence_of_another_form_tells_nothing(words):
    made = report([])
    cell = json.dumps({"model": 0.9, "neighbors": 0, "neighbors_suggested": 0, "words": words})
    made = replace(made, findings=made.findings.set_column(11, "evidence", pa.array([cell])))
    assert queue_of(made).items[0].words == ()
