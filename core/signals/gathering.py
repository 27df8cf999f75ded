"""Probabilities of the user's model in the order of the samples and classes, without more copies than they need."""

from __future__ import annotations

import os
import tempfile
from typing import TypeGuard

import numpy as np
import pyarrow as pa

from ..data.samples import Samples
from ..errors import InputError
from ..label_quality.pred_probs import Block, Dense, Probabilities, require_probabilities, row_faults

EXACT = 1e-5  # rows that sum to one up to this need no mending: what is on disk already can stay there
IN_MEMORY = 2**29  # bytes of probabilities from a file or from top-k; more are laid out in a temporary file
MOST_DENSE = 2**32  # bytes that top-k probabilities may take when laid out


def usable_as_it_is(source: Probabilities) -> TypeGuard[Dense]:
    """Tell whether a memory map holds sound probabilities already; other arrays are copied, for their owner may go on.

    What is wrong with it is said where it is copied.
    """
    if not isinstance(source, Dense) or not isinstance(source.array, np.memmap):
        return False
    if source.array.dtype != np.float32 or not source.array.flags.c_contiguous:
        return False
    return not any(row_faults(block.values, rounding=EXACT).any() for block in source.blocks())


def gathered(source: Probabilities, samples: Samples, found: np.ndarray | None, order: np.ndarray) -> np.ndarray:
    """Bring rows and columns into order and mend rounding, block by block: float32, shape (samples, classes)."""
    place = np.arange(source.shape[0])
    if found is not None:
        place = np.full(source.shape[0], -1)
        place[found] = np.arange(len(found))
    out = _room(source, len(samples))
    for block in source.blocks():
        at = place[block.rows]
        asked = at >= 0
        at = at[asked]
        indices = None if block.indices is None else block.indices[asked]
        some = Block(block.rows, block.values[asked], indices)
        require_probabilities(
            some, source.shape[1], lambda rows, at=at: samples.ids.take(pa.array(at[rows])).to_pylist()
        )
        ordered = np.clip(some.dense(source.shape[1])[:, order], 0, 1)
        ordered /= ordered.sum(axis=1, keepdims=True)
        out[at] = ordered
    return out


def _room(source: Probabilities, n: int) -> np.ndarray:
    """Return room for all probabilities: in memory, or in a temporary file that goes with the array."""
    shape = (n, source.shape[1])
    size = 4 * shape[0] * shape[1]
    if isinstance(source, Dense) and not isinstance(source.array, np.memmap):
        return np.empty(shape, dtype=np.float32)  # there is one in memory already
    if size <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    if size > MOST_DENSE and not isinstance(source, Dense):
        raise InputError(
            f"A scan would lay out {n:,} × {shape[1]:,} probabilities, {size / 1e9:.0f} GB",
            cure="Score the labels with labelsift.score_labels, which reads such probabilities as they are",
        )
    with tempfile.TemporaryFile() as file:
        try:
            if hasattr(os, "posix_fallocate"):  # a full disk must be an error now, not a crash later
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            return np.empty(shape, dtype=np.float32)
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
