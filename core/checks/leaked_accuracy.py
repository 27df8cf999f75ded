"""Accuracy with and without leaked rows: Wilson's interval of each, Newcombe's (1998) of their difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..models.rates import difference_interval, wilson
from .context import Context


@dataclass(frozen=True)
class Effect:
    """What leaked rows do to an accuracy: right and all rows, with them and without, and whose prediction it is."""

    right: tuple[int, int]
    rows: tuple[int, int]
    source: str

    def accuracy(self, place: int) -> list[float]:
        """Return the accuracy of all rows (``place`` 0) or of those that are left (1), with its 95 % interval."""
        low, high = wilson(np.array([self.right[place]]), np.array([self.rows[place]]))
        return [round(float(value), 4) for value in (self.right[place] / self.rows[place], low[0], high[0])]

    @property
    def difference(self) -> tuple[float, float, float]:
        """By how much the accuracy of all rows is above that of the rows that are left, with its 95 % interval.

        It is the leaked rows' share times what they are ahead of the rest, whose interval is Newcombe's.
        """
        leaked = self.rows[0] - self.rows[1]
        hits = np.array([self.right[0] - self.right[1], self.right[1]])
        rates = hits / np.array([leaked, self.rows[1]])
        low, high = wilson(hits, np.array([leaked, self.rows[1]]))
        worst, best = difference_interval(rates[0], (low[0], high[0]), rates[1], (low[1], high[1]))
        share = leaked / self.rows[0]
        return float(share * (rates[0] - rates[1])), float(share * worst), float(share * best)


def effect_on_accuracy(
    context: Context, members: np.ndarray, leaked: np.ndarray, rank: np.ndarray, *, least: int
) -> Effect | None:
    """Compare the accuracy of a split with and without its leaked rows; None where too few rows tell.

    Parameters
    ----------
    members, leaked
        The rows of the split, and all leaked ones: bool, shape (n,).
    rank
        How late each row is evaluated, NaN = never: float64, shape (n,).
    least
        Leaked rows, and rows that are left, from which accuracies are compared.
    """
    if not (members & leaked).any():
        return None
    predicted, source = _predicted(context, members, rank)
    known = members & (context.codes >= 0) & (predicted >= -1)
    rows = int(known.sum()), int((known & ~leaked).sum())
    if min(rows[0] - rows[1], rows[1]) < least:
        return None
    right = known & (predicted == context.codes)
    return Effect((int(right.sum()), int((right & ~leaked).sum())), rows, source)


def _predicted(context: Context, members: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, str]:
    """Return predicted classes (-1 = a class that is not known, -2 = none) and whose prediction that is."""
    nothing = np.full(len(context), -2, dtype=np.int64)
    if context.samples.task != "classification":
        return nothing, ""
    column = context.samples.column("predicted")
    if column is not None:
        codes = pc.index_in(column, value_set=pa.array(context.classes, pa.string())).fill_null(-1).to_numpy()
        return np.where(column.is_valid().to_numpy(), codes, -2), "the column predicted"
    if context.brought_pred_probs and context.pred_probs is not None:
        finite = np.isfinite(context.pred_probs).all(axis=1)
        return np.where(finite, np.nan_to_num(context.pred_probs).argmax(axis=1), -2), "the probabilities you brought"
    if context.graph is None:
        return nothing, ""
    return _nearest_label(context, members, rank), "the label of the nearest row of an earlier split, as a stand-in"


def _nearest_label(context: Context, members: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """Return the class of each row's nearest labeled neighbour in an earlier split (1-NN), -2 where there is none."""
    assert context.graph is not None  # noqa: S101 - its caller looked
    predicted = np.full(len(context), -2, dtype=np.int64)
    rows = np.flatnonzero(members & context.readable & ~context.blank)
    near = context.graph.rows[rows]
    usable = (near >= 0) & (context.codes[near] >= 0) & (rank[near] < rank[rows][:, None])
    first = usable.argmax(axis=1)
    predicted[rows] = np.where(usable.any(axis=1), context.codes[near[np.arange(len(rows)), first]], -2)
    return predicted
