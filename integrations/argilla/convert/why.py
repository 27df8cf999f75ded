"""Field ``why`` of a record: what is in question, for which reason and by which numbers, and what is similar.

Argilla shows it as Markdown, in which HTML is let through and cleaned. So it is written as HTML alone: what a sample
holds is escaped, and without line breaks, which would end a block of HTML, none of it is read as Markdown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from labelsift.data.review_queue import ReviewItem
from labelsift.review.beside_html import beside_html, without_samples
from labelsift.review.questions import NOT_SHOWN, header_of

_BREAK = "&#10;"
_SMALLEST = 0.0001
_MARGINS = {"h5": "1.2em 0 0", "h6": "0.8em 0 0", "dl": "0.4em 0 0"}  # the page's own part a title from what it is of


def why_of(item: ReviewItem, *, metadata: Mapping[str, Any], definitions: Mapping[str, str]) -> str:
    """Return the content of the field.

    >>> item = ReviewItem("a", 1, ("label",), {"label": 0.0526}, "…", "x", "<y>", 0.94, "A model is 94 % sure of <y>.")
    >>> why_of(item, metadata={}, definitions={})
    '<p><b>Labeled x. Maybe &lt;y&gt;?</b></p><p>A model is 94 % sure of &lt;y&gt;.</p><p>Score: label 0.0526 (0 = \
certainly wrong, 1 = good) · confidence in the suggestion 0.94</p>'
    """
    header, reason = NOT_SHOWN[item.task] if item.blind else (header_of(item), item.reason)
    parts = [f"<p><b>{escape(header)}</b></p>", f"<p>{escape(reason)}</p>" if reason else ""]
    if not item.blind:
        scores = ", ".join(f"{issue.replace('_', ' ')} {_exact(score)}" for issue, score in item.scores.items())
        sure = "" if item.confidence is None else f" · confidence in the suggestion {_exact(item.confidence)}"
        parts.append(f"<p>Score: {escape(scores)} (0 = certainly wrong, 1 = good){sure}</p>")
    html = beside_html(item, metadata=metadata, definitions=definitions)
    for tag, margin in _MARGINS.items():
        html = html.replace(f"<{tag}>", f'<{tag} style="margin: {margin}">')
    return "".join([*parts, html]).replace("\r", "").replace("\n", _BREAK)


def _exact(number: float) -> str:
    """Write a score or a probability; none is quite 0 or 1.

    >>> _exact(0.0526), _exact(0.94), _exact(0.000007), _exact(0.99999)
    ('0.0526', '0.94', 'below 0.0001', 'above 0.9999')
    """
    if 0 < number < _SMALLEST:
        return f"below {_SMALLEST}"
    return f"above {1 - _SMALLEST}" if 1 - _SMALLEST < number < 1 else f"{number:.4g}"


def without(why: str, ids: Collection[str]) -> str:
    """Take the copies of some samples out of what :func:`why_of` made."""
    return without_samples(why, ids)
