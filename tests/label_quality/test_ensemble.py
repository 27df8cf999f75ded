"""Judging labels: by brought probabilities alone, and in two rounds that trust what people verified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality.ensemble import (
    EnsembleInputs,
    LabelQuality,
    quality_from_ensemble,
    quality_from_pred_probs,
)
from labelsift.models.cross_validation import out_of_fold
from labelsift.models.neighbors import NeighborIndex
from labelsift.models.stable_folds import assign_folds

FEW = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 10_000)


def brought(seed: int, *, rows: int = 300, classes: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities, true and given classes; 15 % of the labels are wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(rows) % classes)
    probs = np.exp(rng.normal(size=(rows, classes)) + 3.5 * np.eye(classes)[truth])
    wrong = rng.random(rows) < 0.15
    codes = np.where(wrong, (truth + rng.integers(1, classes, rows)) % classes, truth).astype(np.int32)
    return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32), truth, codes


def alone(probabilities: np.ndarray, codes: np.ndarray, judged: np.ndarray | None = None) -> LabelQuality:
    return quality_from_pred_probs(
        probabilities, codes, np.ones(len(codes), dtype=bool) if judged is None else judged, seed=0
    )


@given(seeds)
@FEW
def test_another_order_of_the_rows_changes_nothing(seed):
    probabilities, _, codes = brought(seed)
    order = np.random.default_rng(seed).permutation(len(codes))
    first, again = alone(probabilities, codes), alone(probabilities[order], codes[order])
    np.testing.assert_allclose(again.right, first.right[order], atol=1e-4)
    np.testing.assert_array_equal(again.other, first.other[order])
    np.testing.assert_array_equal(again.united, first.united[order])


def test_a_source_alone_contradicts_a_label_where_it_is_confident_of_another():
    probabilities, _, codes = brought(3)
    judged = np.arange(len(codes)) % 10 != 0
    # Confident learning (Northcutt et al. 2021): a class counts from the mean probability of those that have it.
    thresholds = np.array([probabilities[judged & (codes == c), c].mean(dtype=np.float64) for c in range(4)])
    confident = np.where(probabilities >= thresholds, probabilities, -1)
    contradicted = (confident.max(axis=1) > 0) & (confident.argmax(axis=1) != codes)
    contradicted &= judged & (probabilities.argmax(axis=1) != codes)
    united = alone(probabilities, codes, judged).united
    assert 20 < united.sum()
    np.testing.assert_array_equal(united, contradicted)


@given(seeds)
@FEW
def test_other_names_for_the_classes_change_nothing(seed):
    probabilities, _, codes = brought(seed)
    order = np.random.default_rng(seed).permutation(4)
    first = alone(probabilities, codes)
    again = alone(probabilities[:, order], np.argsort(order)[codes].astype(np.int32))
    np.testing.assert_allclose(again.right, first.right, atol=1e-3)
    np.testing.assert_allclose(again.share, first.share, atol=1e-3)
    np.testing.assert_array_equal(order[again.other], first.other)


@given(seeds, st.integers(2, 6))
@FEW
def test_right_wrong_and_other_fit_together(seed, classes):
    probabilities, truth, codes = brought(seed, classes=classes)
    quality = alone(probabilities, codes)
    np.testing.assert_allclose(quality.right + quality.wrong, 1, atol=1e-5)
    assert (quality.share <= quality.wrong + 1e-6).all()
    assert (quality.other != codes).all() and (quality.other >= 0).all()
    assert quality.wrong[truth != codes].mean() > 3 * quality.wrong[truth == codes].mean()


def test_rows_that_are_not_judged_or_have_no_label_are_left_alone():
    probabilities, _, codes = brought(1)
    judged = np.ones(300, dtype=bool)
    judged[:20] = False
    probabilities[:20] = np.nan
    codes[20:40] = -1
    quality = alone(probabilities, codes, judged)
    assert (
        np.isnan(quality.right[:40]).all() and np.isnan(quality.wrong[:40]).all() and np.isnan(quality.share[:40]).all()
    )
    assert (quality.other[:40] == -1).all() and not quality.united[:40].any()
    rest = alone(probabilities[40:], codes[40:])
    np.testing.assert_allclose(quality.right[40:], rest.right, atol=1e-5)


def test_rows_that_are_all_equal_are_judged_by_their_class_alone():
    codes = np.repeat(np.arange(3), [60, 30, 10]).astype(np.int32)
    quality = alone(np.tile(np.array([0.5, 0.3, 0.2], dtype=np.float32), (100, 1)), codes)
    assert np.isfinite(quality.right).all() and ((quality.right >= 0) & (quality.right <= 1)).all()
    for code in range(3):
        assert np.ptp(quality.right[codes == code]) < 1e-6
    assert not quality.united[codes == 0].any()


def test_with_one_class_no_label_can_be_wrong():
    quality = alone(np.ones((20, 1), dtype=np.float32), np.zeros(20, dtype=np.int32))
    np.testing.assert_allclose(quality.right, 1, atol=1e-5)
    assert not quality.united.any()


def test_a_class_without_samples_is_nothing_to_fail_on():
    probabilities, truth, codes = brought(2, classes=3)
    wider = np.concatenate([probabilities * 0.98, np.full((300, 1), 0.02)], axis=1).astype(np.float32)
    narrow, wide = alone(probabilities, codes), alone(wider, codes)
    assert np.isfinite(wide.right).all() and wide.noise.transition.shape == (4, 4)
    assert (wide.other[truth != codes] != 3).all()
    wrong = truth != codes
    assert wide.wrong[wrong].mean() == pytest.approx(narrow.wrong[wrong].mean(), abs=0.05)


def planted(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return unit vectors, true and given classes, and the rows of class 0, two in five, that are labeled 1."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(400) % 4)
    mistaken = np.flatnonzero(truth == 0)[:40]
    vectors = np.eye(4, 8)[truth] + 0.25 * rng.normal(size=(400, 8))
    given_codes = truth.copy()
    given_codes[mistaken] = 1
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors, truth, given_codes.astype(np.int32), mistaken


def twice(
    vectors: np.ndarray, codes: np.ndarray, trusted: np.ndarray, seed: int = 0, **changed: object
) -> LabelQuality:
    folds = assign_folds(codes, np.arange(len(codes)), folds=5, seed=seed)
    predictions = out_of_fold(vectors, codes, classes=4, folds=folds, seed=seed)
    every = np.ones(len(codes), dtype=bool)
    inputs = {
        "vectors": vectors,
        "graph": NeighborIndex(vectors).graph(vectors, 50),
        "predictions": predictions,
        "codes": codes,
        "classes": 4,
        "judged": every,
        "learnable": every,
        "trusted": trusted,
        "counts": None,
        "seed": seed,
    }
    return quality_from_ensemble(EnsembleInputs(**(inputs | changed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_people_verified_is_trusted_where_others_look_like_it(seed):
    vectors, _, codes, mistaken = planted(seed)
    nobody, verified = np.zeros(400, dtype=bool), np.zeros(400, dtype=bool)
    looked_at, asked = mistaken[::2], mistaken[1::2]
    verified[looked_at] = True
    before, after = twice(vectors, codes, nobody), twice(vectors, codes, verified)
    # Their labels stand between the rounds, so that rows like them are held to be what they are labeled, too.
    assert after.right[asked].mean() > 1.1 * before.right[asked].mean()
    elsewhere = codes > 1
    assert np.abs(after.right[elsewhere] - before.right[elsewhere]).mean() < 0.01


def test_flips_are_found_and_mended_in_two_rounds():
    vectors, truth, _, _ = planted(3)
    rng = np.random.default_rng(3)
    codes = np.where(rng.random(400) < 0.1, (truth + rng.integers(1, 4, 400)) % 4, truth).astype(np.int32)
    quality = twice(vectors, codes, np.zeros(400, dtype=bool))
    wrong = truth != codes
    assert quality.wrong[wrong].mean() > 0.9 and quality.wrong[~wrong].mean() < 0.05
    assert (quality.other[wrong] == truth[wrong]).mean() > 0.95
    assert quality.united[wrong].mean() > 0.9 and quality.united[~wrong].mean() < 0.05
    assert quality.noise.weights.shape == (4,)  # the linear model, two kernels, one number of neighbours


def test_rows_that_cannot_be_judged_get_nothing_and_rows_not_to_learn_from_teach_nothing():
    vectors, _, codes, _ = planted(4)
    judged, learnable, nobody = np.ones(400, dtype=bool), np.ones(400, dtype=bool), np.zeros(400, dtype=bool)
    judged[:30] = learnable[:30] = False
    quality = twice(vectors, codes, nobody, judged=judged, learnable=learnable)
    assert np.isnan(quality.right[:30]).all() and (quality.other[:30] == -1).all()
    assert np.isfinite(quality.right[30:]).all()
