"""Opening the vector index of a run."""

from __future__ import annotations

from ..models.vector_index import VectorIndex, cached_index
from ..store.location import Folder
from ..store.run import Run
from .seeds import required_embeddings


def open_index(run: Run) -> VectorIndex:
    """Open the index of a run's embeddings, or build it.

    It is kept beside the run where that took long, but not in a bucket: faiss maps it from a folder into memory.
    """
    vectors = required_embeddings(run)
    if run.store is None or not isinstance(run.store.place, Folder):
        return VectorIndex.build(vectors)
    return cached_index(run.store.folder / "runs" / run.run / "index.faiss", vectors)
