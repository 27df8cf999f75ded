"""Stratified folds by hash: dealt in the buckets of a hash trie (extendible hashing: Fagin et al. 1979).

Dealing the rows of a class in turn spreads them evenly, but a label that changes then moves half the rows of two
classes. A fold by hash alone never moves, but may put the three rows of a small class together. Here the texts of a
class are parted by the leading bits of their hashes until no bucket holds more of them than there are folds. Within a
bucket all have different folds: each takes, in the order of their hashes, the free fold that it likes best (rendezvous
hashing: Thaler & Ravishankar 1998). So

- a class of no more texts than folds has each in a fold of its own, and one of two texts or more is never in one fold
  alone;
- one changed label moves texts in one bucket of the class that it leaves and in one that it joins: at most twice as
  many texts as there are folds, and mostly none, as most texts have the fold that they like best.
"""

from __future__ import annotations

import numpy as np

from ..data.stable_draws import mixed

_BITS = 64


def assign_folds(
    codes: np.ndarray, groups: np.ndarray, *, folds: int, seed: int, keys: np.ndarray | None = None
) -> np.ndarray:
    """Spread each class over the folds, keeping the rows of a group together.

    Parameters
    ----------
    codes
        Class of each row, shape (n,); -1 = unlabeled. The row with the smallest key decides for its group.
    groups
        Rows with the same number share a fold (identical texts), shape (n,).
    keys
        uint64, shape (n,), as :func:`labelsift.data.stable_draws.row_keys` makes them; by default the rows' positions.

    Returns
    -------
    numpy.ndarray
        int16, shape (n,), -1 for unlabeled rows.
    """
    assigned = np.full(len(codes), -1, dtype=np.int16)
    labeled = np.flatnonzero(codes >= 0)
    if not len(labeled):
        return assigned
    keys = np.arange(len(codes), dtype=np.uint64) if keys is None else keys
    hashes = mixed(keys[labeled], seed=seed, purpose="folds")
    ordered = labeled[np.lexsort((hashes, keys[labeled]))]
    _, first, inverse = np.unique(groups[ordered], return_index=True, return_inverse=True)
    leading = ordered[first]  # of each group, the row with the smallest key
    hashes = mixed(keys[leading], seed=seed, purpose="folds")
    order = np.lexsort((hashes, codes[leading]))
    of_group = np.empty(len(leading), dtype=np.int16)
    of_group[order] = _dealt(_buckets(codes[leading][order], hashes[order], folds), hashes[order], folds)
    assigned[ordered] = of_group[inverse]
    return assigned


def _buckets(codes: np.ndarray, hashes: np.ndarray, most: int) -> np.ndarray:
    """Return the bucket of each hash, where these are sorted within sorted classes: int64, shape (m,), rising."""
    starts = np.diff(codes, prepend=codes[0] - 1) != 0
    crowded = np.ones(len(codes), dtype=bool)
    for bit in range(1, _BITS):
        bucket = np.cumsum(starts) - 1
        crowded &= np.bincount(bucket)[bucket] > most
        if not crowded.any():
            break
        prefix = hashes >> np.uint64(_BITS - bit)
        starts[1:] |= crowded[1:] & crowded[:-1] & (prefix[1:] != prefix[:-1])
    return np.cumsum(starts) - 1


def _dealt(buckets: np.ndarray, hashes: np.ndarray, folds: int) -> np.ndarray:
    """Give the members of each bucket different folds: int16, shape (m,)."""
    fold = np.empty(len(buckets), dtype=np.int16)
    starts = np.flatnonzero(np.diff(buckets, prepend=-1))
    place = np.arange(len(buckets)) - starts[buckets]
    taken = np.zeros((len(starts), folds), dtype=bool)
    for turn in range(int(place.max(initial=-1)) + 1):
        members = np.flatnonzero(place == turn)
        liking = np.stack([mixed(hashes[members], seed=number, purpose="liking") for number in range(folds)], axis=1)
        liking[taken[buckets[members]]] = 0
        fold[members] = liking.argmax(axis=1)
        taken[buckets[members], fold[members]] = True
    return fold
