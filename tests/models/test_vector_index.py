"""The vector index: calibrated, exact under filters, the same after a round trip, open to change."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models import vector_index as module
from labelsift.models.vector_index import VectorIndex

K = 10


def mixture(rows: int, dimensions: int = 64, *, rank: int = 32, seed: int = 0) -> np.ndarray:
    """Rows of clusters that spread widely and overlap: one visited cell misses many neighbours."""
    rng = np.random.default_rng(seed)
    clusters = rows // 100
    bases = rng.normal(size=(clusters, rank, dimensions)) / (rank * dimensions) ** 0.5
    centres = rng.normal(size=(clusters, dimensions)) / dimensions**0.5
    of = rng.integers(0, clusters, rows)
    drawn = centres[of] + np.einsum("nr,nrd->nd", rng.normal(size=(rows, rank)), bases[of])
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def nearest(vectors: np.ndarray, queries: np.ndarray, among: np.ndarray | None = None) -> list[set[int]]:
    similarities = queries @ vectors.T
    if among is not None:
        similarities[:, ~among] = -2
    return [set(row) for row in np.argsort(-similarities, axis=1)[:, :K].tolist()]


def recall(rows: np.ndarray, truth: list[set[int]]) -> float:
    return float(np.mean([len(set(row) & nearest) / K for row, nearest in zip(rows.tolist(), truth, strict=True)]))


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """(Vectors of the index, queries that are none of its rows)."""
    both = mixture(12_200)
    return both[:12_000], both[12_000:]


@pytest.fixture(params=["flat", "cells"])
def small(request, monkeypatch) -> None:
    """Run a test with an exhaustive index, and with cells."""
    monkeypatch.setattr(module, "EXACT_BELOW", 100 if request.param == "cells" else 1_000_000)


@pytest.mark.slow
def test_the_number_of_cells_is_measured_and_keeps_its_promise(drawn, monkeypatch):
    monkeypatch.setattr(module, "EXACT_BELOW", 1000)
    vectors, queries = drawn
    truth = nearest(vectors, queries)
    one_cell = VectorIndex.build(vectors, recall=0.0)
    assert one_cell.visited[0] == 1
    assert recall(one_cell.search(queries, K)[0], truth) < 0.8  # else this data would prove nothing
    index = VectorIndex.build(vectors)
    assert 1 < index.visited[0] < index.visited[1]
    assert recall(index.search(queries, K)[0], truth) >= 0.98


@pytest.mark.slow
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("share", [0.3, 0.05, 0.001])
def test_a_filtered_search_is_exact(drawn, share):
    vectors, queries = drawn
    matching = np.random.default_rng(2).random(len(vectors)) < share
    index = VectorIndex.build(vectors)
    rows, similarities = index.search_among(matching, queries, K)
    some = int(min(K, matching.sum()))
    assert matching[rows[:, :some]].all()
    assert (rows[:, some:] == -1).all()
    if some == K:
        assert recall(rows, nearest(vectors, queries, matching)) >= 0.99
    expected = (queries[:, None] * vectors[rows[:, :some]]).sum(axis=2)
    np.testing.assert_allclose(similarities[:, :some], expected, atol=2e-3)


@pytest.mark.usefixtures("small")
def test_a_filter_that_excludes_the_neighbourhood_still_finds_the_nearest_of_the_rest(drawn):
    """The case in which visiting a fixed number of cells fails: everything near is filtered away."""
    vectors, queries = drawn
    index = VectorIndex.build(vectors)
    query = queries[:1]
    far = (vectors @ query[0]) < 0.2
    assert recall(index.search_among(far, query, K)[0], nearest(vectors, query, far)) == 1
    nothing = np.zeros(len(vectors), dtype=bool)
    assert (index.search_among(nothing, query, K)[0] == -1).all()


@pytest.mark.usefixtures("small")
def test_a_saved_index_answers_as_before(drawn, tmp_path):
    vectors, queries = drawn
    index = VectorIndex.build(vectors)
    index.save(tmp_path / "index")
    opened = VectorIndex.open(tmp_path / "index")
    assert (len(opened), opened.dimensions, opened.visited) == (12_000, 64, index.visited)
    np.testing.assert_array_equal(opened.search(queries, K)[0], index.search(queries, K)[0])
    matching = np.arange(len(vectors)) % 7 == 0
    np.testing.assert_array_equal(
        opened.search_among(matching, queries, K)[0], index.search_among(matching, queries, K)[0]
    )


@pytest.mark.usefixtures("small")
def test_rows_added_and_removed_leave_the_index_of_the_remaining_rows(drawn, tmp_path):
    vectors, queries = drawn
    VectorIndex.build(vectors[:9000]).save(tmp_path / "index")
    index = VectorIndex.read(tmp_path / "index")
    index.append(vectors[9000:])
    gone = np.random.default_rng(3).choice(12_000, 3000, replace=False)
    index.remove(gone)
    kept = np.delete(vectors, gone, axis=0)
    assert len(index) == len(kept)
    every = np.ones(len(kept), dtype=bool)
    assert recall(index.search_among(every, queries, K)[0], nearest(kept, queries)) >= 0.99
    index.save(tmp_path / "again")
    rows, similarities = VectorIndex.open(tmp_path / "again").search_among(every, kept[:50], 1)
    assert rows[:, 0].tolist() == list(range(50))
    np.testing.assert_allclose(similarities, 1, atol=2e-3)


def test_equal_vectors_and_zero_vectors_are_no_trouble(monkeypatch):
    monkeypatch.setattr(module, "EXACT_BELOW", 1000)
    vectors = np.zeros((2000, 8), dtype=np.float32)
    vectors[:1000, 0] = 1
    index = VectorIndex.build(vectors)
    rows, similarities = index.search(vectors[:1], K)
    assert (rows < 1000).all()
    np.testing.assert_allclose(similarities, 1)
