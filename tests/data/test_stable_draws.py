"""What is drawn hangs on texts and ids, in any order of the rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.stable_draws import drawn, mixed, row_keys
from labelsift.store.cache import text_hashes

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "a b", ""]), min_size=1, max_size=12)


def keys_of(texts: list[str], ids: list[str] | None = None) -> np.ndarray:
    return row_keys(ids or [f"r{row}" for row in range(len(texts))], text_hashes(pa.chunked_array([texts])))


@given(texts=TEXTS, data=st.data())
def test_keys_follow_their_rows_and_differ(texts, data):
    ids = [f"r{row}" for row in range(len(texts))]
    keys = keys_of(texts, ids)
    assert len(np.unique(keys)) == len(texts)
    order = data.draw(st.permutations(range(len(texts))))
    assert (keys_of([texts[row] for row in order], [ids[row] for row in order]) == keys[order]).all()


def test_a_text_alone_keeps_its_key_under_another_id_and_beside_a_copy():
    assert keys_of(["a", "b"]).tolist() == keys_of(["a", "b"], ["x", "y"]).tolist()
    assert keys_of(["a"])[0] in keys_of(["a", "b", "a"])[[0, 2]]


def test_without_texts_the_ids_decide():
    first, second = row_keys(["a", "b"], None), row_keys(["b", "a"], None)
    assert first.tolist() == second[::-1].tolist()
    assert first[0] != first[1]
    assert len(keys_of([])) == len(row_keys([], None)) == 0


def test_a_slice_of_hashes_is_read_from_its_offset():
    hashes = text_hashes(pa.chunked_array([["a", "b", "c"]]))
    assert row_keys(["1", "2"], hashes.slice(1)).tolist() == keys_of(["a", "b", "c"]).tolist()[1:]


@given(rows=st.integers(0, 60), limit=st.integers(0, 60), seed=st.integers(0, 3))
def test_draws_have_their_size_and_grow_by_adding(rows, limit, seed):
    keys = mixed(np.arange(100, dtype=np.uint64), seed=9, purpose="test")
    some = np.arange(0, 100)[-rows:] if rows else np.empty(0, dtype=np.int64)
    first = drawn(some, limit, keys=keys, seed=seed, purpose="x")
    assert len(first) == min(rows, limit)
    assert (np.diff(first) > 0).all()
    assert set(first) <= set(drawn(some, limit + 1, keys=keys, seed=seed, purpose="x"))


def test_draws_are_even_and_apart_from_each_other():
    rows = np.arange(2_000)
    keys = mixed(np.arange(2_000, dtype=np.uint64), seed=1, purpose="test")
    draws = [drawn(rows, 500, keys=keys, seed=seed, purpose=purpose) for seed in (0, 1) for purpose in ("x", "y")]
    assert [draw.mean() for draw in draws] == pytest.approx([1_000] * 4, abs=100)
    shared = [len(np.intersect1d(first, second)) for first in draws for second in draws if first is not second]
    assert max(shared) < 180  # 125 by chance
    assert drawn(rows, 500, keys=None, seed=0, purpose="x").shape == (500,)
