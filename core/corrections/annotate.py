"""Tags, notes and models of kept runs: validation, and writing into the decision log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..report import report_of
from ..store.base import DEFAULT, LATEST
from ..store.run_notes import MODEL, NOTE_LENGTH, TAG, Annotations, note_entry
from ..store.store import Store

TAG_LENGTH = 100


def tag(
    run: str, tags: Sequence[str], *, remove: bool = False, by: str | None = None, store: str | Path = DEFAULT
) -> Annotations:
    """Give a kept run tags, or take them away; return what the run has now.

    Raises
    ------
    InputError
        For a tag that is empty, long, or has white space or a comma in it, and for one to take away that the
        run does not have.
    StoreError
        If there is no such run, or the record is broken.
    """
    odd = [name for name in tags if not name or len(name) > TAG_LENGTH or "," in name or name.split() != [name]]
    if odd or not tags:
        raise InputError("A tag is one word", ids=odd, hint="Write baseline, or before-split")
    kept = Store(store)
    name = kept.find(run)
    has = set(kept.annotations(name).tags)
    missing = [name for name in tags if name not in has]
    if remove and missing:
        raise InputError(f"The run {name} has no such tags", ids=missing, hint="See labelsift runs")
    due = list(tags) if remove else missing
    if due:
        kept.annotate(name, {"kind": TAG, "tags": list(dict.fromkeys(due)), "removed": remove, "person": by})
    return kept.annotations(name)


def model(run: str, address: str, *, by: str | None = None, store: str | Path = DEFAULT) -> Annotations:
    """Note which registered model a kept run led to, such as ``mlflow:models:/tickets/3``; the newest counts."""
    if not address.strip() or len(address) > NOTE_LENGTH:
        raise InputError("No model is named", hint="Name it, for example mlflow:models:/tickets/3")
    kept = Store(store)
    name = kept.find(run)
    if kept.annotations(name).model != address:
        kept.annotate(name, {"kind": MODEL, "address": address, "person": by})
    return kept.annotations(name)


def note(
    text: str,
    *,
    by: str,
    run: str = LATEST,
    slice: str | None = None,
    sample: str | None = None,
    store: str | Path = DEFAULT,
) -> Annotations:
    """Keep a person's note on a run, on one of its slices (by its slug) or samples (by its id).

    Returns
    -------
    Annotations
        All that people say of this run.

    Raises
    ------
    InputError
        For an empty note, both a slice and a sample, or one that the run does not have.
    StoreError
        If there is no such run, or the record is broken.
    """
    kept = Store(store)
    name = kept.find(run)
    if slice is None and sample is None:
        kept.annotate(name, note_entry(text, by=by))
    else:
        report_of(kept.load(name)).note(text, by=by, slice=slice, sample=sample)
    return kept.annotations(name)
