"""The embedder that a run's vectors come from, with the projection that was fitted on its texts if there is one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa

from ..errors import InputError
from ..models.embedding import Embedder, embedder, name_in
from ..models.routed_embedding import PROJECTION, RoutedEmbedder, first_name

USERS_EMBEDDINGS = "the user's embeddings"


def run_embedder(settings: Mapping[str, Any], projection: pa.Table | None) -> Embedder | None:
    """Return the embedder of a run; None where the user brought its vectors, or nothing was embedded.

    Parameters
    ----------
    settings, projection
        Of the run.

    Raises
    ------
    InputError
        If its model is gone, or its projection was not kept.
    """
    name = name_in(settings)
    if name is None or name == USERS_EMBEDDINGS:
        return None
    if PROJECTION not in settings:
        return _model(name)
    if projection is None:
        raise InputError(
            "This run has texts in other languages, and was kept without what embeds them",
            hint="Give the id of a sample instead of a text, or scan again with the texts kept",
        )
    return RoutedEmbedder.of(_model(first_name(name)), projection)


@lru_cache(maxsize=1)
def _model(name: str) -> Embedder:
    return embedder(name)
