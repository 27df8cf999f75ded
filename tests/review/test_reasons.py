"""What a page says of a finding: from its evidence, in words for the person who labels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from labelsift.review.reasons import reason_of

JARGON = ("nearest", "samples", "the model", "Labeled", "0.")
TEXT = "Ann Lee flew to Paris."


def finding(evidence: dict[str, Any], *, issue: str = "label", kind: str = "", **more: Any) -> dict[str, Any]:
    finding = {"issue": issue, "kind": kind, "given": '"old"', "suggested": '"new"', "reason": "Core says so"}
    return {**finding, "evidence": json.dumps(evidence), **more}


def reason(*args: Any, **more: Any) -> str:
    return reason_of(finding(*args, **more), text=TEXT).replace("\u00a0", " ")


@pytest.mark.parametrize("agree", [0, 1, 4, 5, 9, 10])
@pytest.mark.parametrize("model", [0.02, 0.5, 0.94, 1.0])
def test_of_a_label_it_says_both_numbers_whichever_way_they_point(agree, model):
    said = reason({"model": model, "neighbors": 10, "neighbors_suggested": agree})
    assert {10: "all 10", 0: "none of the 10"}.get(agree, f"{agree} of the 10") in said.lower()
    assert f"{min(round(model * 100), 99)} %" in said
    assert not any(word in said for word in JARGON)
    against = (2 * agree < 10) != (model < 0.5)
    assert (", but " in said) == against


def test_without_neighbours_only_the_model_speaks_and_without_either_the_check_itself():
    assert reason({"model": 0.94, "neighbors": 0, "neighbors_suggested": 0}) == "A model is 94 % sure of new."
    assert reason({"something": 1}) == "Core says so."
    assert reason({"model": None, "neighbors": 3, "neighbors_suggested": 1}) == "Core says so."


def test_of_a_label_too_many_it_says_how_few_have_it():
    evidence = {"label": "insult", "model": 0.95, "neighbors": 10, "neighbors_suggested": 9}
    said = reason(evidence, kind="extra", given='["insult"]', suggested="[]")
    assert said == "A model gives insult 5 %, and 1 of the 10 most similar texts is labeled so."


def test_colleagues_are_counted_and_not_named():
    said = reason({"opinions": {"refund": ["ann@example.com", "bob@example.com"], "top_up": ["cy@example.com"]}})
    assert said == "2 people said refund and 1 said top_up."
    assert "@" not in said


@pytest.mark.parametrize(
    ("given", "suggested", "said"),
    [
        (
            [16, 21, "PER"],
            [16, 21, "LOC"],
            "A model expects LOC for “Paris”; in 3 other texts it is marked otherwise, too.",
        ),
        ([16, 21, "PER"], None, "A model expects no mark on “Paris”; of its 7 other uses 5 are marked."),
        (None, [0, 7, "PER"], "A model expects PER for “Ann Lee”; so it is marked in 2 other texts."),
        ([0, 3, "PER"], [0, 7, "PER"], "A model expects the mark on “Ann Lee”."),
    ],
)
def test_of_spans_it_quotes_the_words(given, suggested, said):
    evidence = {"chance": 0.9, "marked_the_same": 2, "marked_otherwise": 3, "texts_with_the_words": 7}
    spans = {"given": json.dumps(given), "suggested": json.dumps(suggested)}
    assert reason(evidence, issue="span", **spans) == said


def test_pictures_are_called_so():
    evidence = finding({"model": 0.9, "neighbors": 4, "neighbors_suggested": 4})
    assert "all 4 most similar images" in reason_of(evidence, medium="image")
    assert reason_of(finding({"similarity": 0.1}, issue="outlier"), medium="audio") == (
        "None of the other sounds is much like it."
    )
