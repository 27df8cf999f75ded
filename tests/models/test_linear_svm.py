"""The linear SVM on sparse features: it separates what can be separated, out of fold, and by every label's weight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.models import linear_svm
from labelsift.models.linear_svm import fit_linear_svm, margins_out_of_fold
from scipy.sparse import csr_array


def toy(
    seed: int, *, rows: int = 120, classes: int = 3, blur: float = 0.0, columns: int | None = None
) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """Return features (a column a class, some of no class, and ones), codes and folds."""
    rng = np.random.default_rng(seed)
    codes = (np.arange(rows) % classes).astype(np.int32)
    columns = columns or classes + 4
    features = np.where(rng.random((rows, columns)) < 0.3, rng.random((rows, columns)), 0)
    features[:, :classes] *= blur
    features[np.arange(rows), codes] += 1
    features = np.append(features, np.ones((rows, 1)), axis=1).astype(np.float32)
    return csr_array(features), codes, rng.integers(0, 4, rows)


def accuracy(margins: np.ndarray, codes: np.ndarray) -> float:
    return float((margins.argmax(axis=1) == codes).mean())


@pytest.mark.parametrize("classes", [2, 3, 9])
def test_a_separable_toy_is_separated_out_of_fold(classes):
    features, codes, folds = toy(1, classes=classes)
    margins = margins_out_of_fold(features, codes, folds, classes=classes, training=np.arange(len(codes)))
    assert margins.shape == (len(codes), classes) and margins.dtype == np.float32
    assert accuracy(margins, codes) == 1
    own = margins[np.arange(len(codes)), codes]
    assert (own > 0).mean() > 0.95


def test_a_row_does_not_learn_from_its_own_label():
    features, codes, folds = toy(2, blur=0.5)
    everything = {"classes": 3, "training": np.arange(len(codes))}
    before = margins_out_of_fold(features, codes, folds, **everything)
    flipped = codes.copy()
    flipped[7] = (codes[7] + 1) % 3
    after = margins_out_of_fold(features, flipped, folds, **everything)
    same_fold = folds == folds[7]
    np.testing.assert_array_equal(before[same_fold], after[same_fold])
    assert np.abs(before[~same_fold] - after[~same_fold]).max() > 0


def test_blocks_of_classes_change_nothing(monkeypatch):
    features, codes, folds = toy(3, rows=300, classes=70, columns=80)
    training = np.arange(len(codes))
    blocks = margins_out_of_fold(features, codes, folds, classes=70, training=training)  # 64 and 6
    assert linear_svm.CLASSES_AT_ONCE < 70
    for at_once in (70, 9):
        monkeypatch.setattr(linear_svm, "CLASSES_AT_ONCE", at_once)
        other = margins_out_of_fold(features, codes, folds, classes=70, training=training)
        np.testing.assert_allclose(blocks, other, atol=1e-5)
    # A single column is summed up in another order, and rows on the very margin may fall to its other side.
    monkeypatch.setattr(linear_svm, "CLASSES_AT_ONCE", 1)
    single = margins_out_of_fold(features, codes, folds, classes=70, training=training)
    np.testing.assert_allclose(blocks, single, atol=0.05)
    assert np.abs(blocks - single).mean() < 1e-3


@given(st.integers(0, 1_000), st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_a_row_of_weight_zero_is_as_absent(seed, dropped):
    features, codes, _ = toy(seed, blur=0.7)
    sides = np.where(codes[:, None] == np.arange(3), np.float32(1), np.float32(-1))
    gone = np.random.default_rng(seed).choice(len(codes), dropped, replace=False)
    weights = np.ones((len(codes), 1), dtype=np.float32)
    weights[gone] = 0
    kept = np.setdiff1d(np.arange(len(codes)), gone)
    np.testing.assert_allclose(
        fit_linear_svm(features, sides, weights=weights), fit_linear_svm(features[kept], sides[kept]), atol=1e-4
    )
    np.testing.assert_allclose(
        fit_linear_svm(features, sides, weights=np.ones_like(weights)), fit_linear_svm(features, sides), atol=1e-6
    )


def test_a_heavier_label_wins_a_contradiction():
    features = csr_array(np.ones((4, 1), dtype=np.float32))
    sides = np.array([[1], [-1], [-1], [-1]], dtype=np.float32)
    assert fit_linear_svm(features, sides)[0, 0] < 0
    weights = np.array([[9], [1], [1], [1]], dtype=np.float32)
    assert fit_linear_svm(features, sides, weights=weights)[0, 0] > 0


def test_rows_outside_the_folds_get_the_mean_of_all_models_and_teach_nothing():
    features, codes, folds = toy(4, blur=0.4)
    outside = np.arange(0, len(codes), 10)
    folds[outside] = -1
    training = np.flatnonzero(folds >= 0)
    margins = margins_out_of_fold(features, codes, folds, classes=3, training=training)
    models = []
    for fold in np.unique(folds[training]):
        learned = training[folds[training] != fold]
        sides = np.where(codes[learned, None] == np.arange(3), np.float32(1), np.float32(-1))
        models.append(fit_linear_svm(features[learned], sides))
    np.testing.assert_allclose(margins[outside], features[outside] @ np.mean(models, axis=0), atol=1e-4)
    other = codes.copy()
    other[outside] = -1
    again = margins_out_of_fold(features, other, folds, classes=3, training=training)
    np.testing.assert_array_equal(margins, again)


def test_a_class_without_rows_and_an_empty_text_get_finite_margins():
    features, codes, folds = toy(5)
    empty = features.toarray()
    empty[5, :-1] = 0
    margins = margins_out_of_fold(csr_array(empty), codes, folds, classes=5, training=np.arange(len(codes)))
    assert np.isfinite(margins).all()
    assert (margins[:, 3:] < 0).all()  # nobody is of these
    assert set(margins[np.arange(len(codes)) != 5].argmax(axis=1)) == {0, 1, 2}


@given(st.integers(0, 1_000))
@settings(max_examples=10, deadline=None)
def test_another_order_of_rows_gives_the_same_margins(seed):
    features, codes, folds = toy(seed, blur=0.6)
    order = np.random.default_rng(seed).permutation(len(codes))
    training = np.arange(len(codes))
    first = margins_out_of_fold(features, codes, folds, classes=3, training=training)
    second = margins_out_of_fold(features[order], codes[order], folds[order], classes=3, training=training)
    np.testing.assert_allclose(first[order], second, atol=5e-3)  # a row on the edge of the margin counts or not
