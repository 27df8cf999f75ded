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


def pass1(
    block: np.ndarray, codes: np.ndarray, *, indices: np.ndarray | None = None, classes: int | None = None
) -> PartialSums:
    """Sum the probability of the given label by class.

    Parameters
    ----------
    block
        float32, shape (m, classes), or the values of top-k, shape (m, k).
    codes
        Given label of each row as a column, shape (m,); -1 = none, or not to be counted.
    indices, classes
        Of top-k: int32, shape (m, k), and the number of all classes.
    """
    rows = _prepared(block, codes, indices, block.shape[1] if classes is None else classes)
    counted = np.flatnonzero((codes >= 0) & (rows.scale > 0))
    sums = np.zeros(rows.classes, dtype=np.int64)
    np.add.at(sums, codes[counted], np.rint(rows.given[counted] * rows.scale[counted] * UNIT).astype(np.int64))
    return PartialSums(sums, np.bincount(codes[counted], minlength=rows.classes))


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


def pass2(
    block: np.ndarray, codes: np.ndarray, thresholds: np.ndarray, *, indices: np.ndarray | None = None
) -> ConfidentLearningResult:
    """Judge the rows of one block.

    Parameters
    ----------
    block
        float32, shape (m, classes), or the values of top-k, shape (m, k).
    codes
        Given label of each row as a column, shape (m,); -1 = none.
    thresholds
        Of :func:`reduce`, float64, shape (classes,).
    indices
        Of top-k: int32, shape (m, k).
    """
    prepared = _prepared(block, codes, indices, len(thresholds))
    scale, usable, position = prepared.scale, prepared.scale > 0, prepared.position
    values, rows = prepared.values.copy(), np.arange(len(codes))
    values[~usable] = 0
    if indices is not None and indices.min(initial=0) < 0:
        values[indices < 0] = -1
    with_own = np.flatnonzero(position >= 0)
    own = np.where(position >= 0, values[rows, position], np.float32(-1))
    values[with_own, position[with_own]] = -1
    other = values.argmax(axis=1)
    best = values[rows, other]
    values[with_own, position[with_own]] = own[with_own]
    has_other = usable & (best >= 0)
    given_is_top = (own > best) | ((own == best) & (position < other))
    likeliest, top = np.where(given_is_top, position, other), np.maximum(own, best) * scale
    above = top >= thresholds[_classes(likeliest, indices, rows)]
    confident = np.where(usable & above, likeliest, -1)  # mostly: then no other class can be confident and likelier
    left = np.flatnonzero(usable & ~above & (top >= thresholds.min(initial=np.inf)))
    needed = thresholds if indices is None else thresholds.take(indices[left])
    reached = values[left] * (values[left] * scale[left, None] >= needed)  # np.where takes several times as long
    highest = reached.argmax(axis=1)
    confident[left] = np.where(reached[np.arange(len(left)), highest] > 0, highest, -1)
    return ConfidentLearningResult(
        np.where(codes >= 0, prepared.given * scale, np.nan).astype(np.float32),
        np.where(usable, np.where(has_other, best, prepared.rest) * scale, np.nan).astype(np.float32),
        np.where(has_other, _classes(other, indices, rows), -1).astype(np.int32),
        np.where(confident >= 0, _classes(confident, indices, rows), -1).astype(np.int32),
    )


def row_totals(block: np.ndarray) -> np.ndarray:
    """Add up each row: float64, shape (m,). A total depends on the row alone, not on the block that it stands in."""
    return np.einsum("ij->i", block.astype(np.float64))  # a third of the time of sum(axis=1) for rows of 77 classes


def count_pairs(codes: np.ndarray, others: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count pairs of classes sparsely, as in the confident joint: (class, other class, rows), int32, int32 and int64.

    Only pairs that occur are listed, in the order of the first class, then of the other one: a dense matrix of
    3,900 classes would take 121 MB. Rows where either is -1 do not count.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    both = (codes >= 0) & (others >= 0)
    pairs = codes[both].astype(np.int64) * classes + others[both]
    counted = pc.value_counts(pa.array(pairs))  # a fifth of the time of np.unique
    pairs, number = (field.to_numpy() for field in counted.flatten())
    order = np.argsort(pairs)
    pairs, number = pairs[order], number[order]
    return (pairs // classes).astype(np.int32), (pairs % classes).astype(np.int32), number


class _Prepared(NamedTuple):
    """What both passes need of m rows.

    ``position`` is where in its row the given class stands, -1 = nowhere; ``scale`` is 0 for rows that are not judged;
    ``given`` and ``rest`` are the probabilities of the given class and of one not kept (NaN if all are) before scaling.
    ``rest`` is right only where it is needed: for rows that did not keep their given class, or no other.
    """

    classes: int
    values: np.ndarray
    position: np.ndarray
    scale: np.ndarray
    given: np.ndarray
    rest: np.ndarray


def _prepared(block: np.ndarray, codes: np.ndarray, indices: np.ndarray | None, classes: int) -> _Prepared:
    values, position = np.asarray(block, dtype=np.float32), np.asarray(codes).astype(np.int32, copy=False)
    if position.shape != (len(block),):
        raise ValueError(f"{position.shape} codes for {len(block)} rows")
    if len(position) and position.max() >= classes:
        raise ValueError(f"a code of {position.max()}, but {classes} classes")
    whole, rows = True, np.arange(len(block))
    kept = np.full(len(block), values.shape[1])
    if indices is not None:
        if indices.size and indices.max() >= classes:
            raise ValueError(f"a position of {indices.max()} among {classes}")
        if indices.min(initial=0) < 0:
            values = np.where(indices >= 0, values, np.float32(0))
            kept = (indices >= 0).sum(axis=1)
        own = indices == position[:, None]
        first = own.argmax(axis=1)
        position = np.where(own[rows, first] & (position >= 0), first, -1)
        whole = kept == classes
    with np.errstate(invalid="ignore"):
        values = values if values.min(initial=0) >= 0 else np.maximum(values, 0)
        totals = row_totals(values)
        usable = (totals > 0) & np.isfinite(totals)
        scale = np.where(usable, 1.0 / np.where(usable & (whole | (totals > 1)), totals, 1), 0)
    rest = np.full(len(block), np.nan)
    if indices is not None:
        left = np.flatnonzero((position < 0) | (kept < 2))
        least = np.where(indices[left] >= 0, values[left], np.inf).min(axis=1, initial=np.inf)
        share = np.maximum(1 - totals[left], 0) / np.maximum(classes - kept[left], 1)
        rest[left] = np.where(kept[left] < classes, np.minimum(share, least), 0)
    given = np.where(position >= 0, values[rows, position], rest)
    given[~usable] = np.nan
    return _Prepared(classes, values, position, scale, given, rest)


def _classes(positions: np.ndarray, indices: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """Return the classes that stand at positions of the rows; without top-k they are the same."""
    return positions if indices is None else indices[rows, positions]
