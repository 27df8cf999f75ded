"""Labels of the data and labels of a config that are named otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.integrations.label_studio.convert.label_config import label_control_of
from labelsift.review.label_names import Names

CONFIG = """<View><Text name="t" value="$text"/><Choices name="c" toName="t" choice="multiple">
<Choice value="Card arrival" alias="card_arrival"/><Choice value="TOP UP"/><View><Choice value="Refund-status"/></View>
<Choice value="a b"/><Choice value="A_B"/></Choices></View>"""
TREE = """<View><Text name="t" value="$text"/><Taxonomy name="c" toName="t"><Choice value="Animal" alias="animal">
<Choice value="Guide dog" alias="guide_dog"/></Choice></Taxonomy></View>"""


@pytest.mark.parametrize(
    ("label", "answer"),
    [
        ("card_arrival", "card_arrival"),
        ("Card arrival", "card_arrival"),
        ("card  ARRIVAL", "card_arrival"),
        ("top_up", "TOP UP"),
        ("refund status", "Refund-status"),
        ("a b", "a b"),
        ("A_B", "A_B"),
        ("a_b", None),  # two labels would fit
        ("refund", None),
    ],
)
def test_a_label_is_found_by_alias_by_value_and_without_regard_to_case_and_spaces(label, answer):
    assert label_control_of(CONFIG, project="P").names.of(label) == answer


def test_paths_are_found_level_by_level():
    target = label_control_of(TREE, project="P")
    names = target.names
    assert target.paths["animal / guide_dog"] == ("animal", "guide_dog")
    assert names.of("Animal / Guide dog") == names.of("animal/guide-dog") == "animal / guide_dog"
    assert names.of("guide dog") is None


def test_values_of_every_kind_are_renamed_and_back():
    names = label_control_of(CONFIG, project="P").names
    data = ["Card Arrival", "top up", "other"]
    assert names.unknown(["top up", "other"]) == ["other"]
    assert names.to_project(["top up", "Card Arrival"]) == ["TOP UP", "card_arrival"]
    assert names.to_data(["TOP UP", "card_arrival"], data) == ["Card Arrival", "top up"]
    assert names.to_project([[0, 3, "top up"]]) == [[0, 3, "TOP UP"]]
    assert names.to_data([[0, 3, "TOP UP"]], data) == [[0, 3, "top up"]]
    assert names.to_data([[0, 3, "a b"]], data) == [[0, 3, "a b"]]  # of a span's label, too
    assert names.to_data("card_arrival", data) == "Card Arrival"
    assert names.to_data(None, data) is None
    assert names.to_data("a b", data) == "a b"  # chosen by a person; the data has no such label


@given(labels=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8, unique=True))
def test_what_is_written_the_same_is_the_same(labels):
    names = Names(labels)
    assert [names.of(label) for label in labels] == labels
    assert [names.to_data(label, labels) for label in labels] == labels
