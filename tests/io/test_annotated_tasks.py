"""Tasks with people's answers become samples."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.io.annotated_tasks import AnnotatedTasks, Answer


def say(person: str, value: object, time: str = "1", *, correction: bool = False) -> Answer:
    return Answer(person, time, value, correction)


def task(answers: list[Answer], role: str = "label") -> dict:
    made = AnnotatedTasks(role, "text")
    made.add("7", {"text": "abc"}, answers)
    return made.samples("P").table.to_pylist()[0]


def test_most_people_win_and_what_each_said_is_kept():
    row = task([say("a", "x"), say("b", "y"), say("c", "x")])
    assert row["label"] == "x"
    assert json.loads(row["annotations"]) == {"a": "x", "b": "y", "c": "x"}


def test_a_persons_newest_answer_counts_whatever_the_order():
    row = task([say("a", "y", "2"), say("a", "x", "1")])
    assert row == {"id": "7", "text": "abc", "label": "y"}


def test_a_correction_counts_before_all_others_and_is_nobodys_opinion():
    row = task([say("a", "x"), say("b", "x"), say("a", "y", "0", correction=True)])
    assert row["label"] == "y"
    assert json.loads(row["annotations"]) == {"a": "x", "b": "x"}


@pytest.mark.parametrize("role", ["label", "labels", "spans"])
def test_without_an_answer_a_task_is_unlabeled(role):
    assert task([say("a", None)], role)[role] is None


@pytest.mark.parametrize(
    ("role", "old", "new", "cell"),
    [("labels", ["a"], ["c", "b"], '["b", "c"]'), ("spans", [[0, 1, "x"]], [[1, 3, "y"]], '[[1,3,"y"]]')],
)
def test_of_sets_and_spans_the_newest_answer_counts_and_that_is_said(role, old, new, cell):
    with pytest.warns(UserWarning, match="1 tasks have answers of several people"):
        assert task([say("b", new, "2"), say("a", old, "1")], role)[role] == cell
    assert task([say("a", [], "2")], role)[role] == "[]"


def test_ids_are_the_pushed_ones_else_the_numbers():
    made = AnnotatedTasks("label", "text")
    made.add("1", {"text": "a", "labelsift_id": "t1"}, [])
    made.add("2", {"text": "b"}, [])
    assert made.samples("P").ids.to_pylist() == ["t1", "2"]
    made.add("3", {"text": "c", "labelsift_id": "2"}, [])
    with pytest.raises(InputError, match="labelsift_id: 2"):
        made.samples("P")


def test_a_named_id_must_be_there():
    made = AnnotatedTasks("label", "text", id="ticket")
    made.add("1", {"text": "a", "ticket": 17}, [])
    assert made.samples("P").ids.to_pylist() == ["17"]
    with pytest.raises(InputError, match="no ticket: 2"):
        made.add("2", {"text": "b"}, [])


def test_metadata_is_what_holds_one_value_and_is_not_ours():
    made = AnnotatedTasks("label", "text", split="part")
    made.add("1", {"text": "a", "n": 1, "deep": {"x": 1}, "labelsift_run": "r", "part": "train", "mixed": 1}, [])
    made.add("2", {"text": "b", "late": "z", "part": "test", "mixed": "one"}, [])
    samples = made.samples("P")
    assert samples.metadata.to_pydict() == {"n": [1, None], "mixed": ["1", "one"], "late": [None, "z"]}
    assert samples.table["split"].to_pylist() == ["train", "test"]
    named = AnnotatedTasks("label", "text", metadata=["deep"])
    named.add("1", {"text": "a", "n": 1, "deep": {"x": 1}}, [])
    assert named.samples("P").metadata.to_pydict() == {"deep": ['{"x": 1}']}


def test_what_does_not_fit_is_refused_by_name():
    made = AnnotatedTasks("label", "text", metadata=["nothing"])
    with pytest.raises(InputError, match="holds no tasks"):
        made.samples("P")
    made.add("1", {"text": "a"}, [])
    with pytest.raises(InputError, match="has these fields: nothing"):
        made.samples("P")
    spans = AnnotatedTasks("spans", "text")
    spans.add("9", {"text": "ab"}, [say("a", [[0, 5, "x"]])])
    with pytest.raises(InputError, match=r"past the 2 characters.*9"):
        spans.samples("P")


def test_images_have_no_texts_and_their_address_is_metadata():
    made = AnnotatedTasks("label", None)
    made.add("1", {"image": "http://127.0.0.1/a.png"}, [say("a", "cat")])
    samples = made.samples("P")
    assert not samples.has_texts
    assert samples.table.column_names == ["id", "label"]
    assert samples.metadata.to_pydict() == {"image": ["http://127.0.0.1/a.png"]}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y"]), st.integers(0, 9)), max_size=6))
def test_the_order_of_answers_at_different_times_does_not_matter(answered):
    answered = list({time: (who, value, time) for who, value, time in answered}.values())
    answers = [say(who, value, str(time)) for who, value, time in answered]
    assert task(answers) == task(answers[::-1])
