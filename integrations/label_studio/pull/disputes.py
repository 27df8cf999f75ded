"""What an answer about the spans in dispute makes of all spans of a text. Pure functions.

The rule. In a review project that names a dispute (modes choose and prefill), people mark the words in question only:

1. What they marked takes the place of the given spans that are in dispute. If they say that nothing is to be marked,
   those go and nothing comes.
2. The other given spans stay, though nobody saw them highlighted. But one that shares characters with what was marked
   goes: the new one takes its place (moving or widening a span does not leave the old one behind). In a text whose
   given spans overlap among each other already, overlapping is meant, and they stay.
3. Where nothing was shown (mode blind), people mark the whole text: what they marked is the whole new list.
"""

from __future__ import annotations

from collections.abc import Sequence

from labelsift.data.review_queue import Span, Value
from labelsift.review.suggestions import disputed, listed


def revised(given: Value | None, suggested: Value | None, marked: Value) -> Value:
    """Return the whole new list of a text's spans, after a person marked what is in dispute; see the rule above.

    >>> revised([[0, 3, "a"], [5, 8, "b"]], [[0, 3, "x"], [5, 8, "b"]], [[0, 3, "x"]])
    [[0, 3, 'x'], [5, 8, 'b']]
    """
    before, _ = disputed(given, suggested)
    kept = [one for one in listed(given or ()) if one not in before]
    if not _nested(listed(given or ())):
        kept = [one for one in kept if not any(_overlap(one, new) for new in marked)]
    return listed([*kept, *marked])


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]  # type: ignore[operator]


def _nested(spans: Sequence[Span]) -> bool:
    return any(_overlap(one, other) for at, one in enumerate(spans) for other in spans[at + 1 :])
