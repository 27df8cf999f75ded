"""Taxonomy changes: which class became which, as a TOML file that a person writes and a run keeps.

The oldest step comes first; a file with a single step needs no ``[[step]]``:

.. code-block:: toml

    [[step]]
    rename = { "card payment" = "payment" }                            # old = new
    merge = { "refund" = ["refund request", "refund status"] }         # new = the old ones
    split = { "delivery" = ["late delivery", "lost delivery"] }        # old = the new ones
    retire = ["other"]

All changes of a step happen at once. A name never gets a second meaning: it comes back only for the class that
bore it, or for one that this class was merged into. So every label, however old, has one fate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import InputError
from .taxonomy_change import FORM, Change, changes_of, check_step, plain_step, refuse_collision
from .toml_files import read_toml


@dataclass(frozen=True)
class Fate:
    """What became of a label.

    Parameters
    ----------
    name
        Its name now, or None where it has none.
    options
        The classes among which a person must choose, where its class was split.
    change
        The split or the retirement that took the name away.
    """

    name: str | None
    options: tuple[str, ...] = ()
    change: Change | None = None


@dataclass(frozen=True)
class Taxonomy:
    """A chain of changes, the oldest first; refused if it contradicts itself.

    >>> moved = Taxonomy.of([{"rename": {"a": "b"}}, {"split": {"b": ["b1", "b2"]}}])
    >>> moved.fate("a").options, moved.fate("z").name
    (('b1', 'b2'), 'z')
    """

    steps: tuple[tuple[Change, ...], ...]

    def __post_init__(self) -> None:
        _check(self.steps)

    @classmethod
    def read(cls, path: str | Path) -> Taxonomy:
        """Read a file; see :mod:`labelsift.data.taxonomy` for its form.

        Raises
        ------
        InputError
            If it cannot be read, has another form, or contradicts itself; names the labels.
        """
        content = read_toml(path, form=FORM)
        odd = sorted(set(content) - {"step"}) if "step" in content else []
        if odd:
            raise InputError(f"{path} has entries outside of its steps", ids=odd, hint="Move them below a [[step]]")
        return cls.of(content["step"] if "step" in content else [content])

    @classmethod
    def of(cls, steps: Iterable[Mapping[str, Any]]) -> Taxonomy:
        """Make a taxonomy of plain values in the form of the file: what :attr:`plain` returns."""
        if not isinstance(steps, list | tuple) or not all(isinstance(step, Mapping) for step in steps):
            raise InputError("A taxonomy is a list of steps", hint=FORM)
        return cls(tuple(tuple(changes_of(step)) for step in steps))

    @cached_property
    def plain(self) -> list[dict[str, Any]]:
        """The steps as plain values for JSON, in the form of the file."""
        return [plain_step(step) for step in self.steps]

    @cached_property
    def version(self) -> str:
        """A hash of the whole chain: 16 hex digits."""
        return hashlib.sha256(json.dumps(self.plain, sort_keys=True).encode("ascii")).hexdigest()[:16]

    @property
    def changes(self) -> list[Change]:
        """All changes, the oldest first."""
        return [change for step in self.steps for change in step]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that the changes made and that still exist, whether a row has them or not."""
        made = dict.fromkeys(new for change in self.changes for new in change.new)
        return tuple(name for name in made if self.fate(name).name == name)

    def then(self, later: Taxonomy) -> Taxonomy:
        """Return this chain followed by a later one; one that begins with this one replaces it."""
        if later.steps[: len(self.steps)] == self.steps:
            return later
        return Taxonomy(self.steps + later.steps)

    def fate(self, label: str) -> Fate:
        """Follow a label of any age to the end of the chain."""
        return _fate(label, self.steps)

    def fit(self, labels: Collection[str | None]) -> list[Change]:
        """Return the changes that are still to be made in data with these labels.

        A change whose old labels are gone and whose new one is there was made before; so was a retirement of a
        label that is gone, and a split of one where rows have no label.

        Parameters
        ----------
        labels
            Those that occur, with None if a row has none.

        Raises
        ------
        InputError
            For old labels that the data does not have, and new ones that it has already: an undeclared merge.
        """
        now, pending = set(labels), []
        for number, step in enumerate(self.steps, start=1):
            due = [change for change in step if not _was_made(change, now, self.steps[number:])]
            pending += due
            taken = {label for change in due for label in change.old}
            for change in due:
                if change.kind in ("rename", "merge"):
                    refuse_collision(change, now - taken)
            now = (now - taken) | {label for change in due for label in change.new}
        return pending


def _was_made(change: Change, now: set[str | None], later: Sequence[tuple[Change, ...]]) -> bool:
    """Tell whether a change was made in the data before; labels that are neither old nor new are refused."""
    old = [label for label in change.old if label not in change.new]
    absent = [label for label in old if label not in now]
    if not absent:
        return False
    if change.kind == "retire" or (change.kind == "split" and None in now):
        return True
    following = {name for new in change.new for name in _later_names(new, later)}
    ended = all(_fate(new, later).change is not None for new in change.new)
    if len(absent) < len(old) or not (following & now or ended):
        raise InputError(
            f"The taxonomy names labels that the data does not have ({change})",
            ids=absent,
            hint="Correct their spelling, or leave them out",
        )
    return True


def _fate(label: str, steps: Sequence[tuple[Change, ...]]) -> Fate:
    for number, step in enumerate(steps, start=1):
        change = next((change for change in step if label in change.old), None)
        if change is None:
            continue
        if change.kind == "retire":
            return Fate(None, change=change)
        if change.kind == "split":
            ends = [_fate(new, steps[number:]) for new in change.new]
            options = dict.fromkeys(name for end in ends for name in ((end.name,) if end.name else end.options))
            merged = len(options) == 1 and all(end.name for end in ends)  # merged again: nothing to choose
            return Fate(next(iter(options))) if merged else Fate(None, tuple(options), change)
        label = change.new[0]
    return Fate(label)


def _later_names(label: str, steps: Sequence[tuple[Change, ...]]) -> set[str]:
    """Return the label and all names that its class has had since."""
    names = {label}
    for step in steps:
        names |= {new for change in step if names & set(change.old) for new in change.new}
    return names


def _check(steps: Sequence[tuple[Change, ...]]) -> None:
    """Refuse a chain that contradicts itself."""
    alive: set[str] = set()
    gone: dict[str, int] = {}
    for number, step in enumerate(steps, start=1):
        check_step(step)
        for change in step:
            lost = [label for label in change.old if label in gone]
            if lost:
                raise InputError(
                    f"These labels are gone since step {gone[lost[0]]}, and step {number} changes them ({change})",
                    ids=lost,
                    hint="Name the classes as they are called by then",
                )
            if change.kind in ("rename", "merge") and change.new[0] not in change.old:
                refuse_collision(change, alive)
            taken = [label for label in change.new if label in gone and _fate(label, steps[:number]).name != label]
            if taken:
                raise InputError(
                    f"These were the names of other classes before ({change})", ids=taken, hint="Give new names"
                )
        old = {label for change in step for label in change.old}
        new = {label for change in step for label in change.new}
        alive = (alive - old) | new
        gone = {label: since for label, since in gone.items() if label not in new} | dict.fromkeys(old - new, number)
