"""k-nearest-neighbour votes, weighted by the fourth power of the cosine: for one class each, or spread over several."""

from __future__ import annotations

import numpy as np

PRIOR = 1e-3  # votes that are spread over all classes, against 1 of an identical neighbour
_VOTES_AT_ONCE = 2**16  # votes of a block of rows, so that its temporary arrays stay in the processor's cache
_VALUES_AT_ONCE = 2**16  # the same for gathered targets: some 800 rows of 77 classes


def votes(
    rows: np.ndarray, similarities: np.ndarray, codes: np.ndarray, *, classes: int, counts: np.ndarray | None = None
) -> np.ndarray:
    """Let labeled neighbours vote.

    Parameters
    ----------
    rows, similarities
        Neighbours of m rows, int32 and float32, shape (m, k); -1 = none. Similarities below 0 have no weight.
    codes
        Class of every row of the data set, shape (n,); -1 = no vote.
    counts
        How much the vote of each row of the data set counts, float32, shape (n,); all the same by default.

    Returns
    -------
    numpy.ndarray
        float32, shape (m, classes): each row sums to one, and is uniform where nobody votes. The votes for the given
        label are ``result[numpy.arange(m), given]``.
    """
    _require_within(rows, len(codes))
    result = np.empty((len(rows), classes), dtype=np.float32)
    step = max(1, _VOTES_AT_ONCE // max(rows.shape[1], 1))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        voted = codes[block]
        weights = _weights(block, similarities[start : start + step], counts)
        weights[voted < 0] = 0
        cells = np.maximum(voted, 0) + (np.arange(len(block)) * classes)[:, None]
        tally = np.bincount(cells.ravel(), weights.ravel(), minlength=len(block) * classes).reshape(-1, classes)
        tally += PRIOR / classes
        result[start : start + step] = tally / tally.sum(axis=1, keepdims=True)
    return result


def soft_votes(
    rows: np.ndarray, similarities: np.ndarray, targets: np.ndarray, *, counts: np.ndarray | None = None
) -> np.ndarray:
    """Let neighbours vote like :func:`votes`, each vote spread over the classes.

    Parameters
    ----------
    targets
        float32, shape (n, classes), finite: class probabilities of every row of the data set; zeros = no vote.

    Returns
    -------
    numpy.ndarray
        float32, shape (m, classes): each row sums to one.
    """
    _require_within(rows, len(targets))
    classes = targets.shape[1]
    result = np.full((len(rows), classes), PRIOR / classes, dtype=np.float32)
    step = max(1, _VALUES_AT_ONCE // classes)
    room = np.empty((min(step, len(rows)), classes), dtype=np.float32)
    for start in range(0, len(rows), step):
        block, tally = rows[start : start + step], result[start : start + step]
        weights = _weights(block, similarities[start : start + step], counts).astype(np.float32)
        # A neighbour at a time: always the same order of additions, and nothing of rows × neighbours × classes.
        for neighbor, weight in zip(
            np.maximum(block.T, 0, dtype=np.intp), np.ascontiguousarray(weights.T), strict=True
        ):
            gathered = np.take(targets, neighbor, axis=0, out=room[: len(block)], mode="clip")
            gathered *= weight[:, None]
            tally += gathered
    result /= result.sum(axis=1, keepdims=True, dtype=np.float64)
    return result


def _weights(rows: np.ndarray, similarities: np.ndarray, counts: np.ndarray | None) -> np.ndarray:
    """Return the weight of each vote: float64, shape (m, k); 0 where there is no neighbour."""
    weights = np.fmax(similarities, np.float32(0)).astype(np.float64)
    weights *= weights
    weights *= weights
    if counts is not None:
        weights *= counts[rows]
    weights[rows < 0] = 0
    return weights


def _require_within(rows: np.ndarray, n: int) -> None:
    if rows.size and rows.max() >= n:
        raise ValueError(f"a position of {rows.max()} among {n}")
