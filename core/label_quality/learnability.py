"""Learnability of labels: a permutation test of out-of-fold probabilities against the given labels.

A label can be called wrong only where the samples tell the labels at all. Under the hypothesis that they do not, every
permutation of the labels is as likely as the given one. Mean and variance of the log likelihood over all permutations
are known in closed form (Hoeffding 1951), so that nothing is drawn.
"""

from __future__ import annotations

import numpy as np

DATASET = 4.0  # standard errors above the mean of all permutations
# Log likelihood of all labels together, in nats. A pool that knows nothing is nearly constant, and what is left of it
# follows the shares of the folds: many standard errors, and next to no gain.
LEAST_GAIN = 3.0
LEAST_RECALL = 0.2  # of a class, below which most of what is said of it would be that it is wrong


def permutation_score(pool: np.ndarray, codes: np.ndarray) -> float:
    """Return by how many standard errors the labels are likelier than permuted ones.

    Parameters
    ----------
    pool
        Out-of-fold probabilities, none 0: float32, shape (m, classes).
    codes
        Given label of each row, shape (m,), none below 0.

    >>> rows = np.array([[0.9, 0.1], [0.1, 0.9]]).repeat(50, axis=0)
    >>> permutation_score(rows, np.repeat([0, 1], 50)) > 9, permutation_score(rows, np.tile([0, 1], 50))
    (True, 0.0)
    """
    n, classes = pool.shape
    if n < 2:
        return 0.0
    shares = np.bincount(codes, minlength=classes) / n
    logs = np.log(np.maximum(pool, 1e-9)).astype(np.float64)
    logs -= (logs @ shares)[:, None]  # of each row, over the labels as often as they occur
    logs -= logs.mean(axis=0)
    gain = float(logs[np.arange(n), codes].sum())
    if abs(gain) < LEAST_GAIN:
        return 0.0
    variance = (shares * np.square(logs).sum(axis=0)).sum() * n / (n - 1)
    return gain / float(np.sqrt(variance))
