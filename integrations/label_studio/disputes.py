"""Which spans of a text are in dispute, and what an answer makes of all of its spans. Pure functions.

The rule. In a review project that names a dispute (modes choose and prefill), people mark the words in question only:

1. What they marked takes the place of the given spans that are in dispute. If they say that nothing is to be marked,
   those go and nothing comes.
2. The other given spans stay, though nobody saw them highlighted. But one that shares characters with what was marked
   goes: the new one takes its place (moving or widening a span does not leave the old one behind). In a text whose
   given spans overlap among each other already, overlapping is meant, and they stay.
3. Where nothing was shown (mode blind), people mark the whole text: what they marked is the whole new list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .values import Value

Span = Sequence[int | str]  # [start, end, type]
Dispute = tuple[list[int | str] | None, list[int | str] | None]  # what is marked, and what should be; None = nothing


def settled(given: Value | None, disputes: Iterable[Dispute]) -> Value:
    """Return the whole list of spans if every suggestion is right.

    >>> settled([[0, 3, "a"], [5, 8, "b"]], [([0, 3, "a"], None), (None, [9, 12, "c"])])
    [[5, 8, 'b'], [9, 12, 'c']]
    """
    disputes = list(disputes)
    gone = [old for old, _ in disputes if old is not None]
    come = [new for _, new in disputes if new is not None]
    return _list([*(one for one in given or () if list(one) not in gone), *come])


def disputed(given: Value | None, suggested: Value | None) -> tuple[Value, Value]:
    """Return the given spans that a suggestion takes away, and the spans that it brings.

    >>> disputed([[0, 3, "a"], [5, 8, "b"]], [[0, 3, "x"], [5, 8, "b"]])
    ([[0, 3, 'a']], [[0, 3, 'x']])
    """
    if suggested is None:
        return [], []
    before, after = _list(given or ()), _list(suggested)
    return [one for one in before if one not in after], [one for one in after if one not in before]


def revised(given: Value | None, suggested: Value | None, marked: Value) -> Value:
    """Return the whole new list of a text's spans, after a person marked what is in dispute; see the rule above.

    >>> revised([[0, 3, "a"], [5, 8, "b"]], [[0, 3, "x"], [5, 8, "b"]], [[0, 3, "x"]])
    [[0, 3, 'x'], [5, 8, 'b']]
    """
    before, _ = disputed(given, suggested)
    kept = [one for one in _list(given or ()) if one not in before]
    if not _nested(_list(given or ())):
        kept = [one for one in kept if not any(_overlap(one, new) for new in marked)]
    return _list([*kept, *marked])


def _list(spans: Iterable[Span]) -> list[list[int | str]]:
    return [list(one) for one in sorted({(start, end, kind) for start, end, kind in spans})]


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]  # type: ignore[operator]


def _nested(spans: Sequence[Span]) -> bool:
    return any(_overlap(one, other) for at, one in enumerate(spans) for other in spans[at + 1 :])
