"""Probabilities of true classes: Richardson–Lucy unmixing of a calibrated pool under noise, and its sharpness.

A pool that is calibrated on the given labels says how common each label is among rows like this one, errors included.
Two steps lead from there to the classes that are true. Unmixing undoes the noise transition matrix: where a fifth of a
class is labeled as another, its clearest rows have four fifths and one fifth in the pool, and nearly all and nothing
after it (Richardson 1972, Lucy 1974; with the matrix of label noise as in Patrini et al. 2017). Sharpening takes back
what the pool was drawn towards the middle, by the exponent under which the given labels are likeliest.
"""

from __future__ import annotations

import numpy as np

from ..data.stable_draws import drawn

SHARPEST, ROUNDS, SHARPENING_ROWS = 6.0, 25, 20_000
# Few rounds and a most that is undone of a class keep the noise of the pool from being blown up where two classes are
# close and the matrix is hard to tell; chosen on made data (benchmarks/claims).
UNMIXING_ROUNDS, MOST_UNDONE = 8, 0.2
_ROWS_AT_ONCE = 8_192
_DENSE = 128  # classes up to which a product with the zeros costs less than one without


class TrueClasses:
    """The step from a pool of given labels to true classes, fitted once and taken for a block of rows at a time.

    Parameters
    ----------
    transition
        Share of the samples of class y that carry the label g: shape (classes, classes), rows sum to one.
    """

    def __init__(self, transition: np.ndarray) -> None:
        from scipy import sparse

        identity = np.eye(len(transition))
        part = np.minimum(MOST_UNDONE / np.maximum(1 - np.diag(transition), 1e-9), 1)[:, None]
        undone = part * transition + (1 - part) * identity
        # Most confusions of a class were never seen and share one rate, so that all but a few of the rest are zero.
        self._even = undone.min(axis=1).astype(np.float32)
        seen = (undone - undone.min(axis=1, keepdims=True)).astype(np.float32)
        self._seen = seen if len(seen) <= _DENSE else sparse.csr_array(seen)
        self._given = np.ascontiguousarray(transition.T, dtype=np.float32)
        self._exponent = 1.0

    def fit(self, pool: np.ndarray, codes: np.ndarray, rows: np.ndarray, keys: np.ndarray | None) -> TrueClasses:
        """Find the exponent under which the given labels of some of these rows are likeliest, and return itself."""
        some = drawn(rows, SHARPENING_ROWS, keys=keys, seed=0, purpose="sharpness")
        blocks = [some[start : start + _ROWS_AT_ONCE] for start in range(0, len(some), _ROWS_AT_ONCE)]
        unmixed = np.concatenate([self._unmixed(pool[block]) for block in blocks])
        self._exponent = _sharpness(unmixed, self._given[codes[some]])
        return self

    def joint(self, pool: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return P(true class) · P(given label | true class), not normalised: float32, shape (m, classes)."""
        return self._unmixed(pool) ** self._exponent * self._given[codes]

    def _unmixed(self, pool: np.ndarray) -> np.ndarray:
        classes = pool.copy()
        for _ in range(UNMIXING_ROUNDS):
            expected = classes @ self._seen + (classes @ self._even)[:, None]
            ratio = pool / np.maximum(expected, 1e-12)
            classes *= ratio @ self._seen.T + ratio.sum(axis=1, keepdims=True) * self._even
            classes /= np.maximum(classes.sum(axis=1, keepdims=True), 1e-12)
        return classes


def _sharpness(pool: np.ndarray, given: np.ndarray) -> float:
    """Return the exponent under which the labels are likeliest; ``given``: P(label | class), shape (m, classes)."""
    logs = np.log(np.maximum(pool, 1e-7))
    exponent = 1.0
    for _ in range(ROUNDS):
        clean = np.exp(exponent * (logs - logs.max(axis=1, keepdims=True)))
        clean /= clean.sum(axis=1, keepdims=True)
        posterior = clean * given
        posterior /= np.maximum(posterior.sum(axis=1, keepdims=True), 1e-30)
        mean, mean_posterior = (clean * logs).sum(axis=1), (posterior * logs).sum(axis=1)
        spread = ((clean * logs**2).sum(axis=1) - mean**2).mean()
        spread_posterior = ((posterior * logs**2).sum(axis=1) - mean_posterior**2).mean()
        step = (mean_posterior - mean).mean() / max(spread - spread_posterior, 0.2 * spread, 1e-9)
        before, exponent = exponent, float(np.clip(exponent + np.clip(step, -0.5, 0.5), 0.5, SHARPEST))
        if abs(exponent - before) < 1e-3:
            break
    return exponent
