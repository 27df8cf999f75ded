"""Index from sample id to row number of a run, in a memory-mapped file beside the run's tables.

ids.arrow is memory-mapped: a search by halves touches some twenty places of it for each id, at a million rows as
little as at a thousand. In a bucket, where each place would be a request, it is read whole. A run from before there
was such a file is searched by reading all of its ids.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from .location import Folder, Location

FILE = "ids.arrow"


def write_ids(ids: pa.ChunkedArray, place: Location) -> None:
    """Write the ids of the samples beside their tables; strings, unique."""
    order = pc.sort_indices(ids).cast(pa.int64())
    table = pa.table({"id": ids.cast(pa.large_string()).take(order), "row": order}).combine_chunks()
    content = pa.BufferOutputStream()
    with pa.ipc.new_file(content, table.schema) as writer:
        writer.write_table(table)
    place.replace(FILE, content.getvalue().to_pybytes())


def rows_of(ids: Iterable[str], place: Location) -> dict[str, int]:
    """Return the rows of some samples, in the order of the ids; ids that the tables do not have are left out."""
    wanted = dict.fromkeys(ids)
    rows: dict[str, int] = {}
    try:
        source = (
            pa.memory_map(str(place.path / FILE)) if isinstance(place, Folder) else pa.BufferReader(place.read(FILE))
        )
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
