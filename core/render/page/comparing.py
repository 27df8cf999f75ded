"""Write what changed between two runs as one HTML file without any script, in the look of the report page.

Ids and labels stand on the page; texts of samples and people's notes, which may quote them, only where that is asked
for. Everything that comes from the data is escaped by :mod:`labelsift.render.page.markup`, and the page's
Content-Security-Policy forbids every script and every request.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import pyarrow as pa

from ...data.issues import visible
from ...data.textless import require_texts
from ..comparison_words import details, verdict
from .build import content_hash, save, template, version
from .changed import cards, classes_section, issues_section, relabeled_section, rows_section, why_section
from .figures import metrics_section, slices_section, trend_section
from .markup import Safe, el, joined

if TYPE_CHECKING:
    from ...metrics.compare import Comparison
    from ...metrics.trend import Trend
    from ...store.run import Run

SECTIONS = {
    "trend": "Run by run",
    "figures": "Figures",
    "slices": "Slices",
    "labels": "Labels",
    "rows": "Rows",
    "about": "How to read this",
}


def write_comparison(
    comparison: Comparison,
    path: Path,
    *,
    with_text: bool = False,
    why: Mapping[str, pa.Table] | None = None,
    trend: Trend | None = None,
) -> Path:
    """Write the page and return its path.

    Parameters
    ----------
    with_text
        Show the texts of changed samples, and what people noted on them.
    why
        Slug of a slice → its relabels as :func:`labelsift.metrics.slice_influence.blame` ranks them.
    trend
        More runs, of which the comparison has the first and the last.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written.
    """
    for side in comparison.sides if with_text else ():
        require_texts(side.samples, "A page with texts", run=side.run, cure="Leave out --with-text")
    return save(render_comparison(comparison, with_text=with_text, why=why, trend=trend), Path(path))


def render_comparison(
    comparison: Comparison,
    *,
    with_text: bool = False,
    why: Mapping[str, pa.Table] | None = None,
    trend: Trend | None = None,
) -> str:
    """Return the page's HTML."""
    style = template("page.css") + template("comparison.css")
    parts = [
        _headline(comparison, with_text=with_text),
        cards(comparison),
        None if trend is None else trend_section(trend),
        metrics_section(comparison),
        slices_section(comparison),
        [why_section(slug, ranked) for slug, ranked in (why or {}).items()],
        classes_section(comparison),
        relabeled_section(comparison, with_text=with_text),
        rows_section(comparison, with_text=with_text),
        issues_section(comparison),
        _about(with_text=with_text),
    ]
    content = joined(parts)
    links = joined(el("a", title, href=f"#{id_}") for id_, title in SECTIONS.items() if f'id="{id_}"' in content)
    return Template(template("comparison.html")).substitute(
        style=style,
        style_hash=content_hash(style),
        version=html.escape(version()),
        name=html.escape(visible(comparison.sides[1].samples.name or "samples")),
        links=links,
        content=content,
    )


def _headline(comparison: Comparison, *, with_text: bool) -> Safe:
    old, new = comparison.sides
    share = "This page holds no text of any sample: ids, labels, slices and figures only."
    return el(
        "section",
        el("p", new.samples.name or "samples", class_="eyebrow", dir="auto"),
        el("h1", verdict(comparison), id="verdict"),
        el("p", details(comparison), class_="lede", dir="auto"),
        el("p", "Before: ", _run(old), class_="facts"),
        el("p", "After: ", _run(new), class_="facts"),
        None if with_text else el("p", share, class_="share"),
        class_="headline",
        id="overview",
    )


def _run(report: Run) -> Safe:
    day = f"{report.created.day} {report.created:%B %Y, %H:%M} UTC"
    return joined([f"{day} · {len(report.samples):,} samples · run ", el("span", report.run, class_="mono")])


def _about(*, with_text: bool) -> Safe:
    sentences = (
        "“Labels that look wrong” are those that a scan flags: suspicions, not proven errors. If people took the "
        "tool's own suggestions, fewer labels look wrong afterwards in any case. What the new labels are worth to a "
        "model is measured by labelsift value; how many labels are wrong in truth by a blind round with probes.",
        "“Predictions” are those of your own model where the data has them, else those of the scan's simple model, "
        "which say how well the labels can be learned and nothing about your model.",
        "The range beside a change holds the true one in 95 of 100 such comparisons. Where it does not contain 0 the "
        "change is called better or worse, else within chance. Of twenty slices that did not change at all, about one "
        "looks as if it had.",
        "Who decided a label is told by the record of decisions in the run store; an empty cell means that the record "
        "knows of nobody, as when a file was edited by hand.",
    )
    texts = "Texts of samples stand on this page: mind who may read it." if with_text else None
    return el(
        "section",
        el("h2", "How to read this"),
        el("div", [el("p", one) for one in sentences], texts and el("p", texts), class_="prose"),
        id="about",
    )
