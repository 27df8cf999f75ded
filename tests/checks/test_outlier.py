"""Samples that are unlike all others."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.checks.outlier import outlier
from labelsift.models.neighbors import NeighborIndex


@pytest.fixture
def context(make_context):
    """Two clusters of 60 rows and one row far from both; the last two are blank and unreadable and as far."""
    rng = np.random.default_rng(0)
    centers = np.repeat(np.eye(8)[:2], 60, axis=0)
    vectors = np.vstack([centers + 0.1 * rng.normal(size=(120, 8)), np.eye(8)[[4, 5, 6]]])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    texts = [f"text {number}" for number in range(121)] + ["", "fremd"]
    context = make_context(texts, vectors=vectors, graph=NeighborIndex(vectors).graph(vectors, 50))
    context.readable[122] = False
    return context


def test_the_far_row_is_flagged_and_only_it(context):
    result = outlier(context)
    assert [finding.id for finding in result.findings] == ["r120"]
    assert result.score[120] < 0.5 < result.score[:120].min()
    assert result.findings[0].reason.startswith("Unlike everything else: its nearest samples are only ")
    assert len(result.findings[0].related_ids) == 10


def test_rows_that_cannot_be_read_are_not_judged(context):
    assert np.isnan(outlier(context).score[121:]).all()


def test_equal_vectors_hold_no_outlier(make_context):
    vectors = np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (40, 1))
    graph = NeighborIndex(vectors).graph(vectors, 20)
    assert outlier(make_context(["x"] * 40, vectors=vectors, graph=graph)).findings == []


def test_too_few_rows_are_not_judged(make_context):
    vectors = np.eye(10, dtype=np.float32)
    graph = NeighborIndex(vectors).graph(vectors, 9)
    result = outlier(make_context(list("abcdefghij"), vectors=vectors, graph=graph))
    assert result.findings == []
    assert np.isnan(result.score).all()


def by_class(make_context, *, labels=True, **odd):
    """A tight class and a loose one, 100 rows each, and single rows at the distances of ``odd`` from the tight one."""
    rng = np.random.default_rng(1)
    centers = np.repeat(np.eye(40)[:2], 100, axis=0)
    spread = np.repeat([0.05, 0.1], 100)[:, None]
    single = [np.eye(40)[0] + away * np.eye(40)[30 + at] for at, away in enumerate(odd.values())]
    vectors = np.vstack([centers + spread * rng.normal(size=(200, 40)), *(row[None] for row in single)])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    names = ["tight"] * 100 + ["loose"] * 100 + ["tight"] * len(odd)
    graph = NeighborIndex(vectors).graph(vectors, 50)
    texts = [f"text {row}" for row in range(len(vectors))]
    return make_context(texts, names if labels else None, vectors=vectors, graph=graph)


def test_a_class_of_alike_rows_has_a_fence_of_its_own(make_context):
    result = outlier(by_class(make_context, far=1.4))
    assert [finding.id for finding in result.findings] == ["r200"]
    assert "(typical of its label: 0." in result.findings[0].reason
    assert outlier(by_class(make_context, labels=False, far=1.4)).findings == []  # near enough for the loose rows


def test_a_wrong_label_makes_no_outlier(make_context):
    context = by_class(make_context)
    context.codes[150:155] = context.codes[0]  # loose rows that are called tight
    assert outlier(context).findings == []


def test_small_classes_take_the_fence_of_all(make_context):
    context = by_class(make_context, far=1.4)
    context.codes[60:200] = -1
    context.codes[:60] = np.arange(60) % 6
    unlabeled = outlier(by_class(make_context, labels=False, far=1.4))
    np.testing.assert_array_equal(outlier(context).score, unlabeled.score)
