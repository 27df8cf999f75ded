"""Reader of tables: files of rows, data frames and data sets become samples by the roles of their columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashing import repeats, text_ids
from ..data.samples import ROLES, Samples
from ..errors import InputError
from ..texts.redaction import safe_id
from . import files
from .annotation_rows import gathered
from .column_roles import ColumnRoles
from .columns import as_strings, blank_as_null, is_space, plain, require_utf8, with_paths
from .dataframes import first_rows, from_memory
from .json_documents import records_of
from .json_lines import table_of_rows
from .label_notes import LOOKED_AT, forgotten, without_missing
from .source import Source, table_of


def recognizes(source: Source, columns: ColumnRoles) -> bool:
    """Take every source: this reader is asked last, and says what is wrong."""
    return True


def read(source: Source, columns: ColumnRoles) -> Samples:
    """Read the columns that are named.

    Raises
    ------
    InputError
        Missing columns, an empty file, undecodable bytes, ids that are missing or repeated, spans out of their text.
    """
    if source.path is None:
        samples = samples_of(source.origin, columns, source.stem)
        notes = [] if columns.labeled else forgotten(first_rows(source.origin), columns)
        return replace(samples, notes=(*notes, *samples.notes))
    if source.document is not None:
        records = records_of(source.document, source.path, columns.names)
        samples = _samples(table_of_rows(enumerate(records, start=1), columns), columns, source.stem)
        notes = [] if columns.labeled else forgotten(table_of(records[:LOOKED_AT]), columns)
        return replace(samples, notes=(*notes, *samples.notes))
    table, note = files.read_columns(source.path, columns, form=source.form)
    samples = _samples(table, columns, source.stem)
    notes = [note] if note else []
    if not columns.labeled:
        notes += forgotten(files.head(source.path, source.form), columns)
    return replace(samples, notes=(*notes, *samples.notes))


def samples_of(container: object, columns: ColumnRoles, name: str | None) -> Samples:
    """Return what stands in memory as samples: an Arrow table, a data frame, a data set.

    Raises
    ------
    InputError
        As :func:`read`.
    """
    table = from_memory(container, columns)
    require_utf8(table, name or "The data")
    return _samples(table, columns, name)


def _samples(table: pa.Table, columns: ColumnRoles, name: str | None) -> Samples:
    if not table.num_rows:
        raise InputError(f"{name or 'The data'} holds no rows", hint="Give a file with a header and rows")
    table = plain(with_paths(table, columns.names))
    columns.require(table.column_names)
    roles = {
        role: as_strings(table[column], role=role, column_name=column)
        for role, column in columns.single.items()
        if column in table.column_names  # all are there but a text that tokens make
    }
    if "text" in roles:
        roles["text"] = pc.fill_null(roles["text"], "")
    notes: list[str] = []
    if "label" in roles:
        roles["label"], notes = without_missing(blank_as_null(roles["label"]), columns.missing)
    if columns.annotator:
        who = as_strings(table[columns.annotator], role="annotator", column_name=columns.annotator)
        table, roles = gathered(table, roles, who)
    if "id" in roles:
        _require_unique(roles["id"], column_name=str(columns.id))
    roles |= columns.label_roles(table, roles)
    if "id" not in roles:
        roles["id"] = text_ids(roles["text"])
    ordered = {role: roles[role] for role in ROLES if role in roles}
    return Samples(pa.table(ordered), table.select(list(columns.metadata)), name or "samples", notes=tuple(notes))


def _require_unique(ids: pa.ChunkedArray, *, column_name: str) -> None:
    blank = pc.fill_null(is_space(ids), True)
    if pc.any(blank).as_py():
        rows = (pc.indices_nonzero(blank).to_numpy() + 1).tolist()
        raise InputError(
            f"The id column {column_name} is empty in rows", ids=rows, hint="Fill the ids, or read without an id column"
        )
    repeated = _repeated(ids)
    if not repeated:
        return
    places = pc.indices_nonzero(pc.equal(ids, repeated[0])).to_pylist()
    rows = ", ".join(str(place + 1) for place in places[:5])
    raise InputError(
        f"The id column {column_name} holds duplicates ({safe_id(repeated[0])} stands in rows {rows})",
        ids=repeated,
        hint="Make the ids unique, or read without an id column: then the text identifies a sample. If a row is one "
        "annotation, name the column of who said it: annotator=…, --annotator …",
    )


def _repeated(ids: pa.ChunkedArray) -> list[str]:
    """Return the ids that stand more than once; a column of hashes takes a tenth of a table of strings."""
    hashes = np.empty(len(ids), dtype=np.int64)
    start = 0
    for batch in pa.table({"id": ids}).to_batches(max_chunksize=65_536):
        hashes[start : start + len(batch)] = [hash(id) for id in batch["id"].to_pylist()]
        start += len(batch)
    rows = repeats(hashes)
    if not len(rows):
        return []
    counts = Counter(ids.take(pa.array(rows)).to_pylist())
    return [id for id, count in counts.items() if count > 1]
