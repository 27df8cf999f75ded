"""Macro and weighted precision, recall and F1 in many cells and in their rests, with effective trials (delta method).

Each is a function of the counts of every class, hits, given and predicted. Its first-order Taylor terms say what one
sample adds to its error, so that the sum of their squares is its variance (linearisation, Binder 1983; the
infinitesimal jackknife). A cell's own terms are summed over its samples. Those of its rest need no pass over all
samples for each cell: with the second moments M of all samples and the terms' weights w, their squares sum to
``w M w`` less those of the cell's own samples.

Where a class has few rows its terms are 0 as often as not, and say nothing of how sure its metric is. Macro means
therefore add, a class, what the variance of a share with one hit and one miss more (Laplace's rule) is above the
sample's; and, for F1, the square of the bias that its curve brings (second-order Taylor term). Where a class that
occurs is given fewer than 5 times (predicted, for precision) there is no interval. The simulations of
``benchmarks/slice_intervals.py`` tell why 5, and why F1 looks at what is given: a rule by all outcomes of a class would
pick slices in which it has many errors. Weighted means rest on frequent classes, and need neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from .estimates import Estimates
from .label_outcomes import COUNTED, FALSE, HIT, MISSED, Kind, LabelOutcomes, Patterns
from .ratio_estimates import effective

FEWEST_ROWS = 5  # of a class that occurs
ROUNDING = 1e-12
_TABLE = 1_000_000  # cells times classes that are held at once


@dataclass(frozen=True)
class Means:
    """What to average: a metric of each class, equally (macro) or by how often the class is given (weighted)."""

    kind: Kind
    weighted: bool = False


def macro_estimates(
    outcomes: LabelOutcomes, classes: int, cells: np.ndarray, count: int, means: Means, *, rest: bool = False
) -> Estimates:
    """Return the means over the classes that occur in each cell, or in the rest of each.

    Parameters
    ----------
    cells
        The cell of each sample: int64, shape (n,), -1 for none.
    """
    parts = [_block(outcomes, classes, cells, block, means, rest=rest) for block in _blocks(count, classes)]
    hits, trials, has_interval = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Estimates(hits, trials, "rate", has_interval)


def macro_influences(outcomes: LabelOutcomes, classes: int, cells: np.ndarray, count: int, means: Means) -> np.ndarray:
    """Return what each sample adds to the mean of its cell, to first order: float64, shape (n,), 0 outside."""
    added = np.zeros(len(cells))
    for block in _blocks(count, classes):
        cell, label, kind, rows = _in_block(outcomes, cells, block)
        _, weights = _terms(_counted(cell, label, kind, len(block), classes), means)
        each = np.nan_to_num(weights.reshape(-1)[(kind * len(block) + cell) * classes + label])
        added += np.bincount(rows, each, minlength=len(cells))
    return added


def macro_tails(
    outcomes: LabelOutcomes, classes: int, cells: np.ndarray, count: int, kind: Kind
) -> tuple[np.ndarray, np.ndarray]:
    """Return what far tails of each cell's macro mean need: degrees of freedom, and how much lower it may come out.

    Where a few rare classes make most of the variance, tails are those of Student's t: a class adds its share of the
    variance, by Laplace's rule, with one degree less than it has trials (Satterthwaite 1946). A mean over rare classes
    is too low on average: F1 curves (twice its second-order Taylor term), F1 of a class that was never given is 0
    whatever the model can do (half of its share of the mean), and so is a recall or precision of no trial (all of it).

    Returns
    -------
    freedom, bias
        float64, shape (cells,): 1 or more, and 0 or more.
    """
    freedom, bias = np.ones(count), np.zeros(count)
    for block in _blocks(count, classes):
        cell, label, of_outcome, _ = _in_block(outcomes, cells, block)
        counts = _counted(cell, label, of_outcome, len(block), classes)
        hits, trials = counts[HIT], sum(counts[outcome] for outcome in COUNTED[kind])
        occurs = counts.sum(axis=0) > 0
        weight = occurs / np.maximum(occurs.sum(axis=1, keepdims=True), 1)
        share = (hits + 1) / (trials + 2)
        expected = share * (1 - share) / (trials + 3)
        variance = occurs * expected * ((2 / (1 + share) ** 2) ** 2 if kind == "f1" else 1.0)
        squares = (variance**2 / np.maximum(trials - 1, 1)).sum(axis=1)
        here = slice(block.start, block.stop)
        freedom[here] = np.maximum(variance.sum(axis=1) ** 2 / np.maximum(squares, 1e-300), 1.0)
        lost = 4 * expected / (1 + share) ** 3 + 0.5 * (hits + counts[MISSED] == 0) if kind == "f1" else trials == 0
        bias[here] = (weight * lost).sum(axis=1)
    return freedom, bias


def _in_block(
    outcomes: LabelOutcomes, cells: np.ndarray, block: range
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return cell, counted from the first of the block, class, kind and row of the outcomes in some cells."""
    of_outcome = cells[outcomes.rows]
    inside = (of_outcome >= block.start) & (of_outcome < block.stop)
    return of_outcome[inside] - block.start, outcomes.labels[inside], outcomes.kinds[inside], outcomes.rows[inside]


def _counted(cell: np.ndarray, label: np.ndarray, kind: np.ndarray, size: int, classes: int) -> np.ndarray:
    """Count the outcomes by kind, cell and class: float64, shape (3, size, classes)."""
    return _counts(kind, cell * classes + label, size * classes).reshape(3, size, classes)


def _blocks(count: int, classes: int) -> Iterator[range]:
    step = max(_TABLE // max(classes, 1), 1)
    for start in range(0, max(count, 1), step):
        yield range(start, min(start + step, count))


def _block(
    outcomes: LabelOutcomes, classes: int, cells: np.ndarray, block: range, means: Means, *, rest: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hits, trials and whether there is an interval, of some cells next to each other."""
    size = len(block)
    here = cells
    if len(block) < int(cells.max(initial=0)) + 1 or block.start:
        here = np.where((cells >= block.start) & (cells < block.stop), cells - block.start, -1)
    patterns = outcomes.patterns
    if patterns is not None and size * len(patterns) <= len(outcomes.rows):
        samples, value, counts, squares = _by_pattern(patterns, classes, here, size, means, rest=rest)
    else:
        samples, value, counts, squares = _by_outcome(outcomes, classes, here, size, means, rest=rest)
    value = np.where(np.abs(value - 1) < ROUNDING, 1.0, value)  # a variance that is rounding alone would say anything
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = squares * samples / (samples - 1)
    if means.weighted:
        plain = effective(value, variance, samples, "rate")
        return plain.hits, plain.trials, np.ones(size, dtype=bool)
    smoothed, unseen, fewest = _of_rare_classes(counts, means.kind)
    border = (value <= 0) | (value >= 1)
    trials = effective(np.where(border, smoothed, value), variance + unseen, samples, "rate").trials
    trials = np.where(border, np.minimum(trials, samples), trials)
    return np.nan_to_num(value) * trials, trials, fewest >= FEWEST_ROWS


def _by_pattern(
    patterns: Patterns, classes: int, here: np.ndarray, size: int, means: Means, *, rest: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return samples, means, outcomes by kind, cell and class, and the summed squares of what samples add, of cells.

    Samples of one cell with the same outcomes add the same, so that they are counted first.
    """
    width = len(patterns) + 1  # the first column counts what has no outcome, the first row what is in no cell
    keys = (here + 1) * width + (patterns.of_sample + 1)
    number = np.bincount(keys, minlength=(size + 1) * width).reshape(size + 1, width)[:, 1:].astype(float)
    number = number.sum(axis=0) - number[1:] if rest else number[1:]
    columns = patterns.kinds * classes + patterns.labels
    shape = (len(patterns), 3 * classes)
    outcomes = csr_matrix((np.ones(len(columns)), (patterns.patterns, columns)), shape=shape)
    counts = (outcomes.T @ number.T).reshape(3, classes, size).transpose(0, 2, 1)
    value, weights = _terms(counts, means)
    added = outcomes @ weights.transpose(0, 2, 1).reshape(3 * classes, size)
    return number.sum(axis=1), value, counts, np.einsum("cp,pc->c", number, added**2)


def _by_outcome(
    outcomes: LabelOutcomes, classes: int, here: np.ndarray, size: int, means: Means, *, rest: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the same from outcomes one by one."""
    samples = np.bincount(here[outcomes.compared] + 1, minlength=size + 1)[1:].astype(float)
    if rest:
        samples = float(outcomes.compared.sum()) - samples
    of_outcome = here[outcomes.rows]
    inside = of_outcome >= 0
    cell, label, kind = of_outcome[inside], outcomes.labels[inside], outcomes.kinds[inside]
    counts = _counted(cell, label, kind, size, classes)
    if rest:
        counts = _counts(outcomes.kinds, outcomes.labels, classes).reshape(3, 1, classes) - counts
    value, weights = _terms(counts, means)
    added = weights.reshape(-1)[(kind * size + cell) * classes + label]
    each = np.bincount(outcomes.rows[inside], added, minlength=len(here))
    squares = np.bincount(here + 1, each**2, minlength=size + 1)[1:]
    if rest:
        squares = np.maximum(_all_squares(outcomes, classes, weights) - squares, 0.0)
    return samples, value, counts, squares


def _of_rare_classes(counts: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the macro mean of smoothed shares, the variance that is not seen, and the fewest rows of a class.

    Parameters
    ----------
    counts
        Outcomes of each kind: float64, shape (3, cells, classes).

    Returns
    -------
    smoothed, unseen, fewest
        float64, shape (cells,) each.
    """
    hits, trials = counts[HIT], sum(counts[outcome] for outcome in COUNTED[kind])
    occurs = counts.sum(axis=0) > 0
    share = (hits + 1) / (trials + 2)
    expected = share * (1 - share) / (trials + 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = occurs / occurs.sum(axis=1, keepdims=True)
        seen = np.where(trials > 0, hits / trials * (1 - hits / trials) / trials, 0.0)
    slope = 2 / (1 + share) ** 2 if kind == "f1" else 1.0
    unseen = (weight**2 * slope**2 * np.maximum(expected - seen, 0.0)).sum(axis=1)
    if kind == "f1":
        unseen = unseen + (weight * 2 * expected / (1 + share) ** 3).sum(axis=1) ** 2
        share = 2 * share / (1 + share)
    rows = hits + counts[FALSE if kind == "precision" else MISSED]
    return (weight * share).sum(axis=1), unseen, np.where(occurs, rows, np.inf).min(axis=1, initial=np.inf)


def _counts(kinds: np.ndarray, keys: np.ndarray, size: int) -> np.ndarray:
    """Count outcomes of each kind: float64, shape (3, size)."""
    return np.bincount(kinds * size + keys, minlength=3 * size).reshape(3, size).astype(float)


def _terms(counts: np.ndarray, means: Means) -> tuple[np.ndarray, np.ndarray]:
    """Return the means, shape (cells,), and what one outcome of each kind and class adds: shape (3, cells, classes)."""
    hits, given, named = counts[HIT], counts[HIT] + counts[MISSED], counts[HIT] + counts[FALSE]
    bottom = {"precision": named, "recall": given, "f1": given + named}[means.kind]
    factor = 2.0 if means.kind == "f1" else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(bottom > 0, factor * hits / bottom, 0.0)  # as zero_division=0 of scikit-learn
        per_bottom = np.where(bottom > 0, 1 / bottom, 0.0)
        if means.weighted:
            share = given / given.sum(axis=1, keepdims=True)
        else:
            occurs = (given + named) > 0
            share = occurs / occurs.sum(axis=1, keepdims=True)
    value = (share * each).sum(axis=1)
    by_hit, by_bottom = share * factor * per_bottom, -share * each * per_bottom
    in_given, in_said = means.kind != "precision", means.kind != "recall"
    missed, false = by_bottom * in_given, by_bottom * in_said
    weights = np.stack([by_hit + missed + false, missed, false])
    if means.weighted:  # the shares themselves are drawn, too
        with np.errstate(invalid="ignore", divide="ignore"):
            by_share = (each - value[:, None]) / given.sum(axis=1, keepdims=True)
        weights[[HIT, MISSED]] += by_share
    return value, weights


def _all_squares(outcomes: LabelOutcomes, classes: int, weights: np.ndarray) -> np.ndarray:
    """Return the sum over all samples of the squares of what they add by each cell's weights: shape (cells,)."""
    width = 3 * classes
    columns = outcomes.kinds * classes + outcomes.labels
    entries = (np.ones(len(columns)), (outcomes.rows, columns))
    each = csr_matrix(entries, shape=(len(outcomes.compared), width))
    by_cell = weights.transpose(1, 0, 2).reshape(weights.shape[1], width)
    return np.einsum("cw,wc->c", by_cell, (each.T @ each) @ by_cell.T)
