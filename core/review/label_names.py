"""Label names of the data and of a platform's project, matched: “card_arrival” is the choice “Card arrival”."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .suggestions import Value, labels_in

LEVEL = " / "  # parts the levels of a label that is a path through a tree
_SAME = re.compile(r"[\s_-]+")


class Names:
    """The labels of a project, found by the names that the data has for them.

    A label is found by what stands in an answer, then by what people read, then by either without regard to case, white
    space, underscores and hyphens; the last only where a single label fits.

    Parameters
    ----------
    labels
        As they stand in an answer.
    shown
        What people read → the label, where that is another name.

    >>> names = Names(("card_arrival", "Top up", "top-up"))
    >>> names.of("Card arrival"), names.of("top-up"), names.of("TOP_UP"), names.of("refund")
    ('card_arrival', 'top-up', None, None)
    """

    def __init__(self, labels: Iterable[str], shown: Mapping[str, str] | None = None) -> None:
        self._exact = {**(shown or {}), **{label: label for label in labels}}
        self._folded: dict[str, set[str]] = {}
        for name, label in self._exact.items():
            self._folded.setdefault(_folded(name), set()).add(label)

    def of(self, label: str) -> str | None:
        """Return what stands in an answer for a label of the data; None where the project has no such label."""
        if label in self._exact:
            return self._exact[label]
        near = self._folded.get(_folded(label), set())
        return next(iter(near)) if len(near) == 1 else None

    def unknown(self, value: Value | None) -> list[str]:
        """Return the labels of a value that the project does not have."""
        return [label for label in labels_in(value) if self.of(label) is None]

    def to_project(self, value: Value) -> Value:
        """Return a value of the data under the names of the project; a label that it does not have stays as it is."""
        return _renamed(value, {label: self.of(label) or label for label in labels_in(value)})

    def to_data(self, value: Value | None, labels: Iterable[str]) -> Value | None:
        """Return a value out of an answer under the names that the data has: ``labels`` are all of the data's.

        Where several of the data's labels are one in the project, the one that is written the same counts, else the
        first; a label that the data does not have stays as the project writes it.
        """
        if value is None:
            return None
        back: dict[str, str] = {}
        for label in labels:
            named = self.of(label)
            if named is not None and (named not in back or named == label):
                back[named] = label
        return _renamed(value, back)


def _renamed(value: Value, names: dict[str, str]) -> Value:
    if isinstance(value, str):
        return names.get(value, value)
    if any(not isinstance(item, str) for item in value):
        return sorted([start, end, names.get(label, label)] for start, end, label in value)
    return sorted({names.get(str(item), str(item)) for item in value})


def _folded(name: str) -> str:
    levels = (_SAME.sub(" ", level).strip() for level in name.casefold().split(LEVEL.strip()))
    return LEVEL.join(levels)
