"""The kernels of label scoring, compiled by numba: one pass over each row, and nothing of the size of the data.

Imported by :mod:`labelsift.label_quality.kernels`, and for spans by :mod:`labelsift.label_quality.spans.crf_numba`,
when the first row is judged: numba costs half a second to import. The machine code is kept beside this file or, where
that folder cannot be written, in the user's cache; where neither can be, every process compiles anew. Nothing here
assumes that numbers are finite (no ``fastmath``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba finds no folder that it could write machine code to
        return numba.njit(nogil=True)(function)


@compiled
def row_faults(block: np.ndarray, rounding: float, whole: bool, faults: np.ndarray) -> None:
    """Tell which rows are no probabilities: see :func:`labelsift.label_quality.kernels.faults`."""
    for row in range(block.shape[0]):
        total, negative = 0.0, False
        for at in range(block.shape[1]):
            value = block[row, at]
            total += value
            negative |= value < -rounding
        if not (-np.inf < total < np.inf):
            faults[row] = 1
        elif negative:
            faults[row] = 2
        elif total > 1 + rounding or (whole and total < 1 - rounding):
            faults[row] = 3
        else:
            faults[row] = 0


@compiled
def index_faults(indices: np.ndarray, classes: int, faults: np.ndarray) -> None:
    """Tell which rows of top-k indices name no class, or one twice."""
    last_row = np.full(classes, -1, np.int64)
    for row in range(indices.shape[0]):
        for at in range(indices.shape[1]):
            code = indices[row, at]
            if code >= classes or code < -1:
                faults[row] = 4
                break
            if code >= 0:
                if last_row[code] == row:
                    faults[row] = 5
                    break
                last_row[code] = row


@compiled
def _total(block: np.ndarray, row: int) -> float:
    """Add up a row in four sums that do not wait for each other; values below zero count as zero."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    width = block.shape[1]
    whole = width - width % 4
    for at in range(0, whole, 4):
        one, two, three, four = block[row, at], block[row, at + 1], block[row, at + 2], block[row, at + 3]
        first += 0.0 if one < 0 else one
        second += 0.0 if two < 0 else two
        third += 0.0 if three < 0 else three
        fourth += 0.0 if four < 0 else four
    if whole < width:
        first += 0.0 if block[row, whole] < 0 else block[row, whole]
    if whole + 1 < width:
        second += 0.0 if block[row, whole + 1] < 0 else block[row, whole + 1]
    if whole + 2 < width:
        third += 0.0 if block[row, whole + 2] < 0 else block[row, whole + 2]
    return (first + second) + (third + fourth)


@compiled
def _highest(block: np.ndarray, row: int, start: int, stop: int) -> Any:  # noqa: ANN401 - a float32
    """Return the highest of some values of a row, 0 if all lie below; -1 if there is none."""
    if start >= stop:
        return np.float32(-1)
    first = second = third = fourth = np.float32(0)
    at = start
    while at + 4 <= stop:
        first = block[row, at] if block[row, at] > first else first
        second = block[row, at + 1] if block[row, at + 1] > second else second
        third = block[row, at + 2] if block[row, at + 2] > third else third
        fourth = block[row, at + 3] if block[row, at + 3] > fourth else fourth
        at += 4
    while at < stop:
        first = block[row, at] if block[row, at] > first else first
        at += 1
    return max(max(first, second), max(third, fourth))


@compiled
def _place(block: np.ndarray, row: int, value: float, code: int) -> int:
    """Return the first class but ``code`` that has a value, which must occur; -1 if the value lies below zero."""
    if value < 0:
        return -1
    at = 0
    while at == code or max(block[row, at], np.float32(0)) != value:
        at += 1
    return at


@compiled
def _sure(block: np.ndarray, row: int, scale: float, thresholds: np.ndarray) -> int:
    """Return the likeliest among the classes whose threshold is reached; -1 if there is none."""
    sure, found = np.float32(0), -1
    for at in range(block.shape[1]):
        value = block[row, at]
        if value > sure and value * scale >= thresholds[at]:
            sure, found = value, at
    return found


@compiled
def pass1(block: np.ndarray, codes: np.ndarray, unit: float, sums: np.ndarray, counts: np.ndarray) -> None:
    """Add up the given labels' probabilities: see :func:`labelsift.label_quality.kernels.pass1`."""
    for row in range(block.shape[0]):
        code = codes[row]
        if code < 0:
            continue
        total = _total(block, row)
        if total > 0 and total < np.inf:
            given = max(block[row, code], np.float32(0)) * (1.0 / total)
            sums[code] += np.int64(np.rint(given * unit))
            counts[code] += 1


@compiled
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
    lowest = np.inf
    for at in range(len(thresholds)):
        lowest = min(lowest, thresholds[at])
    for row in range(block.shape[0]):
        given[row], best_other[row], other[row], confident[row] = np.nan, np.nan, -1, -1
        total = _total(block, row)
        if not (total > 0 and total < np.inf):
            continue
        scale, code = 1.0 / total, codes[row]
        own = np.float32(-1)
        if code >= 0:
            own = max(block[row, code], np.float32(0))
            best = max(_highest(block, row, 0, code), _highest(block, row, code + 1, block.shape[1]))
            given[row] = own * scale
        else:
            best = _highest(block, row, 0, block.shape[1])
        best_at = _place(block, row, best, code)
        if best_at >= 0:
            best_other[row], other[row] = best * scale, best_at
        top = max(own, best)
        if top * scale < lowest:
            continue
        top_at = code if own > best or (own == best and code < best_at) else best_at
        if top * scale >= thresholds[top_at]:  # mostly: then no other class can be confident and likelier
            confident[row] = top_at
        else:
            confident[row] = _sure(block, row, scale, thresholds)


@compiled
def _kept(indices: np.ndarray, values: np.ndarray, row: int, code: int, classes: int) -> tuple[float, float, float]:
    """Return (scale, probability of the class ``code`` before scaling, that of a class not kept); scale 0 = none."""
    total, smallest, kept, given = 0.0, np.inf, 0, -1.0
    for at in range(indices.shape[1]):
        if indices[row, at] < 0:
            continue
        value = 0.0 if values[row, at] < 0 else np.float64(values[row, at])
        total += value
        smallest = min(smallest, value)
        kept += 1
        if indices[row, at] == code:
            given = value
    if not (total > 0 and total < np.inf):
        return 0.0, 0.0, 0.0
    rest = 0.0
    if kept < classes:
        rest = min(max(1 - total, 0.0) / (classes - kept), smallest)
    scale = 1.0 / total if kept == classes or total > 1 else 1.0
    return scale, given if given >= 0 else rest, rest


@compiled
def sparse_pass1(
    indices: np.ndarray, values: np.ndarray, codes: np.ndarray, unit: float, sums: np.ndarray, counts: np.ndarray
) -> None:
    """Add up the given labels' probabilities: see :func:`labelsift.label_quality.kernels.sparse_pass1`."""
    for row in range(indices.shape[0]):
        code = codes[row]
        if code < 0:
            continue
        scale, given, _ = _kept(indices, values, row, code, len(sums))
        if scale > 0:
            sums[code] += np.int64(np.rint(given * scale * unit))
            counts[code] += 1


@compiled
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
    for row in range(indices.shape[0]):
        given[row], best_other[row], other[row], confident[row] = np.nan, np.nan, -1, -1
        code = codes[row]
        scale, own, rest = _kept(indices, values, row, code, len(thresholds))
        if scale == 0:
            continue
        best, best_at = -1.0, -1
        sure, sure_at = 0.0, -1
        for at in range(indices.shape[1]):
            one = indices[row, at]
            if one < 0:
                continue
            value = 0.0 if values[row, at] < 0 else np.float64(values[row, at])
            if value > best and one != code:
                best, best_at = value, one
            if value > sure and value * scale >= thresholds[one]:
                sure, sure_at = value, one
        if code >= 0:
            given[row] = own * scale
        best_other[row] = (best if best_at >= 0 else rest) * scale
        other[row], confident[row] = best_at, sure_at


@compiled
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
    tally = np.zeros(out.shape[1])
    for row in range(rows.shape[0]):
        tally[:] = prior
        total = prior * out.shape[1]
        for at in range(rows.shape[1]):
            neighbor = rows[row, at]
            if neighbor < 0 or neighbor == first + row or codes[neighbor] < 0:
                continue
            near = np.float64(similarities[row, at])
            if not near > 0:
                continue
            weight = (near * near) * (near * near) if exponent == 4.0 else near**exponent
            if len(counts):
                weight *= counts[neighbor]
            tally[codes[neighbor]] += weight
            total += weight
        for code in range(out.shape[1]):
            out[row, code] = tally[code] / total


@compiled
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
    classes = out.shape[1]
    tally = np.zeros(classes, dtype=np.float32)
    for row in range(rows.shape[0]):
        tally[:] = prior
        for at in range(rows.shape[1]):
            neighbor = rows[row, at]
            if neighbor < 0:
                continue
            near = np.float64(similarities[row, at])
            if not near > 0:
                continue
            weight = (near * near) * (near * near) if exponent == 4.0 else near**exponent
            if len(counts):
                weight *= counts[neighbor]
            share = np.float32(weight)
            for code in range(classes):
                tally[code] += share * targets[neighbor, code]
        total = 0.0
        for code in range(classes):
            total += tally[code]
        for code in range(classes):
            out[row, code] = tally[code] / total
