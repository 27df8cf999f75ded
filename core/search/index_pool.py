"""Indexing of unlabeled samples into a pool: ``labelsift index POOL``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..data.samples import Samples
from ..errors import InputError, StoreError
from ..models.embedding import DEFAULT as DEFAULT_EMBEDDER
from ..models.embedding import TRANSFORMERS, Embedder, embed, embedder
from ..models.routed_embedding import vector_space
from ..models.threads import limited_threads
from ..signals.signals import Signals
from ..store.arrow_files import read_projection
from ..store.base import DEFAULT
from ..store.erasures import come_back, erased_ids
from ..store.run_info import read_facts, tables_in
from ..store.store import Store
from .pools import Change, pools_of
from .run_embedder import USERS_EMBEDDINGS, run_embedder


@limited_threads()
def index_pool(
    samples: Samples,
    *,
    name: str | None = None,
    model: str | None = None,
    embeddings: np.ndarray | None = None,
    store: str | Path = DEFAULT,
    progress: Callable[[str], None] | None = None,
) -> Change:
    """Bring samples into a pool of the run store; a pool that exists takes new ids and replaces changed samples.

    Parameters
    ----------
    name
        Of the pool; the name of the data set by default.
    model
        The embedder; that of the pool, else of the latest run, by default, so that problems found can be looked up.
    embeddings
        float, shape (n, d): your own vectors instead, as brought to the scan.

    Raises
    ------
    InputError
        If the embedder is not that of the pool.
    """
    kept = Store(store)
    pools_of(kept)  # refuses a bucket
    records, ids = kept.ledger.examine()[0], samples.ids.to_pylist()
    vectors = Signals(embeddings=embeddings).aligned_embeddings(samples)
    kept.prepare()
    with kept.writing():
        if gone := erased_ids(ids, kept.erasures(since=len(records))):
            stays = np.flatnonzero([id not in gone for id in ids])
            samples, vectors = samples.take(stays), vectors[stays] if vectors is not None else None
        change = _indexed(kept, samples, name or samples.name, model, vectors, progress or (lambda _: None))
        return replace(change, notes=come_back(records, samples.ids.to_pylist()))


def _indexed(
    kept: Store,
    samples: Samples,
    name: str,
    model: str | None,
    vectors: np.ndarray | None,
    say: Callable[[str], None],
) -> Change:
    pools = pools_of(kept)
    if vectors is not None:

        def brought(rows: pa.Table) -> np.ndarray:
            return vectors[samples.positions(rows["id"].to_pylist())]

        return pools.add(name, samples, embedder=USERS_EMBEDDINGS, embed=brought)
    chosen, space = (embedder(model), model) if model else _usual(kept, name)

    def embedded(rows: pa.Table) -> np.ndarray:
        say(f"Embedding {rows.num_rows:,} texts")
        return embed(rows["text"], chosen)

    return pools.add(name, samples, embedder=chosen.name if model else space, embed=embedded)


def _usual(store: Store, name: str) -> tuple[Embedder, str]:
    """Return the embedder of the pool, else of the latest run, else the default one; and the name of its space."""
    try:
        place = store.place_of(store.find())
        facts = read_facts(place)
        settings, projection = facts["settings"], read_projection(tables_in(place, facts))
    except StoreError:
        settings, projection = {}, None
    space = vector_space(settings)
    if name in pools_of(store).names():
        kept = pools_of(store).open(name).embedder
        if kept != space:  # else the run knows where the model lies, and has its projection
            if ":" in kept and not kept.startswith(TRANSFORMERS):
                raise InputError(
                    f"The pool {name} was embedded with the projection of another run ({kept})",
                    hint="Index it under another --name, and search that",
                )
            return embedder(kept), kept
    chosen = run_embedder(settings, projection)
    return (chosen, space) if chosen is not None and space is not None else (embedder(), DEFAULT_EMBEDDER)
