"""Sanity checks of user-supplied pred_probs: permuted columns, constant rows, in-sample predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from .confident_learning import count_pairs
from .pred_probs import slices

LEAST_ROWS = 10  # that the model must put into a class before its column is suspected
SURE = 0.6  # share of them that carry one and the same other label
LEAST_CONTRADICTED = 30  # rows whose neighbours support another label, before anything is said of them
AGAINST = 0.8  # share of the votes that the neighbours must give to one other class
SPARED = 0.8  # how near the likelihood of contradicted labels comes to that of supported ones


class ColumnOrder(NamedTuple):
    """How well the order of the columns fits the labels, measured on every other row.

    Parameters
    ----------
    agreement
        Share of rows whose likeliest class is the given one.
    exchanged
        The same once columns are exchanged as the remaining rows suggest.
    moved
        Pairs of column and the class that it seems to belong to, by most of the rows that tell it.
    rows
        How many rows tell each of them.
    """

    agreement: float
    exchanged: float
    moved: tuple[tuple[int, int], ...]
    rows: tuple[int, ...]


def column_order(codes: np.ndarray, predicted: np.ndarray, classes: int) -> ColumnOrder:
    """Ask whether other names for the columns would explain the labels far better.

    A column and a class are taken for each other's if each is the other's commonest partner in one half of each
    class's rows; the other half tells what that is worth, so that chance gains nothing.

    Parameters
    ----------
    codes, predicted
        Given and likeliest class of each row, shape (n,); -1 = none.
    """
    known = np.flatnonzero((codes >= 0) & (predicted >= 0))
    known = known[np.argsort(codes[known], kind="stable")]  # half of each class, also where the classes alternate
    learned, asked = known[::2], known[1::2]
    label, column, number = count_pairs(codes[learned], predicted[learned], classes)
    names = np.arange(classes)
    of_column, of_label = _commonest(column, label, number, classes), _commonest(label, column, number, classes)
    mutual = (of_column >= 0) & (of_label[np.maximum(of_column, 0)] == names)
    named = np.where(mutual, of_column, names)
    label, column, number = count_pairs(codes[asked], predicted[asked], classes)
    rows = np.bincount(column, number, classes)
    hits = np.bincount(column, number * (named[column] == label), classes)
    moved = np.flatnonzero((named != names) & (hits > 0) & (hits >= SURE * rows))
    total = max(len(asked), 1)
    pair = tuple(zip(moved.tolist(), named[moved].tolist(), strict=True))
    moved_rows = tuple(rows[moved].astype(int).tolist())
    return ColumnOrder(float(number[column == label].sum() / total), float(hits.sum() / total), pair, moved_rows)


def column_order_warning(codes: np.ndarray, predicted: np.ndarray, classes: Sequence[object]) -> str | None:
    """Say that some columns look exchanged; None where nothing speaks for it.

    Raises
    ------
    InputError
        The labels agree with the columns at most a third as often as with exchanged ones, which explain most labels.
    """
    result = column_order(codes, predicted, len(classes))
    exchanges = [f"{classes[column]} → {classes[name]}" for column, name in result.moved]
    plain = result.exchanged >= 0.5 and result.agreement <= result.exchanged / 3 and sum(result.rows) >= 2 * LEAST_ROWS
    if plain and len(exchanges) > 1:
        raise InputError(
            f"The classes of pred_probs look out of order: their likeliest class is the label in "
            f"{result.agreement:.0%} of the rows, with columns exchanged in {result.exchanged:.0%}",
            ids=exchanges,
            hint="Name the class of each column in the order of the columns (classes=…, --classes names.txt)",
        )
    exchanges = [exchange for exchange, rows in zip(exchanges, result.rows, strict=True) if rows >= LEAST_ROWS]
    if len(exchanges) < 2:
        return None  # a single column: a class that is often mislabeled, or never predicted
    more = f" and {len(exchanges) - 3} more" if len(exchanges) > 3 else ""
    return (
        f"Columns of pred_probs look exchanged ({', '.join(exchanges[:3])}{more}): most rows that are predicted as the "
        f"one carry the label of the other. Look at the order of the classes, or at how these classes are told apart."
    )


def _commonest(members: np.ndarray, partners: np.ndarray, number: np.ndarray, classes: int) -> np.ndarray:
    """Return for each class of ``one`` its commonest partner; -1 where it has none."""
    order = np.lexsort((-partners, number))  # the largest number comes last and stays; of equal ones the first class
    commonest = np.full(classes, -1, dtype=np.int64)
    commonest[members[order]] = partners[order]
    return commonest


def in_sample_warning(
    given_votes: np.ndarray, best_other_votes: np.ndarray, given_likelihood: np.ndarray
) -> str | None:
    """Say that the model seems to have seen the labels that it judges; None where nothing speaks for it.

    Neighbours tell rows whose label is supported from rows where they agree on another class: wrong labels, and
    hard or odd samples. A model that has not seen the labels doubts many of the latter; one that has learned them by
    heart is as sure of them as of the others. A mean over all rows would not do: a strong model is surer of its labels
    everywhere than neighbours by a weak embedding are. On injected noise (2 to 20 %) the ratio of the two likelihoods
    was .01 to .42 out of sample, .70 at most for a model that is right in 95 % of all rows, and .85 to 1 for models
    that had learned the labels by heart; a model that saw the labels but is held back by its penalty does little
    harm, and is not suspected.

    Parameters
    ----------
    given_votes, best_other_votes
        Share of the neighbours' votes (the row itself has none) for the given label and for the best other class,
        shape (n,); NaN = nothing known.
    given_likelihood
        The model's probability of the given label, shape (n,); NaN = not judged.
    """
    known = np.isfinite(given_likelihood) & np.isfinite(given_votes) & np.isfinite(best_other_votes)
    against = known & (best_other_votes >= AGAINST) & (given_votes < 1 - AGAINST)
    support = known & (given_votes >= AGAINST)
    if against.sum() < LEAST_CONTRADICTED or support.sum() < LEAST_CONTRADICTED:
        return None
    contradicted, supported = float(given_likelihood[against].mean()), float(given_likelihood[support].mean())
    if contradicted < SPARED * supported or supported < 0.5:
        return None
    return (
        f"The probabilities look in-sample: a label that its neighbours contradict ({against.sum():,} rows) is given "
        f"{contradicted:.2f} on average, almost as much as one that they support ({supported:.2f}). A model that has "
        "learned these labels cannot find the errors among them: predict each row by a model that has not seen it "
        "(cross-validation). Only where hardly any label is wrong may a model far better than the neighbours do so."
    )


class RowComparison:
    """Watches blocks go by and knows whether all rows hold the same."""

    def __init__(self) -> None:
        self._first: list[np.ndarray] = []
        self.alike, self.rows = True, 0

    def see(self, *arrays: np.ndarray | None) -> None:
        """Take the next block."""
        self.rows += len(arrays[0]) if arrays[0] is not None else 0
        if not self.alike:
            return
        present = [array for array in arrays if array is not None]
        self._first = self._first or [array[:1].copy() for array in present]
        self.alike = all(bool((array == first).all()) for array, first in zip(present, self._first, strict=True))

    def warning(self) -> str | None:
        """Say that all rows are alike; None where they are not."""
        if not self.alike or self.rows < 2:
            return None
        return "All rows of pred_probs are the same: no score that comes from them can be trusted."


def pred_probs_warnings(pred_probs: np.ndarray, codes: np.ndarray, classes: Sequence[object]) -> list[str]:
    """Say what speaks against probabilities that a user brought, block by block.

    Parameters
    ----------
    pred_probs
        float32, shape (n, classes); it may be a memory map.
    codes
        int32, shape (n,): given labels, -1 = none.

    Raises
    ------
    InputError
        The classes are plainly out of order: see :func:`order_doubt`.
    """
    comparison, likeliest = RowComparison(), np.empty(len(pred_probs), dtype=np.int32)
    for rows in slices(*pred_probs.shape):
        likeliest[rows] = pred_probs[rows].argmax(axis=1)
        comparison.see(pred_probs[rows])
    notes = (comparison.warning(), column_order_warning(codes, likeliest, classes))
    return [note for note in notes if note]
