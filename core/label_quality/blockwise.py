"""The kernels of label scoring in plain numpy, where numba is missing: the same results up to the last bits.

Each function fills the arrays that :mod:`labelsift.label_quality.compiled` fills. Temporary arrays are as large as the
block.
"""

from __future__ import annotations

import numpy as np


def _totals(values: np.ndarray) -> np.ndarray:
    """Add up each row in float64; what comes out depends on the row alone, not on the block that it stands in."""
    return values.astype(np.float64).sum(axis=1)  # sum(dtype=…) converts in pieces, which is slower


def _clipped(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values, zero where they lie below (the block itself if none does), and the rows' totals."""
    with np.errstate(invalid="ignore"):
        clipped = block if block.min(initial=0) >= 0 else np.maximum(block, 0)
        return clipped, _totals(clipped)


def row_faults(block: np.ndarray, rounding: float, whole: bool, faults: np.ndarray) -> None:
    """Tell which rows are no probabilities: see :func:`labelsift.label_quality.kernels.faults`."""
    with np.errstate(invalid="ignore"):
        totals = _totals(block)
        faults[:] = 0
        faults[(totals > 1 + rounding) | (whole & (totals < 1 - rounding))] = 3
        if not block.min(initial=0) >= -rounding:  # one number for all rows is found much faster than one a row
            faults[(block < -rounding).any(axis=1)] = 2
        faults[~np.isfinite(totals)] = 1


def index_faults(indices: np.ndarray, classes: int, faults: np.ndarray) -> None:
    """Tell which rows of top-k indices name no class, or one twice."""
    ordered = np.sort(indices, axis=1)
    faults[((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)] = 5
    faults[((indices >= classes) | (indices < -1)).any(axis=1)] = 4


def pass1(block: np.ndarray, codes: np.ndarray, unit: float, sums: np.ndarray, counts: np.ndarray) -> None:
    """Add up the given labels' probabilities: see :func:`labelsift.label_quality.kernels.pass1`."""
    clipped, totals = _clipped(block)
    rows = np.flatnonzero((codes >= 0) & (totals > 0) & np.isfinite(totals))
    given = clipped[rows, codes[rows]] * (1.0 / totals[rows])
    np.add.at(sums, codes[rows], np.rint(given * unit).astype(np.int64))
    np.add.at(counts, codes[rows], 1)


def pass2(
    block: np.ndarray,
    codes: np.ndarray,
    thresholds: np.ndarray,
    given: np.ndarray,
    best_other: np.ndarray,
    other: np.ndarray,
    confident: np.ndarray,
) -> None:
    """Judge rows: see :func:`labelsift.label_quality.kernels.pass2`."""
    clipped, totals = _clipped(block)
    clipped = clipped.copy() if clipped is block else clipped
    usable = (totals > 0) & np.isfinite(totals)
    scale = 1.0 / np.where(usable, totals, 1)
    clipped[~usable] = 0
    at, labeled = np.arange(len(codes)), codes >= 0
    own = np.where(labeled, clipped[at, codes], np.float32(-1))
    clipped[at[labeled], codes[labeled]] = -1
    best_at = clipped.argmax(axis=1)
    best = clipped[at, best_at]
    clipped[at[labeled], codes[labeled]] = own[labeled]
    found = usable & (best >= 0)
    given[:] = np.where(usable & labeled, own * scale, np.nan)
    best_other[:] = np.where(found, best * scale, np.nan)
    other[:] = np.where(found, best_at, -1)
    ours = (own > best) | ((own == best) & (codes < best_at))
    top_at, top = np.where(ours, codes, best_at), np.maximum(own, best) * scale
    above = top >= thresholds[top_at]  # mostly: then no other class can be confident and likelier
    confident[:] = np.where(usable & above, top_at, -1)
    left = np.flatnonzero(usable & ~above & (top >= thresholds.min(initial=np.inf)))
    sure = np.where(clipped[left] * scale[left, None] >= thresholds, clipped[left], np.float32(0))
    confident[left] = np.where(sure.max(axis=1, initial=0) > 0, sure.argmax(axis=1), -1)


def _kept(
    indices: np.ndarray, values: np.ndarray, codes: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (values before scaling, scale, probability of the given class, that of a class not kept)."""
    kept = indices >= 0
    number = kept.sum(axis=1)
    with np.errstate(invalid="ignore"):
        clipped = np.where(kept, np.maximum(values, 0), 0).astype(np.float64)
        totals = _totals(clipped)
        usable = (totals > 0) & np.isfinite(totals)
        smallest = np.where(kept, clipped, np.inf).min(axis=1, initial=np.inf)
        rest = np.minimum(np.maximum(1 - totals, 0) / np.maximum(classes - number, 1), smallest)
    clipped[~usable] = 0
    rest = np.where(usable & (number < classes), rest, 0)
    scaled = usable & ((number == classes) | (totals > 1))
    scale = np.where(usable, np.where(scaled, 1.0 / np.where(usable, totals, 1), 1.0), 0.0)
    own = kept & (indices == codes[:, None])
    return clipped, scale, np.where(own.any(axis=1), np.where(own, clipped, 0).sum(axis=1), rest), rest


def sparse_pass1(
    indices: np.ndarray, values: np.ndarray, codes: np.ndarray, unit: float, sums: np.ndarray, counts: np.ndarray
) -> None:
    """Add up the given labels' probabilities: see :func:`labelsift.label_quality.kernels.sparse_pass1`."""
    _, scale, given, _ = _kept(indices, values, codes, len(sums))
    rows = np.flatnonzero((codes >= 0) & (scale > 0))
    np.add.at(sums, codes[rows], np.rint(given[rows] * scale[rows] * unit).astype(np.int64))
    np.add.at(counts, codes[rows], 1)


def sparse_pass2(
    indices: np.ndarray,
    values: np.ndarray,
    codes: np.ndarray,
    thresholds: np.ndarray,
    given: np.ndarray,
    best_other: np.ndarray,
    other: np.ndarray,
    confident: np.ndarray,
) -> None:
    """Judge rows: see :func:`labelsift.label_quality.kernels.sparse_pass2`."""
    clipped, scale, own, rest = _kept(indices, values, codes, len(thresholds))
    usable, kept, at = scale > 0, indices >= 0, np.arange(len(codes))
    above = kept & (clipped * scale[:, None] >= thresholds[np.maximum(indices, 0)])
    sure = np.where(above, clipped, 0)
    best = sure.argmax(axis=1)
    confident[:] = np.where(usable & (sure[at, best] > 0), indices[at, best], -1)
    others = np.where(kept & (indices != codes[:, None]), clipped, -1)
    best = others.argmax(axis=1)
    found = usable & (others[at, best] >= 0)
    given[:] = np.where(usable & (codes >= 0), own * scale, np.nan)
    best_other[:] = np.where(usable, np.where(found, others[at, best], rest) * scale, np.nan)
    other[:] = np.where(found, indices[at, best], -1)


def votes(
    rows: np.ndarray,
    similarities: np.ndarray,
    codes: np.ndarray,
    counts: np.ndarray,
    first: int,
    exponent: float,
    prior: float,
    out: np.ndarray,
) -> None:
    """Count neighbours' votes: see :func:`labelsift.label_quality.kernels.votes`."""
    own = np.arange(first, first + len(rows))[:, None] if first >= 0 else -1
    voted = np.where((rows >= 0) & (rows != own), codes[rows], -1)
    near = np.nan_to_num(np.maximum(similarities.astype(np.float64), 0))
    near = (near * near) ** 2 if exponent == 4.0 else np.where(near > 0, near, 1) ** exponent * (near > 0)
    if len(counts):
        near *= counts[rows]
    near[voted < 0] = 0
    classes = out.shape[1]
    place = np.arange(len(rows))[:, None] * classes + np.maximum(voted, 0)
    tally = np.bincount(place.ravel(), near.ravel(), minlength=len(rows) * classes).reshape(len(rows), classes) + prior
    out[:] = tally / tally.sum(axis=1, keepdims=True)


def soft_votes(
    rows: np.ndarray,
    similarities: np.ndarray,
    targets: np.ndarray,
    counts: np.ndarray,
    exponent: float,
    prior: float,
    out: np.ndarray,
) -> None:
    """Add up neighbours' votes for several classes: see :func:`labelsift.label_quality.kernels.soft_votes`."""
    near = np.nan_to_num(np.maximum(similarities.astype(np.float64), 0))
    near = (near * near) ** 2 if exponent == 4.0 else np.where(near > 0, near, 1) ** exponent * (near > 0)
    if len(counts):
        near *= counts[rows]
    near[rows < 0] = 0
    weights = near.astype(np.float32)
    out[:] = prior
    for at in range(rows.shape[1]):  # a neighbour at a time: all at once would be rows × neighbours × classes
        out += weights[:, at, None] * targets[rows[:, at]]
    out /= out.sum(axis=1, keepdims=True)
