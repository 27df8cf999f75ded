"""Statistics of training dynamics: AUM, data maps, forgetting events; in one pass that holds one block of rows.

The margin of an epoch is the logit of the given class less the largest other one.

======================  =========================================================================================
``aum``                 the mean margin: the area under the margin (Pleiss et al. 2020)
``confidence``          the mean probability of the given class (data maps, Swayamdipta et al. 2020)
``variability``         its standard deviation over the epochs (same)
``correctness``         the share of epochs in which the given class was the likeliest (same)
``difficulty``          (1 − mean of p(given) − max p(other)) / 2: 0 = easy, 1 = hard; after Galileo's DEP
``forgetting``          how often the given class was the likeliest, and an epoch later was not (Toneva et al. 2019)
``first_learned``       the first epoch in which it was the likeliest, from 1 on; 0 = never
======================  =========================================================================================

A sample is **easy** where its given class was the likeliest in two thirds of the epochs or more, **hard** where it
was so in one third or fewer, else **ambiguous**. That depends on nothing but the sample's own epochs, so more data
changes no subset, and on the order of the logits alone, so neither does their temperature. (Quantiles of the data
map would call a third of every data set hard.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

EASY, HARD = 2 / 3, 1 / 3
SUBSETS = ("easy", "ambiguous", "hard")
_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True)
class Trajectories:
    """Statistics of n samples over the epochs; NaN (``forgetting`` and ``first_learned``: 0) for those without label.

    Parameters
    ----------
    aum, confidence, variability, correctness, difficulty
        float32, shape (n,).
    forgetting, first_learned, shown
        int32, shape (n,); ``shown`` counts the epochs that showed the sample.
    margins
        float32, shape (epochs, n): NaN where an epoch did not show the sample.
    pred_probs
        float32, shape (n, classes): mean probabilities over the epochs; in sample. None where nobody asked for them.
    held_out
        Margins of samples that the training did not learn from, after each of its epochs: float32, shape (epochs, n),
        NaN for all others and where the epoch was not evaluated. None where none were recorded.
    unsure
        What nobody could tell about which evaluation belongs to which epoch.
    """

    aum: np.ndarray
    confidence: np.ndarray
    variability: np.ndarray
    correctness: np.ndarray
    difficulty: np.ndarray
    forgetting: np.ndarray
    first_learned: np.ndarray
    shown: np.ndarray
    margins: np.ndarray
    pred_probs: np.ndarray | None = None
    held_out: np.ndarray | None = None
    unsure: str = ""

    @property
    def known(self) -> np.ndarray:
        """Tell the samples that have a label and were shown: bool, shape (n,)."""
        return np.isfinite(self.aum)

    @property
    def subset(self) -> np.ndarray:
        """Name the subset of each sample as its place in :data:`SUBSETS`: int8, shape (n,), -1 = not known."""
        shares = np.where(self.known, self.correctness, np.float32(0))
        subsets = np.where(shares >= EASY - 1e-6, 0, np.where(shares <= HARD + 1e-6, 2, 1))
        return np.where(self.known, subsets, -1).astype(np.int8)

    def counts(self) -> dict[str, int]:
        """Count the subsets, the samples that were never learned and those that were forgotten."""
        subset, known = self.subset, self.known
        sizes = {name: int((subset == number).sum()) for number, name in enumerate(SUBSETS)}
        never = int((known & (self.first_learned == 0)).sum())
        return (
            {"epochs": len(self.margins)}
            | sizes
            | {"never_learned": never, "forgotten": int((self.forgetting > 0).sum())}
        )


def trajectories(
    epochs: Sequence[np.ndarray],
    codes: np.ndarray,
    *,
    seen: Sequence[np.ndarray | None] | None = None,
    rows: np.ndarray | None = None,
    pred_probs: bool = False,
    refuse: Callable[[np.ndarray], None] | None = None,
) -> Trajectories:
    """Go once through the epochs.

    Parameters
    ----------
    epochs
        Logits of each, shape (rows, classes); memory maps are read block by block.
    codes
        The given class of each sample as a column of the logits: int, shape (n,), -1 = unlabeled.
    seen
        Of each epoch, which of its rows it showed: bool, shape (rows,), or None for all.
    rows
        The row of each sample in the epochs: int, shape (n,), -1 = none; the same order by default.
    pred_probs
        Also keep mean probabilities.
    refuse
        Called with bool, shape (n,): samples whose logits hold NaN or infinity.
    """
    n = len(codes)
    row_of = np.arange(n) if rows is None else rows
    sums = _Sums(n, len(epochs), epochs[0].shape[1] if pred_probs else None)
    bad = np.zeros(n, dtype=bool)
    for number, logits in enumerate(epochs):
        was_shown = None if seen is None else seen[number]
        for start in range(0, n, _ROWS_AT_ONCE):
            some = slice(start, min(start + _ROWS_AT_ONCE, n))
            block = slice(some.start, some.stop) if rows is None else row_of[some]
            values = np.asarray(logits[block], dtype=np.float64)
            present = (
                row_of[some] >= 0 if was_shown is None else np.asarray(was_shown)[row_of[some]] & (row_of[some] >= 0)
            )
            finite = np.asarray(np.isfinite(values).all(axis=1))
            bad[some] |= present & ~finite
            sums.add(number, some, np.where(finite[:, None], values, 0), codes[some], present & finite)
    if bad.any() and refuse is not None:
        refuse(bad)
    return sums.result(codes >= 0)


class _Sums:
    """Running sums of every sample; Welford's recurrence for the standard deviation."""

    def __init__(self, n: int, epochs: int, columns: int | None) -> None:
        self.margins = np.full((epochs, n), np.nan, dtype=np.float32)
        self.shown = np.zeros(n, dtype=np.int32)
        self.mean, self.squares, self.margin, self.gap = (np.zeros(n) for _ in range(4))
        self.right, self.forgetting, self.first = (np.zeros(n, dtype=np.int32) for _ in range(3))
        self.was_right = np.zeros(n, dtype=bool)
        self.probabilities = None if columns is None else np.zeros((n, columns), dtype=np.float32)

    def add(self, epoch: int, some: slice, logits: np.ndarray, codes: np.ndarray, present: np.ndarray) -> None:
        present_rows = np.flatnonzero(present)
        rows, column, logits = present_rows + some.start, np.maximum(codes[present_rows], 0), logits[present_rows]
        if not len(present_rows):
            return
        numbers = np.arange(len(present_rows))
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        given, logit = probabilities[numbers, column], logits[numbers, column]
        self.shown[rows] += 1
        if self.probabilities is not None:
            self.probabilities[rows] += probabilities
        logits[numbers, column] = -np.inf
        other = logits.argmax(axis=1)
        margin = logit - logits[numbers, other]
        before = given - self.mean[rows]
        self.mean[rows] += before / self.shown[rows]
        self.squares[rows] += before * (given - self.mean[rows])
        self.margin[rows] += margin
        self.gap[rows] += given - probabilities[numbers, other]
        right = margin > 0
        self.right[rows] += right
        self.forgetting[rows] += self.was_right[rows] & ~right
        self.first[rows] = np.where(right & (self.first[rows] == 0), epoch + 1, self.first[rows])
        self.was_right[rows] = right
        self.margins[epoch, rows] = margin

    def result(self, labeled: np.ndarray) -> Trajectories:
        known = labeled & (self.shown > 0)
        epochs = np.where(known, self.shown, 1)

        def mean(sums: np.ndarray) -> np.ndarray:
            return np.where(known, sums / epochs, np.nan).astype(np.float32)

        self.margins[:, ~known] = np.nan
        if self.probabilities is not None:
            self.probabilities /= np.maximum(self.shown, 1)[:, None]
        return Trajectories(
            aum=mean(self.margin),
            confidence=np.where(known, self.mean, np.nan).astype(np.float32),
            variability=np.sqrt(mean(np.maximum(self.squares, 0))),
            correctness=mean(self.right),
            difficulty=((1 - mean(self.gap)) / 2).astype(np.float32),
            forgetting=np.where(known, self.forgetting, 0).astype(np.int32),
            first_learned=np.where(known, self.first, 0).astype(np.int32),
            shown=self.shown,
            margins=self.margins,
            pred_probs=self.probabilities,
        )
