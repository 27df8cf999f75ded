"""Noise transition matrix from confident rows: how often the clearest samples of a class carry another label.

Where classes overlap, a label may differ from the likeliest class and be right. Among the samples that lie deepest in a
class it may not: what carries another label there is wrong, unless the model itself expected so many. So the rates of
noise are counted among the most confident predictions of each class (anchor points: Liu & Tao 2016; rank pruning:
Northcutt, Wu & Chuang 2017), and compared with what the calibrated probabilities expect there: a calibrated model of
classes that overlap expects its exceptions, a floor of errors comes as a surprise.

Errors that people make because a sample is hard leave no such floor. They show, in part, in a tail: more exceptions
among confident rows than where two normal classes overlap that are confused as often.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from ..models.links import expit

CLEAREST = (0.1, 0.2, 0.3)  # shares of the rows of a predicted class
SURPRISE, SLOPE = 2.5, 1.5  # standard errors at which a floor of errors is as likely as none, and how fast that turns
TAIL = 3.0  # standard errors at which errors on hard samples are as likely as none
OVERLAPPING = 0.65  # most exceptions among the clearest rows, against the next clearest, where classes overlap
RECURRING = 4.0  # standard errors at which pairs of classes recur as likely as not
FAR, NEARLY_ALL = 0.06, 0.8  # probability of a label that is far from likely; share of the exceptions
UNCLEAR = 0.1  # mean probability of the other classes, of the clearest tenth: beyond, no row is clear
PRIOR = 5.0  # rows of each class, whose errors are spread evenly


@dataclass(frozen=True)
class NoiseRates:
    """Errors that do not depend on how hard a sample is.

    Parameters
    ----------
    rate, error
        Share of all labels that are wrong in this way, and its standard error.
    floor
        Probability that there is a floor of errors at all.
    tail
        Probability that hard samples hold errors, too, and not classes that overlap alone.
    transition
        Share of the samples of class y that carry the label g: float64, shape (classes, classes), rows sum to one.
    evenness
        1 where errors go to any class, towards 0 where pairs of classes recur.
    """

    rate: float
    error: float
    floor: float
    tail: float
    transition: np.ndarray
    evenness: float = 1.0


def noise_rates(pool: np.ndarray, codes: np.ndarray) -> NoiseRates:
    """Estimate the rates of noise from rows with a label.

    Parameters
    ----------
    pool
        Out-of-fold probabilities, calibrated on the given labels: float32, shape (m, classes).
    codes
        Given label of each row, shape (m,), none below 0.
    """
    classes = pool.shape[1]
    if not len(codes):
        return NoiseRates(0.0, 1.0, 0.0, 0.0, np.eye(classes))
    likeliest, doubt = pool.argmax(axis=1), 1 - pool.max(axis=1).astype(np.float64)
    differs = likeliest != codes
    rank = _rank_in_class(likeliest, doubt)
    clear = rank < CLEAREST[-1]
    surprise = max(_surprise(differs[rank < share], doubt[rank < share]) for share in CLEAREST)
    surprise = max(surprise, _flatness(differs[clear], differs[~clear & (rank < 2 * CLEAREST[-1])]))
    surprise = max(surprise, _apartness(pool[np.flatnonzero(differs), codes[differs]], float(differs.mean())))
    floor = float(expit(SLOPE * (surprise - SURPRISE)))
    count, number = int(differs[clear].sum()), max(int(clear.sum()), 1)
    usual = number * overlap_among_confident(float(differs.mean()))
    tail = float(expit(((1 - floor) * count - usual) / np.sqrt(usual + 1) - TAIL))
    clearest = doubt[rank < CLEAREST[0]]  # none where each class has five rows or fewer
    if len(clearest) and clearest.mean() > UNCLEAR:
        tail = 0.0
    excess = max(count - doubt[clear].sum(), tail * (count - usual), 0.0)
    rate = (floor * count + (1 - floor) * excess) / number
    counted = rate * number / count if count else 0.0  # share of the exceptions that are errors
    error = float(np.sqrt(max(count, 1)) / number * counted)
    transition, evenness = _transition(likeliest[clear], codes[clear], classes, rate, counted)
    return NoiseRates(float(rate), error, float(floor), float(tail), transition, evenness)


@lru_cache(maxsize=256)
def _normal_overlap(error: float) -> tuple[np.ndarray, np.ndarray]:
    """Return density and posterior of exceptions along half of the line where two normal classes overlap."""
    error = min(max(error, 1e-4), 0.49)
    half_gap = NormalDist().inv_cdf(1 - error)
    places = np.linspace(0, 8, 4_001)  # the other half is the same
    density = np.exp(-((places - half_gap) ** 2) / 2) + np.exp(-((places + half_gap) ** 2) / 2)
    return density / density.sum(), expit(-2 * half_gap * places)


def overlap_among_confident(error: float) -> float:
    """Return the share of exceptions among the clearest rows where two normal classes overlap with this error.

    >>> round(overlap_among_confident(0.16), 3), round(overlap_among_confident(0.03), 4)
    (0.019, 0.0)
    """
    density, exceptions = _normal_overlap(error)
    clear = np.cumsum(density[::-1])[::-1] <= CLEAREST[-1]
    return float((density * exceptions)[clear].sum() / density[clear].sum())


def _apartness(given: np.ndarray, error: float) -> float:
    """Return by how many standard errors more exceptions are far from likely than where normal classes overlap.

    Counts only where nearly all are: samples that are told apart without exception but a few, which are errors.

    Parameters
    ----------
    given
        Probability of the given label of each exception.
    error
        Share of exceptions.
    """
    far = int((given < FAR).sum())
    if not far or far < NEARLY_ALL * len(given):
        return 0.0
    density, posterior = _normal_overlap(error)
    usual = float((density * posterior)[posterior < FAR].sum() / (density * posterior).sum())
    return (far - usual * len(given)) / float(np.sqrt(len(given) * usual * (1 - usual) + 0.25))


def _rank_in_class(likeliest: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """Return the place of each row among those of its predicted class, clearest first: shape (m,), within 0 and 1."""
    order = np.lexsort((doubt, likeliest))
    sizes = np.bincount(likeliest)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(doubt))
    rank[order] = (np.arange(len(order)) - starts[likeliest[order]] + 0.5) / sizes[likeliest[order]]
    return rank


def _surprise(differs: np.ndarray, doubt: np.ndarray) -> float:
    """Return by how many standard errors more labels differ than the pool expects; one row is added to the variance."""
    return float((differs.sum() - doubt.sum()) / np.sqrt((doubt * (1 - doubt)).sum() + 1))


def _flatness(clear: np.ndarray, next_clear: np.ndarray) -> float:
    """Return by how many standard errors exceptions are commoner among clear rows than overlap would have them.

    Where classes overlap, they become much rarer towards the clearest rows; a floor of errors is the same everywhere.
    """
    if not len(clear) or not len(next_clear):
        return 0.0
    first, second = clear.mean(), next_clear.mean()
    variance = first * (1 - first) / len(clear) + OVERLAPPING**2 * second * (1 - second) / len(next_clear)
    return float((first - OVERLAPPING * second) / np.sqrt(variance)) if variance > 0 else 0.0


def _transition(
    likeliest: np.ndarray, codes: np.ndarray, classes: int, rate: float, counted: float
) -> tuple[np.ndarray, float]:
    """Estimate matrix and evenness: errors as counted, drawn to even shares, the less pairs of classes recur."""
    joint = np.zeros((classes, classes))
    np.add.at(joint, (likeliest, codes), 1.0)
    total = joint.sum(axis=1, keepdims=True)
    np.fill_diagonal(joint, 0)
    even = rate / max(classes - 1, 1)
    counts = (joint * counted + PRIOR * even) / (total + PRIOR)
    evenness = _evenness(joint)
    transition = evenness * even + (1 - evenness) * counts
    np.fill_diagonal(transition, 0)
    np.fill_diagonal(transition, 1 - transition.sum(axis=1))
    return transition, evenness


def _evenness(joint: np.ndarray) -> float:
    """Return 1 where pairs of classes recur no more often than by chance, towards 0 where they do.

    >>> _evenness(np.array([[0, 9, 0], [0, 0, 9], [9, 0, 0]])), _evenness(np.array([[0, 4, 4], [4, 0, 4], [4, 4, 0]]))
    (0.026, 1.0)
    """
    cells, count = max(joint.size - len(joint), 1), joint.sum()
    recurring = (joint * (joint - 1)).sum() / 2
    expected = count * (count - 1) / 2 / cells
    surprise = (recurring - expected) / np.sqrt(expected + 1)
    return round(float(expit(-SLOPE * (surprise - RECURRING))), 3)
