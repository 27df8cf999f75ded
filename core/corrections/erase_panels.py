"""Erasure of samples from the files that a tracker was sent: the flagged tables, and the report's page."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..store.run_eraser import ERASED, QUOTED
from .erase_pages import ids_on_page

FILES = ("flagged.json", "flagged.parquet", "report.html")  # those that name samples
_NOTE = (
    "<!doctype html><meta charset='utf-8'><title>labelsift</title><p>This report showed samples that were erased on "
    "request. Log the scan again to see it without them: <code>labelsift log</code></p>\n"
)


def erase_from(path: Path, ids: Collection[str]) -> set[str]:
    """Take samples out of one of :data:`FILES`, and return those that stood there."""
    cut = {".json": _cut_json, ".parquet": _cut_parquet, ".html": _cut_page}[path.suffix]
    return cut(path, set(ids))


def _cut_json(path: Path, ids: set[str]) -> set[str]:
    table = json.loads(path.read_text(encoding="utf-8"))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    table["data"] = [list(row.values()) for row in _without(rows, ids)]
    path.write_text(json.dumps(table), encoding="utf-8")
    return {row["id"] for row in rows} & ids


def _cut_parquet(path: Path, ids: set[str]) -> set[str]:
    table = pq.read_table(path)
    erased = set(table["id"].to_pylist()) & ids
    if erased:
        pq.write_table(pa.Table.from_pylist(_without(table.to_pylist(), ids), table.schema), path)
    return erased


def _without(rows: list[dict[str, Any]], ids: set[str]) -> list[dict[str, Any]]:
    """Return the rows of other samples, without reasons that quote the text of an erased one."""
    quoted = [row["text"] for row in rows if row["id"] in ids and len(row.get("text") or "") >= QUOTED]
    kept = [row for row in rows if row["id"] not in ids]
    for row in kept:
        if any(text in (row.get("reason") or "") for text in quoted):
            row["reason"] = ERASED
    return kept


def _cut_page(path: Path, ids: set[str]) -> set[str]:
    """Replace a page that shows any of the samples: the run that it was made of is not at hand."""
    erased = ids_on_page(path.read_text(encoding="utf-8"), ids)
    if erased:
        path.write_text(_NOTE, encoding="utf-8")
    return erased
