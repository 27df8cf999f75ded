"""HTML page of what changed between runs: jinja2 templates with autoescape, no script, in the report page's look.

Ids and labels stand on the page; texts of samples and people's notes, which may quote them, only where that is asked
for. Whatever a template prints is escaped, its control characters are made visible, and the page's
Content-Security-Policy forbids every script and every request. Templates must not join strings with ``~``: that
escapes, but shows no control characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ...data.formatting import thousands, visible
from ...data.textless import require_texts
from ...metrics.trend import Trend
from ...store.base import COMPARISON_PAGE
from ...store.cache import installed_version
from ..comparison_words import details, shown_causes, verdict
from ..page.anchors import anchor
from ..page.build import content_hash, save, template
from .figures import metric_rows, slice_rows, trend_rows
from .rows import counts, influence_rows, issue_rows, other_rows, relabeled_rows

if TYPE_CHECKING:
    from jinja2 import Environment

    from ...metrics.compare import Comparison

SHOWN_MOVEMENTS = 25
_HERE = "labelsift.render.comparison_page"


def write(
    changes: Comparison | Trend, path: str | Path, *, with_text: bool = False, why: Mapping[str, pa.Table] | None = None
) -> Path:
    """Write the page and return its path.

    Parameters
    ----------
    changes
        Two runs side by side, or several in a row.
    with_text
        Show the texts of changed samples, and what people noted on them.
    why
        Slug of a slice → its relabels as :func:`labelsift.metrics.slice_influence.influence_ranking` ranks them.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written, or a run was kept without the texts that are asked for.
    """
    comparison = changes.change if isinstance(changes, Trend) else changes
    for run in comparison.sides if with_text else ():
        require_texts(run.samples, "A page with texts", run=run.run, hint="Leave out --with-text")
        if run.store is not None:
            run.store.wrote(run.run, COMPARISON_PAGE, path)
    return save(render(changes, with_text=with_text, why=why), Path(path))


def render(changes: Comparison | Trend, *, with_text: bool = False, why: Mapping[str, pa.Table] | None = None) -> str:
    """Return the page's HTML; see :func:`write`."""
    trend, comparison = (changes, changes.change) if isinstance(changes, Trend) else (None, changes)
    old, new = comparison.sides
    style = template("page.css") + resources.files(_HERE).joinpath("comparison.css").read_text(encoding="utf-8")
    content: dict[str, Any] = {
        "style": style,
        "style_hash": content_hash(style),
        "version": installed_version("labelsift") or "",
        "name": new.samples.name or "samples",
        "verdict": verdict(comparison),
        "details": details(comparison),
        "notes": dict.fromkeys((*(trend.notes if trend else ()), *comparison.notes)),
        "old": old,
        "new": new,
        "with_text": with_text,
        "counts": counts(comparison),
        "trend": trend_rows(trend) if trend else None,
        "metrics": metric_rows(comparison),
        "slices": slice_rows(comparison),
        "influences": [influence_rows(slug, ranked) for slug, ranked in (why or {}).items()],
        "movements": comparison.movements[:SHOWN_MOVEMENTS],
        "movements_total": len(comparison.movements),
        "taxonomy": comparison.taxonomy.to_pylist(),
        "relabeled": relabeled_rows(comparison, with_text=with_text),
        "others": other_rows(comparison, with_text=with_text),
        "issues": issue_rows(comparison),
        "causes": shown_causes(comparison),
    }
    return _environment().get_template("page.html.j2").render(content)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(_HERE, package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters["thousands"] = thousands
    environment.globals["anchor"] = anchor
    return environment


def _shown(value: object) -> object:
    """Make control characters visible in what a template prints, before it is escaped."""
    return visible(value) if type(value) is str else value
