"""Panels as files in a folder: tables as JSON, every finding as Parquet, figures as SVG, the report's page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from .figures import Table
from .page import write_tracker_page
from .panels import TABLES, Panels
from .svg import histogram_svg, matrix_svg, rates_svg

if TYPE_CHECKING:
    from ...store.run import Run

TABLE_BYTES = 8_000_000  # MLflow's page hangs on JSON of more than 10 MB


def write_files(folder: Path, run: Run, content: Panels, *, with_text: bool) -> list[str]:
    """Write what a tracker shows of a run into a folder, and return the names of the files."""
    for name in TABLES:
        (folder / f"{name}.json").write_text(table_json(getattr(content, name)), encoding="utf-8")
    pq.write_table(content.all_flagged, folder / "flagged.parquet")
    figures = {
        "slices": rates_svg(content.slices, title="Slices with the worst labels"),
        "classes": rates_svg(content.classes, title="Classes with the worst labels"),
    }
    if content.quality is not None:
        figures["label_quality"] = histogram_svg(content.quality, title="How good the labels are")
    if content.confusion is not None:
        title = "Flagged labels: given against suggested"
        figures["given_against_suggested"] = matrix_svg(content.confusion, title=title)
    for name, figure in figures.items():
        (folder / f"{name}.svg").write_text(figure, encoding="utf-8")
    numbers = {
        "quality": asdict(content.quality) if content.quality else None,
        "confusion": asdict(content.confusion) if content.confusion else None,
        "metrics_of": content.metrics_of,
    }
    (folder / "figures.json").write_text(json.dumps(numbers, indent=1), encoding="utf-8")
    write_tracker_page(run, folder / "report.html", with_text=with_text, known=content.disclosed)
    return sorted(file.name for file in folder.iterdir())


def table_json(table: Table, *, limit: int = TABLE_BYTES) -> str:
    """Write a table as ``mlflow.log_table`` does, with as many of its first rows as fit in ``limit`` bytes."""
    kept: list[str] = []
    size = 200
    for row in map(json.dumps, table.rows):  # ASCII: a character is a byte
        size += len(row) + 1
        if size > limit:
            break
        kept.append(row)
    return f'{{"columns":{json.dumps(list(table.columns))},"data":[{",".join(kept)}]}}'
