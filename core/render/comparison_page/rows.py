"""Table rows of the comparison page: the samples that were relabeled, edited, added or removed, and issue counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import shortened
from ...data.hidden_texts import HiddenTexts
from ...data.issues import issue_named
from ..comparison_words import decision_lines

if TYPE_CHECKING:
    from ...metrics.compare import Comparison
    from ...store.run import Run

SHOWN_ROWS = 500
SHOWN_INFLUENCES = 20
TEXT_LENGTH = 300


def counts(comparison: Comparison) -> list[tuple[str, int, str]]:
    """Return title, count and meaning of each card at the top of the page."""
    issues = comparison.issues.to_pylist()
    fixed, appeared = (sum(row[kind] or 0 for row in issues) for kind in ("fixed", "appeared"))
    return [
        ("Labels changed", comparison.relabeled.num_rows, "The same sample has another label now."),
        ("Texts edited", len(comparison.edited), "The same sample has another text now."),
        ("Rows added", len(comparison.added), "Only the newer run has them."),
        ("Rows removed", len(comparison.removed), "Only the older run has them."),
        ("Problems gone", fixed, "Flagged before and not any more, as people or the evidence changed."),
        ("Problems new", appeared, "Not flagged before and flagged now, by new evidence."),
    ]


def relabeled_rows(comparison: Comparison, *, with_text: bool) -> dict[str, Any]:
    """Return every changed label with the people who decided it, and the samples' texts where asked for."""
    rows = comparison.relabeled.slice(0, SHOWN_ROWS).to_pylist()
    return {
        "rows": [row | {"decided": decision_lines(row["decided"], notes=with_text)} for row in rows],
        "texts": _texts(comparison.sides[1], [row["id"] for row in rows]) if with_text else {},
        "total": comparison.relabeled.num_rows,
    }


def other_rows(comparison: Comparison, *, with_text: bool) -> dict[str, Any]:
    """Return the rows that were edited, added, removed or given another id."""
    old, new = comparison.sides
    edited = comparison.edited[:SHOWN_ROWS]
    return {
        # Matched by id: what is matched by its text was not edited.
        "edited": _listed(comparison.edited, {}),
        "edited_texts": (_texts(old, edited), _texts(new, edited)) if with_text else None,
        "added": _listed(comparison.added, _texts(new, comparison.added[:SHOWN_ROWS]) if with_text else {}),
        "removed": _listed(comparison.removed, _texts(old, comparison.removed[:SHOWN_ROWS]) if with_text else {}),
        "renamed": {"pairs": comparison.renamed[:SHOWN_ROWS], "total": len(comparison.renamed)},
    }


def issue_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return how many samples are flagged for which issue in both runs."""
    return [row | {"title": issue_named(row["issue"]).title} for row in comparison.issues.to_pylist()]


def influence_rows(slug: str, ranked: pa.Table) -> dict[str, Any]:
    """Return the relabels that push a slice down most."""
    harmful = ranked.filter(pc.greater(ranked["effect"], 0))
    rows = [row | {"effect": f"{row['effect']:+.2e}"} for row in harmful.slice(0, SHOWN_INFLUENCES).to_pylist()]
    return {"slug": slug, "rows": rows, "harmful": harmful.num_rows, "total": ranked.num_rows}


def _listed(ids: Sequence[str], texts: dict[str, str]) -> dict[str, Any]:
    return {"ids": ids[:SHOWN_ROWS], "texts": texts, "total": len(ids)}


def _texts(report: Run, ids: Sequence[str]) -> dict[str, str]:
    """Return the texts of samples by id, personal data and secrets masked, cut to what the page shows."""
    rows = report.samples.positions(list(ids))
    texts = report.samples.texts.take(pa.array(rows)).to_pylist()
    hidden = HiddenTexts(report.findings, report.scores.column_names)
    texts = [hidden.masked(id, text) for id, text in zip(ids, texts, strict=True)]
    return {sample_id: shortened(text, TEXT_LENGTH) for sample_id, text in zip(ids, texts, strict=True)}
