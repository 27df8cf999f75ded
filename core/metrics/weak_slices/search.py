"""Greedy search of weak regions in some rows: the best one is taken, its rows leave, and the rest is searched again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import logit

from .bins import Binned
from .borders import refined
from .expectations import expectations
from .regions import Feature, Region, region_mask
from .scan import Peak, best_region

MOST_STEPS = 40
ENOUGH = 0.0  # log likelihood ratio above the price of the choice, down to which regions are taken
SPARED = 0.9  # share of the rows without a condition that fulfil it, from which it is left out
_PASSES = 3


@dataclass(frozen=True)
class Candidate:
    """A region that seems weak in the rows that were searched.

    Parameters
    ----------
    score
        Its log likelihood ratio, less the price of the choice.
    """

    region: Region
    score: float


@dataclass(frozen=True)
class _Space:
    """Columns that are crossed, and the price of choosing among their regions and among all such spaces."""

    columns: tuple[Binned, ...]
    price: float


def search(
    features: Mapping[str, Feature], spaces: Sequence[_Space], rows: np.ndarray, wrong: np.ndarray
) -> list[Candidate]:
    """Return the weak regions of some rows, in the order in which they were taken.

    Parameters
    ----------
    rows
        Positions of the rows that are searched: int64.
    wrong
        Whether each row is wrong: bool, shape (n,).
    """
    bad, bad_rows = wrong[rows], rows[wrong[rows]]
    taken: list[Candidate] = []
    masks: list[np.ndarray] = []
    peaks: list[Peak | None] = [None] * len(spaces)
    stale = np.ones(len(spaces), dtype=bool)
    while len(taken) < MOST_STEPS and len(spaces):
        expected = expectations(masks, bad)
        for place in np.flatnonzero(stale):
            space = spaces[place]
            peaks[place] = best_region(space.columns, rows, bad_rows, expected, level=space.price + ENOUGH)
        scores = [
            -np.inf if peak is None else peak.ratio - space.price for peak, space in zip(peaks, spaces, strict=True)
        ]
        best = int(np.argmax(scores))
        peak = peaks[best]
        if peak is None:
            break
        outside = expectations(masks, bad, but=peak.rows(rows))
        region = _with_borders(peak, features, rows, bad, logit(outside))
        mask = region_mask(region, features, rows)
        if mask.all() or any((mask == other).all() for other in masks):
            peaks[best] = None
            stale[:] = False
            continue
        taken.append(Candidate(region, float(scores[best])))
        masks.append(mask)
        changed = rows[mask | peak.rows(rows)]
        stale = np.array([other is not None and bool(other.rows(changed).any()) for other in peaks])
    return taken


def spaces_of(columns: Sequence[Binned], apart: frozenset[frozenset[str]] = frozenset()) -> list[_Space]:
    """Return every column, and every pair of columns, with the price of the choice."""
    pairs = [pair for pair in combinations(columns, 2) if frozenset(column.name for column in pair) not in apart]
    spaces = [_Space((column,), float(np.log(len(columns) * column.choices))) for column in columns]
    for first, second in pairs:
        crossed = (first, second)
        if first.edges is not None and second.edges is not None:
            crossed = (first.coarser(), second.coarser())
        choices = crossed[0].choices * crossed[1].choices
        spaces.append(_Space(crossed, float(np.log(len(pairs) * choices))))
    return spaces


def _with_borders(
    peak: Peak, features: Mapping[str, Feature], rows: np.ndarray, wrong: np.ndarray, odds: np.ndarray
) -> Region:
    """Return the region of a peak, the borders of its intervals refined in turn until they stay."""
    conditions = [column.condition(*limits) for column, limits in zip(peak.columns, peak.ranges, strict=True)]
    masks = [condition.mask(features[condition.feature])[rows] for condition in conditions]
    for _ in range(_PASSES):
        before = list(conditions)
        for place, condition in enumerate(conditions):
            if condition.code is not None:
                continue
            others = np.ones(len(rows), dtype=bool)
            for number, mask in enumerate(masks):
                others &= mask if number != place else True
            feature = features[condition.feature]
            conditions[place] = refined(condition, feature, rows[others], wrong[others], odds[others])
            masks[place] = conditions[place].mask(feature)[rows]
        if conditions == before or len(conditions) == 1:
            break
    region = dict(zip(conditions, masks, strict=True))
    for condition in conditions:
        others = [mask for other, mask in region.items() if other != condition]
        if others and (others[0] & region[condition]).sum() >= SPARED * others[0].sum():
            del region[condition]
    return tuple(sorted(region, key=lambda condition: condition.feature))
