"""A reader is warned of columns out of order and of models that saw the labels, and of nothing else."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.errors import InputError
from labelsift.label_quality.confident_learning import pass2
from labelsift.label_quality.neighbor_votes import votes
from labelsift.label_quality.pred_probs_warnings import (
    RowComparison,
    column_order,
    column_order_warning,
    in_sample_warning,
    pred_probs_warnings,
)
from labelsift.models.cross_validation import out_of_fold
from labelsift.models.logistic_regression import LogisticRegression
from labelsift.models.neighbors import NeighborIndex
from labelsift.models.stable_folds import assign_folds
from labelsift.signals.signals import Signals

NAMES = [f"class {number}" for number in range(12)]


def predictions(seed: int, n: int, classes: int, right: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, classes, n)
    return codes, np.where(rng.random(n) < right, codes, rng.integers(0, classes, n))


@pytest.mark.parametrize("right", [0, 0.1, 0.5, 0.9, 1])
@pytest.mark.parametrize("classes", [2, 12])
@pytest.mark.parametrize("n", [20, 300, 3000])
def test_the_right_order_is_never_doubted(right, classes, n):
    for seed in range(5):
        assert column_order_warning(*predictions(seed, n, classes, right), NAMES[:classes]) is None


@pytest.mark.parametrize("classes", [2, 12])
def test_a_wrong_order_is_refused(classes):
    codes, predicted = predictions(0, 2000, classes, 0.8)
    with pytest.raises(InputError, match="look out of order") as refused:
        column_order_warning(codes, (predicted + 1) % classes, NAMES[:classes])
    assert "class 1 → class 0" in refused.value.ids


def test_a_wrong_order_is_refused_with_few_rows_a_class():
    codes, predicted = predictions(0, 1500, 300, 0.9)
    with pytest.raises(InputError, match="look out of order"):
        column_order_warning(codes, (predicted + 1) % 300, range(300))
    assert column_order_warning(codes, predicted, range(300)) is None


def test_two_exchanged_columns_are_said():
    codes, predicted = predictions(0, 2000, 12, 0.9)
    swapped = np.arange(12)
    swapped[[3, 7]] = [7, 3]
    said = column_order_warning(codes, swapped[predicted], NAMES)
    assert said is not None
    assert "class 3 → class 7, class 7 → class 3" in said
    suggested_order = column_order(codes, swapped[predicted], 12)
    assert suggested_order.exchanged > suggested_order.agreement + 0.1


def test_a_class_that_is_often_mislabeled_is_no_wrong_order():
    codes, predicted = predictions(0, 2000, 12, 0.95)
    labels = np.where((codes == 4) & (np.random.default_rng(1).random(2000) < 0.8), 5, codes)
    assert column_order_warning(labels, predicted, NAMES) is None
    assert column_order_warning(codes, np.full(2000, 3), NAMES) is None  # a model that knows one class only
    assert column_order_warning(np.full(2000, -1), predicted, NAMES) is None


def test_all_rows_alike():
    watch = RowComparison()
    watch.see(np.full((3, 2), 0.5), None)
    watch.see(np.full((3, 2), 0.5), None)
    assert watch.warning()
    watch.see(np.array([[0.5, 0.4]]), None)
    assert watch.warning() is None
    assert RowComparison().warning() is None


def test_a_scan_says_it_of_probabilities_that_a_user_brings():
    codes, _ = predictions(0, 200, 3, 1)
    assert pred_probs_warnings(np.full((200, 3), 1 / 3, dtype=np.float32), codes, NAMES[:3])[0].startswith("All rows")
    table = {
        "id": [str(number) for number in range(200)],
        "text": ["some text"] * 200,
        "label": [NAMES[number] for number in codes],
    }
    samples = ls.read(pa.table(table), id="id", label="label")
    signals = Signals(pred_probs=np.eye(3)[codes][:, [2, 0, 1]], embeddings=np.ones((200, 2)), classes=NAMES[:3])
    with pytest.raises(InputError, match="look out of order"):
        ls.scan(samples, signals=signals, only=["label"], store=None)


def suspected(noise: float, seed: int, judge) -> str | None:
    """Plant errors in clusters, and ask of the probabilities that a model gives."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, 1500)
    vectors = np.eye(5, 40)[truth] + rng.normal(0, 0.35, (1500, 40))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    codes = np.where(rng.random(1500) < noise, (truth + rng.integers(1, 5, 1500)) % 5, truth).astype(np.int32)
    graph = NeighborIndex(vectors).graph(vectors, 20)
    voted = pass2(votes(graph.rows, graph.similarities, codes, classes=5), codes, np.full(5, np.inf))
    likelihood = judge(vectors, codes, truth)[np.arange(1500), codes]
    return in_sample_warning(voted.given, voted.best_other, likelihood)


def held_out(vectors, codes, _):
    folds = assign_folds(codes, np.arange(len(codes)), folds=5, seed=0)
    return out_of_fold(vectors, codes, classes=5, folds=folds, seed=0).pred_probs


def by_heart(vectors, codes, _):
    wide = np.hstack([vectors, np.random.default_rng(0).normal(0, 1, (len(codes), 1500)).astype(np.float32)])
    return LogisticRegression.fit(wide, codes, classes=5, penalty=1e-6, max_iterations=100).predict_proba(wide)


def nearest(_, codes, __):
    return np.eye(5)[codes]  # of each row the nearest is the row itself


def strong(_, __, truth):
    return np.eye(5)[truth] * 0.9 + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("seed", [100, 101])
@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_a_model_that_saw_the_labels_is_suspected_and_no_other(noise, seed):
    for judge in (by_heart, nearest):
        said = suspected(noise, seed, judge)
        assert said is not None
        assert "look in-sample" in said
    for judge in (held_out, strong):
        assert suspected(noise, seed, judge) is None


def test_few_contradicted_labels_say_nothing():
    assert suspected(0.005, 100, nearest) is None
