"""Per-label class-conditional noise model for multilabel data, fitted by expectation maximisation (EM).

The label y that was given for a cell is taken for a noisy copy of the true one, t. Two rates a label say how: r10, a
label that fits was left out, and r01, one that does not fit was given. With q the probability that the label fits,

    P(wrong | y = 1) = (1 − q) r01 / ((1 − q) r01 + q (1 − r10)),   P(wrong | y = 0) likewise.

So a rare label, which is seldom given by mistake, needs stronger evidence to count as extra than a common one, and
the errors of all labels can be ranked together. q is a logistic regression over the logits of the sources; its
weights and the rates are found by expectation and maximisation, which keeps the errors from being learned as truth
(Raykar et al. 2010; Bootkrajang & Kabán 2012). The rates of labels with few rows are drawn to those of all labels.

What tells noise from hard samples is that the log odds of q grow on where the sources are sure, whereas noise keeps the
share of given labels off 0 and 1 there. Sources that were fitted to the noise itself until they saturate hide it, and
then too little is said to be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ROWS = 20_000  # that weights and rates are estimated from
ROUNDS, STEPS = 10, 5  # of the whole, and of the rates within each
SHRINK = 20.0  # cells that fit, and ten times as many that do not, by which the rates of all labels count
_LEAST, _MOST = 1e-6, 0.45


@dataclass(frozen=True)
class MultilabelNoise:
    """A fitted model of the noise.

    Parameters
    ----------
    weights
        Of each source's logit, and the intercept: float64, shape (sources + 1,).
    left_out, put_in
        r10 and r01 of each label: float64, shape (labels,).
    """

    weights: np.ndarray
    left_out: np.ndarray
    put_in: np.ndarray

    def fits(self, sources: Sequence[np.ndarray]) -> np.ndarray:
        """Return the probability that each label fits: shape (n, labels)."""
        return _sigmoid(sum(weight * logit(source) for weight, source in zip(self.weights, sources)) + self.weights[-1])  # noqa: B905 - the last weight is the intercept

    def wrong(self, sources: Sequence[np.ndarray], given: np.ndarray) -> np.ndarray:
        """Return the probability that each cell is wrong: shape (n, labels)."""
        return _posterior(self.fits(sources), given == 1, self.left_out, self.put_in)


def fit_noise(
    sources: Sequence[np.ndarray], given: np.ndarray, judged: np.ndarray, *, trusted: np.ndarray | None = None
) -> MultilabelNoise:
    """Fit the weights of the sources and the rates.

    Parameters
    ----------
    sources
        Probabilities that a label fits, out of sample: each float, shape (n, labels).
    given
        int8, shape (n, labels): 1 where the label was given.
    judged
        bool, shape (n, labels): cells that count.
    trusted
        bool, shape (n, labels): cells whose given label the weights are fitted on as it is; without them, weights and
        rates are found together.
    """
    every = slice(None, None, -(-len(given) // ROWS) or 1)
    sampled, marks, counts = [np.asarray(array[every]) for array in sources], given[every] == 1, judged[every]
    logits = np.stack([logit(array)[counts] for array in sampled], axis=1)
    chosen = marks[counts].astype(np.float64)
    if trusted is not None:
        kept = trusted[every][counts]
        weights = _logistic(logits[kept], chosen[kept])
        return _with_rates(weights, sampled, marks, counts, 4 * STEPS)
    model = _with_rates(_logistic(logits, chosen), sampled, marks, counts, 4 * STEPS)
    for _ in range(ROUNDS):
        wrong = model.wrong(sampled, given[every])[counts]
        weights = _logistic(logits, np.where(chosen > 0, 1 - wrong, wrong))
        moved = np.abs(weights - model.weights).max()
        model = _with_rates(weights, sampled, marks, counts, STEPS, start=model)
        if moved < 0.01:
            break
    return model


def logit(probabilities: np.ndarray) -> np.ndarray:
    """Return the log odds, of probabilities kept off 0 and 1; NaN counts as one half."""
    inside = np.clip(np.nan_to_num(probabilities, nan=0.5), 1e-5, 1 - 1e-5)
    return np.log(inside / (1 - inside))


def _with_rates(
    weights: np.ndarray,
    sources: Sequence[np.ndarray],
    marks: np.ndarray,
    counts: np.ndarray,
    steps: int,
    start: MultilabelNoise | None = None,
) -> MultilabelNoise:
    """Find the rates for given weights, by expectation and maximisation."""
    labels = marks.shape[1]
    left_out = np.full(labels, 0.05) if start is None else start.left_out
    put_in = np.full(labels, 0.005) if start is None else start.put_in
    fits = MultilabelNoise(weights, left_out, put_in).fits(sources)
    for _ in range(steps):
        wrong = np.where(counts, _posterior(fits, marks, left_out, put_in), 0)
        true = np.where(marks, counts - wrong, wrong).sum(axis=0)
        false = counts.sum(axis=0) - true
        missed, extra = np.where(marks, 0, wrong).sum(axis=0), np.where(marks, wrong, 0).sum(axis=0)
        left_out = (missed + SHRINK * missed.sum() / max(true.sum(), 1e-9)) / (true + SHRINK)
        put_in = (extra + 10 * SHRINK * extra.sum() / max(false.sum(), 1e-9)) / (false + 10 * SHRINK)
        left_out, put_in = np.clip(left_out, _LEAST, _MOST), np.clip(put_in, _LEAST, _MOST)
    return MultilabelNoise(weights, left_out, put_in)


def _posterior(fits: np.ndarray, marks: np.ndarray, left_out: np.ndarray, put_in: np.ndarray) -> np.ndarray:
    extra, rightly = (1 - fits) * put_in, fits * (1 - left_out)
    missed, absent = fits * left_out, (1 - fits) * (1 - put_in)
    return np.where(marks, extra / (extra + rightly + 1e-12), missed / (missed + absent + 1e-12))


def _logistic(features: np.ndarray, targets: np.ndarray, *, steps: int = 12, ridge: float = 1e-6) -> np.ndarray:
    """Fit a logistic regression with an intercept by Newton's method; targets may be probabilities."""
    width = features.shape[1]
    weights = np.append(np.full(width, 1 / width), 0.0)
    if not len(features):
        return weights
    design = np.column_stack([features, np.ones(len(features))])
    for _ in range(steps):
        fits = _sigmoid(design @ weights)
        slope = design.T @ (fits - targets) / len(design)
        curve = (design * (fits * (1 - fits))[:, None]).T @ design / len(design)
        step = np.linalg.solve(curve + ridge * np.eye(width + 1), slope)
        weights = weights - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-4:
            break
    return weights


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
