"""Label names of the data and of a labeling config, matched: “card_arrival” is ``<Choice value="Card arrival"/>``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from labelsift.review.suggestions import labels_in

from .label_config import LEVEL, LabelControl
from .regions import Value

_SAME = re.compile(r"[\s_-]+")


class Names:
    """The labels of a config, found by the names that the data has for them.

    A label is found by what stands in an answer (the alias), then by what people read, then by either without regard
    to case, white space, underscores and hyphens; the last only where a single label fits.

    >>> names = Names(LabelControl("c", "t", ("card_arrival", "Top up", "top-up"), "text"))
    >>> names.of("Card arrival"), names.of("top-up"), names.of("TOP_UP"), names.of("refund")
    ('card_arrival', 'top-up', None, None)
    """

    def __init__(self, target: LabelControl) -> None:
        self._exact = target.shown | {label: label for label in target.labels}
        self._folded: dict[str, set[str]] = {}
        for name, label in self._exact.items():
            self._folded.setdefault(_folded(name), set()).add(label)

    def of(self, label: str) -> str | None:
        """Return what stands in an answer for a label of the data; None where the config has no such label."""
        if label in self._exact:
            return self._exact[label]
        near = self._folded.get(_folded(label), set())
        return next(iter(near)) if len(near) == 1 else None

    def unknown(self, value: Value | None) -> list[str]:
        """Return the labels of a value that the config does not have."""
        return [label for label in labels_in(value) if self.of(label) is None]

    def to_config(self, value: Value) -> Value:
        """Return a value of the data under the names of the config; a label that it does not have stays as it is."""
        return _renamed(value, {label: self.of(label) or label for label in labels_in(value)})

    def to_data(self, value: Value | None, labels: Iterable[str]) -> Value | None:
        """Return a value out of an answer under the names that the data has: ``labels`` are all of the data's.

        Where several of the data's labels are one in the config, the one that is written the same counts, else the
        first; a label that the data does not have stays as the config writes it.
        """
        if value is None:
            return None
        back: dict[str, str] = {}
        for label in labels:
            named = self.of(label)
            if named is not None and (named not in back or named == label):
                back[named] = label
        return _renamed(value, back)


@lru_cache(maxsize=8)
def names_of(target: LabelControl) -> Names:
    """Return the names of a target; the same object for the same target."""
    return Names(target)


def _renamed(value: Value, names: dict[str, str]) -> Value:
    if isinstance(value, str):
        return names.get(value, value)
    if any(not isinstance(item, str) for item in value):
        return sorted([start, end, names.get(label, label)] for start, end, label in value)
    return sorted({names.get(str(item), str(item)) for item in value})


def _folded(name: str) -> str:
    levels = (_SAME.sub(" ", level).strip() for level in name.casefold().split(LEVEL.strip()))
    return LEVEL.join(levels)
