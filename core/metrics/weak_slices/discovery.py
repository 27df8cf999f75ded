"""Discovery of weak slices: found in one half of the rows, measured in the other, under Benjamini & Hochberg.

Each half is searched by itself (:mod:`.search`); what it finds is counted in the other half, against all rows
that lie in no slice that was found before it. Of the candidates of both halves together those are kept that
Benjamini & Hochberg's procedure (1995) leaves; then the two halves' versions of one slice are merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from ...data.stable_draws import mixed
from ...models.rates import discovery_limit
from .bins import binned
from .expectations import chance_of_more, expectations
from .merge import WeakSlice, distinct
from .regions import Feature, region_mask
from .search import Candidate, search, spaces_of

FALSE_DISCOVERIES = 0.05
LEAST_ROWS = 10  # of a slice in the half where it is measured


@dataclass(frozen=True)
class Discovery:
    """What was found.

    Parameters
    ----------
    slices
        The surest first.
    candidates
        How many regions were measured.
    """

    slices: tuple[WeakSlice, ...]
    candidates: int


def discover(
    features: Sequence[Feature],
    wrong: np.ndarray,
    *,
    seed: int = 0,
    keys: np.ndarray | None = None,
    apart: frozenset[frozenset[str]] = frozenset(),
) -> Discovery:
    """Find the regions of one column or two in which rows are wrong oftener than elsewhere.

    Parameters
    ----------
    features
        Columns of n rows.
    wrong
        Whether each row is wrong: bool, shape (n,).
    keys
        Of the rows, as :func:`labelsift.data.stable_draws.row_keys` makes them, so that their order does not matter;
        by default their positions.
    apart
        Pairs of columns that are not crossed.
    """
    by_name = {feature.name: feature for feature in sorted(features, key=lambda feature: feature.name)}
    columns = [column for feature in by_name.values() if (column := binned(feature)) is not None]
    spaces = spaces_of(columns, apart)
    keys = np.arange(len(wrong), dtype=np.uint64) if keys is None else keys
    order = np.argsort(mixed(keys, seed=seed, purpose="slices"), kind="stable")
    halves = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    measured = []
    for finding, measuring in (halves, halves[::-1]):
        measured += _measured(search(by_name, spaces, finding, wrong), by_name, measuring, wrong)
    limit = discovery_limit([entry.p_value for entry in measured], rate=FALSE_DISCOVERIES)
    sure = [entry for entry in measured if entry.p_value <= limit]
    return Discovery(tuple(distinct(sure, wrong, limit=limit)), len(measured))


def _measured(
    candidates: Sequence[Candidate], features: Mapping[str, Feature], half: np.ndarray, wrong: np.ndarray
) -> list[WeakSlice]:
    """Count each candidate in the half that did not find it: given those before it, and against all other rows."""
    everywhere = np.arange(len(wrong))
    masks = [region_mask(candidate.region, features, everywhere) for candidate in candidates]
    bad = wrong[half]
    measured = []
    for place, (candidate, rows) in enumerate(zip(candidates, masks, strict=True)):
        inside = rows[half]
        n, hits = int(inside.sum()), int(bad[inside].sum())
        rest_n, rest_hits = len(half) - n, int(bad.sum()) - hits
        p_value = 1.0
        if n >= LEAST_ROWS and rest_n >= LEAST_ROWS:
            against_all = float(hypergeom.sf(hits - 1, n + rest_n, hits + rest_hits, n))
            known = expectations([mask[half] for mask in masks[:place]], bad, but=inside)
            p_value = max(against_all, chance_of_more(hits, known[inside]))
        measured.append(WeakSlice(candidate.region, rows, half, n, hits, rest_n, rest_hits, p_value, candidate.score))
    return measured
