"""Confident learning over blocks of probabilities: ``pass1(block) → partial``, ``reduce(partials)``, ``pass2(block)``.

Pass 1 finds each class's mean probability among the rows that carry it, its threshold of confidence (confident
learning: Northcutt, Jiang & Chuang 2021). Pass 2 finds for each row what a score, a flag and a suggestion need. Both
take any block of rows and hold temporary arrays of the size of the block, never of the data. Sums are kept in whole
numbers: the same rows give bit by bit the same result in whatever order or blocks they come.

Rows of probabilities are scaled to sum to one; values slightly below zero count as zero. A row with NaN or infinity,
or of zeros only, is not judged. Of equal probabilities the first class wins.

**Top-k.** Of many classes, a model may keep only the k likeliest: ``indices`` (-1 = nothing kept here) and ``values``.
The mass that was not kept is spread evenly over the other classes, of which none can be likelier than the least that
was kept; so a given label that is not among the kept ones has ``min((1 − kept mass) / (classes − kept), least kept)``.
Such a class is never a suggestion, nor confident.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

UNIT = 2.0**32  # sums of probabilities are whole numbers of this part of one: exact in any order up to 2³¹ rows
# A mean of equal values must not lie above them by rounding; cleanlab takes the same.
SLACK = 1e-6
_COUNTED = 2**20  # pairs of classes up to which counting each is cheaper than sorting the rows


class PartialSums(NamedTuple):
    """Sums over some rows, to be added up by :func:`reduce`: int64, shape (classes,), in parts of ``UNIT``; counts."""

    sums: np.ndarray
    counts: np.ndarray


class ConfidentLearningResult(NamedTuple):
    """What the probabilities say of some rows.

    Parameters
    ----------
    given
        float32: probability of the given label; NaN for rows that are not judged or carry no label.
    best_other
        float32: the highest probability of any other class (of an unlabeled row: of all).
    other
        int32: that class; -1 = none.
    confident
        int32: the likeliest among the classes whose threshold the row reaches; -1 = none.
    """

    given: np.ndarray
    best_other: np.ndarray
    other: np.ndarray
    confident: np.ndarray


def pass1(block: np.ndarray, codes: np.ndarray) -> PartialSums:
    """Sum the probability of the given label by class.

    Parameters
    ----------
    block
        float32, shape (m, classes).
    codes
        Given label of each row as a column, shape (m,); -1 = none, or not to be counted.
    """
    block, classes = np.asarray(block, dtype=np.float32), block.shape[1]
    codes = _checked_codes(codes, len(block), classes)
    clipped, totals = _clipped(block)
    rows = np.flatnonzero((codes >= 0) & (totals > 0) & np.isfinite(totals))
    return _partial(clipped[rows, codes[rows]] * (1.0 / totals[rows]), codes[rows], classes)


def sparse_pass1(indices: np.ndarray, values: np.ndarray, codes: np.ndarray, classes: int) -> PartialSums:
    """Sum the probability of the given label by class, from top-k probabilities: int32 and float32, shape (m, k)."""
    codes = _checked_codes(codes, len(indices), classes)
    kept = _kept(indices, values, codes, classes)
    rows = np.flatnonzero((codes >= 0) & (kept.scale > 0))
    return _partial(kept.given[rows] * kept.scale[rows], codes[rows], classes)


def reduce(partials: Iterable[PartialSums]) -> np.ndarray:
    """Return the threshold of each class: float64, shape (classes,), infinite for a class without samples.

    The threshold is the mean probability of the class among the rows that carry it, less ``SLACK``.
    """
    partials = iter(partials)
    first = next(partials)
    sums, counts = first.sums.copy(), first.counts.copy()
    for partial in partials:
        sums += partial.sums
        counts += partial.counts
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, sums / counts / UNIT - SLACK, np.inf)


def pass2(block: np.ndarray, codes: np.ndarray, thresholds: np.ndarray) -> ConfidentLearningResult:
    """Judge the rows of one block.

    Parameters
    ----------
    block
        float32, shape (m, classes).
    codes
        Given label of each row as a column, shape (m,); -1 = none.
    thresholds
        Of :func:`reduce`, float64, shape (classes,).
    """
    block = np.asarray(block, dtype=np.float32)
    codes = _checked_codes(codes, len(block), block.shape[1])
    clipped, totals = _clipped(block)
    clipped = clipped.copy() if clipped is block else clipped
    usable = (totals > 0) & np.isfinite(totals)
    scale = 1.0 / np.where(usable, totals, 1)
    clipped[~usable] = 0
    rows, labeled = np.arange(len(codes)), codes >= 0
    own = np.where(labeled, clipped[rows, codes], np.float32(-1))
    clipped[rows[labeled], codes[labeled]] = -1
    other = clipped.argmax(axis=1)
    best = clipped[rows, other]
    clipped[rows[labeled], codes[labeled]] = own[labeled]
    has_other = usable & (best >= 0)
    given_is_top = (own > best) | ((own == best) & (codes < other))
    likeliest, top = np.where(given_is_top, codes, other), np.maximum(own, best) * scale
    above = top >= thresholds[likeliest]  # mostly: then no other class can be confident and likelier
    confident = np.where(usable & above, likeliest, -1)
    rest = np.flatnonzero(usable & ~above & (top >= thresholds.min(initial=np.inf)))
    reached = np.where(clipped[rest] * scale[rest, None] >= thresholds, clipped[rest], np.float32(0))
    confident[rest] = np.where(reached.max(axis=1, initial=0) > 0, reached.argmax(axis=1), -1)
    return ConfidentLearningResult(
        np.where(usable & labeled, own * scale, np.nan).astype(np.float32),
        np.where(has_other, best * scale, np.nan).astype(np.float32),
        np.where(has_other, other, -1).astype(np.int32),
        confident.astype(np.int32),
    )


def sparse_pass2(
    indices: np.ndarray, values: np.ndarray, codes: np.ndarray, thresholds: np.ndarray
) -> ConfidentLearningResult:
    """Judge the rows of one block of top-k probabilities: int32 and float32, shape (m, k)."""
    codes = _checked_codes(codes, len(indices), len(thresholds))
    kept = _kept(indices, values, codes, len(thresholds))
    usable, rows = kept.scale > 0, np.arange(len(codes))
    reached = kept.present & (kept.values * kept.scale >= thresholds[kept.indices])
    confident, confidence = _highest(np.where(reached, kept.values, 0.0), kept.indices, rows)
    other, best = _highest(np.where(kept.present & (kept.indices != codes), kept.values, -1.0), kept.indices, rows)
    has_other = usable & (best >= 0)
    return ConfidentLearningResult(
        np.where(usable & (codes >= 0), kept.given * kept.scale, np.nan).astype(np.float32),
        np.where(usable, np.where(has_other, best, kept.rest) * kept.scale, np.nan).astype(np.float32),
        np.where(has_other, other, -1).astype(np.int32),
        np.where(usable & (confidence > 0), confident, -1).astype(np.int32),
    )


def row_totals(block: np.ndarray) -> np.ndarray:
    """Add up each row: float64, shape (m,). A total depends on the row alone, not on the block that it stands in."""
    return np.einsum("ij->i", block.astype(np.float64))  # a third of the time of sum(axis=1) for rows of 77 classes


def count_pairs(codes: np.ndarray, others: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count pairs of classes sparsely, as in the confident joint: (class, other class, rows), int32, int32 and int64.

    Only pairs that occur are listed, in the order of the first class, then of the other one: a dense matrix of
    3,900 classes would take 121 MB. Rows where either is -1 do not count.
    """
    both = (codes >= 0) & (others >= 0)
    pairs = codes[both].astype(np.int64) * classes + others[both]
    if classes**2 <= _COUNTED:
        number = np.bincount(pairs, minlength=1)
        pairs = np.flatnonzero(number)
        number = number[pairs]
    else:
        pairs, number = np.unique(pairs, return_counts=True)
    return (pairs // classes).astype(np.int32), (pairs % classes).astype(np.int32), number


def _partial(given: np.ndarray, codes: np.ndarray, classes: int) -> PartialSums:
    sums = np.zeros(classes, dtype=np.int64)
    np.add.at(sums, codes, np.rint(given * UNIT).astype(np.int64))
    return PartialSums(sums, np.bincount(codes, minlength=classes))


def _clipped(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values, zero where they lie below (the block itself if none does), and the rows' totals."""
    with np.errstate(invalid="ignore"):
        clipped = block if block.min(initial=0) >= 0 else np.maximum(block, 0)
        return clipped, row_totals(clipped)


class _Kept(NamedTuple):
    """Top-k probabilities of m rows; arrays are (k, m), where numpy reduces along k several times faster.

    ``present`` tells what was kept; where nothing was, ``indices`` and ``values`` are 0. ``scale`` is 0 for rows that
    are not judged; ``given`` and ``rest`` are the probabilities of the given class and of one not kept before scaling.
    """

    indices: np.ndarray
    present: np.ndarray
    values: np.ndarray
    scale: np.ndarray
    given: np.ndarray
    rest: np.ndarray


def _kept(indices: np.ndarray, values: np.ndarray, codes: np.ndarray, classes: int) -> _Kept:
    if indices.size and indices.max() >= classes:
        raise ValueError(f"a position of {indices.max()} among {classes}")
    columns = np.ascontiguousarray(np.asarray(indices, dtype=np.int32).T)
    present = columns >= 0
    columns = np.maximum(columns, 0)
    number = present.sum(axis=0)
    with np.errstate(invalid="ignore"):
        clipped = np.where(present, np.maximum(np.asarray(values, dtype=np.float32).T, 0), 0).astype(np.float64)
        totals = clipped.sum(axis=0)
        usable = (totals > 0) & np.isfinite(totals)
        smallest = (clipped if present.all() else np.where(present, clipped, np.inf)).min(axis=0, initial=np.inf)
        rest = np.minimum(np.maximum(1 - totals, 0) / np.maximum(classes - number, 1), smallest)
    clipped[:, ~usable] = 0
    rest = np.where(usable & (number < classes), rest, 0)
    scaled = (number == classes) | (totals > 1)
    scale = np.where(usable, 1.0 / np.where(usable & scaled, totals, 1), 0.0)
    own = present & (columns == codes)
    given = np.where(own.any(axis=0), np.where(own, clipped, 0).sum(axis=0), rest)
    return _Kept(columns, present, clipped, scale, given, rest)


def _highest(values: np.ndarray, indices: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (class, value) of the highest value of each column of (k, m) arrays; of equal ones the first."""
    position = values.argmax(axis=0)
    return indices[position, rows], values[position, rows]


def _checked_codes(codes: np.ndarray, m: int, classes: int) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.shape != (m,):
        raise ValueError(f"{codes.shape} codes for {m} rows")
    if len(codes) and codes.max() >= classes:
        raise ValueError(f"a code of {codes.max()}, but {classes} classes")
    return codes.astype(np.int32, copy=False)
