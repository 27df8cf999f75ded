"""Bar charts for trackers as plain data: issues, label quality, the worst slices, classes.

Each title says what is left out. Bars have the same names in every run, so that runs stand beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...metrics.slice_metrics import PROXY
from .figures import Histogram, Table
from .panels import Panels
from .slices import DECLARED

MOST_SLICES, MOST_CLASSES = 20, 30  # more bars cannot be read


@dataclass(frozen=True)
class Bars:
    """A bar chart: its name, its title, and rows of a bar's name and its length, under the names of the columns."""

    name: str
    title: str
    columns: tuple[str, str]
    rows: list[list[Any]]


def bars(content: Panels) -> list[Bars]:
    """Return the bar charts of what there is to draw: a chart of nothing is left out."""
    drawn = [_issues(content.issues), _classes(content.classes)]
    drawn += [_quality(content.quality)] if content.quality else []
    drawn.append(_slices("slices", content.slices, "label_issue_rate", "Share of labels that look wrong"))
    if content.metrics_of not in ("", PROXY):
        title = f"Share of labels that the {content.metrics_of} agrees with"
        drawn.append(_slices("slices_accuracy", content.slices, "accuracy", title))
    return [each for each in drawn if each is not None]


def _issues(issues: Table) -> Bars | None:
    rows = [[title, count] for title, count, of in _columns(issues, "title", "samples", "of") if of]
    return Bars("issues", "Samples with an issue, of each that was looked for", ("issue", "samples"), rows)


def _quality(quality: Histogram) -> Bars:
    bins = zip(quality.edges, quality.edges[1:], quality.counts, strict=False)
    rows = [[f"{low:.2f}–{high:.2f}", count] for low, high, count in bins]
    title = "Label quality: samples by label score, 0 wrong to 1 right"
    return Bars("label_quality", title, ("score", "samples"), rows)


def _slices(name: str, slices: Table, metric: str, title: str) -> Bars | None:
    """Return the slices that are worse by more than chance, and the declared ones; the title says how many."""
    judged = [row for row in _columns(slices, "slug", metric, "worse_in", "kind") if row[1] is not None]
    if not judged:
        return None
    worst_first = sorted(judged, key=lambda row: row[1], reverse=metric == "label_issue_rate")
    worse = [row for row in worst_first if metric in row[2].split(", ")]
    declared = [row for row in worst_first if row[3] == DECLARED and row not in worse]
    shown = [*worse[:MOST_SLICES], *declared[:MOST_SLICES]]
    verb = "is" if len(worse) == 1 else "are"
    parts = [f"{len(worse):,} of {len(judged):,} slices {verb} worse than the rest by more than chance"]
    parts += [f"the worst {MOST_SLICES} are shown"] if len(worse) > MOST_SLICES else []
    parts += [f"and {len(declared):,} named by you"] if declared else []
    return Bars(
        name, f"{title}: {', '.join(parts)} (intervals: table slices)", ("slug", metric), [row[:2] for row in shown]
    )


def _classes(classes: Table) -> Bars | None:
    rows = [row for row in _columns(classes, "label", "label_issue_rate") if row[1] is not None]
    if not rows:
        return None
    highest = sorted(rows, key=lambda row: -row[1])[:MOST_CLASSES]
    title = f"Share of labels that look wrong, by class: the highest {len(highest)} of {len(rows):,}"
    return Bars("classes", f"{title} (intervals: table classes)", ("label", "label_issue_rate"), highest)


def _columns(table: Table, *names: str) -> Sequence[list[Any]]:
    places = [table.columns.index(name) for name in names]
    return [[row[place] for place in places] for row in table.rows]
