"""Votes of neighbours follow their definition, in whatever blocks they are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality import neighbor_votes
from labelsift.label_quality.neighbor_votes import PRIOR, soft_votes, votes

FEW = settings(max_examples=40, deadline=None)


@FEW
@given(seed=st.integers(0, 10_000), weighted=st.booleans())
def test_votes_count_by_the_fourth_power_of_the_similarity(seed, weighted):
    rng = np.random.default_rng(seed)
    codes, counts = rng.integers(-1, 6, 80), rng.random(80).astype(np.float32) if weighted else None
    rows, similar = rng.integers(-1, 80, (30, 12)), rng.uniform(-0.2, 1, (30, 12)).astype(np.float32)
    expected = np.full((30, 6), PRIOR / 6)
    for row in range(30):
        for neighbor, near in zip(rows[row], similar[row], strict=True):
            if neighbor >= 0 and codes[neighbor] >= 0 and near > 0:
                expected[row, codes[neighbor]] += float(near) ** 4 * (1 if counts is None else counts[neighbor])
    expected /= expected.sum(axis=1, keepdims=True)
    voted = votes(rows, similar, codes, classes=6, counts=counts)
    np.testing.assert_allclose(voted, expected, rtol=1e-5)
    hard = np.zeros((80, 6), dtype=np.float32)
    hard[np.flatnonzero(codes >= 0), codes[codes >= 0]] = 1
    # A vote for several classes is the same where it is for one only.
    np.testing.assert_allclose(soft_votes(rows, similar, hard, counts=counts), expected, rtol=1e-4)


def test_soft_votes_follow_their_definition_in_any_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    rows, similar = rng.integers(-1, 80, (30, 12)), rng.uniform(-0.2, 1, (30, 12)).astype(np.float32)
    targets, counts = rng.dirichlet(np.ones(6), 80).astype(np.float32), rng.random(80).astype(np.float32)
    weights = np.where(rows < 0, 0, np.maximum(similar, 0) ** 4 * counts[rows])
    expected = np.einsum("mk,mkc->mc", weights, targets[rows]) + PRIOR / 6
    voted = soft_votes(rows, similar, targets, counts=counts)
    np.testing.assert_allclose(voted, expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)
    hard = votes(rows, similar, targets.argmax(axis=1), classes=6, counts=counts)
    monkeypatch.setattr(neighbor_votes, "_VALUES_AT_ONCE", 6 * 7)
    monkeypatch.setattr(neighbor_votes, "_VOTES_AT_ONCE", 12 * 7)
    np.testing.assert_array_equal(soft_votes(rows, similar, targets, counts=counts), voted)
    np.testing.assert_array_equal(votes(rows, similar, targets.argmax(axis=1), classes=6, counts=counts), hard)


def test_similarities_that_are_no_numbers_have_no_vote():
    rows, similar = np.array([[0, 1]]), np.array([[np.nan, 0.5]], dtype=np.float32)
    np.testing.assert_allclose(votes(rows, similar, np.array([0, 1]), classes=2), [[0, 1]], atol=0.02)
    np.testing.assert_allclose(soft_votes(rows, similar, np.eye(2, dtype=np.float32)), [[0, 1]], atol=0.02)


def test_positions_outside_are_refused():
    with pytest.raises(ValueError, match="a position of 7 among 2"):
        votes(np.array([[7]]), np.ones((1, 1)), np.array([0, 1]), classes=2)
    with pytest.raises(ValueError, match="a position of 7 among 2"):
        soft_votes(np.array([[7]]), np.ones((1, 1)), np.eye(2, dtype=np.float32))
