"""What changed between two runs, row by row, as sections of the comparison page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ...data.issues import shortened, words
from ..comparison_words import said
from .anchors import anchor
from .markup import Safe, el, joined, name, table

if TYPE_CHECKING:
    from ...metrics.compare import Comparison
    from ...store.run import Run

SHOWN_ROWS = 500
SHOWN_MOVEMENTS = 25
BLAMED = 20
TEXT_LENGTH = 300


def cards(comparison: Comparison) -> Safe:
    """Return the counts at the top of the page."""
    issues = comparison.issues.to_pylist()
    fixed, appeared = (sum(row[kind] or 0 for row in issues) for kind in ("fixed", "appeared"))
    counts = [
        ("Labels changed", comparison.relabeled.num_rows, "The same sample has another label now."),
        ("Texts edited", len(comparison.edited), "The same sample has another text now."),
        ("Rows added", len(comparison.added), "Only the newer run has them."),
        ("Rows removed", len(comparison.removed), "Only the older run has them."),
        ("Problems gone", fixed, "Flagged before, and not any more."),
        ("Problems new", appeared, "Not flagged before; flagged now."),
    ]
    made = [
        el(
            "div",
            el("span", title, class_="title"),
            el("span", f"{count:,}", class_="figure"),
            el("span", meaning, class_="meaning"),
            class_="card",
        )
        for title, count, meaning in counts
    ]
    return el("section", el("div", made, class_="grid six"), class_="cards", aria_label="What changed")


def classes_section(comparison: Comparison) -> Safe | None:
    """Return which labels became which, and what became of the classes themselves."""
    moves, taxonomy = comparison.movements, comparison.taxonomy.to_pylist()
    if not moves and not taxonomy:
        return None
    body = [(name(old), name(new), f"{count:,}") for old, new, count in moves[:SHOWN_MOVEMENTS]]
    more = len(moves) - SHOWN_MOVEMENTS
    renamed = [
        (row["kind"], name(row["old"]), name(row["new"], blank="–"), f"{row['samples']:,}", _count(row["decided"]))
        for row in taxonomy
    ]
    return el(
        "section",
        el("h2", "Labels"),
        el("h3", "Which labels became which") if moves else None,
        table("Which labels became which", ("Before", "After", "Samples"), body, numbers=(2,)) if moves else None,
        el("p", f"{more:,} more kinds of change: labelsift compare … --json", class_="hint") if more > 0 else None,
        [
            el("h3", "Classes that were changed themselves"),
            el("p", "Renamed and merged classes count as no change of a label.", class_="hint"),
            table("Classes", ("What", "Before", "After", "Samples", "Decided"), renamed, numbers=(3, 4)),
        ]
        if renamed
        else None,
        id="labels",
    )


def relabeled_section(comparison: Comparison, *, with_text: bool) -> Safe | None:
    """Return every changed label with the people who decided it."""
    rows = comparison.relabeled.slice(0, SHOWN_ROWS).to_pylist()
    if not rows:
        return None
    texts = _texts(comparison.sides[1], [row["id"] for row in rows]) if with_text else {}
    body = [
        (
            _sample(row["id"], texts, linked=True),
            name(row["old"]),
            name(row["new"]),
            [el("div", one, dir="auto") for one in said(row["decided"], notes=with_text)],
        )
        for row in rows
    ]
    head = ("Sample", "Before", "After", "Who decided it, when and why")
    return el(
        "section",
        el("h2", "Samples whose label changed"),
        table("Samples whose label changed", head, body),
        _left_out(comparison.relabeled.num_rows),
        id="rows",
    )


def rows_section(comparison: Comparison, *, with_text: bool) -> Safe | None:
    """Return the ids of the rows that were edited, added, removed or given another id."""
    old, new = comparison.sides
    parts = [
        _edited(comparison, with_text=with_text),
        _ids("added", comparison.added, new if with_text else None),
        _ids("removed", comparison.removed, old if with_text else None),
        _renamed(comparison.renamed),
    ]
    if not any(parts):
        return None
    return el("section", el("h2", "Other changes of the rows"), parts)


def issues_section(comparison: Comparison) -> Safe:
    """Return how many samples are flagged for which issue in both runs."""
    rows = comparison.issues.to_pylist()
    body = [
        (words(row["issue"]).title, *(_count(row[one]) for one in ("old", "new", "fixed", "appeared"))) for row in rows
    ]
    hint = "Gone and new count the samples that both runs have; added and removed rows change the totals too."
    return el(
        "section",
        el("h2", "Problems found"),
        el("p", hint, class_="hint"),
        table("Problems found", ("Problem", "Before", "After", "Gone", "New"), body, numbers=(1, 2, 3, 4)),
        id="issues",
    )


def why_section(slug: str, ranked: pa.Table) -> Safe:
    """Return the relabels that push a slice down most."""
    harmful = ranked.filter(pc.greater(ranked["effect"], 0))
    body = [
        (_sample(row["id"], {}), name(row["old"]), name(row["new"]), f"{row['effect']:+.2e}")
        for row in harmful.slice(0, BLAMED).to_pylist()
    ]
    hint = (
        f"{harmful.num_rows:,} of {ranked.num_rows:,} changed labels make the scan's model worse on this slice, by its "
        "samples whose label did not change; those that do most come first. A hint, no proof."
    )
    return el(
        "section",
        el("h2", "What pushes ", name(slug), " down"),
        el("p", hint, class_="hint"),
        table("Relabels", ("Sample", "Before", "After", "Effect on the error (log loss)"), body, numbers=(3,))
        if body
        else None,
    )


def _edited(comparison: Comparison, *, with_text: bool) -> Safe | None:
    if not comparison.edited or not with_text:
        return _ids("edited", comparison.edited, None)
    shown, (old, new) = comparison.edited[:SHOWN_ROWS], comparison.sides
    was, now = _texts(old, shown), _texts(new, shown)  # matched by id: what is matched by its text was not edited
    body = [(_sample(one, {}), _whole(was[one]), _whole(now[one])) for one in shown]
    made = table("Edited texts", ("Sample", "Before", "After"), body)
    return el("details", el("summary", f"{len(comparison.edited):,} edited"), made, _left_out(len(comparison.edited)))


def _ids(what: str, ids: Sequence[str], report: Run | None) -> Safe | None:
    if not ids:
        return None
    shown = ids[:SHOWN_ROWS]
    texts = _texts(report, shown) if report is not None else {}
    items = [el("li", _sample(one, texts)) for one in shown]
    return el("details", el("summary", f"{len(ids):,} {what}"), el("ul", items, class_="ids"), _left_out(len(ids)))


def _renamed(pairs: Sequence[tuple[str, str]]) -> Safe | None:
    if not pairs:
        return None
    items = [el("li", name(old), " → ", name(new)) for old, new in pairs[:SHOWN_ROWS]]
    summary = el("summary", f"{len(pairs):,} with the same text under another id")
    return el("details", summary, el("ul", items, class_="ids"), _left_out(len(pairs)))


def _sample(id_: str, texts: Mapping[str, str], *, linked: bool = False) -> Safe:
    ident = el("span", name(id_), class_="mono", id=anchor("sample", id_) if linked else None)
    return joined([ident, _whole(texts[id_]) if id_ in texts else None])


def _whole(text: str) -> Safe:
    return el("div", shortened(text, TEXT_LENGTH), class_="whole", dir="auto")


def _texts(report: Run, ids: Sequence[str]) -> dict[str, str]:
    rows = report.samples.positions(list(ids))
    return dict(zip(ids, report.samples.texts.take(pa.array(rows)).to_pylist(), strict=True))


def _left_out(count: int) -> Safe | None:
    more = count - SHOWN_ROWS
    return el("p", f"{more:,} more: labelsift compare … --json", class_="hint") if more > 0 else None


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"
