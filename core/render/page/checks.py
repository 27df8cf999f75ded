"""Sections of the checks as plain data for the page: verdict, tables, what is wrong with classes, and examples.

An issue has a section where its check says something of the data set as a whole; where it only flags samples, its card
and its tab of the list say all there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import shortened
from ...data.issues import SYSTEMATIC, issue_named
from ...data.schemas import of_issue
from ..check_verdicts import OF_WORDS
from ..masking import shown_beginnings
from .anchors import anchor
from .safety import shared_reason

if TYPE_CHECKING:
    from ...store.run import Run
    from ..overview import Overview

SECTION = ("issue", "title", "meaning", "verdict", "count", "tables", "remarks", "more", "examples")
EXAMPLE = ("id", "anchor", "text", "reason")
EXAMPLES, TEXT_LENGTH = 4, 240
REMARKS, TABLES, TABLE_ROWS, TABLE_COLUMNS = 12, 4, 40, 8
CELL_LENGTH, NAME_LENGTH, SENTENCE_LENGTH = 160, 300, 1_000
_LOOKED_AT = 400  # worst findings of an issue among which examples of each kind are looked for


def check_sections(report: Run, overview: Overview, *, share: bool) -> dict[str, Any]:
    """Return the sections in the order in which issues are shown, those that say nothing in words last.

    Their rows follow ``SECTION``, and the rows of their examples ``EXAMPLE``.
    """
    facts: dict[str, Any] = report.facts.get("checks", {})
    counts = {entry.issue: entry.count for entry in overview.issues}
    general = _general(report.findings)
    issues = sorted({*facts, *general}, key=lambda issue: (issue_named(issue).rank, issue))
    rows = []
    for issue in issues:
        words, stated = issue_named(issue), facts.get(issue, {})
        bare = share and issue in OF_WORDS
        verdict = "" if bare else shortened(stated.get("verdict") or "", SENTENCE_LENGTH)
        # What holds of the whole data set the verdict says.
        remarks = [row for row in general.get(issue, []) if row[1] not in verdict and (row[0] or not verdict)]
        tables = [] if bare else [_table(table) for table in stated.get("tables", [])[:TABLES]]
        if bare or not (verdict or tables or remarks):
            continue
        findings = of_issue(report.findings, issue)
        flagged = findings.filter(pc.equal(findings["scope"], "sample"))
        rows.append(
            [
                issue,
                words.title,
                words.meaning,
                verdict,
                counts.get(issue, 0) if flagged.num_rows else 0,
                tables,
                remarks[:REMARKS],
                len(remarks[REMARKS:]),
                _examples(report, flagged, share=share),
            ]
        )
    rows.sort(key=lambda row: not (row[3] or row[6]))  # those that have but numbers last
    return {"columns": SECTION, "example": EXAMPLE, "rows": rows}


def _general(table: pa.Table) -> dict[str, list[list[str]]]:
    """Return by issue the name and the reason of findings about classes, slices and the data set.

    Systematic ones have a section of their own, and notes and the table of classes tell the unlearnable ones. The data
    set has no name here.
    """
    rows = table.filter(pc.and_(pc.not_equal(table["scope"], "sample"), pc.not_equal(table["kind"], SYSTEMATIC)))
    general: dict[str, list[list[str]]] = {}
    for row in rows.filter(pc.not_equal(rows["issue"], "unlearnable")).slice(0, 500).to_pylist():
        name = "" if row["scope"] == "dataset" else shortened(row["id"], NAME_LENGTH)
        general.setdefault(row["issue"], []).append([name, shortened(row["reason"] or "", SENTENCE_LENGTH)])
    return general


def _table(table: dict[str, Any]) -> list[Any]:
    """Return title, columns, which of them are shares, the first rows and how many more there are."""
    columns = table["columns"][:TABLE_COLUMNS]
    rows = [[_cell(cell) for cell in row[:TABLE_COLUMNS]] for row in table["rows"][:TABLE_ROWS]]
    shares = [column in table["shares"] for column in columns]
    names = [shortened(str(column), CELL_LENGTH) for column in columns]
    return [shortened(table["title"], NAME_LENGTH), names, shares, rows, len(table["rows"][TABLE_ROWS:])]


def _cell(value: object) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return round(value, 4) if abs(value) < float("inf") else None  # JSON knows neither NaN nor infinity
    return shortened(str(value), CELL_LENGTH)


def _examples(report: Run, findings: pa.Table, *, share: bool) -> list[list[Any]]:
    """Return the worst samples of every kind in turn, one of each group, with the beginnings of their texts."""
    chosen = list(_various(findings.slice(0, _LOOKED_AT).to_pylist()))[:EXAMPLES]
    rows = pc.index_in(
        pa.array([row["id"] for row in chosen], pa.string()), value_set=report.samples.ids.combine_chunks()
    )
    texts: Sequence[str | None] = [None] * len(chosen)
    if report.samples.has_texts and not report.samples.textless:
        texts = report.samples.texts.take(rows).to_pylist()
    shown = shown_beginnings(report, [text or "" for text in texts], TEXT_LENGTH)
    labels = {*report.samples.classes, *report.classes} if share else set()
    examples = []
    for row, text, beginning in zip(chosen, texts, shown, strict=True):
        reason = shortened(row["reason"] or "", SENTENCE_LENGTH)
        reason = shared_reason(row, reason, text, labels=labels) if share else reason
        hidden = share or text is None
        name = shortened(row["id"], NAME_LENGTH)
        examples.append([name, anchor("sample", row["id"]), None if hidden else beginning, reason])
    return examples


def _various(findings: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the worst finding of each kind, then the second worst of each, and so on; more of one group at the end."""
    turns: dict[str, int] = {}
    placed, groups = [], set()
    for position, row in enumerate(findings):
        again = row["group_id"] is not None and row["group_id"] in groups
        groups.add(row["group_id"])
        if not again:
            turns[row["kind"]] = turns.get(row["kind"], -1) + 1
        placed.append((again, turns.get(row["kind"], 0), position, row))
    yield from (row for *_, row in sorted(placed, key=lambda entry: entry[:3]))
