"""The model of the noise: rates that were planted are found, and nothing depends on an order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.multilabel_noise import fit_noise

LEFT_OUT, PUT_IN = 0.2, 0.02


def planted(seed: int, rows: int = 6000, labels: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities that rank the truth and are unsure, noisy labels, and which of them are wrong."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(np.linspace(-4, -1, labels), 4.0, (rows, labels))
    fits = 1 / (1 + np.exp(-scores))
    truth = rng.random(fits.shape) < fits
    flipped = np.where(truth, rng.random(fits.shape) < LEFT_OUT, rng.random(fits.shape) < PUT_IN)
    given_labels = (truth ^ flipped).astype(np.int8)
    return (1 / (1 + np.exp(-0.6 * scores))).astype(np.float32), given_labels, flipped


def test_planted_rates_are_found_and_what_is_said_to_be_wrong_is_as_often_wrong():
    probs, labels, flipped = planted(100)
    everything = np.ones(labels.shape, dtype=bool)
    noise = fit_noise([probs], labels, everything)
    assert noise.left_out.mean() == pytest.approx(LEFT_OUT, abs=0.06)
    assert noise.put_in.mean() == pytest.approx(PUT_IN, abs=0.01)
    wrong = noise.wrong([probs], labels)
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        some = (wrong > low) & (wrong <= high)
        assert wrong[some].mean() == pytest.approx(flipped[some].mean(), abs=0.12)


def test_without_noise_almost_nothing_is_wrong():
    probs, labels, _ = planted(101)
    clean = (np.random.default_rng(0).random(probs.shape) < 1 / (1 + np.exp(-6 * (probs - 0.5)))).astype(np.int8)
    sharp = np.where(clean == 1, 0.97, 0.03)
    noise = fit_noise([sharp], clean, np.ones(labels.shape, dtype=bool))
    assert (noise.wrong([sharp], clean) > 0.5).mean() < 0.001


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_permuting_rows_or_labels_permutes_what_is_wrong(seed):
    probs, labels, _ = planted(seed, rows=300, labels=4)
    everything = np.ones(labels.shape, dtype=bool)
    wrong = fit_noise([probs], labels, everything).wrong([probs], labels)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(300), rng.permutation(4)
    mixed = [probs[rows][:, columns]]
    again = fit_noise(mixed, labels[rows][:, columns], everything).wrong(mixed, labels[rows][:, columns])
    np.testing.assert_allclose(again, wrong[rows][:, columns], atol=1e-6)


def test_a_rare_label_needs_stronger_evidence_to_be_extra_than_a_common_one():
    rng = np.random.default_rng(3)
    truth = rng.random((20_000, 2)) < [0.5, 0.02]
    probs = np.clip(np.where(truth, rng.beta(4, 2, truth.shape), rng.beta(2, 4, truth.shape)), 0.01, 0.99)
    labels = (truth ^ (rng.random(truth.shape) < [0.05, 0.002])).astype(np.int8)
    noise = fit_noise([probs], labels, np.ones(truth.shape, dtype=bool))
    asked = np.array([[0.15, 0.15]])
    common, uncommon = noise.wrong([asked], np.array([[1, 1]], dtype=np.int8))[0]
    assert common > uncommon


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (1, 1)])
def test_little_or_no_data_gives_no_error(shape):
    probs, labels = np.full(shape, 0.5), np.ones(shape, dtype=np.int8)
    noise = fit_noise([probs], labels, np.ones(shape, dtype=bool))
    assert np.isfinite(noise.wrong([probs], labels)).all()
