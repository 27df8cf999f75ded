"""The shared index: exact for few rows, nearly exact for many."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models import neighbors
from labelsift.models.neighbors import NeighborIndex


def unit(rows: int, dimensions: int = 16, *, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(rows // 5 + 1, dimensions))[rng.integers(0, rows // 5 + 1, rows)]
    vectors = vectors + 0.3 * rng.normal(size=(rows, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def brute_force(vectors: np.ndarray, k: int) -> np.ndarray:
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    return np.argsort(-similarities, axis=1, kind="stable")[:, :k]


def test_the_graph_is_exact_and_without_the_row_itself():
    vectors = unit(500)
    graph = NeighborIndex(vectors).graph(vectors, 8)
    np.testing.assert_array_equal(graph.rows, brute_force(vectors, 8))
    expected = (vectors[:, None] * vectors[graph.rows]).sum(axis=2)
    np.testing.assert_allclose(graph.similarities, expected, atol=1e-5)
    assert (np.diff(graph.similarities, axis=1) <= 0).all()


def test_pieces_make_no_difference(monkeypatch):
    vectors = unit(100)
    whole = NeighborIndex(vectors).graph(vectors, 5)
    monkeypatch.setattr(neighbors, "_QUERIES_AT_ONCE", 7)
    pieces = NeighborIndex(vectors).graph(vectors, 5)
    np.testing.assert_array_equal(whole.rows, pieces.rows)


def test_the_large_index_finds_nearly_all(monkeypatch):
    vectors = unit(6000)
    exact = NeighborIndex(vectors).graph(vectors, 10)
    monkeypatch.setattr(neighbors, "EXACT_BELOW", 1000)
    near = NeighborIndex(vectors, seed=1).graph(vectors, 10)
    shared = [len(set(row) & set(other)) for row, other in zip(exact.rows.tolist(), near.rows.tolist(), strict=True)]
    assert np.mean(shared) / 10 > 0.95
    assert not (near.rows == np.arange(6000)[:, None]).any()
    again = NeighborIndex(vectors, seed=1).graph(vectors, 10)
    np.testing.assert_array_equal(near.rows, again.rows)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_fewer_rows_than_neighbours_leave_gaps(rows):
    vectors = unit(rows)
    graph = NeighborIndex(vectors).graph(vectors, 5)
    assert ((graph.rows >= 0).sum(axis=1) == rows - 1).all()
    assert (graph.similarities[graph.rows < 0] == -1).all()


def test_rows_that_are_all_equal_never_name_themselves():
    vectors = np.tile(np.array([[0.6, 0.8]], dtype=np.float32), (60, 1))
    graph = NeighborIndex(vectors).graph(vectors, 10)
    assert not (graph.rows == np.arange(60)[:, None]).any()
    assert (graph.rows >= 0).all()
    assert all(len(set(row)) == 10 for row in graph.rows.tolist())
    zeros = np.zeros((60, 4), dtype=np.float32)
    assert (NeighborIndex(zeros).graph(zeros, 3).similarities == 0).all()
