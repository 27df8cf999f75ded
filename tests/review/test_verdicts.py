"""What an answer decides, whatever the kind of labels; and spans, of which people mark only what is in dispute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.review.suggestions import disputed, settled
from labelsift.review.verdicts import decide, merge_disputed


@pytest.mark.parametrize(
    ("task", "answer", "given", "suggested", "expected"),
    [
        ("classification", "x", "x", "y", ("keep", "refused")),
        ("classification", "y", "x", "y", ("relabel", "accepted")),
        ("classification", "z", "x", "y", ("relabel", "changed")),
        ("classification", "z", None, None, ("relabel", "changed")),
        ("multilabel", ["y", "x"], ["x", "y"], ["x"], ("keep", "refused")),
        ("multilabel", ["x"], ["x", "y"], ["x"], ("relabel", "accepted")),
        ("multilabel", [], [], ["x"], ("keep", "refused")),
        ("spans", [[0, 2, "x"]], [[0, 1, "x"]], [[0, 2, "x"]], ("respan", "accepted")),
        ("spans", [[3, 4, "y"], [0, 1, "x"]], [(0, 1, "x"), (3, 4, "y")], [], ("keep", "refused")),
        ("spans", [], [[0, 1, "x"]], None, ("respan", "changed")),
    ],
)
def test_an_answer_is_compared_as_its_kind_asks(task, answer, given, suggested, expected):
    decision = decide(answer, given=given, suggested=suggested, task=task)
    assert (decision.action, decision.verdict, decision.value) == (*expected, answer)


def test_a_skipped_task_keeps_what_is_given():
    decision = decide(None, given=["x"], suggested=["y"], task="multilabel", skipped=True)
    assert (decision.action, decision.verdict, decision.value) == ("keep", "skipped", ["x"])


def test_feedback_counts_whichever_label_stands_beside_it():
    for answer in (None, "y"):
        unclear = decide(answer, given="x", suggested="y", feedback="unclear")
        assert (unclear.action, unclear.verdict, unclear.value) == ("unclear", "unclear", None)
        both = decide(answer, given="x", suggested="y", feedback="both_fit")
        assert (both.action, both.verdict, both.value) == ("keep", "both_fit", "x")
        unusable = decide(answer, given="x", suggested="y", feedback="unusable")
        assert (unusable.action, unusable.verdict, unusable.value) == ("remove", "changed", None)
        drop = decide(answer, given="x", suggested="y", feedback="drop_copy")
        assert (drop.action, drop.verdict, drop.value) == ("remove", "accepted", None)
        keep = decide(answer, given="x", suggested="y", feedback="keep_copies")
        assert (keep.action, keep.verdict, keep.value) == ("keep", "refused", "x")


TEXT = "Ann Lee met Bob in New York City"
GIVEN = [[0, 7, "PER"], [12, 15, "PER"], [19, 27, "LOC"]]


@pytest.mark.parametrize(
    ("suggested", "marked", "whole"),
    [
        # accept, keep, and say that nothing is to be marked
        ([[0, 7, "PER"], [12, 15, "PER"], [19, 32, "LOC"]], [[19, 32, "LOC"]], [*GIVEN[:2], [19, 32, "LOC"]]),
        ([[0, 7, "PER"], [12, 15, "PER"], [19, 32, "LOC"]], [[19, 27, "LOC"]], GIVEN),
        ([[0, 7, "PER"], [12, 15, "PER"], [19, 32, "LOC"]], [], GIVEN[:2]),
        # something else than what is suggested, and more than what was asked for
        (GIVEN[:2], [[19, 32, "LOC"]], [*GIVEN[:2], [19, 32, "LOC"]]),
        (GIVEN[:2], [[8, 11, "VERB"], [19, 27, "LOC"]], [GIVEN[0], [8, 11, "VERB"], *GIVEN[1:]]),
        # what nobody disputed is marked again, or moved: the old one does not stay behind
        (GIVEN[:2], GIVEN, GIVEN),
        (GIVEN[:2], [[0, 3, "PER"]], [[0, 3, "PER"], GIVEN[1]]),
        # nothing is in dispute
        (None, [], GIVEN),
        (None, [[8, 11, "VERB"]], [GIVEN[0], [8, 11, "VERB"], *GIVEN[1:]]),
    ],
)
def test_what_is_marked_takes_the_place_of_what_is_in_dispute(suggested, marked, whole):
    assert merge_disputed(GIVEN, suggested, marked) == whole


def test_where_spans_overlap_already_they_may():
    nested = [[0, 7, "PER"], [0, 3, "FIRST"]]
    assert merge_disputed(nested, None, [[4, 7, "LAST"]]) == [[0, 3, "FIRST"], [0, 7, "PER"], [4, 7, "LAST"]]
    assert merge_disputed(None, [[0, 3, "PER"]], [[0, 3, "PER"]]) == [[0, 3, "PER"]]


SPANS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 12), st.sampled_from(["A", "B"])).map(
        lambda s: [s[0], s[0] + s[1], s[2]]
    ),
    max_size=6,
)


@pytest.mark.slow
@given(
    given=st.none() | SPANS, changes=st.lists(st.tuples(st.integers(0, 5), st.none() | SPANS.map(tuple)), max_size=3)
)
def test_accepting_gives_what_is_suggested_and_confirming_what_is_given(given, changes):
    spans = sorted({tuple(span) for span in given or ()})
    disputes = [(list(spans[row]) if row < len(spans) else None, list(new[0]) if new else None) for row, new in changes]
    disputes = [dispute for dispute in disputes if dispute != (None, None)]
    suggested = settled(given, disputes)
    before, after = disputed(given, suggested)
    kept = [span for span in map(list, spans) if span not in before]
    clash = any(span[0] < new[1] and new[0] < span[1] for span in kept for new in (*after, *before))
    if not clash:  # else a mark takes the place of what it covers
        assert merge_disputed(given, suggested, after) == suggested
        assert merge_disputed(given, suggested, before) == [list(span) for span in spans]
