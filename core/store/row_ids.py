"""Which row of a run holds a sample: the ids in order, each with its row, in a file beside the run's tables.

ids.arrow is memory-mapped: a search by halves touches some twenty places of it for each id, at a million rows as
little as at a thousand. In a bucket, where each place would be a request, it is read whole. A run from before there
was such a file is searched by reading all of its ids.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from .location import Folder, Place

FILE = "ids.arrow"


def write_ids(ids: pa.ChunkedArray, place: Place) -> None:
    """Write the ids of the samples beside their tables; strings, unique."""
    order = pc.sort_indices(ids).cast(pa.int64())
    table = pa.table({"id": ids.cast(pa.large_string()).take(order), "row": order}).combine_chunks()
    content = pa.BufferOutputStream()
    with pa.ipc.new_file(content, table.schema) as writer:
        writer.write_table(table)
    place.replace(FILE, content.getvalue().to_pybytes())


def rows_of(ids: Iterable[str], place: Place) -> dict[str, int]:
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
        known, row = batch.column("id"), batch.column("row")
        for id in wanted:  # Arrow orders strings by their bytes in UTF-8, which is the order of Python's strings
            at = bisect_left(range(len(known)), id, key=lambda at: known[at].as_py())
            if at < len(known) and known[at].as_py() == id:
                rows[id] = row[at].as_py()
    return rows


def _searched_everywhere(ids: list[str], place: Place) -> dict[str, int]:
    import lance

    known = lance.dataset(place.lance("samples.lance")).to_table(columns=["id"])["id"]
    found = pc.index_in(pa.array(ids, pa.string()), value_set=known.combine_chunks()).to_pylist()
    return {id: row for id, row in zip(ids, found, strict=True) if row is not None}
