"""Kernel ridge regression with Nyström landmarks, out of fold: between a linear model and the vote of neighbours.

A radial basis function of the cosine, ``exp((cos − 1) / width)``, on landmarks drawn from the training rows (Nyström:
Williams & Seeger 2001). Least squares on class indicators estimate class probabilities (Hastie, Tibshirani & Friedman
2009, ch. 4.2), take soft targets as they are, and leave the sums over rows for a second fit to use again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..data.stable_draws import drawn

LANDMARKS = 1_000
PENALTY = 1.0  # in units of a row's own kernel value: a label counts as much as the prior
FLOOR = 1e-3  # least probability of a class, of which all together have at most a tenth
JITTER = 1e-5
REMEMBERED = 20_000_000  # entries of the training rows' kernel that are kept for six uses: 80 MB
_ROWS_AT_ONCE = 4_096


def mean_distance(vectors: np.ndarray, rows: np.ndarray) -> float:
    """Return the mean of 1 − cosine over all pairs of rows, above 0: the scale of kernel widths.

    The mean product of all pairs is the squared length of the mean vector, so that no pair is drawn.
    """
    mean = vectors[rows].mean(axis=0, dtype=np.float64)
    return max(float(1 - mean @ mean), 1e-3)


class Landmarks:
    """Rows that all others are compared with, and the last comparison: two widths of kernel share it.

    Parameters
    ----------
    vectors
        float32, shape (n, dimensions), unit length.
    chosen
        Positions of the landmarks.
    width
        Of the widest kernel, in units of 1 − cosine.
    """

    def __init__(self, vectors: np.ndarray, chosen: np.ndarray, width: float) -> None:
        self.vectors, self.drawn, self.width = vectors, chosen, np.float32(width)
        self._chosen = vectors[chosen].T / self.width
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._remembered: dict[bytes, np.ndarray] = {}

    def kernel(self, rows: np.ndarray) -> np.ndarray:
        """Return ``exp((cos − 1) / width)``: float32, shape (m, landmarks); not to be changed."""
        if self._last is None or self._last[0] is not rows:
            self._last = None
            kernel = self.vectors[rows] @ self._chosen
            kernel -= 1 / self.width
            self._last = rows, np.exp(kernel, out=kernel)
        return self._last[1]

    def training_kernel(self, rows: np.ndarray) -> np.ndarray:
        """Return the kernel of training rows, which every system and every fit of both widths asks for again."""
        remembered = self._remembered.get(rows.tobytes())
        if remembered is not None:
            return remembered
        kernel = self.kernel(rows)
        if kernel.size + sum(other.size for other in self._remembered.values()) <= REMEMBERED:
            self._remembered[rows.tobytes()] = kernel
        return kernel


def landmarks(
    vectors: np.ndarray, training: np.ndarray, *, width: float, seed: int, keys: np.ndarray | None = None
) -> Landmarks:
    """Draw landmarks from the training rows by their keys (:mod:`labelsift.data.stable_draws`).

    ``width`` is in units of the mean distance of two rows.
    """
    chosen = drawn(training, LANDMARKS, keys=keys, seed=seed, purpose="landmarks")
    return Landmarks(vectors, chosen, width * mean_distance(vectors, training))


@dataclass
class KernelRidge:
    """Cross-validated fits over the same rows, landmarks and folds.

    Parameters
    ----------
    landmarks
        With the vectors of all rows.
    folds
        Fold of each row, shape (n,); rows of fold -1 are predicted by the mean of all folds' models.
    training
        Positions of the rows that are learned from, each in a fold.
    power
        The kernel is this power of the landmarks', which is as much narrower.
    counts
        float32, shape (n,): how much each row counts, or None for all the same.
    """

    landmarks: Landmarks
    folds: np.ndarray
    training: np.ndarray
    power: int = 1
    counts: np.ndarray | None = None
    _systems: dict[int, np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        own = self.kernel(self.landmarks.drawn).astype(np.float64)
        own[np.diag_indices(len(own))] += JITTER
        grams = {int(fold): self._gram(fold) for fold in np.unique(self.folds[self.training])}
        total = np.sum(list(grams.values()), axis=0) + PENALTY * own
        self._systems = {fold: total - gram for fold, gram in grams.items()}

    def kernel(self, rows: np.ndarray) -> np.ndarray:
        """Compare rows with the landmarks: float32, shape (m, landmarks)."""
        return self._narrowed(self.landmarks.kernel(rows))

    def _narrowed(self, kernel: np.ndarray) -> np.ndarray:
        return kernel if self.power == 1 else kernel**self.power

    def fit(self, targets: np.ndarray) -> Ridge:
        """Fit one model a fold, without its rows.

        Parameters
        ----------
        targets
            float32, shape (n, classes): class probabilities of each row, which sum to one.
        """
        sums, mass = {}, {}
        for fold in self._systems:
            sums[fold], mass[fold] = self._products(fold, targets)
        everything, all_mass = np.sum(list(sums.values()), axis=0), np.sum(list(mass.values()), axis=0)
        weights, priors = {}, {}
        for fold, system in self._systems.items():
            kernels, shares = everything - sums[fold], all_mass - mass[fold]
            prior = shares / max(shares.sum(), 1e-9)
            # Targets less the prior, whose kernel sums are the sums of all classes, times the prior.
            centred = kernels - np.outer(kernels.sum(axis=1), prior)
            weights[fold] = np.linalg.solve(system, centred).astype(np.float32)
            priors[fold] = prior.astype(np.float32)
        return Ridge(self, weights, priors)

    def _parts(self, fold: int) -> list[np.ndarray]:
        rows = self.training[self.folds[self.training] == fold]
        return np.array_split(rows, -(-len(rows) // _ROWS_AT_ONCE))

    def _gram(self, fold: int) -> np.ndarray:
        gram = np.zeros((len(self.landmarks.drawn), len(self.landmarks.drawn)))
        for rows in self._parts(fold):
            kernel = self._narrowed(self.landmarks.training_kernel(rows))
            gram += (kernel if self.counts is None else kernel * self.counts[rows, None]).T @ kernel
        return gram

    def _products(self, fold: int, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        products, mass = np.zeros((len(self.landmarks.drawn), targets.shape[1])), np.zeros(targets.shape[1])
        for rows in self._parts(fold):
            some = targets[rows] if self.counts is None else targets[rows] * self.counts[rows, None]
            products += self._narrowed(self.landmarks.training_kernel(rows)).T @ some
            mass += some.sum(axis=0, dtype=np.float64)
        return products, mass


@dataclass(frozen=True)
class Ridge:
    """Fitted by fold: weights float32, shape (landmarks, classes), and prior float32, shape (classes,)."""

    over: KernelRidge
    weights: dict[int, np.ndarray]
    priors: dict[int, np.ndarray]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the class probabilities of rows, each by the model that has not seen it: float32, (m, classes)."""
        classes = len(next(iter(self.priors.values())))
        probabilities = np.empty((len(rows), classes), dtype=np.float32)
        kernel = self.over.kernel(rows)
        folds = self.over.folds[rows]
        for fold, weights in self.weights.items():
            own = folds == fold
            if own.all():
                probabilities = kernel @ weights + self.priors[fold]  # without a copy of the kernel
            elif own.any():
                probabilities[own] = kernel[own] @ weights + self.priors[fold]
        rest = ~np.isin(folds, list(self.weights))
        if rest.any():
            probabilities[rest] = np.mean(
                [kernel[rest] @ weights + self.priors[fold] for fold, weights in self.weights.items()], axis=0
            )
        np.maximum(probabilities, min(FLOOR, 0.1 / classes), out=probabilities)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities
