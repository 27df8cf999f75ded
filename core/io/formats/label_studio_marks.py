"""Marks of Label Studio in a text: regions become spans, checked against the words that were marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...data.spans import placed
from ...errors import InputError


def marked_spans(
    tasks: Sequence[str], texts: Sequence[str], results: Sequence[Sequence[Any]]
) -> tuple[list[list[Any]], list[str]]:
    """Return the spans of each row's regions, sorted, and notes on regions without a label and moved ones.

    Raises
    ------
    InputError
        For marks in HTML, and words that do not stand where their region says, nor at one other place only.
    """
    spans: list[list[Any]] = []
    blank: dict[str, None] = {}
    moved: dict[str, None] = {}
    lost: dict[str, None] = {}
    html: dict[str, None] = {}
    for task, text, regions in zip(tasks, texts, results, strict=True):
        row: list[Any] = []
        for region in regions:
            if not isinstance(region, Mapping) or not region.get("labels"):
                (html if isinstance(region, Mapping) and region.get("hypertextlabels") else blank)[task] = None
                continue
            try:
                given = int(region["start"]), int(region["end"])
            except (KeyError, TypeError, ValueError):  # paths through HTML
                html[task] = None
                continue
            place = placed(*given, region.get("text"), text)
            if place is None:
                lost[task] = None
                continue
            if place != given:
                moved[task] = None
            row += [[*place, str(label)] for label in region["labels"]]
        spans.append(sorted(row))
    if html:
        raise InputError(
            "labelsift does not read regions of type hypertextlabels or paragraphlabels, as these tasks have",
            ids=html,
            hint="It reads marks in plain text (the tag Text)",
        )
    if lost:
        raise InputError(
            "The marked words of these tasks do not stand where their regions say, nor at one other place only",
            ids=lost,
            hint="The texts were changed after they were marked, or offsets count otherwise; mark them again",
        )
    notes = [
        f"{what} ({len(some):,} tasks, such as {', '.join(list(some)[:5])})."
        for some, what in (
            (blank, "Regions without a label were passed over"),
            (moved, "Spans with other offsets than those of the words that they marked were moved to the words"),
        )
        if some
    ]
    return spans, [note.replace("(1 tasks, such as", "(task") for note in notes]
