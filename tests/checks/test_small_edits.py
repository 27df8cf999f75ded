"""Small edits: what is counted as one, what is too much, and what makes another text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.checks.small_edits import another_text, few_edits, is_typo

TEXT = "where can i find the invoice for last month"


@pytest.mark.parametrize(
    ("other", "edits"),
    [
        (TEXT, 0),
        ("where can find i the invoice last for month", 2),
        ("where can i find the invioce for last month", 1),
        ("where can find the invoice for last month", 1),
        ("so where can i find the invoice for the last month", 2),
        ("wher can i find teh invoice for month", 3),
    ],
)
def test_edits_are_counted(other, edits):
    assert few_edits(TEXT, other, most=max(edits, 1))
    assert edits == 0 or edits == 1 or not few_edits(TEXT, other, most=edits - 1)


@pytest.mark.parametrize(
    "other",
    [
        "where can i find the parcel for last month",
        "where can i find the invoice for last year",
        "when can i find the invoice for next month",
        "something else entirely",
        "",
    ],
)
def test_other_words_are_no_small_edits(other):
    assert not few_edits(TEXT, other, most=3)


def test_letters_are_words_where_no_spaces_are_written():
    assert (
        few_edits("注文した商品がまだ届いていません", "注文した商品がまた届いていません。", most=3) is False
    )  # another letter
    assert few_edits("注文した商品がまだ届いていません", "注文した商品まだ届いていません", most=3)


@pytest.mark.parametrize(
    ("first", "other", "another"),
    [
        ("order 12", "order 13", True),
        ("order 12", "order 12 please", False),
        ("12 of 13", "13 of 12", False),
        ("it works", "it works not", True),
        ("das geht", "das geht nicht", True),
        ("i dont know", "i do know", True),
        ("", "", False),
    ],
)
def test_numbers_and_negations_make_another_text(first, other, another):
    assert another_text(first, other) is another


@pytest.mark.parametrize(
    ("word", "other", "typo"),
    [
        ("card", "crad", True),
        ("card", "cars", True),
        ("card", "cash", False),
        ("i", "a", False),
        ("payment", "paymnet", True),
    ],
)
def test_typos_are_few_letters(word, other, typo):
    assert is_typo(word, other) is is_typo(other, word) is typo


@given(st.text(max_size=60), st.text(max_size=60))
def test_edits_and_numbers_are_the_same_both_ways(first, other):
    assert few_edits(first, first, most=1)
    assert another_text(first, other) == another_text(other, first)
