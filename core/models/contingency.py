"""Ties between two columns of codes: the permutation chi-square test, Cramér's V, and what one says of the other.

The p-value is that of Pearson's chi-square when one column is shuffled: its mean and variance over all shuffles are
known exactly (Haldane 1940; Dawson 1954), and its tail is taken for a gamma distribution with these. So it holds for
sparse tables, too, where the textbook's chi-square distribution does not. Cramér's V is the bias-corrected one
(Bergsma 2013), about 0 for columns without a tie, whatever their number of values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc

# A column follows from the label where labels foretell its values this well.
FOLLOWS = 0.9
CLASS_ROWS = 10  # of a label; fewer foretell a value by chance


@dataclass(frozen=True)
class Tie:
    """How two columns hang together.

    Parameters
    ----------
    rows
        How many rows have both.
    p_value
        Of the permutation test.
    cramers_v
        Bias-corrected, 0..1.
    accuracy
        How often the commonest label of the *other* rows with the same value is a row's own (leave one out).
    majority
        Share of the commonest label of all rows.
    """

    rows: int
    p_value: float
    cramers_v: float
    accuracy: float
    majority: float

    @property
    def gain(self) -> float:
        """What knowing the value adds to the accuracy of a guess, in shares of what a guess gets wrong: −∞..1."""
        return (self.accuracy - self.majority) / (1 - self.majority) if self.majority < 1 else 0.0


def counted(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count how often each value goes with each label: int64, shape (values, labels), without empty rows and columns.

    Parameters
    ----------
    values, labels
        Codes, int, shape (n,); rows with a code below 0 are left out.
    """
    both = (values >= 0) & (labels >= 0)
    rows, columns = values[both].astype(np.int64), labels[both].astype(np.int64)
    if not len(rows):
        return np.zeros((0, 0), dtype=np.int64)
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    table = np.bincount(rows * width + columns, minlength=height * width).reshape(height, width)
    return table[table.any(axis=1)][:, table.any(axis=0)]


def tie(table: np.ndarray) -> Tie:
    """Measure the tie in a table of counts: values down, labels across, no empty row or column.

    >>> tie(np.array([[20, 0], [0, 20]])).gain, tie(np.array([[10, 10], [10, 10]])).p_value > 0.5
    (1.0, True)
    """
    n, (height, width) = int(table.sum()), table.shape
    if n < 4 or height < 2 or width < 2:
        return Tie(n, 1.0, 0.0, 0.0, 0.0)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    chi_square = max(n * float((table.astype(float) ** 2 / np.outer(rows, columns)).sum() - 1), 0.0)
    mean = n * (height - 1) * (width - 1) / (n - 1)
    variance = _variance(n, rows, columns)
    p_value = 1.0 if variance <= 0 else float(gammaincc(mean**2 / variance, chi_square * mean / variance))
    corrected = max(chi_square / n - (height - 1) * (width - 1) / (n - 1), 0.0)
    smaller = min(height - (height - 1) ** 2 / (n - 1), width - (width - 1) ** 2 / (n - 1)) - 1
    v = float(np.sqrt(min(corrected / smaller, 1.0))) if smaller > 0 else 0.0
    return Tie(n, p_value, v, _leave_one_out(table) / n, float(columns.max()) / n)


def _variance(n: int, rows: np.ndarray, columns: np.ndarray) -> float:
    """Return the variance of chi-square over all shuffles (Dawson 1954)."""

    def parts(margin: np.ndarray) -> tuple[float, float]:
        size = len(margin)
        return (size - 1) * (n - size) / (n - 1), (n * float((1 / margin).sum()) - size**2) / (n - 2)

    (nu, mu), (nu_other, mu_other) = parts(rows), parts(columns)
    return 2 * n / (n - 3) * (nu - mu) * (nu_other - mu_other) + n**2 / (n - 1) * mu * mu_other


def _leave_one_out(table: np.ndarray) -> float:
    """Count the rows whose label is the commonest of the others with their value; a draw counts in part."""
    largest = table.max(axis=1, keepdims=True)
    # A row is told right where its label stays ahead without it, or level with the next: then by a fair coin.
    ahead = table - 1
    others = np.where(
        (table == largest) & ((table == largest).sum(axis=1, keepdims=True) == 1), _second(table), largest
    )
    level = (table > 1) & (ahead == others)
    rivals = (table == others).sum(axis=1, keepdims=True) + 1
    return float((table * ((ahead > others) & (table > 1))).sum() + (table * level / rivals).sum())


def _second(table: np.ndarray) -> np.ndarray:
    if table.shape[1] < 2:
        return np.zeros((len(table), 1), dtype=table.dtype)
    return np.partition(table, -2, axis=1)[:, -2:-1]


def lambda_of(labels: np.ndarray, values: np.ndarray) -> float:
    """Return how much better values are guessed with the label than without: Goodman & Kruskal's lambda (1954), 0..1.

    Parameters
    ----------
    labels, values
        Codes, int, shape (n,), below 0 where nothing is known. Such rows do not count, nor do those of a rare label.

    >>> labels = np.repeat([0, 1, 2], 20)
    >>> lambda_of(labels, labels // 2), lambda_of(labels, np.tile([0, 1], 30)), lambda_of(labels, labels * 0)
    (1.0, 0.0, 0.0)
    """
    joint = counted(values, labels).T
    joint = joint[joint.sum(axis=1) >= CLASS_ROWS]
    if not len(joint):
        return 0.0
    without, rows = joint.sum(axis=0).max(), joint.sum()
    return float((joint.max(axis=1).sum() - without) / (rows - without)) if rows > without else 0.0
