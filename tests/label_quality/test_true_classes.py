"""True classes: unmixing undoes known noise exactly, leaves clean pools alone, and works on any matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.true_classes import TrueClasses


def posterior(pool: np.ndarray, codes: np.ndarray, transition: np.ndarray) -> np.ndarray:
    joint = TrueClasses(transition).joint(pool.astype(np.float32), codes)
    return joint / joint.sum(axis=1, keepdims=True)


def test_swapped_labels_of_a_clear_row_are_certainly_wrong():
    transition = np.array([[0.8, 0.2, 0.0], [0.2, 0.8, 0.0], [0.0, 0.0, 1.0]])
    clear = np.array([[0.8, 0.2, 0.0]]).repeat(2, axis=0)
    true = posterior(clear, np.array([0, 1]), transition)
    assert true[0, 0] > 0.95  # its label is right
    assert true[1, 0] > 0.75  # the other's is wrong, though the pool gives it a fifth


def test_even_noise_is_undone():
    transition = np.full((4, 4), 0.05) + 0.8 * np.eye(4)
    truth = np.array([[0.7, 0.3, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    joint = TrueClasses(transition).joint((truth @ transition).astype(np.float32), np.array([0, 0]))
    np.testing.assert_allclose(joint, truth * transition[:, 0], atol=0.03)


@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 7))
@settings(max_examples=40, deadline=None)
def test_without_noise_the_given_label_is_the_true_class(seed, classes):
    rng = np.random.default_rng(seed)
    pool, codes = rng.dirichlet(np.ones(classes), size=5), rng.integers(0, classes, 5)
    true = posterior(pool, codes, np.eye(classes))
    np.testing.assert_allclose(true[np.arange(5), codes], 1, atol=1e-5)


@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 7))
@settings(max_examples=40, deadline=None)
def test_any_transition_gives_probabilities(seed, classes):
    rng = np.random.default_rng(seed)
    transition = rng.dirichlet(np.ones(classes), size=classes)
    pool, codes = rng.dirichlet(np.full(classes, 0.2), size=8), rng.integers(0, classes, 8)
    joint = TrueClasses(transition).joint(pool.astype(np.float32), codes)
    assert joint.shape == (8, classes)
    assert np.isfinite(joint).all() and (joint >= 0).all()


def test_the_exponent_sharpens_a_pool_that_was_drawn_to_the_middle():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(3_000, 3))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = (truth.cumsum(axis=1) > rng.random((3_000, 1))).argmax(axis=1)
    flat = np.sqrt(truth) / np.sqrt(truth).sum(axis=1, keepdims=True)
    fitted = TrueClasses(np.eye(3) * 0.999 + 0.001 / 3).fit(flat.astype(np.float32), codes, np.arange(3_000), None)
    assert fitted._exponent == pytest.approx(2, abs=0.25)
