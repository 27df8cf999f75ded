"""HTML of what stands beside an item's text: its twin, its nearest samples, the user's fields and what labels mean.

Nothing of a sample is markup here: ids, texts, labels and fields are escaped. Each other sample is a section that names
its id, so that a copy of an erased sample is found, and taken out alone. Platforms bring the style.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape, unescape
from typing import Any

from ..data.formatting import shortened
from ..data.hidden_texts import hide
from ..data.label_sets import format_labels
from ..data.media import Medium
from ..data.review_queue import Neighbor, ReviewItem
from .neighbors import LONGEST_TWIN, differences
from .suggestions import labels_in
from .words import underlined

FIELDS, LONGEST = 8, 80  # of the user's: how many, and characters of each
AROUND = 30  # characters around a place that is marked
_SECTION = re.compile(r'<section data-sample="([^"]*)".*?</section>', re.DOTALL)
_PARTS = {"both": "{}", "this": "<del>{}</del>", "other": "<mark>{}</mark>"}
_SHOWN: dict[str, str] = {"image": '<img src="{}" alt="">', "audio": '<audio controls src="{}"></audio>'}


def beside_html(
    item: ReviewItem,
    *,
    metadata: Mapping[str, Any],
    definitions: Mapping[str, str] | None = None,
    medium: Medium = "text",
) -> str:
    """Return the HTML for an item; empty where there is nothing to show.

    Parameters
    ----------
    metadata
        The user's fields that may be shown.
    definitions
        Label → what it means. Told are those of the labels in question, and none of a blind item.

    >>> twin = Neighbor("b", "1 < 2, or 3", "y")
    >>> item = ReviewItem("a", 1, ("near_duplicate",), {}, "1 < 2", "x", None, None, "", twin=twin)
    >>> beside_html(item, metadata={})
    '<section data-sample="b" class="ls-twin"><h6><b>y</b> · copy b</h6>1 &lt; 2<mark>, or 3</mark></section>'
    >>> without_samples(_, {"b"}), beside_html(item, metadata={"k": ""}) == _
    ('', True)
    """
    parts = [f"<h5>The text, repaired</h5><dl><dd>{escape(item.repaired)}</dd></dl>"] if item.repaired else []
    if medium == "text":
        parts.append(underlined(item))
    if item.masks:
        parts.append(f"<h5>What was found in the text</h5><dl><dd>{_found(item)}</dd></dl>")
    if item.twin is not None:
        own = shortened(hide(item.text, item.masks), LONGEST_TWIN)  # as the twin's, or the masks would differ
        parts.append(_section("ls-twin", item.twin, _marked(own, item.twin.text)))
    if item.neighbors:
        parts.append("<h5>Most similar samples</h5>")
        parts += [_section("ls-near", near, _shown(near.text, medium)) for near in item.neighbors]
    asked = [] if item.blind else [*labels_in(item.given), *labels_in(item.suggested)]
    meant = {label: definitions[label] for label in dict.fromkeys(asked) if definitions and label in definitions}
    parts += _pairs("What the labels mean", meant, style=' class="ls-meant"')
    fields = {name: value for name, value in metadata.items() if value not in (None, "")}
    few = {name: shortened(str(value), LONGEST) for name, value in list(fields.items())[:FIELDS]}
    return "".join([*parts, *_pairs("About this sample", few)])


def without_samples(html: str, ids: Collection[str]) -> str:
    """Take the copies of some samples out of what :func:`beside_html` made."""
    return _SECTION.sub(lambda section: "" if unescape(section[1]) in ids else section[0], html)


def _section(style: str, sample: Neighbor, content: str) -> str:
    id, label = escape(sample.id), "not labeled"
    if sample.given is not None:
        label = f"<b>{escape(format_labels(_named(sample.given)))}</b>"
    title = f"{label} · {'copy ' if style == 'ls-twin' else ''}{id}"
    return f'<section data-sample="{id}" class="{style}"><h6>{title}</h6>{content}</section>'


def _named(given: Any) -> Any:  # noqa: ANN401 - a label, a set or spans
    return given if isinstance(given, str) else labels_in(given)


def _shown(text: str, medium: Medium) -> str:
    return _SHOWN[medium].format(escape(text)) if medium in _SHOWN else escape(text)


def _marked(text: str, other: str) -> str:
    """Escape another text, and mark which of its words this one does not have, and strike those that it lacks."""
    return "".join(_PARTS[name].format(escape(words)) for name, words in differences(text, other))


def _found(item: ReviewItem) -> str:
    """Escape the item's own text, with the places marked that hold personal data or secrets."""
    text, parts, done = item.text, [], 0
    for start, end, kind in item.masks:
        if done <= start < end <= len(text):
            before = text[done:start]
            shown = before if len(before) <= 2 * AROUND else f"{before[:AROUND] if parts else ''} … {before[-AROUND:]}"
            parts.append(f'{escape(shown)}<mark title="{escape(kind)}">{escape(text[start:end])}</mark>')
            done = end
    rest = text[done:]
    return f"{''.join(parts)}{escape(rest if len(rest) <= AROUND else f'{rest[:AROUND]} …')}"


def _pairs(title: str, pairs: Mapping[str, str], *, style: str = "") -> list[str]:
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs.items())
    return [f"<h5>{title}</h5><dl{style}>{lines}</dl>"] if pairs else []
