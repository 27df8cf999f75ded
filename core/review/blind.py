"""Label leakage in blind review: which of the user's own fields would betray a given or a suggested label."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import count

from ..platforms import Mode
from .items import Flag
from .suggestions import labels_in

OWN = "labelsift_"  # how the fields begin that labelsift writes
_TAGGED = re.compile("^[bilues]-")  # of a token, in the schemes of BIO and BILOU


def visible_metadata(items: Iterable[Flag], *, mode: Mode, taken: Collection[str]) -> dict[str, str]:
    """Name the user's fields that may go onto tasks, and what each is called there.

    Never one with a name of labelsift's own; in mode blind, or where an item is blind, no field that holds a given or
    suggested label anywhere, be it in a list, because that would tell it. A field keeps its name unless it is
    ``taken``, as the text's is: then it gets the first free number, ``text_2``.
    """
    items = list(items)
    names = {name for item in items for name in item.metadata if not name.startswith(OWN)}
    for item in items if mode == "blind" else [item for item in items if item.blind]:
        labels = {label.casefold() for value in (item.given, item.suggested) for label in labels_in(value)}
        names -= {name for name, value in item.metadata.items() if name in names and labels & mentions(value)}
    used = {*names, *taken}
    called = {}
    for name in sorted(names):
        called[name] = name
        if name in taken:
            called[name] = next(free for number in count(2) if (free := f"{name}_{number}") not in used)
            used.add(called[name])
    return called


def mentions(value: object) -> set[str]:
    """Return all that a user's field may name: itself, what it lists, and the types in tags of tokens, casefolded.

    >>> sorted(mentions(["B-PER", "O"])), sorted(mentions('["Mail", 7]')), sorted(mentions("a; b"))
    (['b-per', 'o', 'per'], ['7', '["mail", 7]', 'mail'], ['a', 'a; b', 'b'])
    """
    if isinstance(value, Mapping):
        return mentions([*value, *value.values()])
    if isinstance(value, (list, tuple)):
        return {part for item in value for part in mentions(item)}
    text = str(value).casefold().strip()
    listed = [part.strip() for part in re.split(r"[,;|/\[\]{}\"']+", text) if part.strip()]
    parts = {text, *listed}
    return parts | {_TAGGED.sub("", part) for part in parts}
