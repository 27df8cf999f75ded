"""Slices that follow from the label: what they are is told by the class, so that they are no cause of its errors.

Two signs are looked for. A column follows where the label foretells its values (Goodman & Kruskal's lambda). A single
slice follows where nearly all of it is of one class, as a reason that only negative rows have, beyond what a class that
is frequent anyway would bring by chance; unless its metric differs from that of the class elsewhere beyond chance, to
the same side as from all others: then the slice tells more than the class does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import betainc

from ..data.factorize import DENSE, Cells, occurring
from ..models.contingency import FOLLOWS, lambda_of
from .estimates import Estimates, difference_p_values
from .scored_labels import ScoredLabels
from .slice_cells import LABELS, NamedCells
from .slice_metrics import estimates, rest

CHANCE = 0.01
RATES = ("accuracy", "error_rate", "label_issue_rate")  # a class has them as a slice has


def follows(data: ScoredLabels, metric: str, partitions: Sequence[NamedCells]) -> np.ndarray:
    """Tell which cells of some partitions follow from the label, one after the other: bool, shape (cells,).

    Cells by the label itself do not: within a class, the class explains nothing.
    """
    columns = {part.columns[0]: part.cells for part in partitions if len(part.columns) == 1}
    foretold = {name: _is_foretold(data, cells) for name, cells in columns.items() if name not in LABELS}
    count = sum(len(part.cells) for part in partitions)
    by_class = estimates(data, metric, data.given, len(data.classes)) if metric in RATES else None
    parts = [_follow(data, metric, part, foretold, count, by_class) for part in partitions]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _is_foretold(data: ScoredLabels, cells: Cells) -> bool:
    sure = (data.given >= 0) & ~data.flagged
    return len(cells) > 1 and lambda_of(data.given[sure], cells.codes[sure]) >= FOLLOWS


def _follow(
    data: ScoredLabels,
    metric: str,
    part: NamedCells,
    foretold: Mapping[str, bool],
    count: int,
    by_class: Estimates | None,
) -> np.ndarray:
    size = len(part.cells)
    if data.task != "classification" or not data.classes or set(part.columns) & set(LABELS):
        return np.zeros(size, dtype=bool)
    if any(foretold.get(name) for name in part.columns):
        return np.ones(size, dtype=bool)
    rows, most, label = _commonest_class(data, part.cells)
    overall = np.bincount(data.given[data.given >= 0], minlength=len(data.classes))
    base = (overall / max(overall.sum(), 1))[label]
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = (most / rows - base) / (1 - base)
        tail = betainc(most, rows - most + 1, base)  # P(X >= most) for X ~ Binomial(rows, base); no need of scipy.stats
    pure = (rows > 0) & (lift >= FOLLOWS) & (tail < CHANCE / max(count, 1))
    if by_class is None or not pure.any():
        return pure
    own = estimates(data, metric, part.cells.codes, size)
    hits, trials = (np.maximum(getattr(by_class, name)[label] - getattr(own, name), 0) for name in ("hits", "trials"))
    elsewhere = Estimates(np.minimum(hits, trials), trials)
    others = rest(data, metric, part.cells.codes, size)
    same_side = np.sign(own.value - elsewhere.value) == np.sign(own.value - others.value)
    return pure & ~(same_side & (difference_p_values(own, elsewhere) < CHANCE))


def _commonest_class(data: ScoredLabels, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the labeled rows of each cell, those of its commonest class, and that class: int64, shape (cells,)."""
    size, classes = len(cells), len(data.classes)
    labeled = data.given >= 0
    codes, given = (cells.codes, data.given) if labeled.all() else (cells.codes[labeled], data.given[labeled])
    if size * classes <= DENSE:
        counts = np.bincount(codes * classes + given, minlength=size * classes).reshape(size, classes)
        commonest = classes - 1 - counts[:, ::-1].argmax(axis=1)  # the last of several
        most = counts.max(axis=1)
        return counts.sum(axis=1), most, np.where(most > 0, commonest, 0)
    keys, positions = occurring(codes * classes + given, size * classes)
    counts = np.bincount(positions, minlength=len(keys))
    order = np.argsort(counts, kind="stable")
    cell, label = np.divmod(keys[order], classes)
    most, commonest = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    most[cell], commonest[cell] = counts[order], label  # the last, which is the largest, stays
    return np.bincount(codes, minlength=size), most, commonest
