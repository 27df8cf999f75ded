"""Records, metadata, suggestions and settings as Argilla takes them, of whatever a sample may hold."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.data.review_queue import ReviewItem
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.client.errors import RefusedError, refused, with_samples
from labelsift.integrations.argilla.client.transport import body_of
from labelsift.integrations.argilla.convert import review_schema
from labelsift.integrations.argilla.convert.record_fields import (
    LONGEST_TERM,
    fitting,
    metadata_of,
    suggestions_of,
    title_of,
    types_of,
)
from labelsift.integrations.argilla.convert.values import agent_of, suggestion_of
from labelsift.integrations.argilla.push.plan import plan_review
from labelsift.platforms import MODES

AGENT = re.compile(r"^[a-zA-Z0-9-_:\.\/\s]*[a-zA-Z0-9][a-zA-Z0-9-_:\.\/\s]*$")  # the server's own
NAME = re.compile(r"^(?=.*[a-z0-9])[a-z0-9_-]+$")
NOT_A_NUMBER = float("nan")


def item(id: str = "a", **more: Any) -> ReviewItem:
    about = {"rank": 1, "issues": ("label",), "scores": {"label": 0.1}, "text": "Paris won", "given": "x"}
    return ReviewItem(id, **{**about, "suggested": "y", "confidence": 0.9, "reason": "", **more})


@pytest.mark.parametrize(
    ("value", "score", "expected"),
    [
        ("x", np.float32(0.5), 0.5),
        ("x", NOT_A_NUMBER, None),
        ("x", float("inf"), None),
        ("x", None, None),
        ("x", 1.2, 1.0),
        ("x", -0.1, 0.0),
        (["x", "y"], 0.5, [0.5, 0.5]),
        (["x"], None, None),
        ([[0, 5, "PER"], [6, 9, "LOC"]], 0.25, [0.25, 0.25]),
    ],
)
def test_a_score_is_a_plain_number_between_0_and_1_and_one_for_each_item_of_a_list(value, score, expected):
    made = suggestion_of(value, score=score, issue="label")
    assert made["score"] == expected
    assert {type(number) for number in np.atleast_1d(made["score"]).tolist()} <= {float, type(None)}
    body_of(made)


@pytest.mark.parametrize("issue", ["label", "mine (é)", "日本", "()", "", " ", "a" * 400, "x\ny", "_"])
def test_an_agent_has_only_the_characters_that_the_server_takes(issue):
    agent = agent_of(issue)
    assert AGENT.match(agent)
    assert len(agent) <= 200
    assert agent.startswith("labelsift/")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (7, "float", 7.0),
        (7, "integer", 7),
        (7.0, "integer", None),
        (True, "integer", None),
        (True, "float", None),
        (True, "terms", "True"),
        (NOT_A_NUMBER, "float", None),
        (NOT_A_NUMBER, "terms", None),
        (float("inf"), "float", None),
        (2**53, "integer", None),
        (2**53, "float", None),
        (2**60, "terms", str(2**60)),
        (1e39, "float", None),
        ("7", "float", None),
        (None, "terms", None),
        ("", "terms", None),
        ([], "terms", None),
        ({"a": [1, None]}, "terms", '{"a": [1, null]}'),
        (["é"], "terms", '["é"]'),
        ("a\x00b", "terms", "a\ufffdb"),
        ("x" * LONGEST_TERM, "terms", "x" * LONGEST_TERM),
        ("x" * (LONGEST_TERM + 1), "terms", None),
    ],
)
def test_a_value_is_cast_to_what_its_property_takes_or_left_out(value, kind, expected):
    made = fitting(value, kind)
    assert (made, type(made)) == (expected, type(expected))


CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda cells: st.lists(cells, max_size=3) | st.dictionaries(st.text(max_size=5), cells, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.dictionaries(st.text(max_size=300), st.lists(CELLS, min_size=3, max_size=3), max_size=5), st.sampled_from(MODES)
)
def test_whatever_the_users_fields_hold_the_server_can_take_it(columns, mode):
    items = [
        item(str(row), metadata={name: cells[row] for name, cells in columns.items() if cells[row] is not None})
        for row in range(3)
    ]
    shown = {name: name for name in columns if not name.startswith(review_schema.PREFIX)}
    types = types_of(items, shown)
    names = [name for name, _ in types.values()]
    assert len(set(names)) == len(names) == len(shown)
    assert all(NAME.match(name) and len(name) <= 200 for name in names)
    assert not any(name.startswith(review_schema.PREFIX) for name in names)
    standing = {legal: (title_of(name), kind) for name, (legal, kind) in types.items()}
    assert len({title_of(name) for name in shown}) < len(shown) or types_of(items[:1], shown, standing) == types
    for one in items:
        metadata = metadata_of(one, run="r", mode=mode, types=types)
        assert json.loads(body_of(metadata)) == metadata
        for legal, kind in types.values():
            value = metadata.get(legal, {"terms": "", "integer": 0, "float": 0.0}[kind])
            assert type(value) is {"terms": str, "integer": int, "float": float}[kind]


def test_fields_whose_names_become_the_same_keep_their_properties_when_less_is_pushed():
    rows = [item("a", metadata={"City of": "Bonn", "city of": "Köln"}), item("b", metadata={"city of": "Ulm"})]
    shown = {"City of": "City of", "city of": "city of"}
    types = types_of(rows, shown)
    assert types == {"City of": ("city_of", "terms"), "city of": ("city_of_2", "terms")}
    standing = {legal: (name, kind) for name, (legal, kind) in types.items()}
    assert types_of(rows[1:], {"city of": "city of"}, standing) == {"city of": ("city_of_2", "terms")}
    assert types_of(rows[1:], {"CITY OF": "CITY OF"}, standing) == {"CITY OF": ("city_of_3", "terms")}


def test_a_property_keeps_its_type_and_what_does_not_fit_is_left_out():
    standing = {"age": ("Age", "integer"), "labelsift_quality": ("Quality", "float")}
    rows = [item("a", metadata={"Age": "old", "Quality": "good"})]
    types = types_of(rows, {"Age": "Age", "Quality": "Quality"}, standing)
    assert types == {"Age": ("age", "integer"), "Quality": ("quality", "terms")}
    metadata = metadata_of(rows[0], run="r", mode="choose", types=types)
    assert metadata["quality"] == "good"
    assert "age" not in metadata


def test_scores_that_are_none_do_not_stop_a_record_and_blind_hides_what_was_given():
    for scores, quality in (({"a": NOT_A_NUMBER, "b": np.float32(0.5)}, 0.5), ({"a": NOT_A_NUMBER}, None)):
        metadata = metadata_of(item(scores=scores), run="r", mode="choose", types={})
        assert metadata.get(review_schema.QUALITY) == quality
        body_of(metadata)
    hidden = metadata_of(item(given="zebrafish", suggested="quokka"), run="r", mode="blind", types={})
    assert not {"zebrafish", "quokka"} & set(re.findall(r"\w+", json.dumps(hidden)))


def planned(*items: ReviewItem, labels: tuple[str, ...] = ("x", "y"), task: Any = "classification", **more: Any) -> Any:
    about = {"run": "r", "mode": "prefill", "dimensions": None, "definitions": {}}
    return plan_review(items, labels, task=task, **{**about, **more})


def test_spans_that_do_not_fit_their_text_and_ids_that_no_database_takes_are_named():
    good = item("good", task="spans", given=[[0, 5, "x"]], suggested=[[0, 5, "y"]])
    bad = item("bad", task="spans", given=[[0, 5, "x"]], suggested=[[0, 99, "y"]])
    plan = planned(good, bad, item("nul\x00", task="spans", given=[], suggested=None), task="spans")
    assert plan.data.keys() == {"good"}
    assert "end 99 is past the 9 characters" in plan.failed["bad"]
    assert "NUL" in plan.failed["nul\x00"]


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (("", "a"), "1 to 200 characters"),
        (("a" * 201,), "1 to 200"),
        ([str(n) for n in range(501)], "takes 500 labels"),
    ],
)
def test_labels_that_a_question_cannot_hold_are_refused_before_anything_is_sent(labels, says):
    with pytest.raises(InputError, match=says):
        planned(item(), labels=labels)


@pytest.mark.parametrize("task", ["classification", "multilabel", "spans"])
@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_a_question_has_as_many_options_as_the_server_demands(task, count):
    labels = [f"l{number}" for number in range(count)]
    for mode in MODES:
        asked = review_schema.questions(labels, mode=mode, task=task, offered=(), definitions={"l0": "m" * 2000})
        assert [question["name"] for question in asked] == [
            "decision",
            *["label"] * bool(count or task == "spans"),
            "note",
        ]
        for question in asked[:-1]:
            options = question["settings"]["options"]
            assert len(options) >= (1 if task == "spans" and question["name"] == "label" else 2)
            assert len({option["value"] for option in options}) == len(options)
            assert all(len(option.get("description", "")) <= 1000 for option in options)
        assert asked[1]["settings"].get("visible_options", 3) >= 3


def test_a_draft_in_mode_prefill_names_only_what_the_suggestion_brings():
    dispute = (([0, 5, "x"], [0, 5, "y"]),)
    spans = item(task="spans", given=[[0, 5, "x"], [6, 9, "x"]], suggested=[[0, 5, "y"], [6, 9, "x"]], disputes=dispute)
    made = suggestions_of(spans, mode="prefill")
    assert made["label"]["value"] == [{"start": 0, "end": 5, "label": "y"}]
    assert made["decision"]["score"] == 0.9
    gone = item(task="spans", given=[[0, 5, "x"]], suggested=[], disputes=(([0, 5, "x"], None),))
    assert suggestions_of(gone, mode="prefill").keys() == {"decision"}
    assert suggestions_of(spans, mode="choose") == suggestions_of(item(blind=True), mode="prefill") == {}


SAID = {
    "Record at position 1 is not valid because it is odd": ("it is odd", ["b"]),
    "body.items.0.fields.text: Bad; body.items.2.suggestions.0.score: Worse": ("fields.text: Bad", ["a", "c"]),
    "body.items: Value error, External IDs must be unique": (None, []),
    "Record at position 7 is not valid because of what nobody sent": (None, []),
}


@pytest.mark.parametrize("said", SAID)
def test_what_the_server_refuses_is_named_by_its_sample(said):
    why, ids = SAID[said]
    error = refused(422, said, "3 records")
    assert isinstance(error, RefusedError)
    named = with_samples(error, ["a", "b", "c"])
    assert list(named.ids or ()) == ids
    assert (f": {why}" in str(named)) if why else named is error


@pytest.mark.parametrize(
    "said",
    [
        "(sqlite3.IntegrityError) UNIQUE constraint failed: records.external_id, records.dataset_id",
        "(sqlite3.OperationalError) database is locked",
        'duplicate key value violates unique constraint "record_external_id_dataset_id_uq"',
    ],
)
def test_a_record_that_somebody_made_at_the_same_moment_is_at_odds_with_another_change(said):
    error = refused(500, said, "3 records")
    assert isinstance(error, RefusedError)
    assert error.status == 409
    assert refused(500, "anything else", "3 records") is None
    assert isinstance(error, PlatformError)
    assert math.isfinite(error.exit_code)


def test_a_dataset_that_somebody_deletes_at_the_same_moment_is_gone(monkeypatch):
    answer = requests.Response()
    answer.status_code, answer._content = 500, b'{"detail": "No row was found when one was required"}'
    client = Client("http://127.0.0.1:1", "a key of nobody")
    monkeypatch.setattr(client, "_answer", lambda *_, **__: answer.raise_for_status())
    client.delete_dataset("3")
    answer._content = b'{"detail": "anything else"}'
    with pytest.raises(PlatformError, match="500"):
        client.delete_dataset("3")
