"""Ids of the rows of a data set: by a column, or by its order where the numbers of rows fit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.samples import Samples
from ..errors import InputError
from ..texts.redaction import pseudonym

ID = "id"
_VALIDATION, _TEST = ("validation", "valid", "val", "dev"), ("test",)
_NAMES = {
    "train": ("train", "training"),
    "eval": ("eval", "evaluation", *_VALIDATION, *_TEST),
}


def names_of_split(split: str) -> tuple[str, ...]:
    """Return the names, in lower case, that a column ``split`` may have for one of the two splits."""
    return _NAMES.get(split.partition("_")[0], (split,))


def split_positions(samples: Samples, size: int, split: str) -> np.ndarray:
    """Return the samples that the rows of a data set are, in its order: int64, shape (size,).

    They are all samples, or those of the split where the samples name their splits (``train``; ``validation``, ``dev``
    and their like are evaluation). The data set ``eval_test`` is the samples' split ``test``, where they have one.

    Raises
    ------
    InputError
        If neither are as many as the data set's rows, or several splits for evaluation are.
    """
    column = samples.column("split")
    names = [] if column is None else [_as_folder(str(name).strip().lower()) for name in column.to_pylist()]
    own = _as_folder(split.partition("_")[2].lower()) or None
    if own not in names and size == len(samples):
        return np.arange(size)
    wanted = (own,) if own in names else _like(own) or names_of_split(split)
    groups = dict.fromkeys(name for name in names if name in wanted)
    fits = [name for name in groups if names.count(name) == size]
    if len(fits) > 1:
        raise InputError(
            f"The {split} data set has {size:,} rows, as many as the samples' splits {' and '.join(fits)} each",
            hint="Give each row its id (a column id, or ids=…): it could be either of them",
        )
    rows = np.flatnonzero([name in (fits or wanted) for name in names])
    if len(rows) == size:
        return rows
    counts = f", {len(rows):,} of them {' or '.join(groups) or split}" if names else ""
    raise InputError(
        f"The {split} data set has {size:,} rows, and there are {len(samples):,} samples{counts}",
        hint="Give each row its id (a column id, or ids=…), or watch with just these rows, in their order",
    )


def _as_folder(name: str) -> str:
    """Return a split's name as adapters write it for a folder."""
    return re.sub(r"[^\w.-]", "_", name)


def _like(name: str | None) -> tuple[str, ...]:
    """Return the other names of an evaluation set: validation is never the samples' test, nor test their validation."""
    return next((names for names in (_VALIDATION, _TEST) if name in names), ())


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
