"""Arrow files beside a run's tables: the index from sample id to row number, and what other texts are embedded by.

ids.arrow is memory-mapped: a search by halves touches some twenty places of it for each id, at a million rows as
little as at a thousand. In a bucket, where each place would be a request, it is read whole. A run from before there
was such a file is searched by reading all of its ids.

projection.arrow holds numbers by hash bucket. It belongs to what is erased: of the buckets those stay that a remaining
text fills.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashed_ngrams import buckets_in
from .location import Folder, Location

IDS, PROJECTION = "ids.arrow", "projection.arrow"


def write_ids(ids: pa.ChunkedArray, place: Location) -> None:
    """Write the ids of the samples beside their tables; strings, unique."""
    order = pc.sort_indices(ids).cast(pa.int64())
    table = pa.table({"id": ids.cast(pa.large_string()).take(order), "row": order}).combine_chunks()
    _write(table, place, IDS)


def rows_of(ids: Iterable[str], place: Location) -> dict[str, int]:
    """Return the rows of some samples, in the order of the ids; ids that the tables do not have are left out."""
    wanted = dict.fromkeys(ids)
    rows: dict[str, int] = {}
    try:
        source = _opened(place, IDS)
    except FileNotFoundError:
        return _searched_everywhere(list(wanted), place)
    with source as file:
        reader = pa.ipc.open_file(file)
        if not reader.num_record_batches:
            return rows
        batch = reader.get_batch(0)
        ids_there, row_numbers = batch.column("id"), batch.column("row")
        for id in wanted:  # Arrow orders strings by their bytes in UTF-8, which is the order of Python's strings
            position = bisect_left(range(len(ids_there)), id, key=lambda position: ids_there[position].as_py())
            if position < len(ids_there) and ids_there[position].as_py() == id:
                rows[id] = row_numbers[position].as_py()
    return rows


def _searched_everywhere(ids: list[str], place: Location) -> dict[str, int]:
    import lance

    ids_there = lance.dataset(place.lance("samples.lance")).to_table(columns=["id"])["id"]
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=ids_there.combine_chunks()).to_pylist()
    return {id: row for id, row in zip(ids, rows, strict=True) if row is not None}


def write_projection(table: pa.Table, place: Location) -> None:
    """Write a table with a column ``bucket``."""
    _write(table, place, PROJECTION)


def read_projection(place: Location) -> pa.Table | None:
    """Read the projection; None where the run has none."""
    try:
        source = _opened(place, PROJECTION)
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


def _write(table: pa.Table, place: Location, name: str) -> None:
    content = pa.BufferOutputStream()
    with pa.ipc.new_file(content, table.schema) as writer:
        writer.write_table(table)
    place.replace(name, content.getvalue().to_pybytes())


def _opened(place: Location, name: str) -> pa.NativeFile:
    return pa.memory_map(str(place.path / name)) if isinstance(place, Folder) else pa.BufferReader(place.read(name))
