"""Two rounds of opinions about each row's class, and what they say of its given label.

The opinions are those of :mod:`labelsift.label_quality.estimators`. :mod:`labelsift.label_quality.noise_model` weighs
them, and tells what each row is likely to be in view of its given label.

The second round learns from that: soft targets instead of given labels, and for the linear model the probability
that a label is right as its weight. Both rounds' posteriors are pooled, the second with :data:`SECOND` of the weight.
Rows that people verified keep their labels in between. No opinion learns from a row's own label; in the second round it
may come back faintly, through what the row's neighbours are held to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .confident_learning import pass1, pass2, reduce
from .estimators import Evidence, Opinion, again, held, ridges, soft_voters, voters
from .noise_model import Noise, fitted, logged, pooled, posterior

SECOND = 0.8  # chosen on injected noise (seeds 100, 101) and on invented clusters (benchmarks/RESULTS.md)
FITTED_ON = 20_000  # rows that the weights of the opinions are fitted on
ROWS_A_CLASS = 50  # or so many a class, if that is more
MOST_CELLS, LEAST_ROWS = 30_000_000, 2_000  # of rows × classes: what an opinion may take in memory there, and its floor
_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True)
class Judgement:
    """What is held of the rows' labels.

    Parameters
    ----------
    right
        float32, shape (n,): probability that the given label is right; NaN where nothing can be said.
    wrong
        float64, shape (n,): that it is wrong, exact where it is small.
    other, share
        Likeliest other class, int32, shape (n,), and its probability, float32.
    united
        bool, shape (n,): every opinion of both rounds holds the same other class than the given one likeliest.
    noise
        How labels go wrong, and how much each opinion of the first round weighs.
    """

    right: np.ndarray
    wrong: np.ndarray
    other: np.ndarray
    share: np.ndarray
    united: np.ndarray
    noise: Noise


def judged_alone(pred_probs: np.ndarray, codes: np.ndarray, judged: np.ndarray, *, seed: int) -> Judgement:
    """Judge labels by one opinion only, the probabilities that the user brought: float32, shape (n, classes)."""

    def brought(rows: np.ndarray) -> np.ndarray:
        return np.nan_to_num(pred_probs[rows])

    labeled = judged & (codes >= 0)
    noise = _fit([brought], codes, _fitting_rows(judged, codes, pred_probs.shape[1], seed))
    thresholds = reduce([pass1(brought(rows), codes[rows]) for rows in _blocks(labeled)])
    result = _Result(len(codes), noise)
    for rows in _blocks(labeled):
        opinion = brought(rows)
        found = posterior(pooled([logged(opinion)], noise.weights), codes[rows], noise.transition)
        result.add(rows, codes[rows], found, [opinion])
        # One opinion agrees with itself: here confident learning tells what it holds against a label.
        said = pass2(opinion, codes[rows], thresholds)
        result.united[rows] &= (said.confident >= 0) & (said.confident != codes[rows])
    return result.judgement()


def judged_twice(given: Evidence) -> Judgement:
    """Judge labels by all opinions, in two rounds."""
    n, codes, classes = len(given.codes), given.codes, given.classes
    fitting = _fitting_rows(given.judged, codes, classes, given.seed)
    kernels = ridges(given)
    hard = np.zeros((n, classes), dtype=np.float32)
    labeled = np.flatnonzero((codes >= 0) & given.learnable)
    hard[labeled, codes[labeled]] = 1
    voting = np.where(given.learnable, codes, -1)
    first = [held(given.predictions), *(one.fit(hard) for one in kernels), *voters(given, voting)]
    noise = _fit(first, codes, fitting)
    truth = hard  # becomes what each row is held to be
    seen = np.full((n, len(first)), -1, dtype=np.int32)
    for rows in _blocks(given.judged & (codes >= 0)):
        opinions = [one(rows) for one in first]
        seen[rows] = np.stack([one.argmax(axis=1) for one in opinions], axis=1)
        truth[rows] = posterior(pooled(_logged(opinions), noise.weights), codes[rows], noise.transition)
    before = truth.copy()
    kept = np.flatnonzero(given.trusted & (codes >= 0))
    truth[kept] = 0
    truth[kept, codes[kept]] = 1
    second = [again(given, truth), *(one.fit(truth) for one in kernels), *soft_voters(given, truth)]
    following = _fit(second, codes, fitting, noise.transition)
    result = _Result(n, noise)
    for rows in _blocks(given.judged & (codes >= 0)):
        opinions = [one(rows) for one in second]
        found = posterior(pooled(_logged(opinions), following.weights), codes[rows], noise.transition)
        found = _between(before[rows], found)
        result.add(rows, codes[rows], found, opinions, seen[rows])
    return result.judgement()


class _Result:
    """Gathers the judgement block by block."""

    def __init__(self, n: int, noise: Noise) -> None:
        self.right, self.share = np.full((2, n), np.nan, dtype=np.float32)
        self.wrong = np.full(n, np.nan)
        self.other = np.full(n, -1, dtype=np.int32)
        self.united = np.zeros(n, dtype=bool)
        self.noise = noise

    def add(
        self,
        rows: np.ndarray,
        codes: np.ndarray,
        truth: np.ndarray,
        opinions: Sequence[np.ndarray],
        seen: np.ndarray | None = None,
    ) -> None:
        at = np.arange(len(rows))
        self.right[rows] = truth[at, codes]
        rest = truth.copy()
        rest[at, codes] = 0
        self.wrong[rows] = rest.sum(axis=1, dtype=np.float64)
        rest[at, codes] = -1
        self.other[rows] = other = rest.argmax(axis=1)
        self.share[rows] = rest[at, other]
        said = np.stack([one.argmax(axis=1) for one in opinions], axis=1)
        if seen is not None:
            said = np.concatenate([said, seen], axis=1)
        self.united[rows] = (said == said[:, :1]).all(axis=1) & (said[:, 0] != codes)

    def judgement(self) -> Judgement:
        return Judgement(self.right, self.wrong, self.other, self.share, self.united, self.noise)


def _fit(opinions: Sequence[Opinion], codes: np.ndarray, rows: np.ndarray, matrix: np.ndarray | None = None) -> Noise:
    return fitted([logged(one(rows)) for one in opinions], codes[rows], matrix)


def _logged(opinions: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [logged(one) for one in opinions]


def _between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    found = np.maximum(first, np.float32(1e-30)) ** (1 - SECOND) * np.maximum(second, np.float32(1e-30)) ** SECOND
    return found / found.sum(axis=1, keepdims=True)


def _fitting_rows(judged: np.ndarray, codes: np.ndarray, classes: int, seed: int) -> np.ndarray:
    rows = np.flatnonzero(judged & (codes >= 0))
    most = max(min(max(FITTED_ON, ROWS_A_CLASS * classes), MOST_CELLS // classes), LEAST_ROWS)
    return rows if len(rows) <= most else np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _blocks(chosen: np.ndarray) -> Iterator[np.ndarray]:
    rows = np.flatnonzero(chosen)
    for at in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[at : at + _ROWS_AT_ONCE]
