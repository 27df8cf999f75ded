"""Label scoring over blocks of probabilities: ``pass1(block) → partial``, ``reduce(partials)``, ``pass2(block)``.

Pass 1 finds each class's mean probability among the rows that carry it, its threshold of confidence (confident
learning: Northcutt, Jiang & Chuang 2021); pass 2 finds for each row what a score, a flag and a suggestion need. Both
take any block of rows and hold nothing of the size of the data, and sums are kept in whole numbers: the same rows
give bit by bit the same result in whatever order or blocks they come. The work is done by numba
(:mod:`labelsift.label_quality.compiled`), or by numpy where numba cannot be imported
(:mod:`labelsift.label_quality.blockwise`).

Rows of probabilities are scaled to sum to one; values slightly below zero count as zero. A row with NaN or infinity,
or of zeros only, is not judged. Of equal probabilities the first class wins.

**Top-k.** Of many classes, a model may keep only the k likeliest: ``indices`` (-1 = nothing kept here) and ``values``.
The mass that was not kept is spread evenly over the other classes, of which none can be likelier than the least that
was kept; so a given label that is not among the kept ones has ``min((1 − kept mass) / (classes − kept), least kept)``.
Such a class is never a suggestion, nor confident.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

UNIT = 2.0**32  # sums of probabilities are whole numbers of this part of one: exact in any order up to 2³¹ rows
# A mean of equal values must not lie above them by rounding; cleanlab takes the same.
SLACK = 1e-6
PRIOR = 1e-3  # votes that are spread over all classes, against 1 of an identical neighbour
_COUNTED = 2**20  # pairs of classes up to which counting each is cheaper than sorting the rows

FAULTS = {  # what :func:`faults` tells of a row, by number
    1: "hold NaN or infinity",
    2: "are negative",
    3: "do not sum to one",
    4: "name classes that do not exist",
    5: "name a class twice",
}


class Partial(NamedTuple):
    """Sums over some rows, to be added up by :func:`reduce`: int64, shape (classes,), in parts of ``UNIT``; counts."""

    sums: np.ndarray
    counts: np.ndarray


class Judged(NamedTuple):
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


@cache
def engine() -> ModuleType:
    """Return the module that does the work: compiled by numba, or plain numpy where that cannot be imported."""
    try:
        from . import compiled
    except (ImportError, OSError):  # missing, too old for this numpy, or without its shared library
        from . import blockwise

        return blockwise
    return compiled


def faults(block: np.ndarray, *, rounding: float, indices: np.ndarray | None = None, classes: int = 0) -> np.ndarray:
    """Tell what is wrong with each row: uint8, shape (m,), 0 or a key of ``FAULTS``.

    Parameters
    ----------
    block
        Probabilities, shape (m, classes), or the kept ones, shape (m, k), if ``indices`` are given.
    rounding
        How far a sum may be from one, and a value below zero.
    indices, classes
        Of top-k probabilities, whose rows may sum to less than one.
    """
    found = np.zeros(len(block), dtype=np.uint8)
    if indices is None:
        engine().row_faults(_input(block, np.float32), rounding, True, found)
        return found
    values = np.where(indices >= 0, block, np.float32(0)).astype(np.float32, copy=False)
    engine().row_faults(_input(values, np.float32), rounding, False, found)
    engine().index_faults(_input(indices, np.int32), classes, found)
    return found


def pass1(block: np.ndarray, codes: np.ndarray) -> Partial:
    """Sum the probability of the given label by class.

    Parameters
    ----------
    block
        float32, shape (m, classes).
    codes
        Given label of each row as a column, shape (m,); -1 = none, or not to be counted.
    """
    codes = _codes(codes, len(block), block.shape[1])
    partial = Partial(np.zeros(block.shape[1], dtype=np.int64), np.zeros(block.shape[1], dtype=np.int64))
    engine().pass1(_input(block, np.float32), codes, UNIT, *partial)
    return partial


def sparse_pass1(indices: np.ndarray, values: np.ndarray, codes: np.ndarray, classes: int) -> Partial:
    """Sum the probability of the given label by class, from top-k probabilities: int32 and float32, shape (m, k)."""
    _require_within(indices, classes)
    codes = _codes(codes, len(indices), classes)
    partial = Partial(np.zeros(classes, dtype=np.int64), np.zeros(classes, dtype=np.int64))
    engine().sparse_pass1(_input(indices, np.int32), _input(values, np.float32), codes, UNIT, *partial)
    return partial


def reduce(partials: Iterable[Partial]) -> np.ndarray:
    """Return the threshold of each class: float64, shape (classes,), infinite for a class without samples.

    The threshold is the mean probability of the class among the rows that carry it, less ``SLACK``.
    """
    partials = iter(partials)
    first = next(partials)
    sums, counts = first.sums.copy(), first.counts.copy()
    for one in partials:
        sums += one.sums
        counts += one.counts
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, sums / counts / UNIT - SLACK, np.inf)


def pass2(block: np.ndarray, codes: np.ndarray, thresholds: np.ndarray) -> Judged:
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
    codes = _codes(codes, len(block), block.shape[1])
    judged = _blank(len(block))
    engine().pass2(_input(block, np.float32), codes, _input(thresholds, np.float64), *judged)
    return judged


def sparse_pass2(indices: np.ndarray, values: np.ndarray, codes: np.ndarray, thresholds: np.ndarray) -> Judged:
    """Judge the rows of one block of top-k probabilities: int32 and float32, shape (m, k)."""
    _require_within(indices, len(thresholds))
    codes = _codes(codes, len(indices), len(thresholds))
    judged = _blank(len(indices))
    engine().sparse_pass2(
        _input(indices, np.int32), _input(values, np.float32), codes, _input(thresholds, np.float64), *judged
    )
    return judged


def votes(
    rows: np.ndarray,
    similarities: np.ndarray,
    codes: np.ndarray,
    out: np.ndarray,
    *,
    counts: np.ndarray | None = None,
    exponent: float = 4.0,
    first: int | None = None,
) -> np.ndarray:
    """Let labeled neighbours vote with a power of their similarity.

    Parameters
    ----------
    rows, similarities
        Neighbours of m rows, int32 and float32, shape (m, k); -1 = none. Similarities below 0 have no weight.
    codes
        Class of every row of the data set, shape (n,); -1 = no vote.
    out
        float32, shape (m, classes), is filled: each row sums to one, and is uniform where nobody votes.
    counts
        How much the vote of each row of the data set counts, shape (n,); all the same by default.
    exponent
        The power.
    first
        Number of the first of the m rows in the data set: with it, a row that is its own neighbour has no vote
        there. Not needed with a graph that leaves the row itself out.

    Returns
    -------
    numpy.ndarray
        ``out``. The votes for the given label are ``out[numpy.arange(m), given]``.
    """
    _require_within(rows, len(codes))
    codes = _codes(codes, len(codes), out.shape[1])
    weights = np.empty(0, dtype=np.float32) if counts is None else counts
    start = -len(rows) - 1 if first is None else first
    engine().votes(
        _input(rows, np.int32),
        _input(similarities, np.float32),
        codes,
        _input(weights, np.float32),
        start,
        float(exponent),
        PRIOR / out.shape[1],
        out,
    )
    return out


def soft_votes(
    rows: np.ndarray,
    similarities: np.ndarray,
    targets: np.ndarray,
    *,
    counts: np.ndarray | None = None,
    exponent: float = 4.0,
) -> np.ndarray:
    """Let neighbours vote for what they are held to be: like :func:`votes`, each vote parted among the classes.

    Parameters
    ----------
    targets
        float32, shape (n, classes): of every row of the data set; zeros = no vote.

    Returns
    -------
    numpy.ndarray
        float32, shape (m, classes): each row sums to one.
    """
    _require_within(rows, len(targets))
    out = np.empty((len(rows), targets.shape[1]), dtype=np.float32)
    engine().soft_votes(
        _input(rows, np.int32),
        _input(similarities, np.float32),
        _input(targets, np.float32),
        _input(np.empty(0) if counts is None else counts, np.float32),
        float(exponent),
        PRIOR / targets.shape[1],
        out,
    )
    return out


def pairs(codes: np.ndarray, confident: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count the confident joint sparsely: (given class, confident class, rows), int32, int32 and int64.

    Only pairs that occur are listed, in the order of the given class, then of the confident one: a dense matrix of
    3,900 classes would take 121 MB.
    """
    both = (codes >= 0) & (confident >= 0)
    place = codes[both].astype(np.int64) * classes + confident[both]
    if classes**2 <= _COUNTED:
        number = np.bincount(place, minlength=1)
        place = np.flatnonzero(number)
        number = number[place]
    else:
        place, number = np.unique(place, return_counts=True)
    return (place // classes).astype(np.int32), (place % classes).astype(np.int32), number


def _blank(m: int) -> Judged:
    floats, codes = np.empty((2, m), dtype=np.float32), np.empty((2, m), dtype=np.int32)
    return Judged(floats[0], floats[1], codes[0], codes[1])


def _input(values: np.ndarray, kind: type) -> np.ndarray:
    """View an array as the kernels take it: contiguous and read-only, so that each is compiled for one type only."""
    view = np.ascontiguousarray(values, dtype=kind).view(np.ndarray)
    view.flags.writeable = False
    return view


def _codes(codes: np.ndarray, m: int, classes: int) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.shape != (m,):
        raise ValueError(f"{codes.shape} codes for {m} rows")
    if len(codes) and codes.max() >= classes:
        raise ValueError(f"a code of {codes.max()}, but {classes} classes")  # compiled code would read beyond the row
    return _input(codes, np.int32)


def _require_within(positions: np.ndarray, n: int) -> None:
    if positions.size and positions.max() >= n:
        raise ValueError(f"a position of {positions.max()} among {n}")
