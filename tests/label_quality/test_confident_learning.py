"""Confident learning follows its definition; order and blocks change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality import confident_learning as cl

FEW = settings(max_examples=40, deadline=None)


def probabilities(seed: int, n: int, classes: int, *, spoiled: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of probabilities and given labels; some of them broken, if asked."""
    rng = np.random.default_rng(seed)
    block = rng.dirichlet(np.full(classes, 0.4), n).astype(np.float32)
    codes = rng.integers(-1, classes, n).astype(np.int32)
    if spoiled:
        for row, values in zip(
            rng.permutation(n)[:5], (np.nan, np.inf, -np.inf, 0, block[-1] * np.float32(1.004)), strict=False
        ):
            block[row] = values
        block[0, 0] = -0.001
    return block, codes


def topk(block: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    indices = np.argsort(-block, axis=1, kind="stable")[:, :k].astype(np.int32)
    return indices, np.take_along_axis(block, indices, axis=1)


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), cut=st.integers(1, 59), classes=st.integers(2, 200))
def test_order_and_blocks_change_nothing(seed, n, cut, classes):
    block, codes = probabilities(seed, n, classes, spoiled=True)
    thresholds = cl.reduce([cl.pass1(block, codes)])
    whole = cl.pass2(block, codes, thresholds)
    parts = [slice(0, cut), slice(cut, n)]
    np.testing.assert_array_equal(cl.reduce(cl.pass1(block[p], codes[p]) for p in parts), thresholds)
    pieces = [cl.pass2(block[p], codes[p], thresholds) for p in parts]
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_array_equal(cl.reduce([cl.pass1(block[order], codes[order])]), thresholds)
    shuffled = cl.pass2(block[order], codes[order], thresholds)
    doubled = cl.pass1(np.tile(block, (2, 1)), np.tile(codes, 2))
    np.testing.assert_array_equal(cl.reduce([doubled]), thresholds)
    for index, name in enumerate(cl.ConfidentLearningResult._fields):
        np.testing.assert_array_equal(np.concatenate([piece[index] for piece in pieces]), whole[index], err_msg=name)
        np.testing.assert_array_equal(shuffled[index], whole[index][order], err_msg=name)


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), classes=st.integers(2, 9))
def test_top_k_of_all_classes_is_dense(seed, n, classes):
    block, codes = probabilities(seed, n, classes)
    indices, values = topk(block, classes)
    dense = cl.reduce([cl.pass1(block, codes)])
    sparse = cl.reduce([cl.pass1(values, codes, indices=indices, classes=classes)])
    np.testing.assert_allclose(sparse, dense, atol=1e-9)
    dense_result, other = cl.pass2(block, codes, dense), cl.pass2(values, codes, dense, indices=indices)
    np.testing.assert_allclose(other.given, dense_result.given, rtol=1e-6)
    np.testing.assert_allclose(other.best_other, dense_result.best_other, rtol=1e-6)
    np.testing.assert_array_equal(other.other, dense_result.other)
    np.testing.assert_array_equal(other.confident, dense_result.confident)


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(5, 40), classes=st.integers(2, 9), k=st.integers(1, 9))
def test_passes_over_top_k_follow_their_definition(seed, n, classes, k):
    block, codes = probabilities(seed, n, classes, spoiled=True)
    indices, values = topk(block, min(k, classes))
    indices[::3, -1] = -1  # here less is kept
    thresholds = np.random.default_rng(seed).uniform(0, 1 / classes, classes)
    partial = cl.pass1(values, codes, indices=indices, classes=classes)
    result = cl.pass2(values, codes, thresholds, indices=indices)
    sums, counts = np.zeros(classes), np.zeros(classes, dtype=int)
    for row in range(n):
        kept = {int(i): max(float(v), 0.0) for i, v in zip(indices[row], values[row], strict=True) if i >= 0}
        code, total = int(codes[row]), sum(kept.values())
        cells = tuple(column[row] for column in result)
        if not 0 < total < np.inf:
            np.testing.assert_array_equal(cells, (np.nan, np.nan, -1, -1))
            continue
        whole = len(kept) == classes
        rest = 0.0 if whole else min(max(1 - total, 0) / (classes - len(kept)), *kept.values(), np.inf)
        scale = 1 / total if whole or total > 1 else 1.0
        given_probability = kept.get(code, rest) * scale
        others = [other_code for other_code in kept if other_code != code]
        sure = [
            other_code
            for other_code in kept
            if kept[other_code] > 0 and kept[other_code] * scale >= thresholds[other_code]
        ]
        other, confident = (max(some, key=kept.__getitem__, default=-1) for some in (others, sure))
        best = kept.get(other, rest) * scale
        expected = (np.nan if code < 0 else given_probability, best, other, confident)
        np.testing.assert_allclose(cells, expected, rtol=1e-6)
        if code >= 0:
            sums[code] += given_probability
            counts[code] += 1
    np.testing.assert_array_equal(partial.counts, counts)
    np.testing.assert_allclose(partial.sums / cl.UNIT, sums, atol=1e-8)


def test_passes_follow_their_definition():
    block, codes = probabilities(3, 200, 5)
    thresholds = cl.reduce([cl.pass1(block, codes)])
    judged = cl.pass2(block, codes, thresholds)
    for row in range(200):
        total, code = block[row].astype(float).sum(), codes[row]
        others = [number for number in range(5) if number != code]
        best = max(others, key=lambda code: block[row, code])
        above = [number for number in range(5) if block[row, number] / total >= thresholds[number]]
        assert judged.other[row] == best
        assert judged.best_other[row] == pytest.approx(block[row, best] / total, rel=1e-6)
        assert judged.confident[row] == max(above, key=lambda code: block[row, code], default=-1)
        assert np.isnan(judged.given[row]) if code < 0 else judged.given[row] == pytest.approx(block[row, code] / total)
    means = [(block[codes == code, code] / block[codes == code].sum(axis=1)).mean() for code in range(5)]
    np.testing.assert_allclose(thresholds, means, atol=2e-6)


def test_a_class_without_samples_is_never_confident():
    block = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], dtype=np.float32)
    thresholds = cl.reduce([cl.pass1(block, np.array([0, 0]))])
    assert thresholds[0] == pytest.approx(0.35, abs=1e-5)
    assert np.isinf(thresholds[1:]).all()
    assert cl.pass2(block, np.array([0, 0]), thresholds).confident.tolist() == [-1, 0]


def test_rows_that_are_all_equal_reach_their_own_mean():
    block = np.full((1001, 3), 1 / 3, dtype=np.float32)
    codes = np.arange(1001) % 3
    judged = cl.pass2(block, codes, cl.reduce([cl.pass1(block, codes)]))
    assert (judged.confident == 0).all()


def test_a_label_that_top_k_did_not_keep_has_its_share_of_the_rest():
    indices, values = np.array([[2, 0]], dtype=np.int32), np.array([[0.6, 0.2]], dtype=np.float32)
    thresholds = np.full(6, 0.5)
    judged = cl.pass2(values, np.array([5]), thresholds, indices=indices)
    assert judged.given[0] == pytest.approx(0.2 / 4)
    assert (judged.other[0], judged.confident[0]) == (2, 2)
    inexact = np.array([[0.6, 0.01]], dtype=np.float32)  # .39 over four classes is more than the least that was kept
    assert cl.pass2(inexact, np.array([5]), thresholds, indices=indices).given[0] == pytest.approx(0.01)
    alone = cl.pass2(values[:, :1], np.array([2]), thresholds, indices=indices[:, :1])
    assert alone.other[0] == -1
    assert alone.best_other[0] == pytest.approx(0.4 / 5)


def test_codes_outside_are_refused():
    block = np.full((2, 3), 1 / 3, dtype=np.float32)
    with pytest.raises(ValueError, match="a code of 3, but 3 classes"):
        cl.pass1(block, np.array([0, 3]))
    with pytest.raises(ValueError, match="codes for 2 rows"):
        cl.pass1(block, np.array([0]))
    with pytest.raises(ValueError, match="a position of 7 among 3"):
        cl.pass1(np.ones((1, 1)), np.array([0]), indices=np.array([[7]]), classes=3)


def test_the_confident_joint_is_sparse():
    codes, confident = np.array([0, 0, 3899, -1, 2]), np.array([1, 1, 5, 3, -1])
    given_class, sure, number = cl.count_pairs(codes, confident, 3900)
    assert (given_class.tolist(), sure.tolist(), number.tolist()) == ([0, 3899], [1, 5], [2, 1])
