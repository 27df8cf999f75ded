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
