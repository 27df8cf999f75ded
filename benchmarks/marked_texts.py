"""Marked texts of tests/texts: texts in which what must be found stands as ⟦kind|value⟧, and how matches are counted.

A match is right that has the kind of a mark and shares at least half of both with it, for a kind with a form or
checksum four fifths. A mark that no match is right about is missed, a match that is right about no mark is false.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "tests" / "texts"
BY_WORDS = frozenset({"address", "birth_date", "name"})  # kinds without a form or checksum
_MARK = re.compile(r"⟦(\w+)\|([^⟧]*)⟧")
Span = tuple[int, int, str]


@dataclass(frozen=True)
class MarkedText:
    """One text, what must be found in it, and whether it may be looked at when a rule is chosen (``dev``)."""

    text: str
    spans: tuple[Span, ...]
    group: str
    part: str
    region: str | None


def marked_texts(name: str, *, part: str | None = None) -> list[MarkedText]:
    """Return the texts of ``personal_data`` or ``secrets``; of one part, ``dev`` or ``held_out``, if named."""
    rows = map(json.loads, (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
    return [_unmarked(row) for row in rows if part in (None, row["part"])]


def _unmarked(row: dict[str, str]) -> MarkedText:
    written, text, spans, done = row["text"].replace("¦", ""), "", [], 0
    for mark in _MARK.finditer(written):
        text += written[done : mark.start()]
        spans.append((len(text), len(text) + len(mark[2]), mark[1]))
        text += mark[2]
        done = mark.end()
    return MarkedText(text + written[done:], tuple(spans), row["group"], row["part"], row.get("region"))


@dataclass
class Counts:
    """How many marks were found and missed, and how many matches were false, by kind."""

    found: Counter[str]
    missed: Counter[str]
    false: Counter[str]

    def recall(self, kinds: Iterable[str]) -> float:
        """Return the share of the marks of these kinds that were found."""
        found, missed = (sum(counts[kind] for kind in kinds) for counts in (self.found, self.missed))
        return found / max(found + missed, 1)

    def precision(self, kinds: Iterable[str]) -> float:
        """Return the share of the matches of these kinds that were right."""
        found, false = (sum(counts[kind] for kind in kinds) for counts in (self.found, self.false))
        return found / max(found + false, 1)

    @property
    def kinds(self) -> list[str]:
        """All kinds that occur."""
        return sorted({*self.found, *self.missed, *self.false})


def counted(texts: Sequence[MarkedText], find: Callable[[MarkedText], Iterable[Span]]) -> Counts:
    """Count what a detector finds in marked texts."""
    counts = Counts(Counter(), Counter(), Counter())
    for marked in texts:
        matches = [tuple(match) for match in find(marked)]
        right = {mark: match for mark in marked.spans for match in matches if is_right(match, mark)}
        for mark in marked.spans:
            (counts.found if mark in right else counts.missed)[mark[2]] += 1
        for match in matches:
            if match not in right.values():
                counts.false[match[2]] += 1
    return counts


def is_right(match: Span, mark: Span) -> bool:
    """Tell whether a match has the kind of a mark and its place."""
    shared = min(match[1], mark[1]) - max(match[0], mark[0])
    whole = max(match[1], mark[1]) - min(match[0], mark[0])
    return match[2] == mark[2] and shared >= (0.5 if mark[2] in BY_WORDS else 0.8) * whole
