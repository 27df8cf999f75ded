"""Rows that are one annotation each, as crowd platforms write them: put together, one row a sample."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from ..data import annotator_labels
from ..errors import InputError


def gathered(
    table: pa.Table, roles: Mapping[str, pa.ChunkedArray], annotators: pa.ChunkedArray
) -> tuple[pa.Table, dict[str, pa.ChunkedArray]]:
    """Return the first row of each sample, and its roles with what each annotator said.

    Samples are known by their id, else by their text; of several labels by one person the last row's counts.

    Parameters
    ----------
    table
        The columns as they were read.
    roles
        Columns of strings: ``label``, and ``id`` or ``text``.
    annotators
        Who said it, a row each.

    Raises
    ------
    InputError
        For rows without an annotator or an id, and ids with several texts.
    """
    keys = roles["id" if "id" in roles else "text"].to_pylist()
    texts = roles["text"].to_pylist() if "text" in roles else keys
    first: dict[str, int] = {}
    said: dict[str, dict[str, str | None]] = {}
    nameless: list[int] = []
    differing: dict[str, None] = {}
    rows = zip(keys, texts, annotators.to_pylist(), roles["label"].to_pylist(), strict=True)
    for row, (key, text, annotator, label) in enumerate(rows):
        if not (annotator or "").strip() or key is None:
            nameless.append(row + 1)
            continue
        start = first.setdefault(key, row)
        if texts[start] != text:
            differing[key] = None
        said.setdefault(key, {})[annotator] = label
    if nameless:
        raise InputError(
            "Some rows do not say who labeled what", ids=nameless, hint="Fill annotator and id, or drop them"
        )
    if differing:
        raise InputError("Rows of the same id have different texts", ids=differing, hint="Name another id column")
    kept = pa.array(list(first.values()), pa.int64())
    annotations = pa.chunked_array([pa.array(map(annotator_labels.canonical, said.values()), pa.string())])
    following = {role: column.take(kept) for role, column in roles.items()}
    following |= {"annotations": annotations, "label": annotator_labels.consensus(annotations)}
    return table.take(kept), following
