"""Ids of the rows of a data set: by a column, or by its order where the numbers of rows fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.samples import Samples
from ..errors import InputError
from ..texts.redaction import pseudonym

ID = "id"
_NAMES = {
    "train": ("train", "training"),
    "eval": ("eval", "evaluation", "validation", "valid", "val", "dev", "test"),
}


def names_of_split(split: str) -> tuple[str, ...]:
    """Return the names, in lower case, that a column ``split`` may have for one of the two splits."""
    return _NAMES.get(split.partition("_")[0], (split,))


def split_positions(samples: Samples, size: int, split: str) -> np.ndarray:
    """Return the samples that the rows of a data set are, in its order: int64, shape (size,).

    They are all samples, or those of the split where the samples name their splits (``train``; ``validation``, ``dev``
    and their like are evaluation).

    Raises
    ------
    InputError
        If neither are as many as the data set's rows.
    """
    if size == len(samples):
        return np.arange(size)
    column = samples.column("split")
    counts = ""
    if column is not None:
        names = [str(name).strip().lower() for name in column.to_pylist()]
        wanted = names_of_split(split)
        for chosen in ((split,), *((name,) for name in wanted), wanted):
            rows = np.flatnonzero([name in chosen for name in names])
            if len(rows) == size:
                return rows
        counts = f", {np.isin(names, wanted).sum():,} of them {split}"
    raise InputError(
        f"The {split} data set has {size:,} rows, and there are {len(samples):,} samples{counts}",
        hint="Give each row its id (a column id, or ids=…), or watch with just these rows, in their order",
    )


class SampleIds:
    """The samples' ids and their positions; people's own ids are known, too, where some are read as pseudonyms."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.names = list(ids)
        self._position = {name: row for row, name in enumerate(self.names)}

    def positions(self, ids: Sequence[Any] | np.ndarray, *, what: str = "batch") -> np.ndarray:
        """Return the position of each id: int64, shape (len(ids),).

        Raises
        ------
        InputError
            For a missing id (None, NaN or empty), one that stands twice, and one that no sample has.
        """
        listed = [_name(name) for name in (ids.tolist() if isinstance(ids, np.ndarray) else ids)]
        if missing := [str(row) for row, name in enumerate(listed) if not name]:
            raise InputError(
                f"{len(missing):,} of {len(listed):,} rows of the {what} have no id: {', '.join(missing[:5])}",
                hint="Give every row an id, or read without id=: samples are then known by hashes of their texts",
            )
        if len(set(listed)) < len(listed):
            repeated = [name for name, count in Counter(listed).items() if count > 1]
            raise InputError(f"Some ids stand twice in the {what}", ids=repeated, hint="Give each row an id of its own")
        rows = [self._position.get(name, -1) for name in listed]
        if -1 in rows:
            rows = [
                self._position.get(pseudonym(name), -1) if row < 0 else row
                for row, name in zip(rows, listed, strict=True)
            ]
        if unknown := [name for row, name in zip(rows, listed, strict=True) if row < 0]:
            raise InputError(
                f"The {what} holds ids that no sample has",
                ids=unknown,
                hint="Watch with the samples that you train on, read with the same id column: ls.read(…, id=…)",
            )
        return np.array(rows, dtype=np.int64)


def labels_differ(samples: Samples, rows: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> None:
    """Refuse rows whose labels are others than the samples': a data set in another order, or classes in another.

    Parameters
    ----------
    rows
        Positions of the samples: int, shape (n,).
    labels
        The label of each as a position of ``classes``: int, shape (n,); negative = none.

    Raises
    ------
    InputError
        It names the first samples.
    """
    codes = samples.codes(list(classes))[rows]
    other = np.flatnonzero((codes >= 0) & (labels >= 0) & (codes != labels))
    if len(other):
        raise InputError(
            f"The labels of {len(other):,} rows are not those of the samples",
            ids=samples.ids.take(rows[other]).to_pylist(),
            hint="Bring both into the same order or give ids, or name the class of each output: classes=[…]",
        )


def _name(value: Any) -> str:  # noqa: ANN401 - of a column of any type
    if value is None or value != value:  # NaN
        return ""
    return value.decode() if isinstance(value, bytes) else str(value)
