"""Conditions of gates: what they mean, that their text is read back as it was, and what errors say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.metrics.gates.conditions import Condition, conditions_of, parsed
from labelsift.metrics.gates.tokens import CLAUSES
from labelsift.metrics.metric_names import METRICS

NAMES = st.text(min_size=0, max_size=12) | st.sampled_from([*CLAUSES, "+", "-", "0.5", "5%", "n", ">=", 'a "b"', "\\"])
CONDITIONS = st.builds(
    lambda metric, operator, threshold, run, label, where, fewest, split, proof: Condition(
        metric=metric,
        operator=operator,
        threshold=threshold,
        run=run,
        label=label if METRICS[metric].of_class else None,
        slice=where if isinstance(where, str) else None,
        by=where if isinstance(where, tuple) else (),
        fewest=fewest,
        split=split,
        proof=proof,
    ),
    metric=st.sampled_from([*METRICS]),
    operator=st.sampled_from([">=", "<=", ">", "<"]),
    threshold=st.floats(0, 1).map(lambda value: value + 0.0),
    run=st.none() | NAMES,
    label=st.none() | NAMES,
    where=st.none() | NAMES | st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    fewest=st.none() | st.integers(0, 10**9),
    split=st.none() | NAMES,
    proof=st.sampled_from(["", "strict", "proven"]),
)


@given(CONDITIONS)
def test_the_text_of_a_condition_is_read_as_the_same_condition(condition):
    assert parsed(str(condition)) == condition
    assert str(parsed(str(condition))) == str(condition)


@pytest.mark.slow
@given(st.text(max_size=60) | st.lists(NAMES, max_size=8).map(" ".join))
def test_any_text_is_a_condition_or_one_clear_error(text):
    try:
        assert isinstance(parsed(text), Condition)
    except InputError as error:
        assert "at character" in str(error) and len(str(error)) < 900


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("accuracy >= 0.85", Condition("accuracy", ">=", 0.85)),
        ("f1 of refund >= 0.7 in ca_women", Condition("f1", ">=", 0.7, label="refund", slice="ca_women")),
        (
            "error_rate<=12% by state,gender with n>=50",
            Condition("error_rate", "<=", 0.12, by=("state", "gender"), fewest=50),
        ),
        ("f1 >= tag:production - 0.02 by state", Condition("f1", ">=", -0.02, run="tag:production", by=("state",))),
        ("error_rate ≤ latest + 1 %", Condition("error_rate", "<=", 0.01, run="latest")),
        ('recall of "credit card" > .5', Condition("recall", ">", 0.5, label="credit card")),
        ('recall of "in" > .5 in "of"', Condition("recall", ">", 0.5, label="in", slice="of")),
        ("accuracy >= 0.8 strict split test", Condition("accuracy", ">=", 0.8, split="test", proof="strict")),
        ('accuracy >= "20261130"', Condition("accuracy", ">=", 0.0, run="20261130")),
        ("Micro-F1 >= 20261130-101500-4f2a -0.5%", Condition("micro_f1", ">=", -0.005, run="20261130-101500-4f2a")),
        ("calibration_gap >= -0.05", Condition("calibration_gap", ">=", -0.05)),
        (
            "error_rate <= 0.1 by split, in split with",
            Condition("error_rate", "<=", 0.1, by=("split", "in"), split="with"),
        ),
        ("精度 >= 0.5", None),
        ("f1 of 返金 >= 0.5 in 州:東京", Condition("f1", ">=", 0.5, label="返金", slice="州:東京")),
    ],
)
def test_what_a_condition_means(text, meaning):
    if meaning is None:
        with pytest.raises(InputError, match="no metric"):
            parsed(text)
    else:
        assert parsed(text) == meaning


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accurcy >= 0.8", "at character 1 “accurcy” is no metric. The nearest is accuracy"),
        ("accuracy 0.8", "at character 10 a comparison was expected before “0.8”"),
        ("accuracy = 0.8", "Write >=, <=, > or <"),
        ("accuracy >=", "at character 12 a number or a run was expected before “the end”"),
        ("f1 of credit card >= 0.8", "Names with spaces stand in quotation marks"),
        ("accuracy of refund >= 0.8", "accuracy has no classes. A class can be named with precision, recall and f1"),
        ("accuracy >= 85", "accuracy lies between 0 and 1. Write 0.85 or 85%"),
        ("accuracy >= -1", "accuracy lies between 0 and 1"),
        ("accuracy >= 0.8 on state", "at character 17 “on” is not understood"),
        ("accuracy >= 0.8 wiht n >= 5", "Did you mean with?"),
        ("accuracy >= 0.8 with n > 5", "Write: with n >= 50"),
        ("accuracy >= 0.8 with n >= many", "Write: with n >= 50"),
        ("accuracy >= 0.8 in a in b", "“in” comes a second time. Write two conditions"),
        ("accuracy >= 0.8 in a by b", "“by” comes a second time"),
        ("accuracy >= 0.8 by state,", "a column was expected before “the end”"),
        ('accuracy >= 0.8 in "a', "a quotation mark is not closed"),
        (r'accuracy >= 0.8 in "\d"', "is no name"),
        ("accuracy >= in state", "a number or a run was expected before “in”"),
        ("accuracy >= old - more", "a number was expected before “more”"),
        ("", "at character 1 “the end” is no metric"),
    ],
)
def test_errors_name_the_word_its_place_and_what_is_near(text, said):
    with pytest.raises(InputError) as raised:
        parsed(text)
    assert said in str(raised.value), str(raised.value)


def test_no_condition_is_an_error_and_each_counts_once():
    with pytest.raises(InputError, match="nothing can pass"):
        conditions_of([])
    assert len(conditions_of(["accuracy >= 0.5", "accuracy>=50%", parsed("f1 > .1")])) == 2
