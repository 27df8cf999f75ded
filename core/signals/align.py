"""Alignment of a user's arrays to the samples: rows by id, columns by class, checked on the way.

Probabilities are brought into order block by block, without more copies than they need.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.class_names import in_order, names_of
from ..data.known_ids import known_as
from ..data.samples import Samples
from ..errors import InputError
from ..label_quality.pred_probs import ROUNDING, Block, Dense, Probabilities, require_probabilities, row_faults

EXACT = 1e-5  # rows that sum to one up to this need no mending: what is on disk already can stay there
IN_MEMORY = 2**29  # bytes of probabilities from a file or from top-k; more are laid out in a temporary file
MOST_DENSE = 2**32  # bytes that top-k probabilities may take when laid out


def column_classes(given: Sequence[str] | None, samples: Samples, columns: int, *, what: str) -> list[str]:
    """Return the class of each column, named, or as scikit-learn sorts the labels; ``what`` is for messages."""
    if given is None:
        if len(samples.classes) != columns:
            raise InputError(
                f"{what} has {columns} columns, but the data has {len(samples.classes)} labels",
                hint="Name the class of each column (classes=…, --classes names.txt)",
            )
        return in_order(samples.classes)
    classes = names_of(given) or []
    if len(classes) != columns:
        raise InputError(
            f"{what} has {columns} columns, but {len(classes)} classes are named",
            hint="Name one class a column, in the order of the columns",
        )
    repeated = sorted({name for name in classes if classes.count(name) > 1})
    if repeated:
        raise InputError("Some classes are named twice", ids=repeated, hint="Name each class once")
    missing = sorted(set(samples.classes) - set(classes))
    if missing:
        raise InputError(
            f"Labels of the data are not among the classes of {what}",
            ids=missing,
            hint="Correct the spelling of the classes, or of the labels",
        )
    return classes


def align_array(values: np.ndarray, samples: Samples, ids: Sequence[str] | None, *, what: str) -> np.ndarray:
    """Return the rows of an array in the order of the samples."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.shape[1]:
        raise InputError(f"{what} has the shape {values.shape}", hint="It must be (samples, columns)")
    if values.dtype.kind not in "fiub":
        raise InputError(f"{what} holds {values.dtype}, not numbers", hint="Give an array of floats")
    rows = match_rows(len(values), samples, ids, what=what)
    return values if rows is None else values[rows]


def match_rows(
    n: int, samples: Samples, ids: Sequence[str] | None, *, what: str, partly: bool = False, columns: int = 0
) -> np.ndarray | None:
    """Return the row of each sample (``partly``: -1 = none), or None where they stand in the order of the samples."""
    if ids is None:
        if n != len(samples):
            raise InputError(
                f"{what} has {n:,} rows, but the data has {len(samples):,}",
                hint="It lies on its side: give pred_probs.T"
                if what == "pred_probs" and columns == len(samples)
                else "Give as many rows in the same order, or name the samples: Signals(ids=…)",
            )
        return None
    named = pa.array([str(sample_id) for sample_id in ids], pa.string())
    if len(named) != n:
        raise InputError(f"{what} has {n:,} rows, but {len(named):,} ids are named", hint="Name one a row")
    counts = pc.value_counts(named)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if repeated:
        raise InputError(f"Some ids of {what} are named twice", ids=repeated, hint="Give one row a sample")
    rows = pc.index_in(samples.ids, value_set=named)
    if rows.null_count:  # people's own ids, where some are read as pseudonyms
        rows = pc.index_in(samples.ids, value_set=pa.array(known_as(named.to_pylist(), samples.ids), pa.string()))
    if rows.null_count and (not partly or rows.null_count == len(samples)):
        missing = samples.ids.filter(pc.is_null(rows)).to_pylist()
        raise InputError(f"{what} says nothing of these samples", ids=missing, hint="Add their rows")
    return pc.fill_null(rows, -1).to_numpy()


def ids_where(samples: Samples, rows: np.ndarray) -> list[str]:
    """Return the ids of the samples for which ``rows`` is true."""
    return samples.ids.filter(pa.array(rows)).to_pylist()


def usable_in_place(source: Probabilities) -> TypeGuard[Dense]:
    """Tell whether a memory map holds sound probabilities already; other arrays are copied, for their owner may go on.

    What is wrong with it is said where it is copied.
    """
    if not isinstance(source, Dense) or not isinstance(source.array, np.memmap):
        return False
    if source.array.dtype != np.float32 or not source.array.flags.c_contiguous:
        return False
    return not any(row_faults(block.values, rounding=EXACT).any() for block in source.blocks())


def align_probabilities(
    source: Probabilities, samples: Samples, sample_rows: np.ndarray | None, order: np.ndarray
) -> np.ndarray:
    """Bring rows and columns into order and mend rounding, block by block: float32, shape (samples, classes)."""
    sample_of = np.arange(source.shape[0])
    if sample_rows is not None:
        sample_of = np.full(source.shape[0], -1)
        sample_of[sample_rows] = np.arange(len(sample_rows))
    result = _allocate(source, len(samples))
    for block in source.blocks():
        targets = sample_of[block.rows]
        used = targets >= 0
        targets = targets[used]
        indices = None if block.indices is None else block.indices[used]
        some = Block(block.rows, block.values[used], indices)
        require_probabilities(
            some, source.shape[1], lambda rows, targets=targets: samples.ids.take(pa.array(targets[rows])).to_pylist()
        )
        ordered = np.clip(some.dense(source.shape[1])[:, order], 0, 1)
        ordered /= ordered.sum(axis=1, keepdims=True)
        result[targets] = ordered
    return result


def align_multilabel(
    samples: Samples,
    pred_probs: Any,  # noqa: ANN401 - whatever was brought
    classes: Sequence[str] | None,
    ids: Sequence[str] | None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return (probabilities, classes), rows in the order of the samples and classes sorted.

    Raises
    ------
    InputError
        As :meth:`labelsift.signals.signals.Signals.aligned_pred_probs`, but for the sum of a row.
    """
    array = np.load(pred_probs) if isinstance(pred_probs, str | Path) else pred_probs
    probabilities = align_array(np.asarray(array), samples, ids, what="pred_probs")
    names = column_classes(classes, samples, probabilities.shape[1], what="pred_probs")
    _refuse_multilabel(probabilities, samples)
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    ordered = np.clip(probabilities[:, order].astype(np.float32), 0, 1)
    return ordered, tuple(names[column] for column in order)


def _allocate(source: Probabilities, n: int) -> np.ndarray:
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
            hint="Score the labels with labelsift.score_labels, which reads such probabilities as they are",
        )
    with tempfile.TemporaryFile() as file:
        try:
            if hasattr(os, "posix_fallocate"):  # a full disk must be an error now, not a crash later
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            return np.empty(shape, dtype=np.float32)
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


def _refuse_multilabel(probabilities: np.ndarray, samples: Samples) -> None:
    with np.errstate(invalid="ignore"):
        problems = {
            "hold NaN or infinity": ~np.isfinite(probabilities).all(axis=1),
            "are negative": np.asarray((probabilities < -ROUNDING).any(axis=1)),
            "are above one": np.asarray((probabilities > 1 + ROUNDING).any(axis=1)),
        }
    for problem, rows in problems.items():
        if np.any(rows):
            hint = "Predict them again" if "NaN" in problem else "Give probabilities, not logits: apply a sigmoid"
            if "above" in problem and 2 < probabilities.max() <= 100:
                hint = "Divide them by 100 if they are percentages; if they are logits, apply a sigmoid"
            raise InputError(f"The probabilities of these samples {problem}", ids=ids_where(samples, rows), hint=hint)
