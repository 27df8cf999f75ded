"""One change of a taxonomy: its form in the file, and which changes may stand in one step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError

KINDS = ("rename", "merge", "split", "retire")
FORM = 'Write for example: rename = { "old" = "new" }, merge = { "new" = ["old 1", "old 2"] }, retire = ["old"]'


@dataclass(frozen=True)
class Change:
    """One change: which labels become which.

    >>> print(Change("split", ("delivery",), ("late", "lost")))
    split delivery → late, lost
    """

    kind: str
    old: tuple[str, ...]
    new: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(self.old)}" + (f" → {', '.join(self.new)}" if self.new else "")


def check_step(step: Sequence[Change]) -> None:
    """Refuse changes that cannot happen at once."""
    if twice := _repeated(old for change in step for old in change.old):
        raise InputError("A step of the taxonomy changes these labels twice", ids=twice, hint="Make it two steps")
    if shared := _repeated(new for change in step for new in change.new):
        raise InputError(
            "Several changes of a step lead to these labels, which would merge them without saying so",
            ids=shared,
            hint='If that is meant: merge = { "new" = ["old 1", "old 2"] }',
        )
    for change in step:
        if change.kind in ("rename", "split") and change.old[0] in change.new:
            raise InputError(f"A class cannot become itself ({change})", ids=change.old, hint="Give a new name")
        others = {old for other in step if other is not change for old in other.old}
        circle = [label for label in change.new if label in others]
        if circle:
            raise InputError(
                "Changes of one step lead to labels that the step itself changes: a chain or a cycle",
                ids=circle,
                hint="Make it two steps; to swap two names, use a third in between",
            )


def _repeated(labels: Iterable[str]) -> list[str]:
    return [label for label, times in Counter(labels).items() if times > 1]


def refuse_collision(change: Change, standing: Collection[str | None]) -> None:
    """Refuse a new name that another class bears: both would be one class without anybody having said so."""
    (new,) = change.new
    if new in standing:
        merged = ", ".join(json.dumps(label, ensure_ascii=False) for label in dict.fromkeys((*change.old, new)))
        raise InputError(
            f"There is a class {new} already ({change}), so this would merge them without saying so",
            ids=[new],
            hint=f"If that is meant: merge = {{ {json.dumps(new, ensure_ascii=False)} = [{merged}] }}",
        )


def changes_of(step: Mapping[str, Any]) -> Iterable[Change]:
    """Read one step, as it stands in the file."""
    odd = sorted(map(str, set(step) - {*KINDS, "name"}))
    if odd:
        raise InputError("A taxonomy has no such change", ids=odd, hint=f"Known: {', '.join(KINDS)}")
    for kind in KINDS:
        entries = step.get(kind, [] if kind == "retire" else {})
        if kind == "retire":
            if not _are_labels(entries):
                raise InputError("retire is no list of labels", hint=FORM)
            yield from (Change(kind, (label,)) for label in entries)
            continue
        if not isinstance(entries, Mapping):
            raise InputError(f"{kind} is no table of labels", hint=FORM)
        for key, value in entries.items():
            fits = isinstance(value, str) and bool(value) if kind == "rename" else _are_labels(value) and len(value) > 1
            if not key or not fits or (kind != "rename" and len(set(value)) < len(value)):
                what = "another name" if kind == "rename" else "two or more different labels"
                raise InputError(f"{kind} needs {what}", ids=[key], hint=FORM)
            names = (value,) if kind == "rename" else tuple(value)
            yield Change(kind, names, (key,)) if kind == "merge" else Change(kind, (key,), names)


def _are_labels(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(label, str) and label for label in value)


def plain_step(step: Sequence[Change]) -> dict[str, Any]:
    """Write one step, as it stands in the file."""
    plain: dict[str, Any] = {}
    for change in step:
        if change.kind == "retire":
            plain.setdefault("retire", []).append(change.old[0])
        elif change.kind == "merge":
            plain.setdefault("merge", {})[change.new[0]] = list(change.old)
        else:
            new = change.new[0] if change.kind == "rename" else list(change.new)
            plain.setdefault(change.kind, {})[change.old[0]] = new
    return plain
