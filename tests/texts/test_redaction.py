"""Redaction: marks in place of spans, pseudonyms in place of ids, and what holds for any text."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.texts.redaction import Marks, finder, masked, matches, pseudonym, redact, safe_id

VALUES = (
    "jo@mail.example", "+44 20 7946 0958", "4111 1111 1111 1111", "DE89370400440532013000", "born on 3 May 1970",
    "my name is Ann Lee", "12 Rose Lane", "password = q7Rt-0aBx", "AKIAQW3RTY5UIO7PAS2D", "81.204.17.93",
    "ssn 219-09-1234",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(VALUES), st.text(max_size=20), st.sampled_from(" \n,.;:@+-/"))).map("".join)


@given(TEXTS)
def test_matches_stand_in_their_text_sorted_and_apart(text):
    found = matches(text)
    assert list(found) == sorted(found)
    assert all(0 <= match.start < match.end <= len(text) for match in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@given(TEXTS)
def test_no_matched_value_is_left_in_the_masked_text(text):
    hidden = masked(text)
    for start, end, _ in matches(text):
        value = re.escape(text[start:end])
        assert not re.search(rf"(?<!\w){value}(?!\w)", hidden) or end - start < 3


def test_a_name_that_a_word_gives_away_once_is_masked_everywhere():
    text = "My name is Ann Lee. Please tell Ann Lee, not Ann Leeds, that Ann waits."
    assert masked(text) == "My name is [NAME_1]. Please tell [NAME_1], not Ann Leeds, that Ann waits."


@pytest.mark.slow
@given(st.lists(st.sampled_from(VALUES), min_size=1).map("; ".join))
def test_a_masked_text_masked_again_is_the_same(text):
    assert masked(masked(text)) == masked(text)
    assert not [value for value in VALUES[:4] if value in masked(text)]


def test_the_same_value_has_the_same_number_in_all_cells_of_a_row():
    marks = Marks()
    assert (
        redact("A@b.example, c@d.example", [(0, 11, "email"), (13, 24, "email")], marks=marks) == "[EMAIL_1], [EMAIL_2]"
    )
    assert redact("c@d.example", [(0, 11, "email")], marks=marks) == "[EMAIL_2]"


@pytest.mark.parametrize(
    ("spans", "shown"),
    [
        ([(5, 99, "x")], "abcde[X_1]"),
        ([(-3, 2, "x")], "[X_1]cdefgh"),
        ([(9, 12, "x"), (4, 4, "x"), (5, 3, "x")], "abcdefgh"),
        ([(3, 5, "y"), (1, 4, "x")], "a[X_1]fgh"),
        ([], "abcdefgh"),
    ],
)
def test_spans_that_do_not_fit_do_no_harm(spans, shown):
    assert redact("abcdefgh", spans) == shown


@pytest.mark.parametrize(
    "id",
    ["jo@mail.example", "+442079460958", "4111-1111-1111-1111", "DE89370400440532013000", "sk_live_" + "a1B2" * 6],
)
def test_an_id_that_can_be_nothing_else_gets_a_pseudonym(id):
    assert safe_id(id) == pseudonym(id) != pseudonym(f"{id} ")
    assert safe_id(safe_id(id)) == safe_id(id)


@pytest.mark.parametrize(
    "id",
    ["1", "order-4071882934", "4111111111111111", "550e8400-e29b-41d4-a716-446655440000", "2024-05-17T09:31", "a.b.c",
     "", "3f786850e387550fdab836ed7e6dc881de23001b", "020 7946 0958", "user@localhost"],
)  # fmt: skip
def test_an_ordinary_id_stays(id):
    assert safe_id(id) == id


def test_kinds_can_be_chosen():
    text = "a@b.example, my password is Snoopy1969!"
    assert [match.kind for match in finder(kinds=("password",))(text)] == ["password"]
    with pytest.raises(InputError, match="no such kind: mail"):
        finder(kinds=("mail",))
