"""Records of a review dataset: fields, metadata, suggestions and vectors of review items. Pure functions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from itertools import count
from typing import Any

from labelsift.data.review_queue import ReviewItem
from labelsift.platforms import Mode
from labelsift.review.suggestions import disputed, labels_in

from .review_schema import DECISION, GIVEN_LABEL, ISSUES, LABEL, NEW_TEXT, PREFIX, QUALITY, RANK, RUN, SUGGESTED, VALUES
from .values import suggestion_of

LONGEST_TERM = 200  # characters of a value that the page can filter by
_LONGEST_NAME = 150  # characters of a property's name, which the server allows 200
_WHOLE = 2**53  # above it an integer is not the same for every reader of JSON
_LARGEST = 3e38  # a float that the search index can hold
_JSON = json.JSONEncoder(ensure_ascii=False, default=str)
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


def types_of(
    items: Iterable[ReviewItem], shown: Mapping[str, str], standing: Mapping[str, tuple[str, str]] | None = None
) -> dict[str, tuple[str, str]]:
    """Choose a property and its type for each of the user's fields that may be shown.

    Parameters
    ----------
    shown
        Field → what it is called.
    standing
        Property → title and type, of a dataset that has some: a field keeps its own, which is the one of its name.

    Examples
    --------
    >>> item = ReviewItem("a", 1, ("label",), {"label": 0.1}, "…", None, None, None, "", {"Age": 7, "City of": "Bonn"})
    >>> types_of([item], {"Age": "Age", "City of": "City of"})
    {'Age': ('age', 'integer'), 'City of': ('city_of', 'terms')}
    """
    items, there = list(items), (standing or {}).items()
    kept = {title: (name, kind) for name, (title, kind) in there if not name.startswith(PREFIX)}
    types = {name: kept[title_of(name)] for name in shown if title_of(name) in kept}
    taken = {*(standing or {})}
    for name in (name for name in shown if name not in types):
        stem = _ILLEGAL.sub("_", shown[name].lower()).strip("_-")[:_LONGEST_NAME]
        while stem.startswith(PREFIX):
            stem = stem.removeprefix(PREFIX)
        stem = legal = stem or "field"
        for number in count(2):
            if legal not in taken:
                break
            legal = f"{stem}_{number}"
        taken.add(legal)
        values = [value for item in items if (value := item.metadata.get(name)) is not None and value == value]
        numbers = [type(value) for value in values if _number(value)]
        kind = "terms" if not values or len(numbers) < len(values) else "float" if float in numbers else "integer"
        types[name] = legal, kind
    return types


def title_of(name: str) -> str:
    """Return the title of a field's property."""
    return name[:500] or "(no name)"


def _number(value: object) -> bool:
    if type(value) is int:
        return abs(value) < _WHOLE
    return type(value) is float and abs(value) < _LARGEST


def metadata_of(item: ReviewItem, *, run: str, mode: Mode, types: Types) -> dict[str, Any]:
    """Return the metadata of an item's record: labelsift's own and the user's, where the page can hold them."""
    own: dict[str, Any] = {RANK: item.rank, ISSUES: list(item.issues), RUN: run}
    scores = [float(score) for score in item.scores.values() if score == score]
    if scores:
        own[QUALITY] = min(scores)
    if mode != "blind" and not item.blind:
        given = [label[:LONGEST_TERM] for label in labels_in(item.given) if label]
        own |= {GIVEN_LABEL: given} if given else {}
        kept = {"given": item.given, "suggested": item.suggested}
        if {"redact", "edit"} & set(item.actions):
            kept |= {"actions": item.actions, "masks": item.masks or None, "repaired": item.repaired}
        own[VALUES] = json.dumps(kept, ensure_ascii=False)
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
    if kind != "terms":
        if not _number(value) or (kind == "integer" and type(value) is float):
            return None
        return float(value) if kind == "float" else value  # type: ignore[arg-type]  -- a number
    if value in (None, "", [], {}) or value != value:
        return None
    text = value if isinstance(value, str) else str(value) if isinstance(value, bool) else _JSON.encode(value)
    text = text.replace("\x00", "\ufffd")  # which not every database takes
    return text if len(text) <= LONGEST_TERM else None


def suggestions_of(item: ReviewItem, *, mode: Mode) -> dict[str, dict[str, Any]]:
    """Return the suggestions that make the answer's draft: question → value, score and agent.

    There are none but in mode prefill; a repaired text is proposed in mode choose, too, as it decides nothing alone.
    """
    made = {}
    if item.repaired is not None and mode != "blind":
        made[NEW_TEXT] = suggestion_of(item.repaired, score=None, issue=item.issues[0])
    if mode != "prefill" or item.blind or item.suggested is None:
        return made
    value = disputed(item.given, item.suggested)[1] if item.disputes else item.suggested
    made[DECISION] = suggestion_of(SUGGESTED, score=item.confidence, issue=item.issues[0])
    if value:  # to mark nothing, and no label, is said by the decision alone
        made[LABEL] = suggestion_of(value, score=item.confidence, issue=item.issues[0])
    return made
