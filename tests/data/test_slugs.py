"""Slugs: valid in both trackers, one a predicate, the same in every run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.data.slugs import MAX_SLUG, Interval, describe, slug, slugs

LONGEST_METRIC = "slice.label_issue_rate/"
ANY_TEXT = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="abAB:_-./ \t=(),&>é💥\u0301\ud800", max_size=12),
    st.sampled_from(["a//b", "..", ".", "/", "", "=(),&>", "x" * 300, "q1", "_missing", "CA", "ca", "a-b-1f2e3d4c"]),
)
TERMS = st.tuples(ANY_TEXT, st.one_of(st.none(), ANY_TEXT))
PREDICATES = st.lists(TERMS, min_size=1, max_size=3).map(tuple)


def mlflow_accepts(name: str) -> None:
    from mlflow.utils.validation import _validate_metric

    _validate_metric(name, 0.5, 0, 0)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(PREDICATES)
def test_every_predicate_gets_a_name_that_mlflow_takes(predicate):
    name = slug(predicate)
    mlflow_accepts(LONGEST_METRIC + name)
    assert len(name) <= MAX_SLUG
    assert "/" not in name  # the tracker's section ends at the last one
    assert ".." not in name
    assert name == slug(predicate)
    name.encode()


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(PREDICATES, min_size=2, max_size=8, unique=True))
def test_different_predicates_never_share_a_slug_whatever_the_order_and_case(predicates):
    names = slugs(predicates)
    assert len({name.casefold() for name in names}) == len(predicates)
    assert slugs(predicates[::-1]) == names[::-1]


@pytest.mark.parametrize(
    "spelling", ["state:CA", "lang:de", "channel:phone", "city:New York", "plan:v1.5", "größe:groß"]
)
def test_plain_values_keep_their_spelling(spelling):
    column, value = spelling.split(":")
    assert slug(((column, value),)) == spelling


def test_a_conjunction_joins_its_terms():
    assert slug((("state", "CA"), ("gender", "f"))) == "state:CA__gender:f"


def test_a_value_cannot_pose_as_a_conjunction_or_as_a_missing_value():
    assert slug((("state", "CA__gender:f"),)) != "state:CA__gender:f"
    assert slug((("state", "_missing"),)) != slug((("state", None),))
    assert slug((("state", "_empty"),)) != slug((("state", ""),))
    hashed = slug((("path", "a/b"),)).removeprefix("path:")
    assert slug((("path", hashed),)) != f"path:{hashed}"


def test_the_predicate_is_told_without_loss():
    assert describe((("a", 'x"y'), ("b", None))) == 'a = "x\\"y" and b is missing'


BORDERS = st.one_of(st.just(""), st.text(max_size=12), st.floats(allow_nan=False).map(repr), st.integers().map(str))
INTERVALS = st.tuples(ANY_TEXT, st.builds(Interval, BORDERS, BORDERS))


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(st.one_of(TERMS, INTERVALS), min_size=1, max_size=2).map(tuple), min_size=2, unique=True))
def test_intervals_get_slugs_of_their_own(predicates):
    names = slugs(predicates)
    assert len({name.casefold() for name in names}) == len(predicates)
    for name in names:
        mlflow_accepts(LONGEST_METRIC + name)
        assert len(name) <= MAX_SLUG
        assert "/" not in name


def test_an_interval_keeps_its_borders_and_no_text_can_pose_as_one():
    assert slug((("age", Interval("23.5", "41")), ("state", "CA"))) == "age:23.5..41__state:CA"
    assert slug((("age", Interval("", "-3")),)) == "age:..-3"
    assert ".." not in slug((("age", "23.5..41"),))
    assert slug((("age", Interval("1 000", "2")),)) != slug((("age", Interval("1000", "2")),))
