"""Informative labels of brought probabilities of sets: a likelihood-ratio test after Platt scaling.

Of each label the log odds that were brought are scaled by one number, with an intercept, to explain the given labels
best (Platt 1999): a model that says 0 and 1 and knows nothing goes to the base rate. As only that number is fitted, the
gain in log likelihood over the base rate is a test (Wilks 1938). A label is informative where the gain is at least
ln(labels / :data:`LEVEL`): the probability of a gain g by chance is taken for exp(−g), which is more than the χ²
distribution says, as that is too little for labels of few rows; and it is shared out among all labels (Bonferroni).
Of other labels nothing can be claimed, as :mod:`labelsift.label_quality.learnability` says of single ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .multilabel_noise import logit

LEVEL = 0.001  # of the test, for all labels of a data set together
ROWS = 200_000  # that each label is tested on
STEPS = 40
LEAST = 1e-5  # that probabilities are kept off 0 and 1 by
_RIDGE = 1e-9


@dataclass(frozen=True)
class InformativeLabels:
    """What brought probabilities tell of each label.

    Parameters
    ----------
    informative
        bool, shape (labels,): the probabilities explain the given cells better than the base rate.
    slopes, intercepts
        Of the log odds: float64, shape (labels,).
    kept_off
        What probabilities are kept off 0 and 1 by: float64, shape (labels,).
    """

    informative: np.ndarray
    slopes: np.ndarray
    intercepts: np.ndarray
    kept_off: np.ndarray

    def scaled(self, pred_probs: np.ndarray) -> np.ndarray:
        """Return probabilities that are as sure as the given labels bear out: float32, shape (n, labels)."""
        inside = np.clip(pred_probs, self.kept_off, 1 - self.kept_off)
        odds = np.clip(self.slopes * logit(inside) + self.intercepts, -30, 30)
        return (1 / (1 + np.exp(-odds))).astype(np.float32)


def informative_labels(pred_probs: np.ndarray, given: np.ndarray, judged: np.ndarray) -> InformativeLabels:
    """Test of each label whether its probabilities tell it.

    Parameters
    ----------
    pred_probs
        Probabilities that a label fits, out of sample: float, shape (n, labels).
    given
        int8, shape (n, labels): 1 where the label was given.
    judged
        bool, shape (n, labels): cells that count.

    >>> given = np.array([[1], [0]]).repeat(50, axis=0)
    >>> knows, guesses = np.where(given == 1, 0.9, 0.1), np.tile([[1.0], [0.0]], (50, 1))
    >>> [informative_labels(probs, given, given >= 0).informative.tolist() for probs in (knows, guesses)]
    [[True], [False]]
    """
    labels = given.shape[1]
    slopes, intercepts, gains, kept_off = np.zeros((4, labels))
    every = slice(None, None, -(-len(given) // ROWS) or 1)
    for label in range(labels):
        counts = judged[every, label]
        chosen = given[every, label][counts] == 1
        if 0 < chosen.sum() < len(chosen):
            column = np.asarray(pred_probs[every, label])[counts].astype(np.float64)
            kept_off[label] = least = _half_a_vote(column)
            slopes[label], intercepts[label], gains[label] = _fitted(logit(np.clip(column, least, 1 - least)), chosen)
    informative = (slopes > 0) & (gains >= np.log(max(labels, 1) / LEVEL))
    return InformativeLabels(informative, slopes, intercepts, kept_off)


def _half_a_vote(column: np.ndarray) -> float:
    """Return half of what comes next to 0 and 1: none of 5 neighbours says less than 0.2, and not a log odds of −∞.

    >>> _half_a_vote(np.array([0, 0.2, 0.6, 1])), _half_a_vote(np.array([0.0, 1.0]))
    (0.1, 1e-05)
    """
    inside = np.minimum(column, 1 - column)
    inside = inside[inside > LEAST]
    return max(float(inside.min()) / 2, LEAST) if len(inside) else LEAST


def _fitted(odds: np.ndarray, chosen: np.ndarray) -> tuple[float, float, float]:
    """Return slope and intercept of the log odds by Newton's method, and the gain over the base rate in nats."""
    centre, spread = odds.mean(), odds.std()
    base = float(np.log(chosen.mean() / (1 - chosen.mean())))
    if spread < 1e-6:
        return 0.0, base, 0.0
    design = np.column_stack([(odds - centre) / spread, np.ones(len(odds))])
    weights, plain = np.array([0.0, base]), _likelihood(np.full(len(odds), base), chosen)
    best = plain
    for _ in range(STEPS):
        fits = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        curve = (design * (fits * (1 - fits))[:, None]).T @ design / len(design) + _RIDGE * np.eye(2)
        step = np.clip(np.linalg.solve(curve, design.T @ (fits - chosen) / len(design)), -2, 2)
        after = _likelihood(design @ (weights - step), chosen)
        while after < best and np.abs(step).max() > 1e-6:  # too far
            step /= 2
            after = _likelihood(design @ (weights - step), chosen)
        if after < best + 1e-4:
            break
        weights, best = weights - step, after
    slope = float(weights[0] / spread)
    return slope, float(weights[1] - slope * centre), float(best - plain)


def _likelihood(odds: np.ndarray, chosen: np.ndarray) -> float:
    return float(-np.logaddexp(0, np.where(chosen, -odds, odds)).sum())
