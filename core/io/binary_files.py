"""Files that say themselves what they hold: parquet, Arrow, folders of ``save_to_disk``, Excel workbooks."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa

from ..errors import MissingExtraError
from .column_roles import ColumnRoles
from .columns import plain
from .feature_names import named
from .json_lines import table_of_rows
from .opening import Opened

PARQUET_ROWS = 131_072  # decoded at once


def read_parquet(opened: Opened, columns: ColumnRoles) -> pa.Table:
    """Read batch by batch and give freed memory back each time: the peak stays near the table's own size.

    Pre-buffering, or decoding whole column chunks, would hold the data twice.
    """
    from pyarrow import parquet

    pool = pa.default_memory_pool()
    parts: list[pa.Table] = []
    with parquet.ParquetFile(opened(), pre_buffer=False, buffer_size=1 << 20) as file:
        present = columns.present(file.schema_arrow.names)
        for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=present, use_threads=False):
            parts.append(plain(pa.Table.from_batches([batch])))
            pool.release_unused()
        empty, schema = file.schema_arrow.empty_table().select(present), file.schema_arrow
    return named(pa.concat_tables(parts).unify_dictionaries() if parts else empty, schema)


def read_arrow(opened: Opened, source: str, columns: ColumnRoles) -> pa.Table:
    """Read an Arrow file, or those that a folder of ``datasets.save_to_disk`` names."""
    try:
        stream = opened()
    except IsADirectoryError:
        files = json.loads((Path(source) / "state.json").read_bytes())["_data_files"]
        return pa.concat_tables(
            _arrow_table(pa.OSFile(str(Path(source) / file["filename"])), columns) for file in files
        )
    return _arrow_table(stream, columns)


def _arrow_table(file: pa.NativeFile, columns: ColumnRoles) -> pa.Table:
    try:
        table = pa.ipc.open_stream(file).read_all()
    except pa.ArrowInvalid:
        file.seek(0)
        table = pa.ipc.open_file(file).read_all()
    return named(table.select(columns.present(table.column_names)), table.schema)


def read_workbook(opened: Opened, columns: ColumnRoles) -> pa.Table:
    """Read the first sheet of an Excel workbook; its first row names the columns."""
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError("openpyxl", "xlsx", purpose="Reading Excel workbooks") from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(opened().read()), read_only=True, data_only=True)
        rows = [row for row in book.worksheets[0].iter_rows(values_only=True) if any(cell is not None for cell in row)]
    except Exception as error:  # whatever openpyxl and the parsers below it say of broken content
        raise pa.ArrowInvalid(f"it is no workbook: {error}") from None
    if not rows:
        raise pa.ArrowInvalid("Empty workbook")
    names = ["" if cell is None else str(cell) for cell in rows[0]]
    columns.present(names)
    table = table_of_rows(
        ((number, dict(zip(names, row, strict=False))) for number, row in enumerate(rows[1:], start=2)), columns
    )
    return table
