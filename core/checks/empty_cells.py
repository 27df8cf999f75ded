"""Empty cells: pairs of a metadata value and a class without a row where independence would lead one to expect some.

The p-value of an empty cell is the hypergeometric probability of no row when the column is shuffled; Benjamini &
Hochberg's procedure (1995) goes over all cells of all columns, the filled ones counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from ..data.factorize import Cells
from ..models.rates import discovery_limit

TIED = 0.5  # share of the cells expected to be filled that are empty, from which the column as a whole is named
CLEARLY_EXPECTED = 5.0  # rows


@dataclass(frozen=True)
class EmptyCells:
    """The empty cells of one column.

    Parameters
    ----------
    column
        Its name.
    cells
        (value, class, expected rows), most expected first: positions in the column's cells and in the classes.
    tied
        So many are empty that column and classes are two sides of one thing.
    """

    column: str
    cells: tuple[tuple[int, int, float], ...]
    tied: bool


def empty_cells(
    columns: Mapping[str, Cells], members: np.ndarray, *, false_discoveries: float
) -> tuple[EmptyCells, ...]:
    """Return the columns with empty cells that chance does not explain.

    Parameters
    ----------
    columns
        Column → its values.
    members
        bool, shape (n, classes): which classes each labeled row has; a row without any is not labeled.
    """
    having, classes = np.nonzero(members)
    if not len(having):
        return ()
    labeled, width = members.any(axis=1), members.shape[1]
    sizes = np.bincount(classes, minlength=width)
    n, tests = int(labeled.sum()), 0
    candidates: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]] = []
    for name, cells in columns.items():
        pairs = np.bincount(cells.codes[having] * width + classes, minlength=len(cells) * width)
        counts = pairs.reshape(len(cells), width)
        rows = np.bincount(cells.codes[labeled], minlength=len(cells))
        expected = np.outer(rows, sizes) / n
        tests += int((expected > 0).sum())
        empty = np.argwhere((counts == 0) & (expected > 0))
        p_values = hypergeom.pmf(0, n, rows[empty[:, 0]], sizes[empty[:, 1]])
        candidates.append((name, empty, p_values, expected))
    everything = np.concatenate([entry[2] for entry in candidates]) if candidates else np.empty(0)
    limit = discovery_limit(everything, rate=false_discoveries, tests=tests)
    combinations = []
    for name, empty, p_values, expected in candidates:
        clear = empty[p_values <= limit]
        if not len(clear):
            continue
        ordered = sorted(((int(a), int(b), float(expected[a, b])) for a, b in clear), key=lambda cell: -cell[2])
        missing = sum(cell[2] >= CLEARLY_EXPECTED for cell in ordered)
        tied = len(ordered) > 1 and missing >= TIED * int((expected >= CLEARLY_EXPECTED).sum())
        combinations.append(EmptyCells(name, tuple(ordered), tied))
    return tuple(combinations)
