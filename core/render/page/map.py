"""Map of the samples for the page: places, issues, columns, ids and texts, packed as small as a browser can unpack.

A block of bytes, deflated and in base64: the length of a JSON head (uint32, little endian), the head, white space up to
a multiple of four, and then arrays: for each 32 issues one of flags (uint32), x, y and each column's codes (uint16, the
last number for no value). 20,000 samples with their texts' first 120 characters take about 1.5 MB; where they would
take more than ``MAP_BYTES``, texts are cut shorter, and at last left out.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import shortened
from ...data.issues import issue_named
from ...models.projection import installed
from ..masking import shown_beginnings
from ..sample_columns import SampleColumn, sample_columns
from ..samples_map import SamplesMap, can_be_mapped, issue_flags, samples_map

if TYPE_CHECKING:
    from ...store.run import Run

MAP_BYTES = 1_700_000
TEXT_LENGTHS = (120, 80, 40, 0)
METADATA_COLUMNS, METADATA_VALUES = 12, 60
VALUES = 400  # of any other column; the rarer ones are one value together
NAME_LENGTH = 200
MISSING = 65_535
OTHERS = "(others)"
_DATA = re.compile(r'"data":"([A-Za-z0-9+/=]{40,})"')


def packed_map(report: Run, *, share: bool) -> dict[str, Any] | None:
    """Return what the page shows of the map; ``data`` is "" where it must first be installed. None: there is no map.

    With ``share`` it holds places, labels and issues, and no id, text or metadata.
    """
    if not can_be_mapped(report):
        return None
    said = {"rows": 0, "total": len(report.samples), "without": 0, "texts": 0, "run": report.run, "data": ""}
    if not installed():
        return said
    placed = samples_map(report)
    if placed is None:
        return None
    head, arrays = _colours(report, placed, share=share)
    ids = [] if share else report.samples.ids.take(pa.array(placed.rows)).to_pylist()
    head |= {"ids": ids}
    said |= {"rows": len(placed.rows), "without": placed.without}
    for length in TEXT_LENGTHS:
        texts = _texts(report, placed.rows, length) if not share else []
        data = _packed(head | {"texts": texts}, arrays)
        if len(data) <= MAP_BYTES:
            return said | {"texts": length if texts else 0, "data": data}
    return said | {"data": _packed(head | {"ids": []}, arrays)}  # ids of a kilobyte each


def ids_on_map(page: str) -> frozenset[str]:
    """Return the ids that stand in a page's map, where they are packed."""
    match = _DATA.search(page)
    if match is None:
        return frozenset()
    content = zlib.decompress(base64.b64decode(match[1]))
    length = struct.unpack("<I", content[:4])[0]
    return frozenset(json.loads(content[4 : 4 + length])["ids"])


def _colours(report: Run, placed: SamplesMap, *, share: bool) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return the head without ids and texts, and the arrays."""
    rows = placed.rows
    flags = issue_flags(report)
    words = [np.zeros(len(rows), dtype="<u4") for _ in range(0, len(flags), 32)]
    for place, (_, flagged) in enumerate(flags):
        words[place // 32] |= flagged[rows].astype("<u4") << np.uint32(place % 32)
    columns, codes = [], []
    metadata = 0
    for column in sample_columns(report, share=share):
        is_metadata = column.kind == "metadata"
        coded = _coded(report, column, rows)
        if coded is None or (is_metadata and metadata == METADATA_COLUMNS):
            continue
        metadata += is_metadata
        columns.append({"name": shortened(column.name, NAME_LENGTH), "kind": column.kind, "values": coded[0]})
        codes.append(coded[1])
    head = {
        "rows": len(rows),
        "issues": [[issue, issue_named(issue).title] for issue, _ in flags],
        "columns": columns,
    }
    return head, [*words, *_places(placed.places), *codes]


def _coded(report: Run, column: SampleColumn, rows: np.ndarray) -> tuple[list[str], np.ndarray] | None:
    """Return the values of a column, the most frequent first, and which each row has; None where they tell nothing."""
    values = column.values.take(pa.array(rows))
    counts = values.value_counts().to_pylist()
    ordered = sorted((entry for entry in counts if entry["values"] is not None), key=_frequent)
    names = [entry["values"] for entry in ordered]
    if column.kind == "metadata" and (len(counts) < 2 or len(names) > METADATA_VALUES):
        return None
    kept = names if len(names) <= VALUES else names[: VALUES - 1]
    codes = pc.index_in(values, value_set=pa.array(kept, pa.string()))
    rest = pa.scalar(len(kept) if len(kept) < len(names) else MISSING, pa.int32())
    codes = pc.if_else(pc.is_valid(values), pc.fill_null(codes, rest), pa.scalar(MISSING, pa.int32()))
    shown = shown_beginnings(report, kept, NAME_LENGTH) if column.kind == "metadata" else kept
    shown = [shortened(name, NAME_LENGTH) for name in shown] + [OTHERS] * (len(kept) < len(names))
    return shown, codes.to_numpy().astype("<u2")


def _frequent(entry: dict[str, Any]) -> tuple[int, str]:
    return -entry["counts"], entry["values"]


def _places(places: np.ndarray) -> list[np.ndarray]:
    """Return x and y as 16-bit numbers of one scale, the map's longer side from end to end."""
    low = places.min(axis=0)
    scale = 65_535 / max(float(np.ptp(places, axis=0).max()), 1e-12)
    return [((places[:, axis] - low[axis]) * scale).round().astype("<u2") for axis in (0, 1)]


def _texts(report: Run, rows: np.ndarray, length: int) -> list[str]:
    if not length or not report.samples.has_texts or report.samples.textless:
        return []
    return shown_beginnings(report, report.samples.texts.take(pa.array(rows)).to_pylist(), length)


def _packed(head: dict[str, Any], arrays: list[np.ndarray]) -> str:
    encoded = json.dumps(head, ensure_ascii=True, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 4)
    content = struct.pack("<I", len(encoded)) + encoded + b"".join(array.tobytes() for array in arrays)
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")
