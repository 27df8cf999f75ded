"""A match in a text and its kind, and how overlapping matches are settled: the earlier in the list of kinds wins."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Match(NamedTuple):
    """Where something stands in a text.

    Parameters
    ----------
    start, end
        Offsets in Python characters, ``text[start:end]``.
    kind
        ``email``, ``phone``, ``password`` …
    """

    start: int
    end: int
    kind: str


def settled(matches: Iterable[Match], *, order: Sequence[str]) -> tuple[Match, ...]:
    """Return matches that do not overlap, by their start.

    Of two that overlap the one whose kind stands earlier in ``order`` stays, then the longer one.

    >>> settled([Match(0, 4, "phone"), Match(2, 9, "card")], order=("card", "phone"))
    (Match(start=2, end=9, kind='card'),)
    """
    matches = list(matches)
    if len(matches) < 2:
        return tuple(matches)
    rank = {kind: place for place, kind in enumerate(order)}
    kept: list[Match] = []
    for match in sorted(matches, key=lambda match: (rank.get(match.kind, len(rank)), match.start - match.end)):
        place = bisect(kept, match)
        free_left = place == 0 or kept[place - 1].end <= match.start
        if free_left and (place == len(kept) or match.end <= kept[place].start):
            kept.insert(place, match)
    return tuple(kept)
