"""Samples most similar to a sample, a text, a group or a vector, of a run or of a pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..data.textless import require_texts
from ..errors import InputError
from .pools import pool_of
from .query import Searchable, seed_vector
from .seeds import seeds

if TYPE_CHECKING:
    from ..store.run import Run


def similar(
    run: Run,
    seed: str | Sequence[str] | np.ndarray,
    *,
    searched: Callable[[], Searchable],
    k: int,
    where: str | None,
    fold_duplicates: bool,
    pool: str | None,
    details: bool,
) -> pa.Table:
    """Return the samples most similar to a seed; see :meth:`labelsift.report.Report.similar`.

    Parameters
    ----------
    searched
        Returns the samples of the run as something to search; called where no pool is named.
    """
    if fold_duplicates and pool is None and not run.samples.has_texts:
        raise InputError("The samples have no texts, so none is a duplicate", hint="Leave out --fold-duplicates")
    if fold_duplicates and pool is None:
        require_texts(run.samples, "To fold duplicates", run=run.run, hint="Leave out --fold-duplicates")
    if k < 1:
        raise InputError(f"{k} similar samples cannot be shown", hint="Ask for 1 or more")
    place = pool_of(run, pool) if pool is not None else None
    rows, vectors = seeds(run, seed, pool=place)
    among = searched() if place is None else place.searchable(details=details)
    vector = seed_vector(vectors)
    if len(vector) != among.index.dimensions:
        raise InputError(
            f"The seed has {len(vector)} dimensions, and the samples have {among.index.dimensions}",
            hint="Give a vector of the same embedder",
        )
    without = rows if place is None else None
    return among.nearest(vector, k=k, without=without, where=where, fold_duplicates=fold_duplicates)
