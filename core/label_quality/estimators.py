"""Out-of-fold class-probability estimators: logistic regression, kernel ridge, k-NN votes, SVM on n-grams.

A linear model and kernel ridge regressions of two widths, cross-validated (:mod:`labelsift.models.cross_validation`,
:mod:`labelsift.models.kernel_ridge`), and the votes of the nearest 50 and 200 neighbours. Each is good at other errors:
a linear model at confusions of near classes, neighbours at what people got wrong because it is hard, all together at
errors at random. These read one vector, and are blind to what it does not tell apart; a linear support vector machine
on the words (:mod:`labelsift.models.linear_svm`) is a second view. None has learned from the row's own label. An
estimator is a function from positions of rows to their class probabilities: float32, shape (m, classes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.stable_draws import drawn
from ..models.cross_validation import Predictions, max_training_rows, out_of_fold
from ..models.kernel_ridge import KernelRidge, landmarks
from ..models.linear_svm import margins_out_of_fold
from ..models.links import softmax
from ..models.neighbors import Graph
from .neighbor_votes import soft_votes, votes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

WIDTH, POWERS = 1.0, (2, 1)  # of the kernels, in units of the mean distance of two rows: a half and all of it
VOTER_SIZES = (50, 200)
LEAST_WEIGHT = 1e-3  # weight of a label that is thought to be wrong
SHARPNESS, SHARPENING_ROWS = (1e-3, 1e3), 8_000  # of the SVM's margins
MOST_WORK = 2_000_000_000  # entries of the n-gram features × classes: beyond, the second view costs minutes

Estimator = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class EnsembleInputs:
    """What the members of the ensemble learn from.

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
    ngrams
        Features of the texts, shape (n, columns), or None where there are no texts.
    keys
        uint64, shape (n,): what is drawn by, see :mod:`labelsift.data.stable_draws`; by default the rows' positions.
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
    ngrams: csr_array | None = None
    keys: np.ndarray | None = None

    def draw(self, rows: np.ndarray, limit: int, *, purpose: str) -> np.ndarray:
        """Draw rows; see :func:`labelsift.data.stable_draws.drawn`."""
        return drawn(rows, limit, keys=self.keys, seed=self.seed, purpose=purpose)


def training_rows(inputs: EnsembleInputs) -> np.ndarray:
    """Draw the rows that the ridges and the n-grams' model learn from; none where they fill less than two folds."""
    rows = np.flatnonzero(inputs.learnable & (inputs.predictions.folds >= 0))
    rows = inputs.draw(rows, max_training_rows(inputs.classes), purpose="training")
    return rows if len(np.unique(inputs.predictions.folds[rows])) > 1 else rows[:0]


def kernel_ridges(inputs: EnsembleInputs) -> list[KernelRidge]:
    """Prepare the kernel ridge regressions."""
    rows = training_rows(inputs)
    if not len(rows):
        return []
    shared = landmarks(inputs.vectors, rows, width=WIDTH, seed=inputs.seed, keys=inputs.keys)
    return [KernelRidge(shared, inputs.predictions.folds, rows, power, inputs.counts) for power in POWERS]


def from_predictions(predictions: Predictions) -> Estimator:
    """Turn out-of-fold probabilities into an estimator: zeros where they are NaN."""
    return lambda rows: np.nan_to_num(predictions.pred_probs[rows])


def lexical(inputs: EnsembleInputs) -> list[Estimator]:
    """Predict from words and characters: one estimator, or none where there are no texts or far too many classes."""
    features, rows = inputs.ngrams, training_rows(inputs)
    if features is None or not len(rows) or features[rows].nnz * inputs.classes > MOST_WORK:
        return []
    margins = margins_out_of_fold(
        features,
        inputs.codes,
        inputs.predictions.folds,
        classes=inputs.classes,
        training=rows,
        weights=inputs.counts,
    )
    # Margins are no probabilities: their softmax is made as sharp as the labels say.
    some = inputs.draw(rows, SHARPENING_ROWS, purpose="sharpness")
    sharpness = _likeliest_sharpness(margins[some], inputs.codes[some])
    return [lambda rows: softmax(margins[rows] * sharpness)]


def _likeliest_sharpness(margins: np.ndarray, codes: np.ndarray) -> np.float32:
    """Return the factor under which the softmax of the margins explains the labels best, by bisection."""
    own = margins[np.arange(len(codes)), codes]
    low, high = SHARPNESS
    while high > 1.02 * low:
        middle = np.float32(np.sqrt(low * high))
        expected = (softmax(margins * middle) * margins).sum(axis=1)
        low, high = (middle, high) if (own - expected).mean() > 0 else (low, middle)
    return np.float32(low)


def refit_linear(inputs: EnsembleInputs, posterior: np.ndarray) -> Estimator:
    """Fit the linear model once more, each label with the probability that it is right."""
    labeled = inputs.codes >= 0
    weights = np.ones(len(inputs.codes), dtype=np.float32)
    weights[labeled] = np.maximum(posterior[labeled, inputs.codes[labeled]], LEAST_WEIGHT)
    weights[labeled & ~inputs.judged] = 1
    if inputs.counts is not None:
        weights *= inputs.counts
    predictions = out_of_fold(
        inputs.vectors,
        inputs.codes,
        classes=inputs.classes,
        folds=inputs.predictions.folds,
        seed=inputs.seed,
        training=inputs.learnable,
        weights=weights,
        start=inputs.predictions,
        keys=inputs.keys,
    )
    return from_predictions(predictions)


def neighbor_voters(inputs: EnsembleInputs, voting: np.ndarray) -> list[Estimator]:
    """Let neighbours vote with their labels (int32, shape (n,), -1 = no vote), or their posterior (shape (n, classes)).

    There is one voter for each number of neighbours.
    """
    graph, counts = inputs.graph, inputs.counts

    def voter(k: int) -> Estimator:
        def estimator(rows: np.ndarray) -> np.ndarray:
            near, similar = graph.rows[rows, :k], graph.similarities[rows, :k]
            if voting.ndim == 1:
                return votes(near, similar, voting, classes=inputs.classes, counts=counts)
            return soft_votes(near, similar, voting, counts=counts)

        return estimator

    return [voter(k) for k in sorted({min(k, graph.rows.shape[1]) for k in VOTER_SIZES})]
