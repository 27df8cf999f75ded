"""Regions of a table: conjunctions of conditions on columns (an interval of numbers, a category, what is missing)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MISSING = -1  # code of a missing category


@dataclass(frozen=True)
class Feature:
    """A column in which slices are sought.

    Parameters
    ----------
    name
        Different from those of the others.
    values
        Shape (n,): floats, NaN where missing, or codes of categories (integers, -1 where missing).
    """

    name: str
    values: np.ndarray

    @cached_property
    def is_number(self) -> bool:
        """Whether the values have an order."""
        return self.values.dtype.kind == "f"

    @cached_property
    def missing(self) -> np.ndarray:
        """Where nothing is known: bool, shape (n,)."""
        return np.isnan(self.values) if self.is_number else self.values < 0


@dataclass(frozen=True)
class Condition:
    """What must hold in one column.

    Parameters
    ----------
    feature
        The name of the column.
    low, high
        Of numbers: ``low < x <= high``; infinite where there is no border. An infinite ``low`` lets -inf in.
    code
        Of categories: the one that is meant; -1 = missing, for numbers, too. None for an interval.
    """

    feature: str
    low: float = -np.inf
    high: float = np.inf
    code: int | None = None

    def mask(self, feature: Feature) -> np.ndarray:
        """Tell which rows fulfil it: bool, shape (n,)."""
        if self.code == MISSING:
            return feature.missing
        if self.code is not None:
            return feature.values == self.code
        above = ~feature.missing if self.low == -np.inf else feature.values > self.low
        return above if self.high == np.inf else above & (feature.values <= self.high)


Region = tuple[Condition, ...]


def region_mask(region: Region, features: Mapping[str, Feature], rows: np.ndarray) -> np.ndarray:
    """Tell which of some rows (positions) lie in a region: bool, one a row."""
    inside = np.ones(len(rows), dtype=bool)
    for condition in region:
        inside &= condition.mask(features[condition.feature])[rows]
    return inside
