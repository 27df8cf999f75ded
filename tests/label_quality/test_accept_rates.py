"""Accept rates: what more, other, taken-back and one-sided answers do to the learned shifts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.accept_rates import LEAST, AcceptRates, JudgedLabel, accept_rates, shifted

PAIRS = [("a", "b"), ("b", "a"), ("a", "c")]
CLAIMED = np.array([0.05, 0.4, 0.9])


@st.composite
def answers(draw, least: int = 0, most: int = 40):
    """Answers of up to three people, at most one of each on each sample."""
    keys = draw(
        st.lists(st.tuples(st.integers(0, 30), st.sampled_from("pqr")), min_size=least, max_size=most, unique=True)
    )
    claims, verdicts = st.sampled_from([0.0, 0.2, 0.5, 0.95, 1.0]), st.booleans()
    pairs = [PAIRS[sample % 3] for sample, _ in keys]
    return [
        JudgedLabel(f"s{sample}", person, given, suggested, draw(claims), draw(verdicts))
        for (sample, person), (given, suggested) in zip(keys, pairs, strict=True)
    ]


def alone(
    count: int, wrong: int, *, person: str = "ann", start: int = 0, claimed: float = 0.5, classes: int = 1
) -> list[JudgedLabel]:
    """Answers of one person, on confusions of so many classes with b."""
    given = ["a" if classes == 1 else f"a{row % classes}" for row in range(count)]
    return [JudgedLabel(f"{start + row:05}", person, given[row], "b", claimed, row < wrong) for row in range(count)]


def probabilities(rates: AcceptRates) -> np.ndarray:
    return np.array([[shifted(CLAIMED, rates.shift_of(*pair))] for pair in [*PAIRS, ("z", "y")]])


@settings(max_examples=60)
@given(answers(least=1), st.data())
def test_an_accepted_suggestion_in_place_of_a_kept_label_never_lowers_a_probability(made, data):
    place = data.draw(st.integers(0, len(made) - 1))
    more, fewer = ([*made[:place], replace(made[place], wrong=wrong), *made[place + 1 :]] for wrong in (True, False))
    up, down = accept_rates(more), accept_rates(fewer)
    if up.enough and down.enough:  # a tie that comes or goes can be the tenth answer
        assert (probabilities(up) >= probabilities(down) - 1e-9).all()
    assert up.wrong >= down.wrong


@settings(max_examples=60)
@given(answers(), st.randoms())
def test_the_order_of_answers_does_not_matter(made, random):
    other = list(made)
    random.shuffle(other)
    assert accept_rates(other) == accept_rates(made)


@pytest.mark.slow
@settings(max_examples=60)
@given(answers(least=12), st.integers(1, 12))
def test_without_the_last_answers_all_is_as_before(made, count):
    before = accept_rates(made[:-count])
    accept_rates(made)
    assert accept_rates(made[:-count]) == before


@settings(max_examples=60)
@given(answers())
def test_probabilities_stay_probabilities(made):
    rates = accept_rates(made)
    expected = rates.expected(np.tile(CLAIMED, 4), [*PAIRS * 3, *[("z", "y")] * 3])
    assert ((expected >= 0) & (expected <= 1)).all()
    assert np.isfinite(rates.drawn(sorted(rates.confusions), draws=20)).all()


def test_nothing_changes_before_the_tenth_answer():
    assert accept_rates(alone(LEAST - 1, 9)) == AcceptRates(9, 9)
    rates = accept_rates(alone(LEAST, 10))
    assert rates.enough
    assert rates.shift.value > 0
    assert shifted(np.array([0.3]), accept_rates([]).shift_of("a", "b")) == 0.3


def test_a_label_of_several_people_counts_once():
    """Where as many say so as not, nothing is decided."""
    both = [*alone(10, 10), *alone(10, 10, person="bob")]
    assert (accept_rates(both).judged, accept_rates(both).wrong) == (10, 10)
    torn = [*alone(10, 10), *alone(10, 0, person="bob")]
    assert (accept_rates(torn).judged, accept_rates(torn).wrong) == (0, 0)


def test_a_thousand_answers_of_one_person_weigh_at_most_half():
    """A hundred of another, who says the opposite, hold them in balance."""
    many, few = (
        alone(1000, 1000, classes=50),
        alone(100, 0, person="bob", start=5000, classes=50),
    )
    rates = accept_rates([*many, *few])
    assert shifted(np.array([0.5]), rates.shift.value)[0] < 0.56
    assert shifted(np.array([0.5]), rates.unlimited.value)[0] > 0.85
    more = accept_rates([*alone(4000, 4000, classes=50), *few])
    assert abs(more.shift.value - rates.shift.value) < 0.01  # further answers of that person move nothing


def test_one_person_alone_has_the_weight_of_the_claim():
    """The probability of all labels comes half of the way, however many answers there are."""
    for count in (50, 1000):
        rates = accept_rates(alone(count, count, claimed=0.2, classes=50))
        assert shifted(np.array([0.2]), rates.shift.value)[0] < 0.65
        assert rates.unlimited.value > rates.shift.value


def test_a_confusion_that_people_refuse_falls_and_another_rises():
    taken = [replace(row, given="b", suggested="a") for row in alone(30, 30, start=100)]
    rates = accept_rates([*alone(30, 0), *taken])
    assert rates.shift_of("a", "b") < -1
    assert rates.shift_of("b", "a") > 1
    assert abs(rates.shift_of("a", "c")) < 0.2  # nobody answered on it


def test_many_answers_on_few_confusions_say_little_of_others():
    """Eighty answers on one confusion say less of a new one than eight on each of ten."""
    narrow, broad = accept_rates(alone(80, 80)), accept_rates(alone(80, 80, classes=10))
    assert narrow.shift_of("a", "b") > 2.5
    assert 0 < narrow.shift_of("x", "y") < broad.shift_of("x", "y")
    assert broad.drawn([("x", "y")], draws=4_000).std() > 0.9  # confusions differ
