"""People's notes on a run for the page, and the slices that these are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...data.formatting import shortened
from ...errors import InputError
from ...metrics.slice_metrics import scored_labels
from ...search.named_slices import slice_mask, slice_words
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
    data = scored_labels(report)
    judged, rows = data.was_judged, []
    for slug in dict.fromkeys(note.slice for note in annotations.notes if note.slice):
        try:
            mask, words = slice_mask(report, slug), slice_words(report, slug)
        except InputError:  # of a named slice that the run does not keep
            continue
        counts = (np.count_nonzero(mask & counted) for counted in (True, judged, judged & data.flagged))
        rows.append([slug, anchor("slice", slug), shortened(words, LENGTH), *map(int, counts)])
    return rows


def _about(note: Note) -> list[str]:
    if note.sample is not None:
        return ["sample", shortened(note.sample, LENGTH), anchor("sample", note.sample)]
    return ["slice", note.slice, anchor("slice", note.slice)] if note.slice is not None else ["run", "", ""]
