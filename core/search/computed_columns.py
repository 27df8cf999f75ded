"""Computed columns of a run for SQL: length, words and language of a text, personal data, wrong predictions, cluster.

Each is computed when a condition first names it, so that they cost nothing else. Columns of the user's own with these
names come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.textless import require_texts
from ..errors import InputError
from ..metrics.slice_metrics import scored_labels
from ..metrics.weak_slices.embedding_clusters import embedding_clusters
from ..models.languages import SURE_FROM, Languages, detect, encode_languages, maker
from ..store.cache import Cache, text_hashes

if TYPE_CHECKING:
    from ..store.run import Run

TYPES: Mapping[str, pa.DataType] = {
    "text_length": pa.int64(),
    "words": pa.int64(),
    "language": pa.string(),
    "has_pii": pa.bool_(),
    "is_wrong": pa.bool_(),
    "cluster": pa.int64(),
}
_WORD = r"[^\s\p{Z}]+"


def computed_columns(run: Run) -> dict[str, Callable[[], pa.ChunkedArray]]:
    """Return the columns that can be computed of a run, each with what computes it.

    ``text_length`` (characters), ``words`` (parted by white space), ``language`` (its code, null where it cannot be
    told for sure), ``has_pii``, ``is_wrong`` (the prediction differs from the given label; null where one of both is
    missing), ``cluster`` (number of the sample's cluster in embedding space,
    -1 where it has no vector).
    """
    makers = {
        "text_length": _text_length,
        "words": _words,
        "language": _language,
        "has_pii": _has_pii,
        "is_wrong": is_wrong,
        "cluster": _cluster,
    }
    return {name: partial(make, run) for name, make in makers.items()}


def _texts(run: Run, name: str) -> pa.ChunkedArray:
    if not run.samples.has_texts:
        raise InputError(f"The samples have no texts, so there is no {name}", hint="Name other columns")
    require_texts(run.samples, f"The column {name}", run=run.run, hint="Name other columns")
    return run.samples.texts


def _text_length(run: Run) -> pa.ChunkedArray:
    return pc.utf8_length(_texts(run, "text_length")).cast(pa.int64())


def _words(run: Run) -> pa.ChunkedArray:
    return pc.count_substring_regex(_texts(run, "words"), _WORD).cast(pa.int64())


def _language(run: Run) -> pa.ChunkedArray:
    """Return the likeliest language where it is sure; what a scan detected is read from the cache."""
    texts = _texts(run, "language")
    cache = run.store.cache(run.samples.name) if run.store is not None else Cache()

    def detect_rows(rows: np.ndarray) -> pa.ListArray:
        return encode_languages(detect(texts.take(pa.array(rows)).to_pylist()))

    languages = Languages.of(cache.rows("languages", maker(), text_hashes(texts), detect_rows))
    codes, probability = languages.likeliest()
    sure = (codes >= 0) & (probability >= SURE_FROM)
    names = pa.array(languages.names, pa.string())
    return pa.chunked_array([names.take(pa.array(np.where(sure, codes, 0), mask=~sure))])


def _has_pii(run: Run) -> pa.ChunkedArray:
    if "is_pii_issue" not in run.scores.column_names:
        raise InputError("This run did not look for personal data", hint="Scan with the check pii")
    return pc.fill_null(run.scores["is_pii_issue"], False)


def is_wrong(run: Run) -> pa.ChunkedArray:
    """Tell where the prediction differs from the given label: bool, null where one of both is missing.

    The prediction is the user's; of the built-in model where there is none.

    Raises
    ------
    InputError
        If the run has no predictions at all.
    """
    data = replace(scored_labels(run), evaluated=None)  # also where the model was trained
    if not data.source:
        raise InputError("This run has no predictions", hint="Scan with --predicted COLUMN, or with the check label")
    return pa.chunked_array([pa.array(~data.right, mask=~data.both)])


def _cluster(run: Run) -> pa.ChunkedArray:
    if run.embeddings is None:
        raise InputError("This run has no embeddings, so it has no clusters", hint="Name other columns")
    return pa.chunked_array([pa.array(embedding_clusters(run), pa.int64())])
