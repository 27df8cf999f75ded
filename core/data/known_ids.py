"""People's own ids, found again where samples have pseudonyms in their place (:mod:`labelsift.io.safe_ids`)."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..texts.redaction import pseudonym


def known_as(given: Sequence[str], ids: pa.ChunkedArray) -> list[str]:
    """Return ids as samples have them: each itself, or its pseudonym where the samples have that and not the id.

    >>> known_as(["a", "jo@mail.example", "z"], pa.chunked_array([["a", "id-bfc57bb373fd"]]))
    ['a', 'id-bfc57bb373fd', 'z']
    """
    there = ids.combine_chunks()
    names = list(map(pseudonym, map(str, given)))
    known = pc.is_in(pa.array(given, pa.string()), value_set=there).to_pylist()
    hidden = pc.is_in(pa.array(names, pa.string()), value_set=there).to_pylist()
    rows = zip(given, names, known, hidden, strict=True)
    return [name if is_hidden and not is_known else id for id, name, is_known, is_hidden in rows]


def rows_of(given: Sequence[str], ids: pa.ChunkedArray) -> pa.Array:
    """Return the row of each id, or of its pseudonym: int32, null where there is neither."""
    there = ids.combine_chunks()
    rows = pc.index_in(pa.array(given, pa.string()), value_set=there)
    return pc.index_in(pa.array(known_as(given, ids), pa.string()), value_set=there) if rows.null_count else rows
