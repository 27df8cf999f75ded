"""Card of a run for notebooks: verdict, counts and the worst samples as HTML that fits light and dark pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import format_span, shortened, visible
from ..data.issues import issue_named
from ..data.label_sets import format_labels
from ..data.schemas import from_json, of_issue
from .overview import Overview

if TYPE_CHECKING:
    from ..store.run import Run

SHOWN = 10
LENGTH = 140  # characters of a text
HEAD = ("id", "given", "suggested", "confidence", "issue", "text")
MOST = 0.99  # an estimate promises no more
_CELL = 'style="text-align:left; vertical-align:top; padding:.2em .8em .2em 0; white-space:normal"'


def worst_findings(run: Run, limit: int) -> list[dict[str, Any]]:
    """Return the worst finding of each of the worst samples: of labels or spans, else of every issue in turn.

    Without labels no score of one issue is worse than that of another: the worst of each comes first, then the second
    worst of each, so that many empty texts hide nothing.
    """
    samples = run.findings.filter(pc.equal(run.findings["scope"], "sample"))
    labels = of_issue(samples, "span" if run.samples.task == "spans" else "label")
    leading = [labels] if labels.num_rows else [of_issue(samples, issue) for issue in _issues_in(samples)]
    queues = [_firsts(findings, max(limit, 0)) for findings in leading]
    chosen: dict[str, dict[str, Any]] = {}
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue):
                chosen.setdefault(queue[place]["id"], queue[place])
    return list(chosen.values())[: max(limit, 0)]


def _issues_in(findings: pa.Table) -> list[str]:
    return sorted(pc.unique(findings["issue"]).to_pylist(), key=lambda issue: (issue_named(issue).rank, issue))


def _firsts(findings: pa.Table, limit: int) -> list[dict[str, Any]]:
    """Return the first finding of each of the first samples, which may have several of one issue."""
    ids = findings["id"].to_pylist()
    firsts = sorted({id: row for row, id in reversed(list(enumerate(ids)))}.values())
    return findings.take(pa.array(firsts[:limit], pa.int64())).to_pylist()


def card(run: Run) -> str:
    """Return the card as HTML; every text of the data is escaped, and colors are the page's own."""
    overview, rows = Overview(run), worst_findings(run, SHOWN)
    counts = " · ".join(
        issue_named(entry.issue).counted(entry.count) + f" ({overview.share_of(entry)})".replace(" ()", "")
        for entry in overview.issues
        if entry.count
    )
    table = [_cells(row, text) for row, text in zip(rows, _texts(run, [row["id"] for row in rows]), strict=True)]
    return (
        '<div style="border:1px solid rgba(128,128,128,.5); border-radius:.4em; padding:.6em 1em; max-width:72em">'
        f'<div style="opacity:.7">{escape(visible(run.samples.name))}, run {escape(run.run)}</div>'
        f'<div style="font-weight:600">{escape(visible(overview.verdict))}</div><div>{escape(counts)}</div>'
        + (_table([HEAD, *table]) if table else "")
        + "</div>"
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    cells = ("".join(f"<td {_CELL}>{_text(cell)}</td>" for cell in row) for row in rows)
    return (
        f'<table style="border-collapse:collapse; color:inherit">{"".join(f"<tr>{row}</tr>" for row in cells)}</table>'
    )


def _cells(row: dict[str, Any], text: str) -> tuple[str, ...]:
    given, suggested = (_value(row[name], text) for name in ("given", "suggested"))
    confidence = "" if row["confidence"] is None else f"{100 * min(row['confidence'], MOST):.0f} %"
    return row["id"], given, suggested, confidence, row["issue"].replace("_", " "), text


def _value(cell: str | None, text: str) -> str:
    value = from_json(cell)
    return "" if value is None else format_span(value, text or None) or format_labels(value)


def _texts(run: Run, ids: list[str]) -> list[str]:
    if not run.samples.has_texts or run.samples.textless:
        return [""] * len(ids)
    return run.samples.texts.take(pa.array(run.samples.positions(ids))).to_pylist()


def _text(text: str) -> str:
    return escape(visible(shortened(" ".join(text[: 8 * LENGTH].split()), LENGTH)))
