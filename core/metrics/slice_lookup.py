"""A slice by its name: its metrics, and its samples."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .factorize import Cells, cross, partitions
from .slice_table import full_table
from .slugs import slugs

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..store.run import Run


def slice_row(report: Run, slug: str) -> dict[str, Any] | None:
    """Return the metrics of a slice by its slug, of one column or two; None where there is no such slice."""
    cells = _cells(report.samples, slug)
    if not cells:
        return None
    return next((row for row in full_table(report, cells).to_pylist() if row["slug"] == slug), None)


def slice_ids(report: Run, slug: str) -> list[str]:
    """Return the ids of a slice's samples by its slug, of one column or two.

    Raises
    ------
    InputError
        If there is no such slice.
    """
    cells = _cells(report.samples, slug)
    names = slugs([predicate for one in cells for predicate in one.predicates])
    if slug not in names:
        some = ", ".join(names[:5])
        cure = f"There are {some} …; see report.slices()" if some else "Scan with --meta: this run has no slices"
        raise InputError("The run has no such slice", ids=[slug], cure=cure)
    places = [(one, code) for one in cells for code in range(len(one))]
    one, code = places[names.index(slug)]
    return report.samples.ids.take(np.flatnonzero(one.codes == code)).to_pylist()


def _cells(samples: Samples, slug: str) -> list[Cells]:
    cells = list(partitions(samples)[0].values())
    if "__" in slug:
        cells += [cross(one, other) for one, other in combinations(cells, 2)]
    return cells
