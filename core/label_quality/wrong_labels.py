"""Wrong labels: their posterior probability, their estimated number with its range, and which labels are ambiguous.

Three things make a label look unlikely, and only one of them is an error:

- **Noise that does not depend on the sample.** Its rates come from confident rows
  (:mod:`labelsift.label_quality.confident_rows`); Bayes' rule under its transition matrix gives the probability that a
  label is wrong. The calibrated pool is sharpened first, as it has learned from labels with noise.
- **Errors on hard samples.** They look like classes that overlap. Nothing in the data tells which of both an unlikely
  label is before people have looked; the probability is a prior, higher where confident rows have a tail of
  exceptions. :data:`UNPROVEN` keeps it below one half where neither a floor nor a tail shows.
- **Classes that overlap.** The label is as right as another.

The range of the number follows: at least the floor, less its uncertainty; at most the floor and all that the pool
cannot foresee, as if each label were a draw from its probabilities and the truth another one.

Where the samples do not tell the labels (:mod:`labelsift.label_quality.learnability`), nothing is claimed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..models.links import log_odds
from .confident_rows import NoiseRates, noise_rates
from .learnability import DATASET, LEAST_RECALL, permutation_score
from .true_classes import TrueClasses

# Probability that an unlikely label is wrong and not just rare among its like; chosen on made data (benchmarks/claims).
OVERLAP, HARD = 0.35, 0.9  # without and with a tail of exceptions
PROVEN, UNPROVEN = 0.5, 0.49  # of a floor or a tail; the most that a label is wrong with where neither is proven
WRONG = 0.5  # from which a label is called wrong
# Of the most that may be wrong, against what the pool cannot foresee: less where the likeliest class seldom differs
# from the label; more with a tail, and the more rows a class has, as the less of that is then the pool's own weakness.
# All but the last were chosen on made data (benchmarks/claims), that so that the range holds people's errors in
# NoisyAG-News.
SELDOM, SPREADS = (0.05, 0.1), (0.65, 0.85)
TAIL_SPREAD, SIZE_SPREAD = 0.4, 0.35
ROWS_A_CLASS = (500, 2_000)  # between which the last rises from nought
TRIFLE, CLOSE, SURE = 1e-3, 1e-12, 1e-5  # nothing is certain
CLEARLY = 2.0  # times as likely as any other label: nothing is ambiguous
NOISE_SHARE = 0.5  # of Bayes' rule in the ranking, where there is a floor; more where errors are even
CERTAINTY = 1.64  # standard errors either way: 90 %
PLACES, WIDEST = 100, 99  # values for each place to smooth over, and the most places to either side, plus one
_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True)
class WrongLabels:
    """What can be said about the labels of n rows.

    Parameters
    ----------
    wrong
        Probability that the given label is wrong, float64, shape (n,); NaN = not judged, or nothing can be claimed.
    given
        Probability of the given label among rows like this one, float32, shape (n,); NaN = not judged.
    expected
        bool, shape (n,): the given label is clearly the commonest among rows like this one.
    low, high
        Range of the number of wrong labels, among rows for which something can be claimed.
    rates
        Of noise.
    learnable
        The samples tell the labels at all, and those of one class at least well enough.
    unlearnable
        Positions of the classes of which nothing is claimed, with the share of their rows that the model finds.
    mostly_wrong
        Positions of the classes more than half of whose labels are called wrong, with that share.
    """

    wrong: np.ndarray
    given: np.ndarray
    expected: np.ndarray
    low: int
    high: int
    rates: NoiseRates
    learnable: bool
    unlearnable: dict[int, float]
    mostly_wrong: dict[int, float]


def wrong_labels(
    pool: np.ndarray,
    ranking: np.ndarray,
    codes: np.ndarray,
    judged: np.ndarray,
    *,
    keys: np.ndarray | None = None,
) -> WrongLabels:
    """Estimate which labels are wrong.

    Parameters
    ----------
    pool
        Calibrated out-of-fold probabilities of the given labels: float32, shape (n, classes).
    ranking
        The likelier a label is wrong, the higher: shape (n,); probabilities follow this order.
    codes
        Given label of each row, shape (n,), -1 = none.
    judged
        bool, shape (n,): rows to judge, each with a label.
    keys
        uint64, shape (n,): what is drawn by, see :mod:`labelsift.data.stable_draws`; by default the rows' positions.
    """
    n = len(codes)
    wrong, given = np.full(n, np.nan), np.full(n, np.nan, dtype=np.float32)
    rows = np.flatnonzero(judged)
    given[rows] = pool[rows, codes[rows]]
    expected = np.zeros(n, dtype=bool)
    others = pool[rows]
    others[np.arange(len(rows)), codes[rows]] = 0
    expected[rows] = given[rows] > CLEARLY * others.max(axis=1)
    together = permutation_score(pool[rows], codes[rows])
    recall = _recall(pool[rows], codes[rows])
    unlearnable = {int(code): float(recall[code]) for code in np.flatnonzero(recall < LEAST_RECALL)}
    learned = rows[~np.isin(codes[rows], list(unlearnable))]
    if together < DATASET or not len(learned):
        return WrongLabels(wrong, given, expected, 0, len(rows), noise_rates(pool[rows], codes[rows]), False, {}, {})
    rows = learned
    rates = noise_rates(pool[rows], codes[rows])
    noise, probable = probabilities(pool, codes, rows, rates, keys)
    # Where there is a floor of errors, Bayes' rule knows more of them than the ranking. Floor and evenness count all or
    # not: a share that moves with them would put all others into another order where two labels change.
    share = (NOISE_SHARE + round(rates.evenness)) * round(rates.floor)
    by_rank = np.argsort(-(log_odds(ranking[rows], least=CLOSE) + share * log_odds(noise, least=CLOSE)), kind="stable")
    order = rows[by_rank]
    levels = decreasing(smoothed(probable[by_rank]))
    if max(rates.floor, rates.tail) < PROVEN:
        levels = np.minimum(levels, UNPROVEN)
    # Within a level the order stays: each place is a trifle less likely wrong than the one before.
    places = np.arange(len(order)) / max(len(order), 1)
    wrong[order] = (1 - TRIFLE) * levels + TRIFLE * (1 - places)
    low, high = _range(pool, codes, order, rates)
    mostly_wrong = _mostly_wrong(codes[rows], wrong[rows], pool.shape[1])
    return WrongLabels(wrong, given, expected, low, high, rates, True, unlearnable, mostly_wrong)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Return means over some places before and after each, nearer ones counted more: shape (n,).

    Without that the levels of pooled places are long flat steps, and a step that crosses the threshold takes dozens of
    rows with it. A few hundred values are left as they are.

    >>> smoothed(np.array([0.9, 0.2])).tolist(), len(smoothed(np.zeros(5_000)))
    ([0.9, 0.2], 5000)
    """
    width = min(len(values) // PLACES, WIDEST)
    width -= 1 - width % 2
    if width < 2:
        return values
    kernel = np.convolve(np.full(width, 1 / width), np.full(width, 1 / width))
    return np.convolve(np.pad(values, width - 1, mode="edge"), kernel, "valid")


def decreasing(values: np.ndarray) -> np.ndarray:
    """Return the nearest sequence that never rises (isotonic regression by pooling adjacent violators).

    >>> decreasing(np.array([0.9, 0.2, 0.4, 0.1])).round(3).tolist()
    [0.9, 0.3, 0.3, 0.1]
    """
    means: list[float] = []
    sizes: list[int] = []
    for value in values.tolist():
        mean, size = value, 1
        while means and means[-1] < mean:
            size += sizes[-1]
            mean += (means.pop() - mean) * sizes.pop() / size
        means.append(mean)
        sizes.append(size)
    return np.repeat(means, sizes) if means else np.empty(0)


def probabilities(
    pool: np.ndarray, codes: np.ndarray, rows: np.ndarray, rates: NoiseRates, keys: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities that some labels are wrong: by noise that does not depend on the row, and at all."""
    true_classes = TrueClasses(rates.transition).fit(pool, codes, rows, keys)
    prior = OVERLAP + (HARD - OVERLAP) * rates.tail
    by_noise, probable = np.empty((2, len(rows)))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        positions, own = np.arange(len(some)), codes[some]
        share = pool[some]
        joint = true_classes.joint(share, own)
        noise = np.minimum(1 - joint[positions, own] / np.maximum(joint.sum(axis=1), 1e-30), 1 - SURE)
        given = share[positions, own].copy()
        share[positions, own] = 0
        distance = np.clip(share.max(axis=1) - given, 0, 1)
        by_noise[start : start + len(some)] = noise
        probable[start : start + len(some)] = noise + (1 - noise) * prior * distance
    return by_noise, probable


def _recall(pool: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the share of the rows of each class that the model finds, NaN of one without rows: shape (classes,)."""
    sizes = np.bincount(codes, minlength=pool.shape[1])
    hits = np.bincount(codes, weights=pool.argmax(axis=1) == codes, minlength=pool.shape[1])
    return np.divide(hits, sizes, out=np.full(pool.shape[1], np.nan), where=sizes > 0)


def _mostly_wrong(codes: np.ndarray, wrong: np.ndarray, classes: int) -> dict[int, float]:
    called = np.bincount(codes, weights=wrong >= WRONG, minlength=classes) / np.maximum(
        np.bincount(codes, minlength=classes), 1
    )
    return {int(code): float(called[code]) for code in np.flatnonzero(called > 0.5)}


def _range(pool: np.ndarray, codes: np.ndarray, rows: np.ndarray, rates: NoiseRates) -> tuple[int, int]:
    if not len(rows):
        return 0, 0
    given = pool[rows, codes[rows]].astype(np.float64)
    differs = float((pool[rows].argmax(axis=1) != codes[rows]).mean())
    unforeseen = max(float((1 - given).mean()) - 2 * rates.rate, differs - rates.rate, 0.0)
    low = max(0.85 * rates.rate - CERTAINTY * rates.error, 0.0) if rates.floor > PROVEN else 0.0
    size = np.interp(np.log(len(rows) / pool.shape[1]), np.log(ROWS_A_CLASS), (0, SIZE_SPREAD))
    spread = float(np.interp(differs, SELDOM, SPREADS)) + max(TAIL_SPREAD * rates.tail, float(size))
    high = rates.rate + spread * unforeseen + CERTAINTY * rates.error + 2 / len(rows)
    return int(np.floor(low * len(rows))), int(np.ceil(min(high, 1.0) * len(rows)))
