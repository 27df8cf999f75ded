"""Statistics over epochs: equal to plain numpy over the whole array, for any batches in any order."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.signals.dynamics_statistics import SUBSETS, trajectories
from labelsift.signals.dynamics_writer import DynamicsWriter
from labelsift.signals.epoch_files import read_epochs

STATISTICS = ("aum", "confidence", "variability", "correctness", "difficulty", "forgetting", "first_learned", "margins")


def reference(logits: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Compute everything from the array (epochs, n, classes) as the papers define it."""
    n = len(codes)
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    probabilities = powers / powers.sum(axis=2, keepdims=True)
    others = np.arange(logits.shape[2]) != codes[:, None]
    margins = logits[:, np.arange(n), codes] - np.where(others, logits, -np.inf).max(axis=2)
    given = probabilities[:, np.arange(n), codes]
    gap = given - np.where(others, probabilities, -np.inf).max(axis=2)
    right = margins > 0
    return {
        "aum": margins.mean(axis=0),
        "confidence": given.mean(axis=0),
        "variability": given.std(axis=0),
        "correctness": right.mean(axis=0),
        "difficulty": (1 - gap.mean(axis=0)) / 2,
        "forgetting": (right[:-1] & ~right[1:]).sum(axis=0),
        "first_learned": np.where(right.any(axis=0), right.argmax(axis=0) + 1, 0),
        "margins": margins,
        "pred_probs": probabilities.mean(axis=0),
    }


@st.composite
def trainings(draw) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(st.tuples(st.integers(2, 6), st.integers(1, 12), st.integers(2, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.1, 3.0, 300.0]))
    return (scale * rng.normal(size=shape)).astype(np.float32), rng.integers(0, shape[2], shape[1])


@given(trainings())
def test_one_pass_equals_the_whole_array(training):
    logits, codes = training
    statistics, expected = (
        trajectories(list(logits), codes, pred_probs=True),
        reference(logits.astype(np.float64), codes),
    )
    for name in (*STATISTICS, "pred_probs"):
        np.testing.assert_allclose(getattr(statistics, name), expected[name], rtol=1e-5, atol=1e-5, err_msg=name)


@settings(max_examples=25)
@given(trainings(), st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_batches_of_any_size_in_any_order_change_nothing(training, seed, size):
    logits, codes = training
    rng, ids = np.random.default_rng(seed), [f"s{row}" for row in range(len(codes))]
    with tempfile.TemporaryDirectory() as folder:
        with DynamicsWriter(folder, ids=ids) as writer:
            for epoch in logits:
                order = rng.permutation(len(ids))
                for index in range(0, len(ids), size):
                    some = order[index : index + size]
                    writer.batch([ids[row] for row in some] if rng.random() < 0.5 else some, epoch[some])
        kept = read_epochs(Path(folder))
        whole, batches = trajectories(list(logits), codes), trajectories(kept.logits, codes, seen=kept.seen)
    for name in STATISTICS:
        np.testing.assert_array_equal(getattr(batches, name), getattr(whole, name), err_msg=name)


@given(trainings(), st.integers(0, 2**32 - 1))
def test_rows_and_classes_may_stand_in_any_order(training, seed):
    logits, codes = training
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(logits.shape[1]), rng.permutation(logits.shape[2])
    whole = trajectories(list(logits), codes)
    moved = trajectories(list(logits[:, :, columns]), np.argsort(columns)[codes[rows]], rows=rows)
    for name in STATISTICS:
        expected = getattr(whole, name)[..., rows]
        np.testing.assert_allclose(getattr(moved, name), expected, rtol=1e-6, atol=1e-6, err_msg=name)


def test_more_rows_than_a_block_are_the_same_rows():
    rng = np.random.default_rng(0)
    logits, codes = rng.normal(size=(3, 9_000, 4)).astype(np.float32), rng.integers(0, 4, 9_000)
    whole, expected = trajectories(list(logits), codes), reference(logits.astype(np.float64), codes)
    np.testing.assert_allclose(whole.aum, expected["aum"], atol=1e-5)
    np.testing.assert_array_equal(whole.forgetting, expected["forgetting"])


def of_margins(margins: list[list[float]]):
    """Return the trajectories of samples of class 0 with these margins, one list an epoch."""
    logits = [np.stack([np.array(margin), np.zeros(len(margin))], axis=1) for margin in margins]
    return trajectories(logits, np.zeros(len(margins[0]), dtype=int))


def test_forgetting_and_learning_are_counted_as_told():
    #           learned at once, never, learned late, forgotten twice, a tie is not learned
    statistics = of_margins([[1, -1, -1, 1, 0], [1, -1, -1, -1, 0], [1, -1, 1, 1, 0], [1, -1, 1, -1, 0]])
    assert statistics.forgetting.tolist() == [0, 0, 0, 2, 0]
    assert statistics.first_learned.tolist() == [1, 0, 3, 1, 0]
    assert [SUBSETS[row] for row in statistics.subset] == ["easy", "hard", "ambiguous", "ambiguous", "hard"]
    counts = statistics.counts()
    assert counts == {"epochs": 4, "easy": 1, "ambiguous": 2, "hard": 2, "never_learned": 2, "forgotten": 1}


@pytest.mark.parametrize("times", [3, 7, 20, 30])
def test_thirds_are_not_lost_to_rounding(times):
    margins = [[1 if 3 * epoch < 2 * times else -1, 1 if 3 * epoch < times else -1] for epoch in range(times)]
    right = np.array(margins) > 0
    subset = of_margins(margins).subset.tolist()
    assert (subset[0] == 0) == (3 * right[:, 0].sum() >= 2 * times)
    assert (subset[1] == 2) == (3 * right[:, 1].sum() <= times)


def test_the_temperature_of_logits_moves_no_subset():
    rng = np.random.default_rng(1)
    logits, codes = rng.normal(size=(9, 300, 5)), rng.integers(0, 5, 300)
    np.testing.assert_array_equal(
        trajectories(list(logits), codes).subset, trajectories(list(9 * logits), codes).subset
    )


def test_unlabeled_and_unseen_samples_have_no_statistics():
    logits = np.random.default_rng(2).normal(size=(3, 4, 2))
    seen = [np.array([True, True, False, False]), None, np.array([True, False, False, True])]
    statistics = trajectories(list(logits), np.array([0, 1, 0, -1]), seen=seen, rows=np.array([0, 1, -1, 3]))
    assert statistics.known.tolist() == [True, True, False, False]
    assert statistics.shown.tolist()[:3] == [3, 2, 0]
    assert np.isnan(statistics.margins[:, 2:]).all()
    assert np.isnan(statistics.margins[:, 1]).tolist() == [False, False, True]
    np.testing.assert_allclose(statistics.aum[1], reference(logits[:2], np.array([0, 1, 0, 0]))["aum"][1], rtol=1e-5)
    assert statistics.subset[2:].tolist() == [-1, -1]


def test_the_worst_logits_do_not_overflow():
    statistics = trajectories([np.array([[1e4, -1e4], [-1e4, 1e4]])] * 2, np.array([0, 0]))
    assert statistics.confidence.tolist() == [1, 0]
    assert statistics.difficulty.tolist() == [0, 1]
