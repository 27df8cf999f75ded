"""Rows and columns of signals beside the samples: which row is whose, and which column is which class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.samples import Samples
from ..errors import InputError


def class_names(given: Sequence[str] | None, samples: Samples, columns: int, *, what: str) -> list[str]:
    """Return the class of each column, as it was named or as the labels are sorted; ``what`` is for messages."""
    if given is None:
        if len(samples.classes) != columns:
            raise InputError(
                f"{what} has {columns} columns, but the data has {len(samples.classes)} labels",
                cure="Name the class of each column (classes=…, --classes names.txt)",
            )
        return list(samples.classes)
    classes = [str(name) for name in given]
    if len(classes) != columns:
        raise InputError(
            f"{what} has {columns} columns, but {len(classes)} classes are named",
            cure="Name one class a column, in the order of the columns",
        )
    repeated = sorted({name for name in classes if classes.count(name) > 1})
    if repeated:
        raise InputError("Some classes are named twice", ids=repeated, cure="Name each class once")
    missing = sorted(set(samples.classes) - set(classes))
    if missing:
        raise InputError(
            f"Labels of the data are not among the classes of {what}",
            ids=missing,
            cure="Correct the spelling of the classes, or of the labels",
        )
    return classes


def aligned(values: np.ndarray, samples: Samples, ids: Sequence[str] | None, *, what: str) -> np.ndarray:
    """Return the rows of an array in the order of the samples."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.shape[1]:
        raise InputError(f"{what} has the shape {values.shape}", cure="It must be (samples, columns)")
    if values.dtype.kind not in "fiub":
        raise InputError(f"{what} holds {values.dtype}, not numbers", cure="Give an array of floats")
    rows = rows_of(len(values), samples, ids, what=what)
    return values if rows is None else values[rows]


def rows_of(
    n: int, samples: Samples, ids: Sequence[str] | None, *, what: str, partly: bool = False
) -> np.ndarray | None:
    """Return the row of each sample (``partly``: -1 = none), or None where they stand in the order of the samples."""
    if ids is None:
        if n != len(samples):
            raise InputError(
                f"{what} has {n:,} rows, but the data has {len(samples):,}",
                cure="Give as many rows in the same order, or name the samples: Signals(ids=…)",
            )
        return None
    named = pa.array([str(one) for one in ids], pa.string())
    if len(named) != n:
        raise InputError(f"{what} has {n:,} rows, but {len(named):,} ids are named", cure="Name one a row")
    counts = pc.value_counts(named)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if repeated:
        raise InputError(f"Some ids of {what} are named twice", ids=repeated, cure="Give one row a sample")
    found = pc.index_in(samples.ids, value_set=named)
    if found.null_count and (not partly or found.null_count == len(samples)):
        missing = samples.ids.filter(pc.is_null(found)).to_pylist()
        raise InputError(f"{what} says nothing of these samples", ids=missing, cure="Add their rows")
    return pc.fill_null(found, -1).to_numpy()


def ids_of(samples: Samples, rows: np.ndarray) -> list[str]:
    """Return the ids of the samples for which ``rows`` is true."""
    return samples.ids.filter(pa.array(rows)).to_pylist()
