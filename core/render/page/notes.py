"""People's notes on a run for the page, and the slices that these are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...data.formatting import shortened
from ...metrics.slice_table import slice_row
from ...store.run_notes import Annotations, Note
from .anchors import anchor

if TYPE_CHECKING:
    from ...store.run import Run

SHOWN_NOTES = 200
LENGTH = 1_000


def annotations_of(report: Run, *, share: bool) -> Annotations:
    """Return what is said of the run; on a page for sharing nothing, since people may quote texts."""
    return Annotations() if share or report.store is None else report.store.annotations(report.run)


def notes_shown(annotations: Annotations) -> list[list[str]]:
    """Return kind, name, anchor, text, person and day of each note, the newest first."""
    return [[*_about(note), *remark(note)] for note in annotations.notes[::-1][:SHOWN_NOTES]]


def remark(note: Note) -> list[str]:
    """Return text, person and day of a note."""
    return [shortened(note.text, LENGTH), shortened(note.person, LENGTH), note.time[:10]]


def noted_slices(report: Run, annotations: Annotations) -> list[list[Any]]:
    """Return slug, anchor, predicate, samples, judged and suspicious labels of the slices that have a note."""
    rows = []
    for slug in dict.fromkeys(note.slice for note in annotations.notes if note.slice):
        row = slice_row(report, slug)
        if row is not None:
            counts = (row[name] for name in ("n", "judged", "label_issues"))
            rows.append([slug, anchor("slice", slug), shortened(row["predicate"], LENGTH), *map(int, counts)])
    return rows


def _about(note: Note) -> list[str]:
    if note.sample is not None:
        return ["sample", shortened(note.sample, LENGTH), anchor("sample", note.sample)]
    return ["slice", note.slice, anchor("slice", note.slice)] if note.slice is not None else ["run", "", ""]
