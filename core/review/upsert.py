"""Upsert of a queue: what a push wants compared with what the platform holds, so that twice changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.requests import Receipt

Fields = Mapping[str, Any]


@dataclass
class Diff:
    """What has to be done so that a platform holds what is wanted: keys of items, in the order of the queue."""

    missing: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)

    @property
    def updated(self) -> set[str]:
        """The items that are written anew."""
        return set(self.edited)

    def count(self, receipt: Receipt, wanted: Mapping[str, Fields]) -> None:
        """Write the counts of a push into its receipt."""
        receipt.created, receipt.updated = len(self.missing), len(self.updated)
        receipt.unchanged = len(wanted) - receipt.created - receipt.updated


def compare(wanted: Mapping[str, Fields], held: Mapping[str, Fields]) -> Diff:
    """Find what a platform lacks: key → the fields that a push wants, and those that stand there.

    Fields that a push does not want are others' business.

    >>> held = {"a": {"given": "x", "note": "mine"}, "b": {"given": "x"}}
    >>> compare({"a": {"given": "x"}, "b": {"given": "y"}, "c": {"given": "z"}}, held)
    Diff(missing=['c'], edited=['b'])
    """
    diff = Diff()
    for key, fields in wanted.items():
        if key not in held:
            diff.missing.append(key)
        elif any(name not in held[key] or held[key][name] != value for name, value in fields.items()):
            diff.edited.append(key)
    return diff
