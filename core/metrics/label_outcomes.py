"""Outcomes of labels one by one: what was given and predicted, given alone (missed), or predicted alone (false).

Every kind of labels is put on this footing. A single label that was predicted right is one hit; one that was not is a
miss of its own class and a false one of the other. A set of labels has an outcome for each label that stands in either
set, a text of spans one for each span, by its exact bounds and its type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.factorize import occurring
from ..data.label_sets import encoded

HIT, MISSED, FALSE = 0, 1, 2
Kind = Literal["precision", "recall", "f1"]
# The outcomes that hits are a share of. Of F1 it is the Jaccard index J, from which F1 = 2 J / (1 + J) follows.
COUNTED: Mapping[Kind, tuple[int, ...]] = {
    "precision": (HIT, FALSE),
    "recall": (HIT, MISSED),
    "f1": (HIT, MISSED, FALSE),
}


@dataclass(frozen=True)
class Patterns:
    """The different sets of outcomes that samples have: of single labels far fewer than samples.

    Parameters
    ----------
    of_sample
        The pattern of each sample: int64, shape (n,), -1 where it has no outcome.
    patterns, labels, kinds
        Pattern, class and HIT, MISSED or FALSE of each of their outcomes: int64, shape (outcomes,).
    """

    of_sample: np.ndarray
    patterns: np.ndarray
    labels: np.ndarray
    kinds: np.ndarray

    def __len__(self) -> int:
        return int(self.patterns.max(initial=-1)) + 1


@dataclass(frozen=True)
class LabelOutcomes:
    """Outcomes, in the order of the samples.

    Parameters
    ----------
    rows, labels, kinds
        Sample, class and HIT, MISSED or FALSE of each outcome: int64, shape (m,).
    compared
        Which samples have labels and predictions: bool, shape (n,). One with empty ones has no outcome.
    """

    rows: np.ndarray
    labels: np.ndarray
    kinds: np.ndarray
    compared: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Which samples have nothing missed and nothing false: bool, shape (n,)."""
        wrong = np.bincount(self.rows[self.kinds != HIT], minlength=len(self.compared))
        return self.compared & (wrong == 0)

    @cached_property
    def patterns(self) -> Patterns | None:
        """Which samples have the same outcomes; None where one has more than two, or none that could be compared."""
        number = np.bincount(self.rows, minlength=len(self.compared))
        if number.max(initial=0) > 2 or (self.compared & (number == 0)).any():
            return None
        width = 3 * (int(self.labels.max(initial=0)) + 1)
        keys = np.append(self.kinds * (width // 3) + self.labels, -1)  # in the order of the rows
        starts = np.cumsum(number) - number
        second = np.where(number > 1, keys[np.minimum(starts + 1, len(keys) - 1)], -1)
        codes = keys[starts] * (width + 1) + second + 1
        has_any = number > 0
        of_sample = np.full(len(number), -1, dtype=np.int64)
        used, of_sample[has_any] = occurring(codes[has_any], width * (width + 1))
        first, second = np.divmod(used, width + 1)
        places = np.concatenate([np.arange(len(used)), np.flatnonzero(second)])
        kinds, labels = np.divmod(np.concatenate([first, second[second > 0] - 1]), width // 3)
        return Patterns(of_sample, places, labels, kinds)

    def of_samples(self, chosen: np.ndarray) -> LabelOutcomes:
        """Return those of some samples alone: ``chosen`` bool, shape (n,)."""
        kept = chosen[self.rows]
        return LabelOutcomes(self.rows[kept], self.labels[kept], self.kinds[kept], self.compared & chosen)


def of_single_labels(given: np.ndarray, predicted: np.ndarray, compared: np.ndarray) -> LabelOutcomes:
    """Return the outcomes of single labels: classes int64, shape (n,), told where ``compared`` is True."""
    rows = np.flatnonzero(compared)
    right = given[rows] == predicted[rows]
    wrong = rows[~right]
    kinds = np.repeat([HIT, MISSED, FALSE], [len(rows) - len(wrong), len(wrong), len(wrong)])
    labels = np.concatenate([given[rows[right]], given[wrong], predicted[wrong]])
    return _ordered(np.concatenate([rows[right], wrong, wrong]), labels, kinds, compared)


def of_sets(given: pa.ChunkedArray, predicted: pa.ChunkedArray | np.ndarray, classes: Sequence[str]) -> LabelOutcomes:
    """Return the outcomes of sets of labels.

    Parameters
    ----------
    given
        Canonical texts of :mod:`labelsift.data.label_sets`, null = unlabeled.
    predicted
        The same, or probabilities of shape (n, classes), of which 0.5 and more predict a label.
    """
    compared = given.is_valid().to_numpy()
    if isinstance(predicted, np.ndarray):
        compared = compared & np.isfinite(predicted).all(axis=1)
        named = np.flatnonzero((predicted >= 0.5) & compared[:, None])
    else:
        compared = compared & predicted.is_valid().to_numpy()
        named = _members(predicted, compared, classes)
    return _joined(_members(given, compared, classes), named, len(classes), compared)


def of_spans(given: pa.ChunkedArray, predicted: pa.ChunkedArray, classes: Sequence[str]) -> LabelOutcomes:
    """Return the outcomes of spans, canonical texts of :mod:`labelsift.data.spans` each, null = unlabeled."""
    compared = given.is_valid().to_numpy() & predicted.is_valid().to_numpy()
    columns = [_spans(column, compared, classes) for column in (given, predicted)]
    bounds = np.concatenate([column[:, 1:3] for column in columns])
    width = int(bounds.max(initial=0)) + 1
    _, places = np.unique(bounds[:, 0] * width + bounds[:, 1], return_inverse=True)
    different = int(places.max(initial=0)) + 1  # so that row, place and type fit into one number
    keys, start = [], 0
    for column in columns:
        place = places[start : start + len(column)]
        keys.append((column[:, 0] * different + place) * len(classes) + column[:, 3])
        start += len(column)
    outcomes = _joined(keys[0], keys[1], len(classes), compared)
    return LabelOutcomes(outcomes.rows // different, outcomes.labels, outcomes.kinds, compared)


def _joined(given: np.ndarray, named: np.ndarray, classes: int, compared: np.ndarray) -> LabelOutcomes:
    """Return the outcomes of keys ``row * classes + class``, without repeats each."""
    keys = np.union1d(given, named)
    in_given, in_said = np.isin(keys, given), np.isin(keys, named)
    kinds = np.where(in_given & in_said, HIT, np.where(in_given, MISSED, FALSE))
    rows, labels = np.divmod(keys, max(classes, 1))
    return LabelOutcomes(rows, labels, kinds, compared)


def _ordered(rows: np.ndarray, labels: np.ndarray, kinds: np.ndarray, compared: np.ndarray) -> LabelOutcomes:
    order = np.argsort(rows, kind="stable")
    return LabelOutcomes(rows[order], labels[order], kinds[order], compared)


def _members(column: pa.ChunkedArray, compared: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return ``row * classes + class`` of every label in canonical texts; each text is read once."""
    coded = encoded(column)
    index = {name: position for position, name in enumerate(classes)}
    sets = [[index[label] for label in json.loads(text)] for text in coded.dictionary.to_pylist()]
    sizes = np.array([*map(len, sets), 0], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    flat = np.array([label for labels in sets for label in labels], dtype=np.int64)
    codes = np.where(compared, pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), -1)
    rows = np.repeat(np.arange(len(codes)), sizes[codes])
    within = np.arange(len(rows)) - np.repeat(np.cumsum(sizes[codes]) - sizes[codes], sizes[codes])
    return rows * max(len(classes), 1) + flat[starts[codes[rows]] + within]


def _spans(column: pa.ChunkedArray, compared: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Return row, start, end and class of every span: int64, shape (spans, 4)."""
    index = {name: position for position, name in enumerate(classes)}
    rows = np.flatnonzero(compared)
    cells = column.take(pa.array(rows)).to_pylist()
    spans = [
        (row, start, end, index[name])
        for row, cell in zip(rows.tolist(), cells, strict=True)
        for start, end, name in json.loads(cell)
    ]
    return np.array(spans, dtype=np.int64).reshape(-1, 4)
