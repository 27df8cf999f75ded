"""Calibration of label errors: their estimated number, probabilities, flags of the best expected F1, and precision.

**Number.** The noise model's probabilities count errors well that are made at random. Labels that people or machines
got wrong because a sample is hard look right to a model that has learned from more of the same; such errors show
where every member of the ensemble that reads the vectors finds the same other class likelier: a consensus filter
(Brodley & Friedl 1999). The number of errors is taken to be the larger of the two counts.

**Probabilities.** The members share the same vectors and labels, so that all together are surer than they should be:
log odds are divided by :data:`TEMPERATURE`. Then all odds are raised by one factor until as many rows are likelier
wrong than right as the number says, as for a change of the prior (Saerens, Latinne & Decaestecker 2002). Neither
changes the ranking.

**Flags.** The worst rows are flagged as long as one more raises the F1 that is expected of the flags. The best cut
lies at half of the F1 that can be had (Lipton, Elkan & Naryanaswamy 2014): where errors stand out it is near .5,
and where they do not, rows that are a little likelier right than wrong are worth a look, too.
"""

from __future__ import annotations

import numpy as np

from ..models.links import expit

TEMPERATURE = 1.5  # chosen on injected noise, seeds 100 and 101
FEW, PRIOR, USUAL = 50, 5, 0.3  # labels; chosen on made data (benchmarks/claims)


def error_count(wrong: np.ndarray, united: np.ndarray) -> int:
    """Return the estimated number of wrong labels.

    Parameters
    ----------
    wrong
        Probability that each given label is wrong, shape (n,); NaN = not judged.
    united
        bool, shape (n,): all members that read the vectors find the same other class likelier than the given one.
    """
    return max(int((wrong > 0.5).sum()), int((united & np.isfinite(wrong)).sum()))


def calibrated(wrong: np.ndarray, number: int) -> np.ndarray:
    """Temper the odds and raise them, so that about ``number`` rows are likelier wrong than right: float64, (n,).

    >>> calibrated(np.array([0.9, 0.2, 0.2, 0.01]), 2).round(2).tolist()
    [0.92, 0.5, 0.5, 0.11]
    """
    with np.errstate(divide="ignore"):
        odds = (np.log(wrong) - np.log1p(-np.minimum(wrong, 1 - 1e-15))) / TEMPERATURE
    sorted_odds = np.sort(odds[np.isfinite(odds)])[::-1]
    shift = -min(sorted_odds[number - 1], 0.0) if 0 < number <= len(sorted_odds) else 0.0
    return expit(odds + shift)


def worth_a_look(wrong: np.ndarray) -> np.ndarray:
    """Flag the rows whose flags together have the highest expected F1: bool, shape (n,); NaN is never flagged.

    >>> worth_a_look(np.array([0.9, 0.5, 0.35, 0.1])).tolist()
    [True, True, False, False]
    """
    sorted_wrong = np.sort(wrong[np.isfinite(wrong)])[::-1]
    if not len(sorted_wrong) or sorted_wrong[0] < 0.5:
        return np.zeros(len(wrong), dtype=bool)  # nothing is likelier wrong than right
    return np.nan_to_num(wrong, nan=-1.0) >= sorted_wrong[best_expected_f1(sorted_wrong)]


def best_expected_f1(chances: np.ndarray) -> int:
    """Return the position of the last flag where those of the highest chances, sorted, have the best expected F1."""
    expected = 2 * np.cumsum(chances) / (np.arange(1, len(chances) + 1) + chances.sum())
    return int(expected.argmax())


def expected_precision(wrong: np.ndarray, budget: int) -> float | None:
    """Return the share of wrong labels that is expected among the ``budget`` worst; None where none was judged.

    A few labels prove little: fewer than :data:`FEW` are drawn towards :data:`USUAL`, with the weight of :data:`PRIOR`.
    """
    worst = np.sort(wrong[np.isfinite(wrong)])[::-1][:budget]
    prior = PRIOR if len(worst) < FEW else 0
    return float((worst.sum() + prior * USUAL) / (len(worst) + prior)) if len(worst) else None
