"""The canonical form of spans, and tags: there and back."""

import json

import pyarrow as pa
import pytest
from bio import to_bio
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.spans import canonical, fault, from_bio, from_value, parsed, spaced, types_in
from labelsift.errors import InputError

TYPES = st.sampled_from(["person", "location", "creative-work"])
WORDS = st.lists(st.text(st.characters(categories=("L", "N", "S")), min_size=1, max_size=6), min_size=1, max_size=12)


@st.composite
def marked(draw):
    """A text of words between single spaces, and spans of whole words that do not overlap."""
    words = draw(WORDS)
    text = " ".join(words)
    places = spaced(text)
    spans, position = [], 0
    while position < len(places):
        length = draw(st.integers(0, 3))
        last = min(position + max(length, 1), len(places)) - 1
        if length:
            spans.append((places[position][0], places[last][1], draw(TYPES)))
        position = last + 1
    return text, places, spans


@pytest.mark.slow
@given(marked())
def test_spans_become_tags_and_spans_again(case):
    text, places, spans = case
    assert from_bio(to_bio(spans, places), places) == spans
    assert parsed(canonical(reversed(spans))) == spans
    assert fault(spans, text) is None


@given(marked())
def test_bilou_and_bioes_say_the_same_as_bio(case):
    _, places, spans = case
    tags = to_bio(spans, places)
    for last, only in (("L", "U"), ("E", "S")):
        other = list(tags)
        for index, tag in enumerate(tags):
            ends = tag != "O" and (index + 1 == len(tags) or tags[index + 1] != f"I-{tag[2:]}")
            if ends:
                other[index] = f"{only if tag[0] == 'B' else last}-{tag[2:]}"
        assert from_bio(other, places) == spans


def test_a_span_may_begin_with_i_as_in_iob1():
    assert from_bio(["I-a", "I-a", "O", "I-b"], [(0, 1), (2, 3), (4, 5), (6, 7)]) == [(0, 3, "a"), (6, 7, "b")]


@pytest.mark.parametrize("tag", ["X-person", "B", "B-", "person", "3"])
def test_other_tags_are_refused(tag):
    with pytest.raises(ValueError):
        from_bio([tag], [(0, 3)])


def test_types_are_sorted_and_null_is_none_of_them():
    assert types_in(pa.chunked_array([[canonical([(0, 1, "b")]), None, "[]", canonical([(0, 1, "a")])]])) == ("a", "b")


@pytest.mark.parametrize("value", ['[[0, 99, "a"]]', '[[2, 1, "a"]]', "[[0, 1]]", "7", None, '[[0, 1, " "]]'])
def test_spans_of_a_correction_that_cannot_be_are_refused_by_name(value):
    with pytest.raises(InputError, match="s7"):
        from_value(value, "Ann left", sample="s7")


def test_places_count_characters_not_bytes():
    text = "😀 Zoë left"
    assert from_value('[[2, 5, "person"]]', text, sample="s") == '[[2,5,"person"]]'
    assert text[2:5] == "Zoë" and json.loads(canonical([(2, 5, "persönlich")])) == [[2, 5, "persönlich"]]
