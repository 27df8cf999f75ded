"""The worst samples of a scan on a terminal: id, given and suggested label, text, reason."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..data.formatting import visible
from ..data.issues import issue_named
from ..data.label_sets import format_difference, format_labels
from ..data.schemas import from_json
from ..render.card import MOST, worst_findings
from .terminal import BAD, GOOD, QUIET, clean, percentage

if TYPE_CHECKING:
    from ..report import Report


def worst_samples(report: Report, limit: int, width: int) -> Group | None:
    """Name the samples with the worst labels, or the worst of any kind where labels were not judged."""
    rows = worst_findings(report, limit)
    if not rows:
        return None
    positions = pc.index_in(
        pa.array([row["id"] for row in rows], pa.string()), value_set=report.samples.ids.combine_chunks()
    )
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style=QUIET, no_wrap=True)
    table.add_column()
    for rank, (row, position) in enumerate(zip(rows, positions.to_pylist(), strict=True), start=1):
        if rank > 1:
            table.add_row()
        table.add_row(str(rank), Group(*_entry(row, _body(report, position), width - 8)))
    leading = "span" if report.samples.task == "spans" else "label"
    title = f"Worst {leading}s" if rows[0]["issue"] == leading else "Worst samples"
    return Group(Text(title, style="bold underline"), table)


def _body(report: Report, position: int | None) -> str | None:
    """Return what stands for a sample: its text, or where there are none at all its metadata; None without either."""
    if report.samples.has_texts:
        return "" if position is None else report.samples.table["text"][position].as_py()
    if position is None or not report.samples.metadata.num_columns:
        return None
    row = report.samples.metadata.slice(position, 1).to_pylist()[0]
    return " · ".join(f"{name} {value}" for name, value in row.items() if value is not None) or None


def _entry(row: dict[str, Any], text: str | None, width: int) -> list[Text]:
    """Three lines: id, given and suggested label; the text, or without one the metadata; the reason."""
    head = Text().append(clean(row["id"], 40), style="bold")
    if row["issue"] == "span":
        return _marked(row, head, text, width)
    given, suggested = _value(row["given"]), _value(row["suggested"])
    sets = [from_json(row[name]) for name in ("given", "suggested")]
    if all(isinstance(value, list) for value in sets):
        suggested = clean(format_difference(*sets), 60) or suggested
    if given:
        head.append("  ").append(given, style=BAD)
    if suggested:
        between = " or " if row["issue"] == "ambiguous" else " → "
        head.append(between if given else "  ").append(suggested, style=GOOD)
    if row["confidence"] is not None:
        head.append(f"  {percentage(min(row['confidence'], MOST))}", style=QUIET)
    if row["issue"] != "label":
        head.append(f"  {issue_named(row['issue']).one}", style=QUIET)
    reason = Text(clean(row["reason"], 400), style=QUIET)
    if text is None:
        return [head, reason]
    body = " ".join(text[: width * 8].split())
    line = Text(clean(body, width) or "(empty)", style="" if body else QUIET, no_wrap=True, overflow="ellipsis")
    return [head, line, reason]


def _marked(row: dict[str, Any], head: Text, text: str | None, width: int) -> list[Text]:
    """Three lines as of a label: what is marked and what should be; the words in their place; the reason."""
    given, suggested = (from_json(row[name]) for name in ("given", "suggested"))
    head.append("  ").append(clean(given[2] if given else "not marked", 40), style=BAD)
    head.append(" → ").append(clean(suggested[2] if suggested else "nothing", 40), style=GOOD)
    if row["confidence"] is not None:
        head.append(f"  {percentage(min(row['confidence'], MOST))}", style=QUIET)
    head.append(f"  {row['kind'].replace('_', ' ')}", style=QUIET)
    reason = Text(clean(row["reason"], 400), style=QUIET)
    if not text:  # of a run that was kept without texts
        return [head, reason]
    spans = [span for span in (given, suggested) if span]
    start, end = min(span[0] for span in spans), max(span[1] for span in spans)
    before = max(0, start - max(width // 2 - (end - start), 10))
    excerpt = Text(no_wrap=True, overflow="ellipsis").append("…" if before else "")
    cuts = sorted({before, *(offset for span in spans for offset in span[:2]), min(len(text), before + 2 * width)})
    for first, last in pairwise(cuts):
        wrong = given and given[0] <= first and last <= given[1]
        right = suggested and suggested[0] <= first and last <= suggested[1]
        excerpt.append(
            visible(text[first:last]),
            style=" ".join([BAD] * bool(wrong and not right) + ["bold"] * bool(wrong or right)),
        )
    return [head, excerpt, reason]


def _value(cell: str | None) -> str:
    value = from_json(cell)
    return "" if value is None else clean(format_labels(value), 40)
