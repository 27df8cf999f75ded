"""Erasure of samples from what a tracker was sent: flagged tables, conditions of slices, the description, the page."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..render.page.content import encode
from ..render.tracker_panels.description import END
from ..render.verdict import HEADING, escaped
from ..store.run_eraser import ERASED, QUOTED, quoted_id
from .erase_pages import ids_on_page

EVERY = "flagged.parquet"  # has every finding, and so the texts that other files may quote
FILES = (EVERY, "flagged.json", "slices.json", "dictionary.json", "report.html")  # those that may name samples
CONDITION = "(This condition may name an erased sample.)"
_NOTE = (
    "<!doctype html><meta charset='utf-8'><title>labelsift</title><p>This report showed samples that were erased on "
    "request. Log the scan again to see it without them: <code>labelsift log</code></p>\n"
)


def erase_from(folder: Path, ids: Collection[str]) -> dict[str, set[str]]:
    """Take samples out of those of :data:`FILES` that lie in a folder.

    Returns
    -------
    dict
        The files that were changed: name → the samples that it named. None where it only quoted their texts.
    """
    cuts = {"flagged.json": _cut_json, "report.html": _cut_page}
    wanted, texts = set(ids), _texts(folder / EVERY, set(ids))
    changed = {}
    for path in (folder / name for name in FILES if name != EVERY):
        if path.is_file() and (named := cuts.get(path.name, _cut_conditions)(path, wanted, texts)) is not None:
            changed[path.name] = named
    if named := _cut_parquet(folder / EVERY, wanted, texts):
        changed[EVERY] = named
    return changed


def erase_from_description(description: str, ids: Collection[str]) -> str:
    """Return a run's description without those lines of our part that name one of the samples in a condition."""
    before, heading, rest = description.partition(HEADING)
    ours, end, after = rest.partition(END)
    words = [escaped(quoted_id(id)) for id in ids]
    lines = [line for line in ours.split("\n") if not any(word in line for word in words)]
    return "".join([before, heading, "\n".join(lines), end, after])


def _texts(path: Path, ids: set[str]) -> list[str]:
    """Return the texts of the samples that are long enough to be known again within a sentence."""
    if not path.is_file() or "text" not in pq.read_schema(path).names:
        return []
    table = pq.read_table(path, columns=["id", "text"])
    texts = table["text"].filter(pc.is_in(table["id"], value_set=pa.array(sorted(ids), pa.string())))
    return [text for text in texts.to_pylist() if len(text or "") >= QUOTED]


def _cut_json(path: Path, ids: set[str], texts: Sequence[str]) -> set[str] | None:
    table = json.loads(path.read_text(encoding="utf-8"))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    named, kept = {row["id"] for row in rows} & ids, [list(row.values()) for row in _without(rows, ids, texts)]
    return _written(path, table, kept, named)


def _cut_conditions(path: Path, ids: set[str], texts: Sequence[str]) -> set[str] | None:
    """Replace the cells of a table that name a sample, as the condition of a slice may."""
    content = path.read_text(encoding="utf-8")
    table = json.loads(content)
    cells = "\n".join(cell for row in table["data"] for cell in row if isinstance(cell, str))
    named = _named(cells, ids)
    words = [*map(quoted_id, named), *texts]
    kept = [
        [CONDITION if isinstance(cell, str) and any(word in cell for word in words) else cell for cell in row]
        for row in table["data"]
    ]
    return _written(path, table, kept, named)


def _written(path: Path, table: dict[str, Any], rows: list[list[Any]], named: set[str]) -> set[str] | None:
    if rows == table["data"]:
        return None
    path.write_text(json.dumps(table | {"data": rows}), encoding="utf-8")
    return named


def _cut_parquet(path: Path, ids: set[str], texts: Sequence[str]) -> set[str]:
    if not path.is_file():
        return set()
    table = pq.read_table(path)
    named = set(table["id"].to_pylist()) & ids
    if named:
        pq.write_table(pa.Table.from_pylist(_without(table.to_pylist(), ids, texts), table.schema), path)
    return named


def _without(rows: list[dict[str, Any]], ids: set[str], texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of other samples, without reasons that quote the text of an erased one."""
    return [
        row | {"reason": ERASED} if any(text in (row.get("reason") or "") for text in texts) else row
        for row in rows
        if row["id"] not in ids
    ]


def _cut_page(path: Path, ids: set[str], texts: Sequence[str]) -> set[str] | None:
    """Replace a page that names any of the samples or quotes them: the run that it was made of is not at hand."""
    page = path.read_text(encoding="utf-8")
    named = ids_on_page(page, ids) | _named(page, ids)
    if not named and not any(form in page for text in texts for form in (encode(text)[1:-1], escape(text))):
        return None
    path.write_text(_NOTE, encoding="utf-8")
    return named


def _named(text: str, ids: set[str]) -> set[str]:
    """Return the samples that a condition within a text names."""
    return {id for id in ids if quoted_id(id) in text or escape(quoted_id(id)) in text}
