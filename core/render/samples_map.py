"""Map of a run's samples: which of them lie where on a plane, made when it is first asked for and then kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.issues import advice_names, issue_named
from ..data.schemas import issues_in
from ..metrics.slice_metrics import score_column
from ..models.projection import FEWEST, installed, placed, projection
from ..store.cache import sample_keys
from .sample_columns import run_cache

if TYPE_CHECKING:
    from ..store.run import Run

LIMIT = 20_000  # samples that are projected


@dataclass(frozen=True)
class SamplesMap:
    """Where samples lie.

    Parameters
    ----------
    rows
        int64, shape (m,), ascending: the samples on the map.
    places
        float32, shape (m, 2).
    without
        How many samples have no place, because nothing could be read in them.
    """

    rows: np.ndarray
    places: np.ndarray
    without: int


def can_be_mapped(run: Run) -> bool:
    """Tell whether a run has vectors of enough samples for a map."""
    return run.embeddings is not None and int(run.embeddings.any(axis=1).sum()) >= FEWEST


def samples_map(run: Run, *, limit: int = LIMIT) -> SamplesMap | None:
    """Return the map of a run's samples, above ``limit`` of a stable sample of them; see ``models/projection``.

    None where the run has too few vectors, or openTSNE is not installed.
    """
    if run.embeddings is None or not can_be_mapped(run) or not installed():
        return None
    there = int(run.embeddings.any(axis=1).sum())
    flagged = np.logical_or.reduce([flags for _, flags in issue_flags(run)], initial=False)
    rows, places = projection(
        run.embeddings,
        cache=run_cache(run),
        keys=sample_keys(run.samples),
        flagged=np.broadcast_to(flagged, (len(run.samples),)),
        limit=limit,
        votes="label" in issues_in(run.scores),
    )
    return SamplesMap(rows, places, len(run.samples) - there)


def whole_map(run: Run) -> np.ndarray | None:
    """Return the place of every sample: float32, shape (n, 2), NaN where it has none; None where there is no map."""
    drawn = samples_map(run)
    if drawn is None or run.embeddings is None:
        return None
    return placed(run.embeddings, drawn.rows, drawn.places)


def issue_flags(run: Run) -> list[tuple[str, np.ndarray]]:
    """Return which samples have which issue, bool, shape (n,), in the order in which issues are shown.

    Without those that nobody has, and those of which nobody need correct anything.
    """
    named = []
    for issue in sorted(set(issues_in(run.scores)) - advice_names(), key=lambda name: (issue_named(name).rank, name)):
        column = score_column(run, f"is_{issue}_issue")
        flags = None if column is None else column.fill_null(False).to_numpy()
        if flags is not None and flags.any():
            named.append((issue, flags))
    return named
