"""Summary of a scan on a terminal: findings, worst samples, weakest classes, annotators, next steps."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .. import platforms
from ..data.formatting import visible
from ..data.issues import issue_named
from ..io.project_url import project_of
from ..io.secret_variables import variable_of
from ..render.check_verdicts import verdicts_of
from ..render.confusions import confusions_in
from ..render.overview import Overview
from ..store.base import DEFAULT
from .print_samples import worst_samples
from .terminal import BAD, QUIET, add_figures, clean, new_table, percentage

if TYPE_CHECKING:
    from ..report import Report

WIDEST = 120
CLASSES_SHOWN = 5
CONFUSIONS_SHOWN = 5
NOTES_SHOWN = 8
ANNOTATORS_SHOWN = 8
NOTE_LENGTH = 600
BESIDE = 36  # characters of a command that has its reason beside it within 80 columns


def print_summary(
    report: Report,
    *,
    console: Console | None = None,
    limit: int = 10,
    page: str | Path | None = None,
    store: str | Path | None = DEFAULT,
    origin: str = "",
) -> None:
    """Print what a scan found and what to do next.

    Every text of the data goes to the terminal as plain text: control characters are shown as
    pictures, and what looks like markup is no markup.

    Parameters
    ----------
    report
        The scan.
    console
        Where to print; standard output by default.
    limit
        How many of the worst samples to name.
    page
        Where the HTML page was written, to be named among the next steps.
    store
        Where the run is kept, for the next steps; None where it is not.
    origin
        The file or the address that was scanned, where it is known.
    """
    console = console or Console(highlight=False)
    overview = Overview(report)
    width = max(min(console.width, WIDEST), 40)
    parts = [
        _headline(overview),
        _issues(overview),
        _verdicts(report),
        worst_samples(report, limit, width),
        _classes(overview, width),
        _recurring(report, width),
        _annotators(report),
        _notes(overview),
        _next(report, overview, page, store, project_of(origin)),
    ]
    shown = [Padding(part, (1, 0, 0, 1)) for part in parts if part is not None]
    console.print(Group(*shown), width=width, highlight=False, emoji=False)
    console.print()


def _headline(overview: Overview) -> Group:
    report = overview.report
    facts = [clean(report.samples.name, 60), f"{overview.rows:,} samples"]
    if overview.classes:
        facts.append(f"{len(overview.classes):,} {'labels' if report.samples.task == 'multilabel' else 'classes'}")
    facts.append(f"run {clean(report.run, 60)}")
    lines = [Text(" · ".join(facts), style=QUIET), Text(overview.verdict.replace("\u00a0", " "), style="bold")]
    if overview.details:
        lines.append(Text(visible(overview.details)))
    return Group(*lines)


def _issues(overview: Overview) -> Table | Text | None:
    present = [issue for issue in overview.issues if issue.count]
    absent = [issue_named(issue.issue).title.lower() for issue in overview.issues if not issue.count]
    also = f"Also looked for, and not found: {', '.join(absent)}." if absent else ""
    if not present:
        return Text(also, style=QUIET) if also else None
    table = new_table("Findings", caption=also)
    table.add_column("Issue", no_wrap=True)
    add_figures(table, "Samples", "Share")
    table.add_column("", style=QUIET)
    for issue in present:
        words, style = issue_named(issue.issue), BAD if issue.issue in ("label", "span") else ""
        count = Text(f"{issue.count:,}", style)
        table.add_row(Text(words.title), count, overview.share_of(issue).replace("\u00a0", " "), words.meaning)
    return table


def _verdicts(report: Report) -> Group | None:
    verdicts = verdicts_of(report)
    if not verdicts:
        return None
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for title, verdict in verdicts:
        grid.add_row(Text(title, style=QUIET), Text(clean(verdict, NOTE_LENGTH)))
    return Group(Text("The data set as a whole", style="bold underline"), grid)


def _classes(overview: Overview, width: int) -> Table | None:
    weak = [label for label in overview.classes if label.flagged][:CLASSES_SHOWN]
    if not weak:
        return None
    agreed, shares = any(label.agreement is not None for label in weak), overview.tells_shares
    sets = overview.report.samples.task == "multilabel"
    table = new_table("Weakest labels" if sets else "Weakest classes")
    half = max((width - 48) // 2, 10)  # what the figures leave, for two names
    table.add_column("Label" if sets else "Class", max_width=half, overflow="ellipsis", no_wrap=True)
    add_figures(table, "Suspicious", *(["Share"] if shares else []))
    like_title = "Extra, missing" if sets else "Most often looks like"
    table.add_column(like_title, max_width=half + 6, overflow="ellipsis", no_wrap=True)
    add_figures(table, *(["Agrees"] if agreed else []))
    for label in weak:
        like = Text(
            f"{label.flagged - label.incoming:,}, {label.incoming:,}" if sets else clean(label.confused_with, 60)
        )
        if label.confused:
            like.append(f" × {label.confused:,}", style=QUIET)
        share = [percentage(label.flagged, label.rows)] if shares else []
        cells = [Text(clean(label.name, 60)), f"{label.flagged:,} of {label.rows:,}", *share, like]
        if agreed:
            cells.append("–" if label.agreement is None else percentage(label.agreement))
        table.add_row(*cells)
    return table


def _recurring(report: Report, width: int) -> Table | None:
    confusions = confusions_in(report.findings)
    if not confusions:
        return None
    more = len(confusions) - CONFUSIONS_SHOWN
    caption = f"and {more:,} rarer ones; their samples side by side on the page" if more > 0 else ""
    table = new_table("Confusions that recur", caption=caption)
    half = max((width - 48) // 2, 10)
    table.add_column("Labeled", max_width=half, overflow="ellipsis", no_wrap=True)
    table.add_column("Look like", max_width=half, overflow="ellipsis", no_wrap=True)
    add_figures(table, "Samples", "Other way")
    table.add_column("", style=QUIET, no_wrap=True)
    for confusion in confusions[:CONFUSIONS_SHOWN]:
        names = (Text(clean(name, 60)) for name in (confusion.given, confusion.suggested))
        figures = (f"{confusion.count:,} of {confusion.size_given:,}", f"{confusion.back:,}")
        table.add_row(*names, *figures, clean(confusion.words, 40))
    return table


def _annotators(report: Report) -> Table | None:
    """Name the annotators whose labels agree least with the rest."""
    people = report.annotators().to_pylist()
    if not people:
        return None
    more = len(people) - ANNOTATORS_SHOWN
    caption = f"By {people[0]['method']}; report.another_opinion() names what to label once more"
    caption += f"; {more:,} more are not shown" if more > 0 else ""
    table = new_table("Annotators, weakest first", caption=caption)
    table.add_column("Annotator", max_width=40, overflow="ellipsis", no_wrap=True)
    add_figures(table, "Labels", "Agreement", "Quality")
    for row in people[:ANNOTATORS_SHOWN]:
        shares = ("–" if row[name] is None else percentage(row[name]) for name in ("agreement", "quality"))
        table.add_row(Text(clean(row["annotator"], 60)), f"{row['labels']:,}", *shares)
    return table


def _notes(overview: Overview) -> Group | None:
    notes = overview.notes
    if not notes:
        return None
    grid = Table.grid(padding=(0, 1))
    for note in notes[:NOTES_SHOWN]:
        grid.add_row(Text("•", style=QUIET), Text(clean(note, NOTE_LENGTH)))
    more = len(notes) - NOTES_SHOWN
    if more > 0:
        grid.add_row("", Text(f"and {more:,} more, on the page", style=QUIET))
    return Group(Text("Good to know", style="bold underline"), grid)


def _labeler() -> str:
    """Return the labeling platform whose address is known; Label Studio, where it is, or where none is."""
    known = [name for name in platforms.names() if any(map(variable_of, platforms.get(name).settings.values()))]
    labelers = [name for name in known if isinstance(platforms.get(name), platforms.LabelingPlatform)]
    return labelers[0] if labelers and "label-studio" not in labelers else "label-studio"


def _next(
    report: Report,
    overview: Overview,
    page: str | Path | None,
    store: str | Path | None,
    project: tuple[str, str] | None,
) -> Group:
    steps: list[tuple[str, str]] = []
    if page is not None:
        steps.append((clean(str(page), 200), "the whole report, to open in a browser"))
    if store is None:
        steps.append(("labelsift scan … --store .labelsift", "keep the run, to push, log and search it"))
    else:
        kept = "" if str(store) == DEFAULT else f" --store {clean(shlex.quote(str(store)), 200)}"
        if report.findings.num_rows:
            target = clean(shlex.join(project), 200) if project else f"{_labeler()} PROJECT"
            steps.append((f"labelsift push {target}{kept}", "have people decide, worst first"))
        steps.append((f"labelsift log mlflow{kept}", "keep the figures beside your experiments"))
        if overview.rows:
            steps.append((f'labelsift similar "…"{kept}', "find samples like a text or an id"))
    grid = Table.grid(padding=(0, 2))
    if max(len(command) for command, _ in steps) > BESIDE:
        for command, why in steps:
            grid.add_row(Text.assemble((f"{why}:\n", QUIET), (f"  {command}", "cyan")))
    else:
        for command, why in steps:
            grid.add_row(Text(command, style="cyan"), Text(why, style=QUIET))
    return Group(Text("Next", style="bold underline"), grid)
