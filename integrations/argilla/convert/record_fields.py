"""Records of a review dataset: fields, metadata, suggestions and vectors of review items. Pure functions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from labelsift.data.review_queue import ReviewItem
from labelsift.platforms import Mode
from labelsift.review.suggestions import disputed, labels_in

from .review_schema import DECISION, GIVEN_LABEL, ISSUES, LABEL, PREFIX, QUALITY, RANK, RUN, SUGGESTED, VALUES
from .values import suggestion_of

LONGEST_TERM = 200  # characters of a value that the page can filter by
_WHOLE = 2**53  # above it an integer is not the same for every reader of JSON
_ILLEGAL = re.compile(r"[^a-z0-9_-]+")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")  # how what a browser takes for a tag begins
_ENTITY = re.compile(r"&(?=#?\w+;?)")
_WIDE = re.compile("[\U00010000-\U0010ffff]")
Types = Mapping[str, tuple[str, str]]  # the user's field → property and its type


def external_id(item: ReviewItem) -> str:
    """Return the id of an item's record: the sample's; of its second item one that does not tell which it is."""
    return again_id(item.id) if item.again else item.id


def again_id(sample: str) -> str:
    """Return the id of the second record of a sample.

    >>> again_id("7")
    'r31241279d01993b579ce7816311774fa'
    """
    return f"r{hashlib.sha256(f'again{chr(0)}{sample}'.encode()).hexdigest()[:32]}"


def text_of(item: ReviewItem) -> str:
    """Return a sample's text as Argilla's page shows it: that takes what looks like HTML in any text for HTML.

    In texts with spans each character stays one, so that their places hold. What the page counts as two, as emoji, is
    a box there: else all marks behind it would be shifted, and the server would refuse the last ones.

    >>> text_of(ReviewItem("a", 1, ("label",), {}, "1 < 2 &amp; <b>", None, None, None, ""))
    '1 &lt; 2 &amp;amp; &lt;b&gt;'
    >>> text_of(ReviewItem("a", 1, ("span",), {}, "1 < 2 & &amp; <b>", None, None, None, "", task="spans"))
    '1 < 2 & ⅋amp; ‹b>'
    >>> text_of(ReviewItem("a", 1, ("span",), {}, "\U0001f642 Paris", None, None, None, "", task="spans"))
    '◻ Paris'
    """
    if item.task != "spans":
        return escape(item.text, quote=False)
    return _WIDE.sub("◻", _TAG.sub("‹", _ENTITY.sub("⅋", item.text)))


def types_of(items: Iterable[ReviewItem], shown: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Choose a property and its type for each of the user's fields that may be shown.

    >>> item = ReviewItem("a", 1, ("label",), {"label": 0.1}, "…", None, None, None, "", {"Age": 7, "City of": "Bonn"})
    >>> types_of([item], {"Age": "Age", "City of": "City of"})
    {'Age': ('age', 'integer'), 'City of': ('city_of', 'terms')}
    """
    items, types, taken = list(items), {}, set()
    for name, called in shown.items():
        values = [item.metadata[name] for item in items if item.metadata.get(name) is not None]
        stem = _ILLEGAL.sub("_", called.lower()).strip("_") or "field"
        legal, number = stem, 1
        while legal in taken or legal.startswith(PREFIX):
            number += 1
            legal = f"{stem.removeprefix(PREFIX)}_{number}"
        taken.add(legal)
        numbers = [type(value) for value in values if type(value) in (int, float)]
        kind = "terms" if not values or len(numbers) < len(values) else "float" if float in numbers else "integer"
        types[name] = legal, kind
    return types


def metadata_of(item: ReviewItem, *, run: str, mode: Mode, types: Types) -> dict[str, Any]:
    """Return the metadata of an item's record: labelsift's own and the user's, where the page can hold them."""
    own: dict[str, Any] = {
        QUALITY: float(min(item.scores.values())),
        RANK: item.rank,
        ISSUES: list(item.issues),
        RUN: run,
    }
    if mode != "blind" and not item.blind:
        given = [label[:LONGEST_TERM] for label in labels_in(item.given) if label]
        own |= {GIVEN_LABEL: given} if given else {}
        own[VALUES] = json.dumps({"given": item.given, "suggested": item.suggested}, ensure_ascii=False)
    for name, (legal, kind) in types.items():
        value = fitting(item.metadata.get(name), kind)
        if value is not None:
            own[legal] = value
    return own


def fitting(value: object, kind: str) -> Any:  # noqa: ANN401 -- a text or a number
    """Return a value as a property of a type takes it; None for what it cannot hold, and for texts too long to filter.

    >>> fitting(7, "float"), fitting(7.5, "integer"), fitting(True, "terms"), fitting("x" * 999, "terms")
    (7.0, None, 'True', None)
    """
    if kind == "float":
        return float(value) if isinstance(value, (int, float)) and abs(value) < _WHOLE else None
    if kind == "integer":
        return value if isinstance(value, int) and abs(value) < _WHOLE else None
    if value in (None, "", [], {}):
        return None
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        if not isinstance(value, bool)
        else str(value)
    )
    return text if len(text) <= LONGEST_TERM else None


def suggestions_of(item: ReviewItem, *, mode: Mode) -> dict[str, dict[str, Any]]:
    """Return the suggestions that make the answer's draft: question → value, score and agent.

    There are none but in mode prefill.
    """
    if mode != "prefill" or item.blind or item.suggested is None:
        return {}
    value = disputed(item.given, item.suggested)[1] if item.disputes else item.suggested
    made = {DECISION: suggestion_of(SUGGESTED, score=item.confidence, issue=item.issues[0])}
    if value:  # to mark nothing, and no label, is said by the decision alone
        made[LABEL] = suggestion_of(value, score=item.confidence, issue=item.issues[0])
    return made
