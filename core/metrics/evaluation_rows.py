"""Evaluation rows: those that a model's metrics count, without the split that the model was trained on."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import listed
from ..data.samples import Samples
from ..errors import InputError

_TRAINING = re.compile(r"\s*train(ing)?[\s_.-]*\d*\s*", re.IGNORECASE)
_NAMED = 5  # more splits are told by what is left out


def is_training(split: str) -> bool:
    """Tell whether a split is one that models are trained on, by its name.

    >>> [is_training(name) for name in ("train", "Training", "TRAIN_1", "test", "trains", "dev")]
    [True, True, True, False, False, False]
    """
    return bool(_TRAINING.fullmatch(split))


def rows_in(samples: Samples, split: str | Sequence[str]) -> np.ndarray:
    """Return which samples are in the named splits: bool, shape (n,).

    Raises
    ------
    InputError
        Where the data has no splits, or none of that name.
    """
    names = [split] if isinstance(split, str) else list(split)
    column = samples.column("split")
    if column is None:
        raise InputError("The data has no column of splits", ids=names, hint="Name it when reading: split=…, --split …")
    present = pc.unique(column.drop_null()).to_pylist()
    if missing := [name for name in names if name not in present]:
        raise InputError("The data has no such split", ids=missing, hint=f"There are {', '.join(sorted(present)[:20])}")
    return pc.is_in(column, value_set=pa.array(names, pa.string())).to_numpy(zero_copy_only=False)


def evaluation_rows(samples: Samples, compared: np.ndarray) -> np.ndarray:
    """Return which samples the metrics of a user's model count: bool, shape (n,).

    The rows of splits called train are left out where others have predictions: a model has seen them.

    Parameters
    ----------
    compared
        Whether a sample has a label and a prediction: bool, shape (n,).
    """
    column = samples.column("split")
    everything = np.ones(len(samples), dtype=bool)
    if column is None:
        return everything
    training = [name for name in pc.unique(column.drop_null()).to_pylist() if is_training(name)]
    others = ~pc.is_in(column, value_set=pa.array(training, pa.string())).to_numpy(zero_copy_only=False)
    return others if (others & compared).any() else everything


def counted_words(samples: Samples, counted: np.ndarray) -> str:
    """Say in words what is counted: ``counted`` bool, shape (n,).

    ``on split test, 12,000 rows`` or, where splits play no part, ``on 12,000 rows``.
    """
    rows = int(counted.sum())
    how_many = f"{rows:,} row{'s' if rows != 1 else ''}"
    column = samples.column("split")
    if column is None or not rows:
        return f"on {how_many}"
    splits = pc.unique(column.filter(pa.array(counted))).to_pylist()
    left = [name for name in pc.unique(column.drop_null()).to_pylist() if name not in splits]
    if not left:
        return f"on {how_many}"
    names = sorted(name for name in splits if name is not None) + ["none"] * (None in splits)
    if len(names) > _NAMED:
        return f"on all splits but {listed(sorted(left), most=_NAMED)}, {how_many}"
    return f"on split{'s' if len(names) > 1 else ''} {listed(names)}, {how_many}"
