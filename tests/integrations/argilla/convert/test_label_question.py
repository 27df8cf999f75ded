"""The label question of a dataset: which one, what kind, and values both ways. No server."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.integrations.argilla.client.read import Dataset
from labelsift.integrations.argilla.convert.label_question import (
    LabelQuestion,
    label_question_of,
    shown_field,
)
from labelsift.integrations.argilla.convert.values import agent_of

LABELS = [{"value": "card_arrival", "text": "Card arrival"}, {"value": "lost_card", "text": "Lost card"}]


def question(type: str, *, required: bool = False, **settings: Any) -> dict[str, Any]:
    options = LABELS if type in ("label_selection", "multi_label_selection", "span", "ranking") else None
    return {"id": f"id-{type}", "required": required, "settings": {"type": type, "options": options, **settings}}


def field(type: str, *, required: bool = False) -> dict[str, Any]:
    return {"required": required, "settings": {"type": type}}


def dataset(questions: dict[str, Any], fields: dict[str, Any] | None = None) -> Dataset:
    return Dataset("7", "Cards", "quality", {"metadata": None}, fields or {}, questions, {}, {})


def found(questions: dict[str, Any], name: str | None = None) -> LabelQuestion:
    return label_question_of(dataset(questions), name=name, hint="Do without")


@pytest.mark.parametrize(
    ("questions", "name", "beside"),
    [
        ({"note": question("text", required=True), "topic": question("label_selection")}, "topic", ()),
        ({"stars": question("rating"), "ner": question("span", field="text")}, "ner", ()),
        ({"stars": question("rating"), "note": question("text", required=True)}, "stars", ()),
        ({"note": question("text"), "order": question("ranking", required=True)}, "note", ()),
        ({"a": question("label_selection"), "b": question("span", required=True)}, "b", ("a",)),
        ({"a": question("label_selection", required=True), "b": question("span", required=True)}, "a", ("b",)),
    ],
)
def test_options_come_before_ratings_and_ratings_before_texts_and_then_what_is_required(questions, name, beside):
    label = found(questions)
    assert (label.name, label.beside) == (name, beside)
    assert label.required == tuple(key for key in questions if questions[key]["required"] and key != name)


def test_where_nothing_tells_the_questions_apart_they_are_named_with_the_cure():
    several = {"a": question("label_selection"), "b": question("multi_label_selection"), "c": question("text")}
    with pytest.raises(InputError) as error:
        found(several)
    for part in ("Of the questions of quality/Cards", "a (label_selection)", "b (multi_label_selection)", "Do without"):
        assert part in str(error.value)
    assert found(several, "b").task == "multilabel"  # unless the caller knows
    with pytest.raises(InputError, match=r"none for labels. There is: order \(ranking\)"):
        found({"order": question("ranking")})


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"hint": field("text"), "body": field("text", required=True)}, ("body", "text")),
        ({"caption": field("text"), "photo": field("image", required=True)}, ("photo", "image")),
        ({"chat": field("chat", required=True), "text": field("text")}, ("text", "text")),
    ],
)
def test_the_field_is_one_that_every_record_has_if_there_is_any(fields, answer):
    assert shown_field(dataset({}, fields), found({"a": question("label_selection")}), hint="") == answer


def test_spans_say_their_field_and_chats_are_no_texts():
    ner = found({"ner": question("span", field="body")})
    assert shown_field(dataset({}, {"text": field("text", required=True)}), ner, hint="") == ("body", "text")
    with pytest.raises(InputError, match=r"no field of texts or images. There is: talk \(chat\)"):
        shown_field(dataset({}, {"talk": field("chat")}), found({"a": question("text")}), hint="")


def test_labels_are_found_by_value_by_text_and_without_regard_to_case():
    names = found({"a": question("label_selection")}).names
    assert names.of("Card arrival") == names.of("CARD-ARRIVAL") == names.of("card_arrival") == "card_arrival"
    assert names.to_project("Lost card") == "lost_card" and names.to_data("lost_card", ["LOST CARD"]) == "LOST CARD"


@pytest.mark.parametrize(
    ("type", "value", "fault"),
    [
        ("label_selection", "lost_card", None),
        ("label_selection", "refund", "has no label 'refund'"),
        ("label_selection", ["lost_card"], "holds one label"),
        ("multi_label_selection", ["lost_card"], None),
        ("multi_label_selection", [], "no empty set of labels"),
        ("multi_label_selection", "lost_card", "holds multilabel"),
        ("text", "whatever", None),
        ("text", "", "no empty text"),
        ("span", [], None),
        ("span", [[0, 2, "lost_card"], [2, 4, "lost_card"]], None),
        ("span", [[0, 3, "lost_card"], [2, 4, "card_arrival"]], "0–3 lost_card and 2–4 card_arrival overlap"),
        ("span", [[0, 9, "lost_card"]], "past the 4 characters"),
    ],
)
def test_what_the_server_would_refuse_is_said_before(type, value, fault):
    said = found({"q": question(type)}).fault(value, text="🙂abc")
    assert said is None if fault is None else fault in said


def test_spans_may_overlap_where_the_question_allows_it():
    crossing = [[0, 3, "lost_card"], [2, 4, "card_arrival"]]
    assert found({"q": question("span", allow_overlapping=True)}).fault(crossing, text="abcd") is None


def test_a_suggestion_holds_what_the_server_takes():
    label = found({"q": question("label_selection")})
    score: Any = np.float32(0.5)  # as models give it; JSON takes floats only
    made = label.suggestion("lost_card", issue="label", score=score)
    assert made["score"] == 0.5 and type(made["score"]) is float and made["agent"] == "labelsift/label"
    assert label.suggestion("lost_card", issue="label", score=float("nan"))["score"] is None
    assert label.suggestion("lost_card", issue="label", score=1.0000001)["score"] == 1.0
    spans = found({"q": question("span")}).suggestion([[0, 1, "a"], [2, 3, "b"]], issue="span", score=0.7)
    assert spans["score"] == [0.7, 0.7] and spans["value"][0] == {"start": 0, "end": 1, "label": "a"}
    assert found({"q": question("span")}).suggestion([], issue="span", score=0.7)["score"] is None


@given(issue=st.text(max_size=300))
def test_an_agent_has_only_characters_that_the_server_takes(issue):
    import re

    agent = agent_of(issue)  # the server's own pattern follows
    assert re.fullmatch(r"^[a-zA-Z0-9-_:\.\/\s]*[a-zA-Z0-9][a-zA-Z0-9-_:\.\/\s]*$", agent) and len(agent) <= 200


@given(spans=st.lists(st.tuples(st.integers(0, 9), st.integers(10, 20), st.sampled_from("ab")), unique=True))
def test_values_come_back_as_they_went(spans):
    for type, value in (("span", sorted(map(list, spans))), ("text", "a b"), ("multi_label_selection", ["a", "b"])):
        asked = found({"q": question(type)})
        assert asked.response({"q": {"value": asked.to_answer(value)}}) == value
    stars = found({"q": question("rating", options=[{"value": 3}])})
    assert stars.to_answer("3") == 3 and stars.response({"q": {"value": 3}}) == "3" and stars.fault("4")
    assert stars.response(None) is stars.response({}) is None
