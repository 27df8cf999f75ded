"""Noise rates among confident rows: no floor where classes only overlap, the true rate where labels were changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.confident_rows import _evenness, noise_rates, overlap_among_confident
from overlapping_clusters import learned

SEEDS = range(4)


@pytest.mark.slow
@pytest.mark.parametrize("half_gap", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_classes_that_overlap_have_no_floor_of_errors(seed, half_gap):
    drawn = learned(seed, half_gap=half_gap)
    rates = noise_rates(drawn.pool, drawn.codes)
    assert max(rates.floor, rates.tail) < 0.5
    assert rates.rate < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "rate"), [("uniform", 0.05), ("near", 0.05), ("uniform", 0.2), ("near", 0.2)])
def test_the_rate_of_errors_is_found_within_its_error(noise, rate):
    apart = []
    for seed in SEEDS:
        drawn = learned(seed, noise, rate)
        rates = noise_rates(drawn.pool, drawn.codes)
        assert rates.floor > 0.5
        assert rates.tail < 0.5  # nothing is left that needs hard samples as an explanation
        assert 0 < rates.error < 0.03
        apart.append((rates.rate - drawn.wrong.mean()) / rates.error)
    assert np.abs(apart).max() < 4 and abs(np.mean(apart)) < 1.5, apart


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "rate"), [("uniform", 0.2), ("near", 0.2)])
def test_the_transition_tells_where_errors_go(noise, rate):
    drawn = learned(1, noise, rate, rows=3_000)
    transition = noise_rates(drawn.pool, drawn.codes).transition
    classes = np.arange(len(transition))
    to_partner = transition[classes, classes ^ 1]
    others = (1 - np.diag(transition) - to_partner) / (len(classes) - 2)
    if noise == "near":
        assert to_partner.min() > 5 * others.max()
    else:
        assert to_partner.max() < 3 * others.mean()


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(0, 80))
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("error")
def test_whatever_is_given_rates_are_shares_and_rows_of_the_transition_sum_to_one(seed, classes, rows):
    rng = np.random.default_rng(seed)
    pool = rng.dirichlet(np.full(classes, rng.choice([0.05, 0.3, 3.0])), rows).astype(np.float32)
    rates = noise_rates(pool, rng.integers(0, classes, rows))
    for share in (rates.rate, rates.floor, rates.tail):
        assert 0 <= share <= 1
    assert np.isfinite(rates.error) and rates.error >= 0
    assert rates.transition.shape == (classes, classes) and (rates.transition >= 0).all()
    np.testing.assert_allclose(rates.transition.sum(axis=1), 1, atol=1e-9)


@given(st.integers(0, 1_000))
@settings(max_examples=10, deadline=None)
def test_other_names_for_the_classes_and_another_order_of_rows_change_nothing(seed):
    drawn = learned(2, "near", 0.1)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(drawn.codes)), rng.permutation(drawn.pool.shape[1])
    first = noise_rates(drawn.pool, drawn.codes)
    second = noise_rates(drawn.pool[order], drawn.codes[order])
    assert (first.rate, first.floor) == (pytest.approx(second.rate), pytest.approx(second.floor))
    np.testing.assert_allclose(first.transition, second.transition, atol=1e-9)
    renamed = noise_rates(drawn.pool[:, np.argsort(names)], names[drawn.codes])
    assert first.rate == pytest.approx(renamed.rate)
    np.testing.assert_allclose(first.transition, renamed.transition[np.ix_(names, names)], atol=1e-9)


def test_errors_spread_over_all_pairs_are_even_and_those_of_a_few_are_not():
    classes, rng = 10, np.random.default_rng(0)
    spread, few = np.zeros((2, classes, classes))
    for matrix, places in ((spread, classes - 1), (few, 1)):
        origin = rng.integers(0, classes, 200)
        np.add.at(matrix, (origin, (origin + rng.integers(1, places + 1, 200)) % classes), 1)
    assert _evenness(spread) > 0.9
    assert _evenness(few) < 0.1
    assert _evenness(np.zeros((4, 4))) > 0.9 and _evenness(np.zeros((1, 1))) > 0.9  # nothing recurs where nothing is


def test_the_more_classes_overlap_the_more_exceptions_are_usual_among_the_clearest():
    usual = [overlap_among_confident(error) for error in (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.5, 0.9)]
    assert usual == sorted(usual)
    assert 0 <= usual[0] < 1e-4 and usual[-1] < 0.5
    for error, share in zip((0.01, 0.05, 0.1, 0.2, 0.4), usual[1:6], strict=True):
        assert share < error  # the clearest are clearer than all
