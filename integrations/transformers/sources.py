"""Sources of rows: which sample each row of a data set is, by its ids or by its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import TRAIN
from labelsift.capture.row_ids import ID
from labelsift.errors import InputError


@dataclass
class Source:
    """One data set of a Trainer.

    Attributes
    ----------
    split
        What its rows are recorded as.
    size
        How many they are; None for a stream.
    order
        The sample of each row: int64, shape (size,); None while it is not known.
    left_out
        Whether none of its rows are recorded: of an evaluation that is not the samples'.
    """

    split: str
    size: int | None
    order: np.ndarray | None = None
    left_out: bool = False


def length(rows: Any) -> int | None:  # noqa: ANN401 - of the user
    """Return how many rows a data set has; None for a stream."""
    try:
        return len(rows)
    except (TypeError, AttributeError, NotImplementedError):
        return None


def column(rows: Any, name: str) -> list[Any] | None:  # noqa: ANN401
    """Return a column of a data set that has columns, or is a list of dicts, without its other cells; None without."""
    if isinstance(rows, (list, tuple)):
        named = len(rows) > 0 and all(isinstance(row, Mapping) for row in rows) and any(name in row for row in rows)
        return [row.get(name) for row in rows] if named else None
    names = getattr(rows, "column_names", None)
    if length(rows) is None or not isinstance(names, (list, tuple)) or name not in names:
        return None
    return list(rows.with_format(None)[name][:])


def source_of(capture: Capture, rows: Any, given: Any, split: str) -> Source:  # noqa: ANN401
    """Return what is known of a data set before its first row is drawn.

    Parameters
    ----------
    capture
        Of these samples.
    rows
        What the loader draws from.
    given
        What the Trainer was given: with the columns that it has taken away from the other.
    split
        What the rows are recorded as.

    Raises
    ------
    InputError
        For ids that are missing, stand twice or are unknown, and for a data set without ids of another length.
    """
    source, asked = Source(split, length(rows)), capture.request.ids
    if callable(asked):
        return source
    for data in (rows, given):
        values = column(data, asked or ID)
        if values is not None and len(values) == source.size:
            source.order = capture.ids.positions(values, what=f"{split} data set")
            return source
    if isinstance(getattr(rows, "column_names", None), (list, tuple)) and source.size is not None and asked is None:
        source.order = _by_order(capture, source)
    return source


def samples_of(
    capture: Capture,
    source: Source,
    positions: np.ndarray,
    *,
    ids: list[Any] | None,
    batch: Any,  # noqa: ANN401
) -> np.ndarray:
    """Return the sample of each row of a batch: int64, shape (n,).

    Parameters
    ----------
    capture, source
        Of these samples; the data set that the batch is of.
    positions
        Of its rows within the data set: int64, shape (n,).
    ids
        Of its rows, where they bear them.
    batch
        What the model is given.

    Raises
    ------
    InputError
        For ids that are missing, stand twice or are unknown, and for a data set without ids of another length.
    """
    asked = capture.request.ids
    if callable(asked):
        return capture.ids.positions(asked(batch))
    if source.order is None and ids is not None:
        return capture.ids.positions(ids)
    if source.order is None:
        if asked is not None:
            raise InputError(
                f"The rows of the {source.split} data set have no {asked}",
                hint="Name the column or key that holds their ids, or give what returns those of a batch: ids=…",
            )
        source.order = _by_order(capture, source)
    return source.order[positions]


def _by_order(capture: Capture, source: Source) -> np.ndarray:
    """Return the sample of each row by its order; rows that could be the training's as well are refused."""
    if source.size is None:
        raise InputError("The rows of a stream have no order", hint="Give each row its id: a key id, or ids=…")
    order = capture.positions(np.arange(source.size), source.size, source.split)
    training = capture.target.train_dataset
    if source.split != TRAIN and training is not None and len(order) == len(capture.samples):
        raise InputError(
            f"The {source.split} data set has as many rows as there are samples, which are the training's, too",
            hint="Give each row its id (a column id, or ids=…), or the samples a column split",
        )
    return order
