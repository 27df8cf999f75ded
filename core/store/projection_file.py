"""Projection of a run, in a file beside its tables: what other texts are embedded by; numbers by hash bucket.

It belongs to what is erased: of the buckets those stay that a remaining text fills.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashed_ngrams import buckets_in
from .location import Folder, Location

FILE = "projection.arrow"


def write_projection(table: pa.Table, place: Location) -> None:
    """Write a table with a column ``bucket``."""
    content = pa.BufferOutputStream()
    with pa.ipc.new_file(content, table.schema) as writer:
        writer.write_table(table)
    place.replace(FILE, content.getvalue().to_pybytes())


def read_projection(place: Location) -> pa.Table | None:
    """Read the projection; None where the run has none."""
    try:
        source = (
            pa.memory_map(str(place.path / FILE)) if isinstance(place, Folder) else pa.BufferReader(place.read(FILE))
        )
    except FileNotFoundError:
        return None
    with source as file:
        return pa.ipc.open_file(file).read_all()


def projection_of(table: pa.Table, texts: Sequence[str]) -> pa.Table:
    """Return the projection for the texts that stay, without the buckets that none of them fills."""
    return table.filter(pc.is_in(table["bucket"], value_set=pa.array(buckets_in(texts))))


def rewrite_projection(old: Location, new: Location, texts: Sequence[str]) -> None:
    """Write the projection again for the texts that stay."""
    table = read_projection(old)
    if table is not None:
        write_projection(projection_of(table, texts), new)
