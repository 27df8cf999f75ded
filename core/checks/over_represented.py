"""Metadata value in which some rows are over-represented, by Wilson intervals that do not overlap.

A value is named only where most of the rows have it and where, at a level corrected for all values that were looked at
(Bonferroni), their share of it lies above the share of it among the other rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pyarrow.compute as pc

from ..data.samples import Samples
from ..models.rates import wilson

MOST_VALUES = 50  # of a column; one with more is an id, a name or a measure
_LEVEL = 0.05  # of all comparisons together


@dataclass(frozen=True)
class Value:
    """A value of a metadata column that most of some rows have.

    Parameters
    ----------
    column, value
        Its names.
    rows
        How many of the rows have it.
    share, elsewhere
        The share of the rows, and of all others, that have it.
    """

    column: str
    value: str
    rows: int
    share: float
    elsewhere: float


def over_represented(samples: Samples, chosen: np.ndarray, judged: np.ndarray) -> Value | None:
    """Return the value with the greatest difference between the chosen rows and the other judged ones, or None.

    Parameters
    ----------
    chosen, judged
        bool, shape (n,); the chosen rows are judged ones.
    """
    inside, outside = int(chosen.sum()), int((judged & ~chosen).sum())
    if not inside or not outside:
        return None
    columns = []
    for name in samples.metadata.column_names:
        values = pc.cast(samples.metadata[name], "string").combine_chunks().dictionary_encode()
        if 2 <= len(values.dictionary) <= MOST_VALUES:
            columns.append((name, values.dictionary.to_pylist(), pc.fill_null(values.indices, -1).to_numpy()))
    looked_at = sum(len(values) for _, values, _ in columns)
    best: Value | None = None
    for name, values, codes in columns:
        mine = np.bincount(codes[chosen & (codes >= 0)], minlength=len(values))
        code = int(mine.argmax())
        others = int((codes[judged & ~chosen] == code).sum())
        share, elsewhere = mine[code] / inside, others / outside
        z = NormalDist().inv_cdf(1 - _LEVEL / (2 * looked_at))
        low, high = wilson(np.array([mine[code], others]), np.array([inside, outside]), z=z)
        apart = low[0] > high[1]
        if share > 0.5 and apart and (best is None or share - elsewhere > best.share - best.elsewhere):
            best = Value(name, values[code], int(mine[code]), float(share), float(elsewhere))
    return best
