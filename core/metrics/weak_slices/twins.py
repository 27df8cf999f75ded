"""Other names of a slice: conditions on another column that pick out nearly the same rows, by Jaccard's index."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .regions import MISSING, Condition, Feature, Region, region_mask

NEARLY = 0.8  # rows in both, as a share of the rows in either
_MORE = 0.1  # by how much they must be closer than all rows are
_TRIM = 0.01  # share of a slice's rows that may lie beyond each border of an interval


def twins(region: Region, features: Mapping[str, Feature]) -> list[Region]:
    """Return the regions with one of the conditions replaced that hold nearly the same rows, the most alike first.

    Parameters
    ----------
    features
        Columns of n rows by their names.
    """
    everywhere = np.arange(len(next(iter(features.values())).values)) if features else np.empty(0, dtype=np.int64)
    named = {condition.feature for condition in region}
    alike: list[tuple[float, Region]] = []
    for place, condition in enumerate(region):
        others = (*region[:place], *region[place + 1 :])
        rows = np.flatnonzero(region_mask(others, features, everywhere))
        inside = condition.mask(features[condition.feature])[rows]
        for name in sorted(features.keys() - named):
            share, other = _closest(features[name], rows, inside)
            if other is not None and share >= NEARLY and share > inside.mean() + _MORE:
                replaced = (*region[:place], other, *region[place + 1 :])
                alike.append((share, tuple(sorted(replaced, key=lambda entry: entry.feature))))
    return [other for _, other in sorted(alike, key=lambda entry: -entry[0])]


def _closest(feature: Feature, rows: np.ndarray, inside: np.ndarray) -> tuple[float, Condition | None]:
    """Return the condition on a column that comes closest to some of the rows, and how close."""
    values, total = feature.values[rows], int(inside.sum())
    if not total:
        return 0.0, None
    if feature.is_number:
        known = np.sort(values[inside & ~feature.missing[rows]])
        if 2 * len(known) < total:
            return _shared(feature.missing[rows], inside), Condition(feature.name, code=MISSING)
        low, high = known[int(_TRIM * len(known))], known[int((1 - _TRIM) * (len(known) - 1))]
        below = values[values < low]
        border = float(below.max()) if len(below) else -np.inf
        upper = float(high) if (values > high).any() else np.inf
        condition = Condition(feature.name, border, upper)
        return _shared(condition.mask(feature)[rows], inside), condition
    codes, counts = np.unique(values[inside], return_counts=True)
    code = int(codes[counts.argmax()])
    return _shared(values == code, inside), Condition(feature.name, code=code)


def _shared(first: np.ndarray, second: np.ndarray) -> float:
    return int((first & second).sum()) / max(int((first | second).sum()), 1)
