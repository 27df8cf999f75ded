"""Learnability of classes: permutation tests of out-of-fold probabilities against the given labels.

A label can be called wrong only where the samples tell the labels at all. Under the hypothesis that they do not, every
permutation of the labels is as likely as the given one. Mean and variance of the log likelihood over all permutations
are known in closed form (Hoeffding 1951), so that nothing is drawn.
"""

from __future__ import annotations

import numpy as np

DATASET, CLASS = 4.0, 3.0  # standard errors above the mean of all permutations
LEAST_RECALL = 1 / 3  # of a class, below which most of what is said of it would be that it is wrong


def permutation_score(pool: np.ndarray, codes: np.ndarray) -> tuple[float, np.ndarray]:
    """Return by how many standard errors the labels are likelier than permuted ones: of all rows, and of each class.

    Parameters
    ----------
    pool
        Out-of-fold probabilities, none 0: float32, shape (m, classes).
    codes
        Given label of each row, shape (m,), none below 0.

    >>> rows = np.array([[0.9, 0.1], [0.1, 0.9]]).repeat(50, axis=0)
    >>> permutation_score(rows, np.repeat([0, 1], 50))[0] > 9, permutation_score(rows, np.tile([0, 1], 50))[0]
    (True, 0.0)
    """
    n, classes = pool.shape
    sizes = np.bincount(codes, minlength=classes).astype(np.float64)
    if n < 2:
        return 0.0, np.zeros(classes)
    logs = np.log(np.maximum(pool, 1e-9)).astype(np.float64)
    shares = sizes / n
    centred = logs - (logs @ shares)[:, None]  # of each row, over the labels as often as they occur
    centred -= centred.mean(axis=0)
    own = centred[np.arange(n), codes]
    spread = np.square(centred).sum(axis=0)
    variance = (shares * spread).sum() * n / (n - 1)
    together = own.sum() / np.sqrt(variance) if variance > 0 else 0.0
    sums = np.bincount(codes, weights=own, minlength=classes)
    of_class = shares * (1 - shares) * spread * n / (n - 1)
    each = np.divide(sums, np.sqrt(of_class), out=np.zeros(classes), where=of_class > 0)
    return float(together), each
