"""Paired intervals of differences between two runs: Newcombe's for rates, a paired bootstrap for F1.

Both runs usually judge mostly the same samples, so their figures move together and the difference is surer than that of
two independent samples. Everything here takes samples as drawn at random, and the runs' models as given: it does not
say what another random seed of a training would have changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.rates import Z95, difference_interval, wilson

DRAWS, FEW_DRAWS = 500, 100  # of the bootstrap; 100 tell its deviation well enough, and 500 its percentiles
MANY = 2_000  # kinds of samples, which only large data has
FEWEST = 30  # rows: of fewer the bootstrap's interval is too narrow to be shown
_CELLS = 4_000_000  # numbers that are held at once


@dataclass(frozen=True)
class Outcomes:
    """A yes or no in two runs, counted a cell: int64, shape (cells,) each.

    Parameters
    ----------
    old_hits, old_total, new_hits, new_total
        Of all samples that a run judged.
    both, old_only, new_only, neither
        Of the samples that both judged in this cell: yes in both, in one, or in neither run.
    """

    old_hits: np.ndarray
    old_total: np.ndarray
    new_hits: np.ndarray
    new_total: np.ndarray
    both: np.ndarray
    old_only: np.ndarray
    new_only: np.ndarray
    neither: np.ndarray


def rate_difference(counts: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of ``new - old`` for each cell; NaN where a run judged nothing.

    Where both runs judged the same samples it is Newcombe's square-and-add interval for paired proportions (Statistics
    in Medicine 17, 1998, 2635-2650, method 10): Wilson intervals joined with the correlation phi, corrected for
    continuity. Where they share none it is his interval for independent ones (ibid. 873-890, method 10). In between the
    correlation of the two rates is phi of the shared samples times shared / sqrt(old_total * new_total), for samples
    that overlap in part (Derrick et al. 2015); it enters the same formula, MOVER (Zou and Donner, Statistics in
    Medicine 27, 2008). Where only a handful of shared samples changed it is wider than it need be.
    """
    old_low, old_high = wilson(counts.old_hits, counts.old_total)
    new_low, new_high = wilson(counts.new_hits, counts.new_total)
    with np.errstate(invalid="ignore", divide="ignore"):
        old, new = counts.old_hits / counts.old_total, counts.new_hits / counts.new_total
        correlation = _correlation(counts)
    return difference_interval(new, (new_low, new_high), old, (old_low, old_high), correlation)


def _correlation(counts: Outcomes) -> np.ndarray:
    """Return the correlation of the two rates: float64, shape (cells,)."""
    yes, gone, come, no = (
        count.astype(float) for count in (counts.both, counts.old_only, counts.new_only, counts.neither)
    )
    shared = yes + gone + come + no
    product = yes * no - gone * come
    corrected = np.where(product > 0, np.maximum(product - shared / 2, 0), product)
    margins = np.sqrt((yes + gone) * (come + no) * (yes + come) * (gone + no))
    phi = np.divide(corrected, margins, out=np.zeros_like(product), where=margins > 0)
    return phi * np.nan_to_num(shared / np.sqrt(counts.old_total * counts.new_total))


def f1_difference(
    old: tuple[np.ndarray, np.ndarray], new: tuple[np.ndarray, np.ndarray], counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % intervals of ``new - old`` of macro and weighted F1, by a paired bootstrap.

    Samples are drawn anew with all that both runs say of them, with one seed, 500 times, and the percentiles are taken
    (Efron and Tibshirani 1993). Above 2,000 kinds of samples it is the normal interval from the deviation of 100 draws.

    Parameters
    ----------
    old, new
        Given and predicted class of each kind of sample in a run: int64, shape (kinds,), -1 where the run does not
        count it.
    counts
        How many samples are of each kind: int64, shape (kinds,).

    Returns
    -------
    low, high
        Shape (2,): macro and weighted F1; NaN below 30 samples.
    """
    total = int(counts.sum())
    if total < FEWEST:
        return np.full(2, np.nan), np.full(2, np.nan)
    rng = np.random.default_rng(0)
    draws, differences = (DRAWS if len(counts) <= MANY else FEW_DRAWS), []
    step = max(_CELLS // len(counts), 1)
    for start in range(0, draws, step):
        drawn = rng.multinomial(total, counts / total, size=min(step, draws - start)).T.copy()
        differences.append(_f1(*new, drawn) - _f1(*old, drawn))
    by_draw = np.concatenate(differences)
    if draws == DRAWS:
        low, high = np.nanpercentile(by_draw, (2.5, 97.5), axis=0)
        return low, high
    middle = (_f1(*new, counts[:, None]) - _f1(*old, counts[:, None]))[0]
    half = Z95 * np.nanstd(by_draw, axis=0, ddof=1)
    return middle - half, middle + half


def _f1(given: np.ndarray, predicted: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return macro and weighted F1 of draws, int64 of shape (kinds, draws): float64, shape (draws, 2)."""
    counted = (given >= 0) & (predicted >= 0)
    given, predicted, drawn = given[counted], predicted[counted], drawn[counted]
    classes, codes = np.unique(np.concatenate([given, predicted]), return_inverse=True)
    given, predicted = codes[: len(given)], codes[len(given) :]
    right = given == predicted
    support, named = _summed(drawn, given, len(classes)), _summed(drawn, predicted, len(classes))
    hits = _summed(drawn[right], given[right], len(classes))
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = np.nan_to_num(2 * hits / (support + named))
        macro = f1.sum(axis=0) / (support + named > 0).sum(axis=0)
        return np.column_stack([macro, (f1 * support).sum(axis=0) / support.sum(axis=0)])


def _summed(drawn: np.ndarray, codes: np.ndarray, classes: int) -> np.ndarray:
    """Sum the draws of each class: int64, shape (classes, draws)."""
    sums = np.zeros((classes, drawn.shape[1]), dtype=np.int64)
    if len(codes):
        order = np.argsort(codes, kind="stable")
        present, starts = np.unique(codes[order], return_index=True)
        sums[present] = np.add.reduceat(drawn[order], starts, axis=0)
    return sums
