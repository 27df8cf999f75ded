"""Calibrated opinion pool: P(given label | row) from out-of-fold estimators and class shares, by maximum likelihood.

A logarithmic opinion pool (Genest & Zidek 1986) whose weights explain the given labels best as they are, errors
included: stacking (Wolpert 1992). What it expects is how common a label is among rows like this one, which is what
ambiguity and noise are measured against; which class is *true* is the noise model's question
(:mod:`labelsift.label_quality.noise_model`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ..data.stable_draws import Draw, drawn
from .estimators import Estimator
from .noise_model import CELLS_AT_ONCE, log_probs, pool_log_probs

FITTED_ON = 8_000  # rows
MOST_WEIGHT = 8.0
RIDGE = 1e-4


class CalibratedPool:
    """Pool of some estimators and of the classes' shares.

    Parameters
    ----------
    codes
        Given label of each row, shape (n,).
    rows
        Positions of rows with a label to fit the weights on.
    draw
        Draws so many of them as are enough; by their positions by default.
    """

    def __init__(
        self,
        estimators: Sequence[Estimator],
        codes: np.ndarray,
        rows: np.ndarray,
        classes: int,
        draw: Draw | None = None,
    ) -> None:
        shares = (np.bincount(codes[rows], minlength=classes) + 1) / (len(rows) + classes)
        self._shares = np.log(shares)[None, :].astype(np.float32)
        draw = draw or partial(drawn, keys=None, seed=0)
        rows = draw(rows, FITTED_ON, purpose="pool")
        sources = self._with_shares([log_probs(estimator(rows)) for estimator in estimators])
        self.weights = _likeliest(sources, codes[rows])

    def __call__(self, estimates: Sequence[np.ndarray]) -> np.ndarray:
        """Pool the estimates of the same rows, each float32 of shape (m, classes), into one."""
        return pool_log_probs(self._with_shares([log_probs(each) for each in estimates]), self.weights)

    def _with_shares(self, sources: list[np.ndarray]) -> list[np.ndarray]:
        return [*sources, np.repeat(self._shares, len(sources[0]), axis=0)]


def _likeliest(sources: Sequence[np.ndarray], codes: np.ndarray) -> np.ndarray:
    """Maximise the likelihood of the labels, which is concave in the weights."""
    from scipy.optimize import minimize

    start = np.append(np.full(len(sources) - 1, 1 / (len(sources) - 1)), 0.0)
    if not len(codes):
        return start
    given = np.stack([source[np.arange(len(codes)), codes] for source in sources]).mean(axis=1, dtype=np.float64)
    step = max(CELLS_AT_ONCE // sources[0].shape[1], 1)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        own, expected = 0.0, np.zeros(len(sources))
        for start in range(0, len(codes), step):
            some = [source[start : start + step] for source in sources]
            pool = pool_log_probs(some, weights)
            likelihood = pool[np.arange(len(pool)), codes[start : start + step]]
            own += float(np.log(np.maximum(likelihood, 1e-30)).sum(dtype=np.float64))
            expected += [np.vdot(pool, source) for source in some]
        return RIDGE * float(weights @ weights) - own / len(codes), 2 * RIDGE * weights + expected / len(codes) - given

    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0, MOST_WEIGHT)] * len(sources)).x
