"""The plane keeps what is near together, is the same every time, and says which rows it is made of."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.models.projection import placed, projection
from labelsift.store.cache import Cache

pytest.importorskip("openTSNE")


def clusters(rows: int, groups: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, rows)
    vectors = rng.normal(size=(groups, 48))[group] + 0.6 * rng.normal(size=(rows, 48))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), group


def project(vectors: np.ndarray, *, cache: Cache | None = None, flagged: np.ndarray | None = None, limit: int = 20_000):
    rows = len(vectors)
    flagged = np.zeros(rows, dtype=bool) if flagged is None else flagged
    keys = np.arange(rows, dtype=np.uint64)
    return projection(vectors, cache=cache or Cache(), keys=keys, flagged=flagged, limit=limit)


def same_group(places: np.ndarray, group: np.ndarray) -> float:
    distances = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    return float((group[distances.argmin(axis=1)] == group).mean())


@pytest.mark.slow
def test_rows_of_one_group_lie_together_where_random_ones_do_not():
    vectors, group = clusters(600)
    rows, places = project(vectors)
    assert rows.tolist() == list(range(600)) and places.dtype == np.float32
    assert same_group(places, group) > 0.95
    assert same_group(places, np.random.default_rng(1).permutation(group)) < 0.4


def test_the_same_vectors_make_the_same_map_and_the_second_one_comes_from_the_cache(tmp_path, monkeypatch):
    vectors, _ = clusters(200)
    _, first = project(vectors)
    cache = Cache(tmp_path / "cache", "tickets")
    _, kept = project(vectors, cache=cache)
    assert np.array_equal(first, kept)
    monkeypatch.setattr("labelsift.models.projection._tsne", lambda *_, **__: pytest.fail("made again"))
    assert np.array_equal(project(vectors, cache=cache)[1], kept)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 5, 9, 10, 16, 40])
def test_few_rows_and_equal_ones_have_finite_places(rows):
    vectors, _ = clusters(max(rows, 1))
    for some in (vectors[:rows], np.repeat(vectors[:1], rows, axis=0)):
        _, places = project(some)
        assert places.shape == (rows, 2) and np.isfinite(places).all()
    if rows >= 10:
        assert np.linalg.norm(project(vectors)[1], axis=1).min() > 1e-3  # not all in one point


def test_rows_without_a_vector_have_no_place():
    vectors, _ = clusters(60)
    vectors[[3, 30]] = 0
    rows, places = project(vectors)
    assert len(rows) == 58 and not {3, 30} & set(rows.tolist())
    everywhere = placed(vectors, rows, places)
    assert np.isnan(everywhere[[3, 30]]).all() and np.isfinite(np.delete(everywhere, [3, 30], axis=0)).all()


def test_above_the_limit_half_are_flagged_and_the_draw_is_stable():
    vectors, _ = clusters(900)
    flagged = np.arange(900) % 3 == 0
    rows, _ = project(vectors, flagged=flagged, limit=200)
    assert len(rows) == 200 and flagged[rows].sum() == 100
    mostly = np.arange(900) >= 20
    rows, _ = project(vectors, flagged=mostly, limit=200)
    assert len(rows) == 200 and set(range(20)) <= set(rows.tolist())


def test_other_rows_are_put_beside_their_nearest():
    vectors, group = clusters(800)
    rows, places = project(vectors, limit=300)
    everywhere = placed(vectors, rows, places)
    assert np.array_equal(everywhere[rows], places)
    assert same_group(everywhere, group) > 0.9
