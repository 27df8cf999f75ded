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
        scores = ", ".join(f"{issue.replace('_', ' ')} {score:.4g}" for issue, score in item.scores.items())
        sure = "" if item.confidence is None else f" · confidence in the suggestion {item.confidence:.4g}"
        parts.append(f"<p>Score: {escape(scores)} (0 = certainly wrong, 1 = good){sure}</p>")
    parts.append(beside_html(item, metadata=metadata, definitions=definitions))
    return "".join(parts).replace("\r", "").replace("\n", _BREAK)


def without(why: str, ids: Collection[str]) -> str:
    """Take the copies of some samples out of what :func:`why_of` made."""
    return without_samples(why, ids)
