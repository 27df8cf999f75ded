"""Opinions about each row's class that have not learned from the row's own label.

A linear model and kernel ridge regressions of two widths, cross-validated (:mod:`labelsift.models.cross_validation`,
:mod:`labelsift.models.kernel_ridge`), and the votes of the nearest 50 and 200 neighbours. Each is good at other errors:
a linear model at confusions of near classes, neighbours at what people got wrong because it is hard, all together at
errors at random. An opinion is a function from positions of rows to their class probabilities: float32, shape (m,
classes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..models.cross_validation import Predictions, max_training_rows, out_of_fold
from ..models.kernel_ridge import KernelRidge, landmarks
from ..models.neighbors import Graph
from .neighbor_votes import soft_votes, votes

WIDTH, POWERS = 1.0, (2, 1)  # of the kernels, in units of the mean distance of two rows: a half and all of it
VOTERS = (50, 200)
LEAST = 1e-3  # weight of a label that is held to be wrong

Opinion = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Evidence:
    """What the opinions are made of.

    Parameters
    ----------
    codes
        Given label of each row, int32, shape (n,), -1 = none.
    judged
        bool, shape (n,): rows that can be judged.
    learnable
        bool, shape (n,): rows that may be learned from, if they have a label.
    trusted
        bool, shape (n,): rows whose label people verified.
    counts
        float32, shape (n,): how much each label counts, or None for all the same.
    """

    vectors: np.ndarray
    graph: Graph
    predictions: Predictions
    codes: np.ndarray
    classes: int
    judged: np.ndarray
    learnable: np.ndarray
    trusted: np.ndarray
    counts: np.ndarray | None
    seed: int


def ridges(given: Evidence) -> list[KernelRidge]:
    """Prepare the kernel ridge regressions; none where the rows that can be learned from fill less than two folds."""
    rows = np.flatnonzero(given.learnable & (given.predictions.folds >= 0))
    most = max_training_rows(given.classes)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(given.seed).choice(rows, most, replace=False))
    if len(np.unique(given.predictions.folds[rows])) < 2:
        return []
    shared = landmarks(given.vectors, rows, width=WIDTH, seed=given.seed)
    return [KernelRidge(shared, given.predictions.folds, rows, power, given.counts) for power in POWERS]


def held(predictions: Predictions) -> Opinion:
    """Turn cross-validated probabilities into an opinion: zeros where they are NaN."""
    return lambda rows: np.nan_to_num(predictions.pred_probs[rows])


def again(given: Evidence, truth: np.ndarray) -> Opinion:
    """Fit the linear model once more, each label with the probability that it is right."""
    labeled = given.codes >= 0
    weights = np.ones(len(given.codes), dtype=np.float32)
    weights[labeled] = np.maximum(truth[labeled, given.codes[labeled]], LEAST)
    weights[labeled & ~given.judged] = 1
    if given.counts is not None:
        weights *= given.counts
    found = out_of_fold(
        given.vectors,
        given.codes,
        classes=given.classes,
        folds=given.predictions.folds,
        seed=given.seed,
        training=given.learnable,
        weights=weights,
        start=given.predictions,
    )
    return held(found)


def voters(given: Evidence, voting: np.ndarray) -> list[Opinion]:
    """Let neighbours vote with their labels, ``voting``: int32, shape (n,), -1 = no vote."""
    graph = given.graph

    def of(k: int) -> Opinion:
        def opinion(rows: np.ndarray) -> np.ndarray:
            near, similar = graph.rows[rows, :k], graph.similarities[rows, :k]
            return votes(near, similar, voting, classes=given.classes, counts=given.counts)

        return opinion

    return [of(k) for k in _sizes(graph)]


def soft_voters(given: Evidence, truth: np.ndarray) -> list[Opinion]:
    """Let neighbours vote with what they are held to be, ``truth``: float32, shape (n, classes)."""
    graph = given.graph

    def of(k: int) -> Opinion:
        return lambda rows: soft_votes(graph.rows[rows, :k], graph.similarities[rows, :k], truth, counts=given.counts)

    return [of(k) for k in _sizes(graph)]


def _sizes(graph: Graph) -> list[int]:
    return sorted({min(k, graph.rows.shape[1]) for k in VOTERS})
