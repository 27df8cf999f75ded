"""The writer of BIO tags, which the package only reads."""

from __future__ import annotations

from collections.abc import Sequence


def to_bio(spans: Sequence[tuple[int, int, str]], places: Sequence[tuple[int, int]]) -> list[str]:
    """Tag the words at some places: ``B-type`` where a span starts, ``I-type`` inside, else ``O``.

    A word belongs to the span that covers any of its characters; of spans that overlap the first counts.

    >>> to_bio([(0, 7, "person")], [(0, 3), (4, 7), (8, 12)])
    ['B-person', 'I-person', 'O']
    """
    tags, last = ["O"] * len(places), None
    ordered, current = sorted(spans), 0
    for word, (start, end) in enumerate(places):
        while current < len(ordered) and ordered[current][1] <= start:
            current += 1
        if current < len(ordered) and ordered[current][0] < end:
            tags[word] = f"{'I' if current == last else 'B'}-{ordered[current][2]}"
            last = current
    return tags
