"""Tags, notes and models of a run, as records of the decision log.

A kept run never changes, so all of it stands in the ledger: append-only, chained, and shown by the audit. What
people wrote as a note is sealed (see :mod:`labelsift.store.sealed_text`) and can be erased; a note on a sample is
erased with the sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from .sealed_text import SealedText

TAG, NOTE, MODEL = "tag", "note", "model"
NOTE_LENGTH = 10_000


@dataclass(frozen=True)
class Note:
    """A note of a person.

    Parameters
    ----------
    text, person, time
        What was written by whom and when (ISO 8601, UTC).
    slice, sample
        The slice's slug or the sample's id that it is about; neither for a note on the whole run.
    """

    text: str
    person: str
    time: str
    slice: str | None = None
    sample: str | None = None


@dataclass(frozen=True)
class Annotations:
    """What people say of one run: its tags in alphabetic order, its model, its notes, oldest first."""

    tags: tuple[str, ...] = ()
    model: str | None = None
    notes: tuple[Note, ...] = ()


def annotated(records: Iterable[Mapping[str, Any]]) -> dict[str, Annotations]:
    """Gather what the records of a ledger say of each run; erased notes are left out."""
    by_run: dict[str, Annotations] = {}
    for record in records:
        if record.get("kind") not in (TAG, NOTE, MODEL):
            continue
        before = by_run.get(record["run"], Annotations())
        if record["kind"] == TAG:
            tags = set(before.tags) - set(record["tags"]) if record["removed"] else {*before.tags, *record["tags"]}
            before = replace(before, tags=tuple(sorted(tags)))
        elif record["kind"] == MODEL:
            before = replace(before, model=record["address"])
        elif record["note"] is not None:
            note = Note(record["note"], record["person"], record["time"], record["slice"], record.get("id"))
            before = replace(before, notes=(*before.notes, note))
        by_run[record["run"]] = before
    return by_run


def note_entry(text: str, *, by: str, slice: str | None = None, sample: str | None = None) -> dict[str, Any]:
    """Return the record of a note: its words are sealed, so that they can be erased.

    Raises
    ------
    InputError
        For a note without words or a writer, or about two things.
    """
    if not text.strip() or not by.strip():
        raise InputError("A note needs a text and the name of who wrote it", hint="Say who you are: by=…")
    if len(text) > NOTE_LENGTH:
        raise InputError("The note is too long", hint=f"Write up to {NOTE_LENGTH:,} characters")
    if slice is not None and sample is not None:
        raise InputError("A note is about one thing", hint="Name a slice, a sample, or neither")
    entry = {"kind": NOTE, "slice": slice, "note": SealedText(text), "person": by}
    return entry | ({"id": sample} if sample is not None else {})


def audit_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit shows of such a record."""
    if record["kind"] == TAG:
        tags = ", ".join(record["tags"])
        return {"action": "untag", "before": tags} if record["removed"] else {"action": "tag", "after": tags}
    if record["kind"] == MODEL:
        return {"action": "model", "after": record["address"]}
    about = f"slice {record['slice']}: " if record["slice"] else ""
    return {"action": "note", "why": about + (record["note"] if record["note"] is not None else "(erased)")}
