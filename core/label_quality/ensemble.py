"""Two-round ensemble: estimates P(given label is right) from out-of-fold probabilities and a noise model.

The members are those of :mod:`labelsift.label_quality.estimators`. :mod:`labelsift.label_quality.noise_model` weighs
them, and gives each row's posterior over the classes in view of its given label.

The second round learns from that: soft targets instead of given labels, and for the linear model the probability
that a label is right as its weight. Both rounds' posteriors are pooled, the second with :data:`SECOND_ROUND` of the
weight. Rows that people verified keep their labels in between. No member learns from a row's own label; in the second
round it may come back faintly, through the posteriors of the row's neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..data.stable_draws import Draw, drawn
from .calibrated_pool import CalibratedPool
from .confident_learning import pass1, pass2, reduce
from .estimators import (
    EnsembleInputs,
    Estimator,
    from_predictions,
    kernel_ridges,
    lexical,
    neighbor_voters,
    refit_linear,
)
from .noise_model import NoiseModel, fit_noise_model, log_probs, pool_log_probs, posterior

SECOND_ROUND = 0.8  # chosen on injected noise (seeds 100, 101) and on invented clusters (benchmarks/RESULTS.md)
FITTED_ON = 20_000  # rows that the members' weights are fitted on
ROWS_A_CLASS = 50  # or so many a class, if that is more
MOST_CELLS, LEAST_ROWS = 30_000_000, 2_000  # of rows × classes: memory of a member there, and its floor
_ROWS_AT_ONCE = 2_048


@dataclass(frozen=True)
class LabelQuality:
    """Estimated quality of the rows' given labels.

    Parameters
    ----------
    right
        float32, shape (n,): probability that the given label is right; NaN where nothing can be said.
    wrong
        float64, shape (n,): that it is wrong, exact where it is small.
    other, share
        Likeliest other class, int32, shape (n,), and its probability, float32.
    united
        bool, shape (n,): every member that reads the vectors finds, in both rounds, the same other class likeliest and
        not the given one.
    noise
        The noise transition matrix, and the weight of each member of the first round.
    pool
        float32, shape (n, classes): what the first round expects the given label to be, calibrated on the given labels
        themselves; 0 where nothing can be said.
    """

    right: np.ndarray
    wrong: np.ndarray
    other: np.ndarray
    share: np.ndarray
    united: np.ndarray
    noise: NoiseModel
    pool: np.ndarray

    @classmethod
    def unknown(cls, n: int, noise: NoiseModel, pool: np.ndarray) -> LabelQuality:
        """Return room for n rows of which nothing is known yet."""
        right, share = np.full((2, n), np.nan, dtype=np.float32)
        wrong, other = np.full(n, np.nan), np.full(n, -1, dtype=np.int32)
        return cls(right, wrong, other, share, np.zeros(n, dtype=bool), noise, pool)


def quality_from_pred_probs(
    pred_probs: np.ndarray, codes: np.ndarray, judgeable: np.ndarray, *, seed: int, keys: np.ndarray | None = None
) -> LabelQuality:
    """Estimate the quality of labels from the user's own probabilities alone: float32, shape (n, classes).

    Rows are drawn by ``keys``; see :class:`labelsift.label_quality.estimators.EnsembleInputs`.
    """

    def estimator(rows: np.ndarray) -> np.ndarray:
        return np.nan_to_num(pred_probs[rows])

    labeled = judgeable & (codes >= 0)
    draw = partial(drawn, keys=keys, seed=seed)
    fitting_rows = _fitting_rows(judgeable, codes, pred_probs.shape[1], draw)
    noise = _fit_noise([estimator], codes, fitting_rows)
    calibrated = CalibratedPool([estimator], codes, fitting_rows, pred_probs.shape[1], draw)
    thresholds = reduce([pass1(estimator(rows), codes[rows]) for rows in _blocks(labeled)])
    quality = LabelQuality.unknown(len(codes), noise, np.zeros_like(pred_probs))
    for rows in _blocks(labeled):
        probabilities = estimator(rows)
        quality.pool[rows] = calibrated([probabilities])
        posteriors = _posterior([probabilities], noise.weights, codes[rows], noise)
        _record(quality, rows, codes[rows], posteriors, [probabilities])
        # A single source agrees with itself: here confident learning decides whether it contradicts a label.
        confident = pass2(probabilities, codes[rows], thresholds).confident
        quality.united[rows] &= (confident >= 0) & (confident != codes[rows])
    return quality


def quality_from_ensemble(inputs: EnsembleInputs) -> LabelQuality:
    """Estimate the quality of labels from all members, in two rounds."""
    n, codes, classes = len(inputs.codes), inputs.codes, inputs.classes
    fitting_rows = _fitting_rows(inputs.judged, codes, classes, inputs.draw)
    kernel_models, judged = kernel_ridges(inputs), inputs.judged & (codes >= 0)
    one_hot = np.zeros((n, classes), dtype=np.float32)
    labeled = np.flatnonzero((codes >= 0) & inputs.learnable)
    one_hot[labeled, codes[labeled]] = 1
    voting = np.where(inputs.learnable, codes, -1)
    ridges = [ridge.fit(one_hot) for ridge in kernel_models]
    words = lexical(inputs)
    first_round = [from_predictions(inputs.predictions), *ridges, *neighbor_voters(inputs, voting), *words]
    noise = _fit_noise(first_round, codes, fitting_rows)
    calibrated = CalibratedPool(first_round, codes, fitting_rows, classes, inputs.draw)
    pool = np.zeros((n, classes), dtype=np.float32)
    targets = one_hot  # becomes each row's posterior
    # The consensus says how many labels are worth a look. The words' veto would make these fewer where people err.
    voices = len(first_round) - len(words)
    first_classes = np.full((n, voices), -1, dtype=np.int32)
    for rows in _blocks(judged, inputs.predictions.folds):
        estimates = [estimator(rows) for estimator in first_round]
        pool[rows] = calibrated(estimates)
        first_classes[rows] = _likeliest(estimates[:voices])
        targets[rows] = _posterior(estimates, noise.weights, codes[rows], noise)
    first_posterior = targets.copy()
    trusted = np.flatnonzero(inputs.trusted & (codes >= 0))
    targets[trusted] = 0
    targets[trusted, codes[trusted]] = 1
    ridges = [ridge.fit(targets) for ridge in kernel_models]
    second_round = [refit_linear(inputs, targets), *ridges, *neighbor_voters(inputs, targets), *words]
    second_noise = _fit_noise(second_round, codes, fitting_rows, noise.transition)
    quality = LabelQuality.unknown(n, noise, pool)
    for rows in _blocks(judged, inputs.predictions.folds):
        estimates = [estimator(rows) for estimator in second_round]
        posteriors = _posterior(estimates, second_noise.weights, codes[rows], noise)
        first, second = (np.maximum(by_row, np.float32(1e-30)) for by_row in (first_posterior[rows], posteriors))
        pooled = first ** (1 - SECOND_ROUND) * second**SECOND_ROUND
        posteriors = pooled / pooled.sum(axis=1, keepdims=True)
        _record(quality, rows, codes[rows], posteriors, estimates[:voices], first_classes[rows])
    return quality


def _record(
    quality: LabelQuality,
    rows: np.ndarray,
    codes: np.ndarray,
    posteriors: np.ndarray,
    estimates: Sequence[np.ndarray],
    first_classes: np.ndarray | None = None,
) -> None:
    """Write what is known of some rows: posteriors and the estimate of each voice, of shape (m, classes)."""
    numbers = np.arange(len(rows))
    quality.right[rows] = posteriors[numbers, codes]
    rest = posteriors.copy()
    rest[numbers, codes] = 0
    quality.wrong[rows] = rest.sum(axis=1, dtype=np.float64)
    rest[numbers, codes] = -1
    quality.other[rows] = other = rest.argmax(axis=1)
    quality.share[rows] = rest[numbers, other]
    classes = _likeliest(estimates)
    if first_classes is not None:
        classes = np.concatenate([classes, first_classes], axis=1)
    quality.united[rows] = (classes == classes[:, :1]).all(axis=1) & (classes[:, 0] != codes)


def _likeliest(estimates: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([probabilities.argmax(axis=1) for probabilities in estimates], axis=1)


def _posterior(
    estimates: Sequence[np.ndarray], weights: np.ndarray, codes: np.ndarray, noise: NoiseModel
) -> np.ndarray:
    return posterior(
        pool_log_probs([log_probs(probabilities) for probabilities in estimates], weights), codes, noise.transition
    )


def _fit_noise(
    estimators: Sequence[Estimator], codes: np.ndarray, rows: np.ndarray, matrix: np.ndarray | None = None
) -> NoiseModel:
    return fit_noise_model([log_probs(estimator(rows)) for estimator in estimators], codes[rows], matrix)


def _fitting_rows(judgeable: np.ndarray, codes: np.ndarray, classes: int, draw: Draw) -> np.ndarray:
    rows = np.flatnonzero(judgeable & (codes >= 0))
    limit = max(min(max(FITTED_ON, ROWS_A_CLASS * classes), MOST_CELLS // classes), LEAST_ROWS)
    return draw(rows, limit, purpose="weights")


def _blocks(chosen: np.ndarray, folds: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Cut the chosen rows into blocks, most of them of one fold, whose models then need no rows apart."""
    rows = np.flatnonzero(chosen)
    if folds is not None:
        rows = rows[np.argsort(folds[rows], kind="stable")]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
