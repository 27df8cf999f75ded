"""Splits of rows that are read in their own order: by the data set that they are of, or by the samples' own column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..data.samples import Samples
from .recording import EVAL, TRAIN
from .row_ids import names_of_split


def data_of_splits(data: Any) -> dict[str, Any]:  # noqa: ANN401 - of any framework
    """Return the data of each split: a mapping of ``train`` and ``eval`` as it is, anything else as that of training.

    >>> data_of_splits({"train": [1], "eval": [2]}), data_of_splits({"tokens": [1]})
    ({'train': [1], 'eval': [2]}, {'train': {'tokens': [1]}})
    """
    if isinstance(data, Mapping) and data and all(str(name).partition("_")[0] in (TRAIN, EVAL) for name in data):
        return {str(name): rows for name, rows in data.items()}
    return {TRAIN: data}


def held_out(samples: Samples) -> np.ndarray:
    """Tell which samples the column ``split`` keeps from training, by its names for evaluation: bool, shape (n,)."""
    column = samples.column("split")
    if column is None:
        return np.zeros(len(samples), dtype=bool)
    names = [str(name).strip().lower() for name in column.to_pylist()]
    return np.isin(names, names_of_split(EVAL))


def parted(rows: np.ndarray, kept: np.ndarray, split: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the split of a batch's rows and where they stand in it; held-out rows of training data are evaluation.

    Parameters
    ----------
    rows
        Positions of the samples: int, shape (n,).
    kept
        What :func:`held_out` returned.
    split
        Of the data set that the batch comes from.
    """
    if split != TRAIN or not kept[rows].any():
        yield split, np.arange(len(rows))
        return
    for name, wanted in ((TRAIN, ~kept[rows]), (EVAL, kept[rows])):
        if wanted.any():
            yield name, np.flatnonzero(wanted)
