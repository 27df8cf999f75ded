"""Folds hang on texts and ids, spread each class, and move little when one label changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.stable_draws import mixed
from labelsift.models.stable_folds import assign_folds

FOLDS = st.integers(2, 6)
SEEDS = st.integers(0, 5)


def keys_of(rows: int, seed: int = 0) -> np.ndarray:
    return mixed(np.arange(rows, dtype=np.uint64), seed=seed, purpose="test")


@given(codes=st.lists(st.integers(-1, 3), min_size=1, max_size=60), folds=FOLDS, seed=SEEDS, data=st.data())
def test_groups_stay_together_in_any_order_of_rows(codes, folds, seed, data):
    groups = np.array(data.draw(st.lists(st.integers(0, 20), min_size=len(codes), max_size=len(codes))))
    codes, keys = np.array(codes), keys_of(len(codes))
    assigned = assign_folds(codes, groups, folds=folds, seed=seed, keys=keys)
    assert ((assigned == -1) == (codes == -1)).all()
    assert assigned.max(initial=-1) < folds
    for group in np.unique(groups[codes >= 0]):
        assert len(np.unique(assigned[(groups == group) & (codes >= 0)])) == 1
    order = np.array(data.draw(st.permutations(range(len(codes)))))
    again = assign_folds(codes[order], 20 - groups[order], folds=folds, seed=seed, keys=keys[order])
    assert (again == assigned[order]).all()


@given(codes=st.lists(st.integers(0, 3), min_size=2, max_size=80), folds=FOLDS, seed=SEEDS)
def test_a_small_class_is_spread_and_none_is_in_one_fold_alone(codes, folds, seed):
    codes = np.array(codes)
    assigned = assign_folds(codes, np.arange(len(codes)), folds=folds, seed=seed, keys=keys_of(len(codes), seed))
    for code in np.unique(codes):
        own = assigned[codes == code]
        if len(own) <= folds:
            assert len(np.unique(own)) == len(own)
        assert len(np.unique(own)) > 1 or len(own) == 1


@given(rows=st.integers(2, 300), classes=st.integers(1, 5), folds=FOLDS, seed=SEEDS, data=st.data())
def test_one_changed_label_moves_few_other_texts(rows, classes, folds, seed, data):
    codes = np.random.default_rng(seed).integers(0, classes, rows)
    row = data.draw(st.integers(0, rows - 1))
    changed = codes.copy()
    changed[row] = data.draw(st.integers(-1, classes))
    keys = keys_of(rows, seed)
    before, after = (
        assign_folds(some, np.arange(rows), folds=folds, seed=seed, keys=keys) for some in (codes, changed)
    )
    moved = np.flatnonzero(before != after)
    assert len(np.setdiff1d(moved, [row])) <= 2 * folds
    assert np.isin(codes[np.setdiff1d(moved, [row])], [codes[row], changed[row]]).all()


def test_mostly_no_other_text_moves_and_large_classes_are_even():
    rng = np.random.default_rng(0)
    codes, keys = rng.integers(0, 10, 5_000), keys_of(5_000)
    folds = assign_folds(codes, np.arange(5_000), folds=5, seed=0, keys=keys)
    moved = []
    for row in rng.choice(5_000, 60, replace=False).tolist():
        changed = codes.copy()
        changed[row] = (changed[row] + 1) % 10
        again = assign_folds(changed, np.arange(5_000), folds=5, seed=0, keys=keys)
        moved.append((np.delete(folds != again, row)).sum())
    assert np.mean(moved) < 3
    sizes = np.array([np.bincount(folds[codes == code], minlength=5) for code in range(10)])
    drawn = np.array([np.bincount(rng.integers(0, 5, (codes == code).sum()), minlength=5) for code in range(10)])
    assert sizes.std(axis=1).mean() < 0.75 * drawn.std(axis=1).mean()  # more even than by chance


def test_rows_that_come_move_few_others():
    keys, codes = keys_of(3_000), np.random.default_rng(1).integers(0, 4, 3_000)
    some = assign_folds(codes[:2_970], np.arange(2_970), folds=5, seed=0, keys=keys[:2_970])
    everything = assign_folds(codes, np.arange(3_000), folds=5, seed=0, keys=keys)
    assert (some != everything[:2_970]).sum() < 60


def test_another_seed_parts_otherwise():
    codes, keys = np.zeros(500, dtype=np.int64), keys_of(500)
    first, second = (assign_folds(codes, np.arange(500), folds=5, seed=seed, keys=keys) for seed in (0, 1))
    assert 0.1 < (first == second).mean() < 0.35


def test_equal_hashes_and_nothing_at_all():
    same = assign_folds(np.zeros(9, dtype=int), np.arange(9), folds=3, seed=0, keys=np.zeros(9, dtype=np.uint64))
    assert set(same.tolist()) <= {0, 1, 2}
    assert assign_folds(np.full(3, -1), np.arange(3), folds=3, seed=0).tolist() == [-1, -1, -1]
    assert assign_folds(np.empty(0, dtype=int), np.empty(0, dtype=int), folds=3, seed=0).shape == (0,)
