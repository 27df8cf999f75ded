"""Words that made the model say a label: quoted in a sentence, or underlined in an excerpt of the text as HTML.

Which words these are, and by which rule, is in :mod:`labelsift.label_quality.word_occlusion`. Nothing of a text or a
label is markup here, and only what stands in words is told: what is masked in a text is left out before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ..data.formatting import shortened
from ..data.hidden_texts import hide_around
from ..data.review_queue import ReviewItem
from ..data.schemas import word_places, words_of_users

AROUND = 30  # characters beside a word
LONGEST = 40  # characters of a word
MOST = 12  # places that are underlined


@dataclass(frozen=True)
class Telling:
    """Where words stand that speak for a label: start and end in characters of a text, the strongest word first."""

    label: str
    places: tuple[tuple[int, int], ...]
    of_users: bool = False  # whether a model of the user's says it, and not the scan's own


def telling_of(finding: Mapping[str, Any], text: str) -> Telling | None:
    """Return what the evidence of a finding tells of its text; None where that is nothing, or does not fit the text.

    >>> finding = {"suggested": '"refund"', "kind": "", "evidence": '{"words": [[8, 13, 2.1]]}'}
    >>> telling_of(finding, "Give my money back")
    Telling(label='refund', places=((8, 13),), of_users=False)
    >>> telling_of(finding, "Give"), telling_of({**finding, "evidence": None}, "Give my money")
    (None, None)
    """
    label, places = word_places(finding)
    if label is None or not places or any(not 0 <= start < end <= len(text) for start, end in places):
        return None
    return Telling(label, tuple(places), words_of_users(finding))


def quoted(item: ReviewItem) -> str:
    """Return the reason of an item with a sentence that quotes the words; for where nothing can be underlined.

    >>> from dataclasses import replace
    >>> item = ReviewItem("a", 1, ("label",), {}, "Money. my MONEY back", "x", "refund", 0.9, "A model says so.")
    >>> quoted(item), quoted(replace(item, words=((0, 5), (10, 15), (16, 20)), words_for="refund"))
    ('A model says so.', 'A model says so. Words that made the model say refund: “Money”, “back”.')
    """
    text, places = hide_around(item.text, item.masks, item.words) if item.words else ("", [])
    if not places:
        return item.reason
    words: dict[str, str] = {}
    for start, end in places:
        word = text[start:end]
        words.setdefault(word.casefold(), f"“{shortened(word, LONGEST)}”")
    return f"{item.reason} {title_of(item)}: {', '.join(words.values())}.".strip()


def title_of(item: ReviewItem) -> str:
    """Say what the words are, and of which model: the reason beside them is the scan's."""
    return f"Words that made {'your own' if item.words_of_users else 'the'} model say {item.words_for}"


def underlined(item: ReviewItem) -> str:
    """Return the HTML of the item's text around the words, which are underlined; empty where there are none.

    Personal data and secrets are masked in it, as in the texts of other samples beside the item.

    >>> from dataclasses import replace
    >>> item = ReviewItem("a", 1, ("label",), {}, "1 < 2, money back", "x", "refund", 0.9, "")
    >>> underlined(replace(item, words=((7, 12), (13, 17)), words_for="<b>"))
    '<h5>Words that made the model say &lt;b&gt;</h5><dl><dd>1 &lt; 2, <u>money</u> <u>back</u></dd></dl>'
    """
    text, places = hide_around(item.text, item.masks, item.words[:MOST]) if item.words else ("", [])
    if not places:
        return ""
    return f"<h5>{escape(title_of(item))}</h5><dl><dd>{excerpt(text, sorted(places))}</dd></dl>"


def excerpt(text: str, places: Iterable[Sequence[int]]) -> str:
    """Escape what stands around some places of a text, by their start, and underline these."""
    parts, done = [], 0
    for start, end in places:
        if not done <= start < end <= len(text):
            continue
        before = text[done:start]
        near = f"{before[:AROUND] if parts else ''} … {before[-AROUND:]}"
        parts.append(f"{escape(before if len(before) <= 2 * AROUND else near)}<u>{escape(text[start:end])}</u>")
        done = end
    rest = text[done:]
    return f"{''.join(parts)}{escape(rest if len(rest) <= AROUND else f'{rest[:AROUND]} …')}"
