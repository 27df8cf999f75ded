"""Blind review: which of the user's fields would betray a label, and the labels that only the run store knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

from ..data.review_queue import ReviewItem
from ..data.samples import Task
from ..errors import InputError, StoreError
from ..platforms import Mode
from ..store.base import BaseStore
from ..store.run_reader import read_sample_records
from .suggestions import Value, labels_in, read_given, suggestion_of

OWN = "labelsift_"  # how the fields begin that labelsift writes
_TAGGED = re.compile("^[bilues]-")  # of a token, in the schemes of BIO and BILOU


def visible_metadata(items: Iterable[ReviewItem], *, mode: Mode, taken: Collection[str]) -> dict[str, str]:
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


def labels_of_blind(
    store: BaseStore, run: str, ids: Sequence[str], *, task: Task, project: str
) -> dict[str, tuple[Value | None, Value | None]]:
    """Return what was given and what was suggested of samples whose tasks do not tell it.

    Without it a label that was confirmed would enter the record as changed, so a project is refused whole.

    Raises
    ------
    InputError
        If the store does not have the run, or the run not the samples.
    """
    ids = list(dict.fromkeys(ids))
    try:
        shown = read_sample_records(store.place_of(run), ids) if ids else {}
    except StoreError:
        shown = {}
    unknown = [id for id in ids if id not in shown]
    if unknown:
        raise InputError(
            f"{project} asks blind about samples of run {run}, and {store.place} does not know the given labels",
            ids=unknown,
            hint="Name the store that keeps this run with --store",
        )
    given = {id: read_given(shown[id].given, task) for id in ids}
    return {id: (given[id], suggestion_of(shown[id].findings, given=given[id], task=task)[0]) for id in ids}
